# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# tally.sh - run steps, keep their logs, count what passed.
#
# A step that prints a line "N passed, N failed, N skipped", or automake's
# summary, is counted by it; any other is one test, passed if it exits 0 and
# skipped if it exits 77. What was skipped is said again at the end.

passed=0
failed=0
skipped=0
failures=()
skips=()

# tally_step NAME COMMAND... : the log is $LOGS/NAME.log
tally_step() {
	local name=$1 log="$LOGS/$1.log" rc started=$SECONDS counts
	shift
	printf '%-28s ' "$name"
	("$@") >"$log" 2>&1 </dev/null
	rc=$?
	counts=$(tally_counts "$log")
	if [ -z "$counts" ]; then
		case $rc in
		0) counts="1 0 0" ;;
		77) counts="0 0 1" ;;
		*) counts="0 1 0" ;;
		esac
	fi
	# shellcheck disable=SC2086
	tally_add "$name" "$rc" $((SECONDS - started)) $counts
}

# "passed failed skipped" from the last counting lines in a log; else nothing.
tally_counts() {
	awk '
	/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { own = $1 " " $3 " " $5 }
	/^Testsuite summary/ { p = f = s = 0 }
	/^# PASS: /  { p += $3; am = 1 }
	/^# SKIP: /  { s += $3 }
	/^# (FAIL|ERROR|XPASS): / { f += $3 }
	END { if (own) print own; else if (am && p + f + s) print p, f, s + 0 }
	' "$1"
}

tally_add() {
	local name=$1 rc=$2 took=$3 p=$4 f=$5 s=$6
	# A step that failed without a failed test failed all the same.
	[ "$rc" = 0 ] || [ "$rc" = 77 ] || [ "$f" -gt 0 ] || f=1
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
	printf '%4d passed %3d failed %3d skipped  %4d s\n' "$p" "$f" "$s" "$took"
	if [ "$f" -gt 0 ]; then
		failures+=("$name")
		sed 's/^/    /' "$LOGS/$name.log" | tail -n 40
	fi
	[ "$s" = 0 ] || skips+=("$name: $(grep -iE 'skip' "$LOGS/$name.log" | head -n 5 | tr '\n' ';')")
}

tally_end() {
	local x
	echo
	for x in "${skips[@]}"; do echo "skipped in $x"; done
	for x in "${failures[@]}"; do echo "FAILED: $x (log: $LOGS/$x.log)"; done
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

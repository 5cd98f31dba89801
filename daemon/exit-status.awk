# SPDX-License-Identifier: LGPL-2.1-or-later
# exit-status.awk - base/refuse.h's table as scdoc, for the manual pages:
# replaces the line @EXIT_STATUS@ of its second input.
NR == FNR {
	if (match($0, /X\([0-9]+, [A-Z_]+, [A-Za-z]+, "/)) {
		row = substr($0, RSTART + 2)
		split(row, field, ", ")
		hint = row
		sub(/^[^"]*"/, "", hint)
		sub(/"\).*$/, "", hint)
		gsub(/[*_<>#\[\]|~]/, "\\\\&", hint)
		rows[++n] = "*" field[1] "*  " field[3] "\n\t" hint "\n"
	}
	next
}
/^@EXIT_STATUS@$/ {
	for (i = 1; i <= n; i++)
		print rows[i]
	next
}
{ print }

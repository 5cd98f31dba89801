# SPDX-License-Identifier: LGPL-2.1-or-later
# options.awk - what 'nvdimmd --help' prints (first input) as scdoc, in place
# of the line @OPTIONS@ of the second.
NR == FNR {
	if (match($0, /^  --[a-z-]+( [A-Z]+)?/)) {
		left = substr($0, 3, RLENGTH - 2)
		help = substr($0, RLENGTH + 1)
		sub(/^ +/, "", help)
		split(left, word, " ")
		row = "*" word[1] "*"
		if (word[2])
			row = row " _" word[2] "_"
		gsub(/[*_<>#\[\]|~]/, "\\\\&", help)
		text = text row "\n\t" toupper(substr(help, 1, 1)) substr(help, 2) ".\n\n"
	}
	next
}
/^@OPTIONS@$/ { printf "%s", text; next }
{ print }

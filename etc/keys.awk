# SPDX-License-Identifier: LGPL-2.1-or-later
# keys.awk - what 'nvdimmd --default-config' prints (first input) as scdoc, in
# place of the line @KEYS@ of the second.
NR == FNR {
	if (/^#[a-z_]+ = /) {
		line = substr($0, 2)
		key = line
		sub(/ = .*/, "", key)
		value = line
		sub(/^[^=]*= /, "", value)
		gsub(/[*_<>#\[\]|~]/, "\\\\&", help)
		gsub(/[*_<>#\[\]|~]/, "\\\\&", value)
		text = text "*" key "*\n" help "\tDefault: " value "\n\n"
		help = ""
	} else if (/^# /) {
		help = help "\t" substr($0, 3) "\n"
	} else {
		help = ""
	}
	next
}
/^@KEYS@$/ { printf "%s", text; next }
{ print }

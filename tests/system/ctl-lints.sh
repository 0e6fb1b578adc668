#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl help ID: every finding that the code can make has an entry, and the manual page has
# the same words.

. "$srcdir/tests/support/sh-lib"

tree=$(cd "$srcdir" && pwd)
page=$tree/man/fdbroker-lints.7
cd "$scratch" || exit 99

it 'explains a finding'
run fdbrokerctl help w112
exits 0
says 'W112: secret'
says '    allow read as root "/etc/ssl/**";'
no_complaint
[ "$(awk 'length > 80' "$out" | wc -l)" = 0 ] || fail 'lines of more than 80 columns'

it 'explains it in JSON'
run fdbrokerctl help --json W112
exits 0
json schema 1
json id W112
json title secret

it 'knows no other'
run fdbrokerctl help W999
exits 64
errs "unknown command or finding 'W999'"

it 'explains each that is in the code'
grep -rhoE '"[EWN][0-9]{3}"' "$tree/policy" "$tree/ctl" "$tree/daemon" --include='*.c' |
	tr -d '"' | sort -u >ids
[ "$(wc -l <ids)" -ge 20 ] || fail 'hardly any was found'
while read -r id; do
	fdbrokerctl help "$id" >"$out" 2>"$err" </dev/null || fail "$id is not explained"
done <ids

words() { # of a text, one in a line; bullets and pages differ in where lines end
	tr -s ' \n' '\n\n' | sed '/^$/d'
}

it 'has the words of the manual page, and every entry of it'
sed -n 's/^\.Ss \([EWN][0-9]*\):.*/\1/p' "$page" >ids
[ "$(wc -l <ids)" -ge 40 ] || fail 'hardly any entry'
while read -r id; do
	fdbrokerctl help "$id" </dev/null | words >from.help
	awk -v id="$id" '/^\.S[sh]/ { on = 0 } $1 == ".Ss" && $2 == id ":" { on = 1 } on' "$page" |
		sed -e '/^\.Pp$/d' -e 's/^\.\(Ss\|Dl\) //' -e 's/\\(dq/"/g' -e "s/\\\\(aq/'/g" \
			-e 's/^\\&//' -e 's/\\e/\\/g' | words >from.page
	run fdbrokerctl help findings
	says "$id  "
	cmp -s from.help from.page || fail "$id differs: $(diff from.help from.page | head -n 4)"
done <ids

it 'has an entry in the manual page for each that it explains'
sed -n 's/.*\.id = "\([EWN][0-9]*\)".*/\1/p' "$tree/ctl/lints.c" | sort >table
sort ids | cmp -s - table || fail "$(sort ids | diff - table | head -n 4)"

finish

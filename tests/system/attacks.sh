#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Each row of the tables of attacks in SECURITY.md names tests, and these are there.

cd "${srcdir:-.}" || exit 99
status=0
rows=0

complain() {
	printf 'SECURITY.md: %s\n' "$*"
	status=1
}

# The last of three columns, below a heading whose last column is `test`.
tests=$(sed -n '/^## Attacks/,/^## Reporting/p' SECURITY.md |
	awk -F'|' '/^\|.*\| test \|$/ { wanted = 1; next } !/^\|/ { wanted = 0 }
		wanted && !/^\| --- / { print $4 }')
while read -r row; do
	rows=$((rows + 1))
	names=$(printf '%s\n' "$row" | grep -oE '`(system|unit|bench|boot)/[^`]*`' | tr -d '`')
	[ -n "$names" ] || complain "no test in: $row"
	for name in $names; do
		case $name in
		bench/*) file=$name ;;
		*) file=tests/$name ;;
		esac
		[ -e "$file.c" ] || [ -e "$file.sh" ] || complain "there is no $name"
	done
done <<END
$tests
END
[ "$rows" -ge 30 ] || complain "only $rows rows were found"
exit $status

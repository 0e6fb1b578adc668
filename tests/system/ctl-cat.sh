#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl cat: the effective files in their order, and those that do not count by name.

. "$srcdir/tests/support/sh-lib"

cd "$scratch" || exit 99
admin=etc/fdbroker/policy.d vendor=usr/lib/fdbroker/policy.d
mkdir -p "image/$admin" "image/$vendor"
printf 'version 1;\n\ta: deny any "/vendor";\n' >image/$vendor/00-a.fdp
printf 'version 1;\ndeny any "/b\\x41";\n' >image/$vendor/10-b.fdp
printf 'version 1;\ndeny any "/c";\n' >image/$vendor/20-c.fdp
printf 'version 1;\ndeny any "/admin";\n' >image/$admin/10-b.fdp
ln -s /dev/null image/$admin/20-c.fdp
cat >expected <<'END'
# image/usr/lib/fdbroker/policy.d/00-a.fdp
version 1;
	a: deny any "/vendor";

# image/etc/fdbroker/policy.d/10-b.fdp
version 1;
deny any "/admin";

# image/usr/lib/fdbroker/policy.d/10-b.fdp (masked by image/etc/fdbroker/policy.d/10-b.fdp)

# image/etc/fdbroker/policy.d/20-c.fdp (a mask)

# image/usr/lib/fdbroker/policy.d/20-c.fdp (masked by image/etc/fdbroker/policy.d/20-c.fdp)
END

it 'prints the files that count, and names those that do not'
run fdbrokerctl cat --root=image
exits 0
same expected
no_complaint

it 'puts the origin before each line'
run fdbrokerctl cat --root=image --origin
exits 0
says 'image/etc/fdbroker/policy.d/10-b.fdp:2: deny any "/admin";'

it 'answers in JSON'
run fdbrokerctl cat --root=image --json
exits 0
json schema 1
json files 0 origin vendor
json files 1 file image/etc/fdbroker/policy.d/10-b.fdp
json files 1 origin admin
json files 1 masked_by null
json files 2 masked_by image/etc/fdbroker/policy.d/10-b.fdp
json files 3 mask true

it 'joins a named file with the installed ones'
printf 'version 1;\ndeny any "/mine";\n' >00-a.fdp
run fdbrokerctl cat --root=image 00-a.fdp
exits 0
says 'deny any "/mine";'
says '# image/usr/lib/fdbroker/policy.d/00-a.fdp (masked by 00-a.fdp)'

# P79
it 'prints a file with errors too, but no control character of it'
printf 'version 1;\nalow "\033[2J"' >bad.fdp
run fdbrokerctl cat --only bad.fdp
exits 0
says 'alow "\x1b[2J"'

it 'says which file cannot be read'
mkdir -p odd/x.fdp
run fdbrokerctl cat --policy=odd
exits 74
says '# odd/x.fdp (cannot be read)'
errs 'odd/x.fdp cannot be read'

it 'calls a directory that is not there an I/O error'
run fdbrokerctl cat --policy=no-such
exits 74

finish

#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl test: files of expectations, held against a policy.

. "$srcdir/tests/support/sh-lib"

data=$(cd "$srcdir/tests/policy" && pwd)
cd "$scratch" || exit 99
mkdir policy
cat >policy/10-t.fdp <<'END'
version 1;
for unit "web.service" { page: allow read "/srv/www/**"; }
for user root { adm: allow read "/srv/adm"; }
deny any "/srv/www/secret";
END
expect() { # FILE...
	run fdbrokerctl test --policy=policy "$@"
}

cat >good.cases <<'END'
# What must work.
allow read /srv/www/a b as unit "web.service"

deny write /srv/www/a as unit "web.service"
undecided read /srv/adm as unit "web.service"
END
cat >wrong.cases <<'END'
allow read /srv/www/a as unit "web.service"
allow read /srv/www/secret as unit "web.service"
deny read /srv/www/a as unit "web.service"
deny read /srv/adm as unit "web.service"
END

it 'says that all hold'
expect good.cases
exits 0
says '3 expectations hold.'
no_complaint

it 'prints file and line of each that fails, why, and the totals'
expect good.cases wrong.cases
exits 1
cat >expected <<'END'
wrong.cases:2: failed: expected allow, got deny: read /srv/www/secret as unit "web.service"
    = rule: denied by 10-t.L4
wrong.cases:3: failed: expected deny, got allow: read /srv/www/a as unit "web.service"
    = allowed by 10-t.page
wrong.cases:4: failed: expected deny, got undecided: read /srv/adm as unit "web.service"
    = hinges on facts that were not stated: 10-t.adm
3 of 7 expectations failed.
END
same expected

it 'answers in JSON'
expect --json wrong.cases
exits 1
json schema 1
json passed 1
json failed 3
json failures 0 line 2
json failures 0 answer deny
json failures 0 reason rule
json failures 0 rule 10-t.L4

it 'reads standard input with -'
fdbrokerctl test --policy=policy - <good.cases >"$out" 2>"$err"
status=$?
exits 0

it 'asks the policy that a file would make'
printf 'version 1;\ndeny any "/srv/www/**";\n' >20-more.fdp
expect --with=20-more.fdp good.cases
exits 1
says 'good.cases:2: failed'

it 'stops at a line that is no expectation'
printf 'allow read /srv/www/a as unit "web.service"\nalow read /a as anyone\n' >odd.cases
expect odd.cases
exits 64
errs 'odd.cases:2: not '
printf 'allow raed /a as anyone\n' >odd.cases
expect odd.cases
exits 64
printf 'allow read /a as unti "b"\n' >odd.cases
expect odd.cases
exits 64
errs 'odd.cases:1: not '

it 'calls a file that is not there an I/O error, and none a usage error'
expect no-such.cases
exits 74
expect
exits 64

for cases in "$data"/*.cases; do
	it "finds that $(basename "$cases") holds"
	mkdir corpus
	cp "${cases%.cases}.fdp" corpus
	run fdbrokerctl test --policy=corpus "$cases"
	rm -r corpus
	exits 0
done

finish

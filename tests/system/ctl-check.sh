#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl check: its screens, formats and exit statuses, through the real program.

. "$srcdir/tests/support/sh-lib"

data=$(cd "$srcdir/tests/system/ctl" && pwd)
corpus=$(cd "$srcdir/tests/policy/bad/load" && pwd)
examples=$(cd "$srcdir/examples/policy" && pwd)
printf 'state active\ngeneration 42\npolicy 9c1e\n' >"$scratch/status"
mkdir "$scratch/in" && cd "$scratch/in" || exit 99
cp "$data/bad.fdp" .
nobody=--socket=$scratch/nobody
fake() { # HOW COMMAND...
	how=$1
	shift
	run fake-admin "$scratch/admin" "$how" "$scratch/status" "$@" "--socket=$scratch/admin"
}

it 'shows the twelve mistakes of bad.fdp, to the letter'
fake 0 fdbrokerctl check ./bad.fdp --only
exits 2
same "$data/bad.screen"
no_complaint

it 'shows the same but for the generation when no daemon answers'
run fdbrokerctl check ./bad.fdp --only "$nobody"
exits 2
sed 's/ (generation 42)//' "$data/bad.screen" >"$scratch/screen"
same "$scratch/screen"

it 'says the same in ASCII where the locale is not UTF-8'
run env LC_ALL=C fdbrokerctl check bad.fdp --only "$nobody"
exits 2
! LC_ALL=C grep -q '[^ -~]' "$out" || fail 'not ASCII'

it 'writes one line per finding with --format=gcc'
run fdbrokerctl check bad.fdp --only --format=gcc
exits 2
[ "$(grep -cE '^bad\.fdp:[0-9]+:[0-9]+: error: .* \[E0[0-9]+\]$' "$out")" = 12 ] ||
	fail 'not twelve such lines'
[ "$(wc -l <"$out")" = 12 ] || fail 'other lines'

it 'writes JSON with --format=json'
run fdbrokerctl check bad.fdp --only --format=json
exits 2
json schema 1
json valid false
json errors 12
json findings 0 file bad.fdp
json findings 0 line 3
json findings 0 col 30
json findings 0 end_col 34
json findings 0 severity error
json findings 0 id E002
json findings 0 message "unknown identity matcher 'exec'"
json findings 0 help "did you mean 'exe'?"
json findings 0 fix replace exe

cp "$out" "$scratch/json"

it 'writes the same JSON with --json'
run fdbrokerctl --json check bad.fdp --only
exits 2
same "$scratch/json"

it 'prints nothing with -q'
run fdbrokerctl -q check bad.fdp --only
exits 2
silent
no_complaint

cat >good.fdp <<'END'
version 1;
for unit "a.service" {
	one: allow read "/srv/a/*";
	two: allow read as root "/srv/b" { owner root; }
}
expect allow read '/srv/a/x' as unit "a.service";
END

it 'counts what a good policy has'
run fdbrokerctl check good.fdp --only --offline
exits 0
says '1 file, 2 rules (1 as root), 1 expectation holds.  0 errors, 0 warnings, '

it 'says the same in JSON'
run fdbrokerctl check good.fdp --only --json
exits 0
json valid true
json rules 2
json as_root 1
json expectations 1

it 'refuses a policy whose expectation fails'
sed 's/^expect allow/expect deny/' good.fdp >wrong.fdp
run fdbrokerctl check wrong.fdp --only
exits 2
says 'error[E013]'
says 'wrong.fdp: 1 error. Nothing would be loaded'

it 'calls a missing file an I/O error'
run fdbrokerctl check no-such.fdp --only
exits 74
errs 'no-such.fdp: No such file'

it 'calls --only without a file a usage error'
run fdbrokerctl check --only
exits 64

it 'checks the directory of --policy'
mkdir site && cp good.fdp site/10-good.fdp
run fdbrokerctl check --policy=site
exits 0
says '1 file, 2 rules'

it 'checks the image of --root'
mkdir -p image/etc/fdbroker/policy.d image/usr/lib/fdbroker/policy.d
cp good.fdp image/etc/fdbroker/policy.d/10-good.fdp
printf 'version 1;\nfor anyone { motd: allow read "/etc/motd"; }\n' \
	>image/usr/lib/fdbroker/policy.d/00-vendor.fdp
run fdbrokerctl check --root=image
exits 0
says '2 files, 3 rules'

it 'joins a named file with the installed ones, replacing one of its name'
printf 'version 1;\nfor anyone { only: allow read "/etc/issue"; }\n' >10-good.fdp
run fdbrokerctl check --root=image 10-good.fdp
exits 0
says '2 files, 2 rules'

it 'warns of files that are not read, and exits 1 for them only if strict'
cp good.fdp site/notes.txt
run fdbrokerctl check --policy=site
exits 0
says 'warning[W010]'
run fdbrokerctl check --policy=site --strict
exits 1

it 'looks at the rules against each other, and exits 1 for what it finds only if strict'
cat >twice.fdp <<'END'
version 1;
for unit "a.service" {
	one: allow read "/srv/a/*";
	two: allow read "/srv/a/x";
}
END
run fdbrokerctl check twice.fdp --only --offline
exits 0
says 'twice.fdp:4:2: warning[W102]: rule twice.two adds nothing to twice.one'
says '= read /srv/a/x is allowed too by twice.one (twice.fdp:3)'
run fdbrokerctl check twice.fdp --only --offline --strict
exits 1
run fdbrokerctl check twice.fdp --only --offline --format=gcc
says 'twice.fdp:4:2: warning: rule twice.two adds nothing to twice.one [W102]'
run fdbrokerctl check good.fdp --only --offline --strict
exits 0

it 'finds no error in the examples, and of warnings those that they are about'
run fdbrokerctl check --only --offline "$examples"/*.fdp
says '0 errors'
says 'warning[W112]: rule 20-nginx.tls-key can yield a secret: TLS private key'
says 'note[N104]: a deny takes part of rule 70-pdf.own-reach away'
for id in W101 W102 W103 W105 W106 W107 W111 W113 W114 W115 W301; do
	! grep -qF "$id" "$out" || fail "it says $id"
done

# P79
it 'shows control characters of a file escaped'
printf 'version 1;\nfor user "a\033[2J\007" { }\n' >evil.fdp
run fdbrokerctl check evil.fdp --only "$nobody"
exits 2
! LC_ALL=C grep -q "$(printf '[\033\007]')" "$out" || fail 'a control character came through'

it 'shows what only compiling finds as written in tests/policy/bad/load'
for policy in "$corpus"/*.fdp; do
	name=${policy##*/}
	cp "$policy" "$name"
	run fdbrokerctl check --only --offline "$name" "$nobody"
	sed '$d' "$out" | cmp -s "${policy%.fdp}.expected" - || fail "$name is shown otherwise"
done

# What only putting sets in can find: tests/policy/bad is not compiled.
it 'holds what a set and what stands behind it are together to the limits'
joined() { # SET REST MESSAGE
	printf 'version 1;\nlet @s = "%s";\nfor unit "a.service" { r: allow read "@s%s"; }\n' "$1" "$2" \
		>joined.fdp
	run fdbrokerctl check --only --offline joined.fdp
	exits 2
	says "joined.fdp:3:38: error[E016]: $3, those of the set included"
}
joined '/srv/**/a/**/b/**' '/x/**/y/**' 'more than 4 "**" or 16 other wildcards'
joined '/*/*/*/*/*/*/*/*' '/*/*/*/*/*/*/*/*/*' 'more than 4 "**" or 16 other wildcards'
joined "/$(printf '%02100d' 0)" "/$(printf '%02000d' 0)" 'longer than 4095 bytes'
printf 'version 1;\nlet @s = "/*/*/*/*/*/*/*/*";\nfor unit "a.service" { r: allow read "@s/*/*/*/*/*/*/*/*"; }\n' \
	>joined.fdp
run fdbrokerctl check --only --offline joined.fdp
exits 0

if [ "$(id -u)" -eq 0 ]; then
	mkdir forbidden
	printf 'version 1;\n' >forbidden/10-t.fdp
	chmod 600 forbidden/10-t.fdp
	cp "$(command -v fdbrokerctl)" ctl
	as_other() {
		run setpriv --reuid 65533 --regid 65533 --clear-groups ./ctl "$@" --policy=forbidden
	}
	it 'exits with 77 where it may not read a policy file, which says nothing of the policy'
	as_other check
	exits 77
	says '[E009]: cannot be read'
	as_other can read /srv/a --as 'user root'
	exits 77
	as_other what-can --as 'user root'
	exits 77
	printf 'version 2;\n' >forbidden/20-t.fdp
	as_other check
	exits 2
fi

finish

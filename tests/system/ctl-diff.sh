#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl diff: policies compared by what their rules mean.

. "$srcdir/tests/support/sh-lib"

cd "$scratch" || exit 99
mkdir old new same
cat >old/10-t.fdp <<'END'
version 1;
let @www = "/srv/www/**", "/srv/icons";
subject web = unit "web@*.service" and user daemon;
for subject web {
    page: allow read, stat @www { owner root; links 1; }
    gone: allow read "/srv/gone/%i/*.txt";
}
d: deny any "/srv/old";
END
cat >new/10-t.fdp <<'END'
version 1;
let @www = "/srv/www/**", "/srv/icons";
subject web = unit "web@*.service" and user daemon;
for subject web {
    page: allow read, stat, write @www { owner root; links 1; }
    more: allow read as root "/etc/[k-m]ey";
}
d: deny any "/srv/old";
END
cat >same/10-t.fdp <<'END'
version 1;
# Another layout and other names.
subject www = user daemon and unit "web@*.service";
extend @all += "/srv/icons";
let @all = "/srv/www/**";
d: deny any "/srv/old";
for subject www { seite: allow stat, read @all { links 1; owner root; } }
END
printf 'version 1;\nfor unit "web@*.service" and user daemon { gone: allow read "/srv/gone/%%i/*.txt"; }\n' >same/20-u.fdp
d() {
	run fdbrokerctl diff "$@"
}

it 'shows what was added, removed and changed, each with a witness'
d old new
exits 1
cat >expected <<'END'
- 10-t.gone  removed
    - for subject web {
    -     gone: allow read "/srv/gone/%i/*.txt";
    - }
    = read /srv/gone/x/x.txt as user daemon and unit "web@x.service": was allow, now deny
~ 10-t.page  changed
    - for subject web {
    -     page: allow read, stat @www {
    -         owner root;
    -         links 1;
    -     }
    - }
    + for subject web {
    +     page: allow read, write, stat @www {
    +         owner root;
    +         links 1;
    +     }
    + }
    = write /srv/www/x as user daemon and unit "web@x.service": was deny, now allow
+ 10-t.more  added
    + for subject web {
    +     more: allow read as root "/etc/[k-m]ey";
    + }
    = read /etc/key as user daemon and unit "web@x.service": was deny, now allow
1 added, 1 removed, 1 changed.
END
same expected
no_complaint

it 'finds no difference in layout, order, names and sets'
d old same
exits 0
printf 'No difference.\n' >expected
same expected

it 'finds that a set changed what a rule means'
cp -r same other
printf 'version 1;\nextend @all += "/srv/fonts";\n' >other/30-v.fdp
d same other
exits 1
says '~ 10-t.seite  changed'

changed() { # RULE RULE: of one into the other
	mkdir -p one two
	printf 'version 1;\nlet @s = "/a", "/b";\n%s\n' "$1" >one/10-t.fdp
	printf 'version 1;\nlet @s = "/a", "/b";\n%s\n' "$2" >two/10-t.fdp
	d one two
	exits 1
}

it 'finds the one caller of several, and the one name of several'
changed 'for user {daemon, mail} { r: allow read "/x"; }' 'for user {daemon, mail, bin} { r: allow read "/x"; }'
says '= read /x as user bin and unit "some.service": was deny, now allow'
changed 'for user mail { r: allow read "/x"; }' 'for user mail or unit "u.service" { r: allow read "/x"; }'
says '= read /x as user nobody and unit "u.service": was deny, now allow'
changed 'for user mail { r: allow read "/x/{a,b}"; }' 'for user mail { r: allow read "/x/{a,b,c}"; }'
says '= read /x/c as user mail'
changed 'for user mail { r: allow read "/a"; }' 'for user mail { r: allow read @s; }'
says '= read /b as user mail'

it 'shows of a change what it takes and what it gives'
changed 'for user mail { r: allow read "/x"; }' 'for user mail { r: allow read "/y"; }'
says '= read /y as user mail and unit "some.service": was deny, now allow'
says '= read /x as user mail and unit "some.service": was allow, now deny'
d --json one two
json rules 0 witness path /y
json rules 0 other path /x

it 'finds that a rule was switched off'
cp -r old off
printf 'version 1;\ndisable "10-t.d";\n' >off/20-off.fdp
d old off
exits 1
says '- 10-t.d  removed'
says '0 added, 1 removed, 0 changed.'

it 'compares the installed policy to what a file would make of it'
printf 'version 1;\ndeny any "/srv/www/x";\n' >20-deny.fdp
d --policy=old --with=20-deny.fdp
exits 1
says '+ 20-deny.L2  added'

it 'compares two files'
d old/10-t.fdp old/10-t.fdp
exits 0
d old/10-t.fdp new/10-t.fdp
exits 1

it 'answers in JSON'
d --json old new
exits 1
json schema 1
json different true
json rules 0 change removed
json rules 0 rule 10-t.gone
json rules 0 new null
json rules 0 witness path /srv/gone/x/x.txt
json rules 0 witness old allow
json rules 0 witness new deny
d --json old same
exits 0
json different false

it 'prints nothing with -q'
d -q old new
exits 1
silent

it 'compares the text with --text'
d --text old new
exits 1
says '-    gone: allow read "/srv/gone/%i/*.txt";'
says '+    more: allow read as root "/etc/[k-m]ey";'
d --text old old
exits 0
silent

it 'compares what the daemon kept in an image with what is installed there'
mkdir -p image/etc/fdbroker/policy.d image/var/lib/fdbroker
d --root=image
exits 69
errs 'the daemon has kept no policy in image/var/lib/fdbroker/last-good/policy.d'
mkdir -p image/var/lib/fdbroker/last-good/policy.d
cp old/10-t.fdp image/var/lib/fdbroker/last-good/policy.d
cp new/10-t.fdp image/etc/fdbroker/policy.d
d --root=image
exits 1
says '1 added, 1 removed, 1 changed.'

it 'cannot compare with a daemon that is not there'
d --socket="$scratch/nobody"
exits 69
errs "cannot ask the daemon at $scratch/nobody"

says_running() { # DIRECTORY SHA256: what the daemon says that it runs
	printf 'policy %s\nsources %s\ndirectory %s\n' "$2" "$1" "$scratch/new" >text
	run fake-admin "$scratch/admin" 0 "$scratch/text" fdbrokerctl diff \
		"--socket=$scratch/admin"
}
it 'compares what the daemon runs with what is installed'
hash=$(fdbrokerctl check --policy=old --json | json-get policy)
says_running "$scratch/old" "$hash"
exits 1
says '1 added, 1 removed, 1 changed.'
no_complaint

it 'has no answer where what was kept is not what runs'
says_running "$scratch/old" "$(printf '%064d' 0)"
exits 74
silent
errs 'is not what the daemon runs'

it 'has no answer where one of them has errors'
mkdir bad && echo 'version 1; alow' >bad/10-bad.fdp
d old bad
exits 2
silent
errs 'error[E0'

it 'calls a policy that is not there an I/O error, and one alone a usage error'
d old no-such
exits 74
d old
exits 64
d old new --with=20-deny.fdp
exits 64

finish

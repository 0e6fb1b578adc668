#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl who-can and what-can: the policy asked for subjects, and for objects.

. "$srcdir/tests/support/sh-lib"

cd "$scratch" || exit 99
me=$(id -u)
mkdir policy
cat >policy/10-t.fdp <<END
version 1;
subject web = unit "web@*.service" and user daemon;
for subject web {
    page: allow read "/srv/www/%i/**" except "/srv/www/*/.git/**";
    key: allow read as root "/etc/key" { owner root; links 1; }
}
for user $me { mine: allow read, write "/srv/mine"; }
for user 3000004242 { other: allow read "/srv/mine"; }
for anyone { motd: allow read "/etc/motd", "/etc/issue"; }
for unit "bad.service" { no: deny any "/srv/mine"; }
secret: deny any "/srv/www/*/secret";
END
who() {
	run fdbrokerctl who-can --policy=policy "$@"
}
what() {
	run fdbrokerctl what-can --policy=policy "$@"
}

it 'lists whom a rule allows it'
who read /etc/key
exits 0
[ ! -e /etc/key ] || exit 99
cat >expected <<'END'
RULE      WHO          CONDITIONS  NOW RUNNING
10-t.key  subject web  as root, owner { root }, links 1, symlinks refuse, mounts stay, parents trusted  -
the file was not looked at: No such file or directory
only while the file's attributes are such: 10-t.key
1 subject.
END
same expected

it 'stands in columns, whatever a rule asks of the object'
mkdir columns
printf 'version 1;\nfor user 65533 { a: allow read "/c" { type fifo; max-size 1K; }\nb: allow read "/c"; }\n' \
	>columns/c.fdp
run fdbrokerctl who-can --policy=columns --offline read /c
exits 0
cat >expected <<'END'
RULE  WHO         CONDITIONS                    NOW RUNNING
c.a   user 65533  type { fifo }, max-size 1024  -
c.b   user 65533  -                             -
only while the file's attributes are such: c.a
2 subjects.
END
same expected

it 'does not take for an attribute how the file is delivered'
printf 'version 1;\nfor user 65533 { a: allow append "/c" { deliver pipe; } }\n' >columns/c.fdp
run fdbrokerctl who-can --policy=columns append /c
exits 0
says "only while the file's attributes are such: none"

it 'finds a rule whose path depends on the caller'
who read /srv/www/a/index.html
exits 0
says '10-t.page  subject web'

it 'finds the processes that run now'
sleep 1000 &
sleeper=$!
who read /srv/mine
kill "$sleeper"
exits 0
grep -q "^10-t.mine .*[ ,]$sleeper\(,\|\$\)" "$out" || fail 'not this one'
grep -q "^10-t.other .* -\$" "$out" || fail 'somebody is 3000004242'
says 'but not   unit "bad.service", by 10-t.no'

it 'finds anyone'
who --offline read /etc/motd
exits 0
says '10-t.motd  anyone'
says "only while the file's attributes are such: none"
says '1 subject.'

it 'says nobody, and exits 1'
who write /etc/cron.d/x
exits 1
printf 'nobody\n' >expected
same expected

it 'says nobody where everybody is denied, and by what'
who read /srv/www/a/secret
exits 1
says 'nobody: denied by 10-t.secret'
who write /proc/sys/kernel/core_pattern
exits 1

it 'says nobody for a name that nobody may ask for'
who read /srv/www/../www/a
exits 1
says nobody

it 'answers in JSON'
who --json read /etc/key
exits 0
json schema 1
json allows 0 rule 10-t.key
json allows 0 who 'subject web'
json allows 0 as_root true
json allows 0 asks_of_object true
who --json read /etc/motd
json allows 0 asks_of_object false
who --json read /srv/www/a/secret
exits 1
json denied 10-t.secret

# the object as it is

mkdir now
cat >now/10-t.fdp <<END
version 1;
for user 65533 {
    mine: allow read "$scratch/o/*" { owner caller; }
    small: allow read "$scratch/o/*" { max-size 4; }
    fifo: allow read "$scratch/o/file" { type fifo; }
    away: allow read "$scratch/o/file" { symlinks refuse; }
    new: allow create "$scratch/o/none" { type fifo; }
}
for user $me { me: allow read "$scratch/o/me"; me-fifo: allow read "$scratch/o/me" { type fifo; } }
big: deny read "$scratch/o/big" { mode-max 0600; }
own: deny read "$scratch/o/big" { owner caller; }
END
mkdir o
echo hello >o/file
echo hello >o/big
echo hi >o/me
chmod 600 o/big
ln -s file o/link
now() {
	run fdbrokerctl who-can --policy=now "$@"
}
lists() { # RULE...: which it says may now
	sed -n 's/^\(10-t\.[a-z-]*\) .*/\1/p' "$out" >listed
	printf '10-t.%s\n' "$@" | cmp -s - listed || fail "lists $(tr '\n' ' ' <listed)"
}

it 'lists those only whose conditions the object meets, and then the others'
now read "$scratch/o/file"
exits 0
lists mine away
says "also possible if the file's attributes change: 10-t.small, 10-t.fifo"
says '2 subjects.'
: >o/file
now read "$scratch/o/file"
lists mine small away
says "also possible if the file's attributes change: 10-t.fifo"
now --offline read "$scratch/o/file"
lists mine small fifo away
says "only while the file's attributes are such: 10-t.mine, 10-t.small, 10-t.fifo"

it 'says that there is nobody now, and exits 1'
now read "$scratch/o/big"
exits 1
cat >expected <<'END'
nobody now
also possible if the file's attributes change: 10-t.mine, 10-t.small
END
same expected
chmod 644 o/big
now read "$scratch/o/big"
exits 0
lists mine
says 'but not   anyone, by 10-t.own, if owner { caller }'

it 'says where links lead'
now read "$scratch/o/link"
exits 0
lists mine small
says "links lead to $scratch/o/file, which must be allowed by its own name too"
now --json read "$scratch/o/link"
json canonical "$scratch/o/file"
json allows 0 now true

it 'asks what is not there yet of its place only'
now create "$scratch/o/none"
exits 0
lists new

it 'finds only those processes that the object is for'
sleep 1000 &
sleeper=$!
now read "$scratch/o/me"
grep -q "^10-t.me .*[ ,]$sleeper\(,\|\$\)" "$out" || fail 'not this one'
chmod 600 o/me
printf 'version 1;\nno: deny read "%s/o/me" { mode-max 0600; }\n' "$scratch" >now/20-t.fdp
now --json read "$scratch/o/me"
exits 1
json allows 0 now false
json allows 0 pids '[ ]'
kill "$sleeper"
rm now/20-t.fdp

it 'calls modes that are none a usage error'
who raed /etc/key
exits 64
who read
exits 64

# what-can

it 'lists what a caller is allowed, and what he is denied'
what --as 'unit "web@a.service" and user daemon'
exits 0
cat >expected <<'END'
allow  read  "/srv/www/a/**" except "/srv/www/*/.git/**"  10-t.page  if symlinks follow
allow  read as root  "/etc/key"  10-t.key  if owner { root }, links 1, symlinks refuse, mounts stay, parents trusted
allow  read  "/etc/motd", "/etc/issue"  10-t.motd
deny   any  "/srv/www/*/secret"  10-t.secret
END
sed -i 's/  if symlinks follow$//' expected
same expected

it 'has the values of the caller in the paths, and what limits a rule'
mkdir ci
cat >ci/60-ci.fdp <<'END'
version 1;
for unit "ci-runner@*.service" {
    token: allow read "/etc/ci/tokens/%i.token" {
        rate 6/min burst 3 per unit; inflight 4; until 2999-01-31;
    }
    dirs: allow list "/var/%i-%%i[a\%]\%/*", '/var/%i', "/home/%U" except "/var/%j/*";
}
for anyone { inst: allow read "/srv/%n"; }
for user 4242 { home: allow read "%h/x"; }
END
run fdbrokerctl what-can --policy=ci --as 'unit "ci-runner@a.service" and user 4242'
exits 0
cat >expected <<'END'
allow  read  "/etc/ci/tokens/a.token"  60-ci.token  if symlinks follow, 6/min burst 3 per unit, inflight 4, until 2999-01-31
allow  list  "/var/a-%%i[a\%]\%/*", '/var/%i', "/home/4242" except "/var/runner/*"  60-ci.dirs
allow  read  "/srv/ci-runner@a.service"  60-ci.inst
END
sed -i 's/  if symlinks follow,/,/' expected
same expected

it 'never lets a value be a pattern'
run fdbrokerctl what-can --policy=ci --as "unit 'ci-runner@*]}.service'"
exits 0
says '"/etc/ci/tokens/\*\x5d\x7d.token"'

it 'leaves a specifier whose value was not stated, and says so'
run fdbrokerctl what-can --policy=ci --as 'user 4242'
says '"/srv/%n"  60-ci.inst  (hinges on'

it 'marks what hinges on facts that were not stated, and exits 3 if that is all'
sed '/anyone/d' policy/10-t.fdp >only.fdp
run fdbrokerctl what-can --policy=policy --as 'unit "web@a.service"'
exits 0
says '10-t.key  if owner { root }, links 1, symlinks refuse, mounts stay, parents trusted  (hinges on'
mkdir strict && mv only.fdp strict/10-t.fdp
run fdbrokerctl what-can --policy=strict --as 'unit "web@a.service"'
exits 3

it 'says nothing, and exits 1'
run fdbrokerctl what-can --policy=strict --as 'user 9 and unit "x.service"'
exits 1
printf 'nothing\n' >expected
same expected

it 'answers what-can in JSON'
what --json --as 'user 3000004242 and unit "x.service"'
exits 0
json schema 1
json allows 0 rule 10-t.other
json allows 0 undecided false
json denies 0 rule 10-t.secret

mkdir sets
cat >sets/10-t.fdp <<'END'
version 1;
let @own = "/srv/%i/a", '/srv/100%*', @more;
let @more = "/srv/{b,c}";
for unit "web@*.service" { r: allow read @own, "@own/x/%i.y" except "@more/x/**"; }
no: deny any @many;
let @many = "/n/1";
END
echo 'version 1; extend @more += "/srv/d*";' >sets/20-t.fdp
for i in $(seq 2 40); do
	echo "extend @many += '/n/$i';"
done >>sets/20-t.fdp
it 'writes sets out, with what is behind them, and names of the caller'
run fdbrokerctl what-can --policy=sets --as 'unit "web@i.service"'
exits 0
says 'allow  read  "/srv/i/a", '\''/srv/100%*'\'', "/srv/{b,c}", "/srv/d*", "/srv/i/a/x/i.y", "/srv/100%%\*/x/i.y", "/srv/{b,c}/x/i.y", "/srv/d*/x/i.y" except "/srv/{b,c}/x/**", "/srv/d*/x/**"  10-t.r'
says ", '/n/32', … 8 more  10-t.no"
run fdbrokerctl what-can --policy=sets --as 'unit "web@i.service"' --json
grep -q "'/n/40'\"" "$out" || fail 'not all in JSON'

it 'calls a caller that cannot be read a usage error'
what --as 'usre 7'
exits 64
what
exits 64

finish

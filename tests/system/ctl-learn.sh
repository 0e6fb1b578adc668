#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl learn: what it proposes, and what it does not. tests/system/check_learn.c loads it.

. "$srcdir/tests/support/sh-lib"

cd "$scratch" || exit 99
TZ=UTC
export TZ
mkdir -p policy srv/conf.d/sub srv/log srv/jobs
for name in a b c d old new; do
	: >srv/conf.d/$name.ini
done
: >srv/conf.d/sub/e.ini
: >srv/conf.d/readme
: >srv/log/erp.log
srv=$scratch/srv
printf 'version 1;\nhome: deny any "%s/home/**";\nfor unit "b.service" { had: allow read "%s/had"; }\n' \
	"$srv" "$srv" >policy/00-floor.fdp

ids=0
record() { # PATH [MODES [FIELDS]]
	ids=$((ids + 1))
	printf '{"schema":"1","id":"%016d","time":"17953050%02d000000","decision":"deny","reason":"default",' \
		$ids $ids
	printf '"modes":"%s","path":"%s",%s,"repeat":"9"}\n' "${2:-read}" "$1" \
		"${3:-\"uid\":\"0\",\"gid\":\"0\",\"groups\":\"none\",\"unit\":\"erp.service\"}"
}
as() { # FIELDS
	printf '"uid":"%d","gid":"%d","groups":"none",%s' "$1" "$1" "$2"
}
learn() {
	run fdbrokerctl learn --policy=policy --file=audit.json "$@"
	cp "$out" learned.fdp
	cp "$err" why
}
loads() { # the proposal passes check, and answers as is said: [allow|deny] MODES PATH as WHO
	fdbrokerctl check -q --only learned.fdp >/dev/null 2>detail || fail "check: $(cat detail)"
	for line; do
		echo "$line"
	done >cases
	fdbrokerctl test --policy=policy --with=learned.fdp cases >detail 2>&1 ||
		fail "$(head -n 2 detail)"
}
erp='as unit "erp.service" and user root'

it 'proposes a star for names of one directory and extension, and says what it would admit'
for name in a b c d; do
	record "$srv/conf.d/$name.ini"
done >audit.json
learn --label erp
exits 0
says "    conf: allow read \"$srv/conf.d/*.ini\" { owner root; }"
says '    # seen ×36, 21 Nov 23:50:01…21 Nov 23:50:04: 4 files'
says '    # admits 2 files that are there and nobody asked for: '
errs '36 denials and complaints → 1 rule proposed, 0 withheld'
errs "conf  read ×36, 4 files below $srv/conf.d/ → \"$srv/conf.d/*.ini\"; would also admit 2 files never requested: "
errs "narrower: --narrow (4 literals)      wider: --wide (\"$srv/conf.d/**\")"
errs 'next: fdbrokerctl check erp.fdp && fdbrokerctl diff --with erp.fdp'
loads "allow read $srv/conf.d/a.ini $erp" "allow read $srv/conf.d/old.ini $erp" \
	"deny read $srv/conf.d/sub/e.ini $erp" "deny read $srv/conf.d/readme $erp" \
	"deny write $srv/conf.d/a.ini $erp" \
	"deny read $srv/conf.d/a.ini as unit \"b.service\" and user root"

it 'lists names with --narrow'
learn --narrow
says_not '*'
loads "allow read $srv/conf.d/a.ini $erp" "deny read $srv/conf.d/old.ini $erp"

it 'takes a tree with --wide only'
learn --wide
says "allow read \"$srv/conf.d/**\""
errs 'would also admit 4 files never requested: '
loads "allow read $srv/conf.d/sub/e.ini $erp" "deny read $srv/other $erp"
learn --wide --narrow
exits 64

it 'lists two names, and puts together no different modes, units or directories'
{
	record "$srv/conf.d/a.ini"
	record "$srv/conf.d/b.ini"
	record "$srv/conf.d/c.ini" 'read, write'
	record "$srv/conf.d/d.ini" read "$(as 0 '"unit":"other.service"')"
	record "$srv/conf.d/sub/e.ini"
} >audit.json
learn
says_not '*'
loads "allow read $srv/conf.d/a.ini $erp" "deny write $srv/conf.d/a.ini $erp" \
	"allow read,write $srv/conf.d/c.ini $erp" "deny read $srv/conf.d/d.ini $erp" \
	"allow read $srv/conf.d/d.ini as unit \"other.service\"" \
	"allow read $srv/conf.d/sub/e.ini $erp"

it 'proposes what is done to directories and links as such, without a type'
mkdir -p srv/old.d/x
ln -sf /nowhere srv/old.d/link
{
	record "$srv/old.d" stat
	record "$srv/old.d/x" remove
	record "$srv/old.d/link" remove
	record "$srv/conf.d" attributes "$(as 1 '"unit":"erp.service"')"
	record "$srv/new.d" create
	record "$srv/conf.d/sub" create
} >audit.json
learn
exits 0
says_not type
says_not WITHHELD
loads "allow stat $srv/old.d $erp" "allow remove $srv/old.d/x $erp" "allow remove $srv/old.d/link $erp" \
	"deny remove $srv/old.d $erp" "allow create $srv/new.d $erp" "allow create $srv/conf.d/sub $erp"
if [ "$(id -u)" -eq 0 ]; then
	says "# review: the caller may not do it himself; only with root's rights:"
	says "allow attributes as root '$srv/conf.d'"
fi

it 'counts links and directories among what a pattern would admit to be removed'
for name in 1 2 3; do
	: >srv/old.d/j$name.x
	record "$srv/old.d/j$name.x" remove
done >audit.json
mkdir -p srv/old.d/kept.x
learn
errs 'would also admit 1 file never requested: kept.x'

it 'puts names without extension together by how they begin, not counting digits'
for number in 101 102 2003; do
	record "$srv/jobs/job-$number" create
done >audit.json
learn
says "allow create \"$srv/jobs/job-*\""

it 'names whom: a unit, a user and his unit, a user and his program, and never anyone'
exe=$(realpath /usr/bin/env)
{
	record "$srv/a" read "$(as 0 '"unit":"a@\\x2d.service"')"
	record "$srv/b" read "$(as 54321 '"unit":"user@54321.service","user_unit":"app.service"')"
	record "$srv/c" read "$(as 33 "\"unit\":\"session-1.scope\",\"exe\":\"$exe\",\"exe_ino\":\"$(stat -c %d:%i "$exe")\"")"
	record "$srv/d" read "$(as 33 "\"exe\":\"$exe\",\"exe_ino\":\"1:2\"")"
} >audit.json
learn
says "for unit 'a@\\x2d.service' {"
says "for user 54321 and user-unit 'app.service' {"
says "for user www-data and exe '$exe' {"
says_not anyone
errs "$srv/d WITHHELD: its program is in no unit"
loads "allow read $srv/b as user-unit 'app.service' and user 54321" \
	"allow read $srv/c as user www-data and exe '$exe'"

it 'withholds what is denied, secret or root-equivalent, and says why'
{
	record "$srv/home/x"
	record /etc/shadow
	record /root/.my.cnf
	record /etc/cron.d/x 'write, create'
	record /proc/1/environ
	record "$srv"
	record "$srv/e" read '"uid":"0","gid":"0","unit":"erp.service","rule":"10-x.deny"'
} | sed '$s/"reason":"default"/"reason":"rule"/' >audit.json
learn
exits 1
silent
errs '63 denials and complaints → 0 rules proposed, 7 withheld'
errs "$srv/home/x WITHHELD: denied by 00-floor.home"
errs '/etc/shadow WITHHELD: W112 secret: password hashes'
errs "/root/.my.cnf WITHHELD: W112 secret: root's home"
errs '/etc/cron.d/x WITHHELD: W113 root-equivalent: cron'
errs '/proc/1/environ WITHHELD: denied by builtin.processes'
errs "$srv WITHHELD: a directory, which only \`list\` opens"
errs "$srv/e WITHHELD: was denied by 10-x.deny"

two_names() { # ACT NAME OTHER_PATH [FIELDS]: more fields of a record
	printf '"act":"%s","name":"%s","other_path":"%s",%s%s' "$1" "$2" "$3" "${4:+$4,}" \
		"$(as 0 '"unit":"erp.service"')"
}
it 'proposes both names of what a rename and a link need'
{
	record "$srv/conf.d/a.ini" remove "$(two_names rename old "$srv/r1")"
	record "$srv/l2" create "$(two_names link new "$srv/conf.d/b.ini")"
	record "$srv/r3" create "$(two_names rename new "$srv/conf.d/c.ini" '"other_modes":"remove"')"
} >audit.json
record "$srv/conf.d/d.ini" remove "$(two_names rename old "$srv/r4" '"other_modes":"create, remove"')" |
	sed 's/"deny"/"complain"/; s/"default"/"ok"/' >>audit.json
learn --narrow
loads "allow remove $srv/conf.d/a.ini $erp" "allow create $srv/r1 $erp" \
	"allow read $srv/conf.d/b.ini $erp" "allow create $srv/l2 $erp" \
	"allow remove $srv/conf.d/c.ini $erp" "allow create $srv/r3 $erp" \
	"allow remove $srv/conf.d/d.ini $erp" "allow create,remove $srv/r4 $erp"
errs '36 denials and complaints'

it 'proposes nothing for the other name of what a rule refused'
record "$srv/e" remove "$(two_names rename old "$srv/r5" '"rule":"10-x.deny"')" |
	sed 's/"default"/"rule"/' >audit.json
learn
exits 1
silent

it 'puts no star over a secret'
for name in a b c d; do
	record "/etc/ssh/ssh_host_$name"
done >audit.json
learn
exits 0
says_not '*'
for name in a b c d; do
	record "/etc/$name.keytab-old"
done >audit.json
learn --wide
says_not '**'

it 'leaves out what a rule allows by now'
record "$srv/had" read "$(as 0 '"unit":"b.service"')" >audit.json
learn
exits 1
errs '0 rules proposed, 0 withheld, 1 allowed already'

it 'proposes where links led too, if they are known or are root'"'"'s'
ln -s conf.d/a.ini srv/link
{
	record "$srv/asked" read "\"canonical\":\"$srv/conf.d/b.ini\",$(as 0 '"unit":"erp.service"')"
	record /proc/self/status
} >audit.json
learn
says "'$srv/conf.d/b.ini'"
says_not "$srv/asked"
says "allow read '/proc/self/status' { fs proc; }"
loads "allow read $srv/conf.d/b.ini $erp"

if [ "$(id -u)" -eq 0 ]; then
	it 'comments out what only root'"'"'s rights would open'
	chmod 600 srv/log/erp.log
	chmod 755 srv srv/log srv/conf.d
	{
		record "$srv/log/erp.log" append "$(as 54321 '"unit":"erp.service"')"
		record "$srv/log/new" create "$(as 54321 '"unit":"erp.service"')"
		record "$srv/conf.d/a.ini" read "$(as 54321 '"unit":"erp.service"')"
	} >audit.json
	learn
	says "    # log: allow append as root '$srv/log/erp.log' { owner root; }"
	says "as root '$srv/log/new';"
	says "    conf: allow read '$srv/conf.d/a.ini' { owner root; }"
	errs "append ×9 $srv/log/erp.log → needs \`as root\` (caller may not do it): review before you load"
	loads "deny append $srv/log/erp.log $erp" "allow read $srv/conf.d/a.ini $erp"

	it 'does not follow links that are not root'"'"'s'
	mkdir srv/own && chown 54321 srv/own && ln -s ../conf.d/a.ini srv/own/link
	chown -h 54321 srv/own/link
	record "$srv/own/link" >audit.json
	learn
	says "# review: what this leads to needs a rule too: $srv/own/link"
	loads "allow read $srv/own/link $erp" "deny read $srv/conf.d/a.ini $erp"
fi

it 'names files that have awkward names, in every locale'
: >"srv/conf.d/it's ü"
{
	record "$srv/conf.d/it's \\u00fc"
	record "$srv/%u\\\"*?[{\\\\"
	record "$srv/\\n}\\nallow"
} >audit.json
can() { # STATUS PATH
	fdbrokerctl can -q --policy=policy --with=learned.fdp read "$2" --as 'unit "erp.service"' \
		>detail 2>&1
	[ $? -eq "$1" ] || fail "$2: not $1 but $? $(cat detail)"
}
for locale in C C.UTF-8; do
	LC_ALL=$locale
	learn
	exits 0
	loads
	can 0 "$srv/conf.d/it's ü"
	can 0 "$srv/%u\"*?[{\\"
	can 0 "$srv/$(printf '\n}\nallow')"
	can 1 "$srv/%u"
	can 1 "$srv/root\"xxx"
done
[ "$(grep -c '^    [a-z0-9-]*: allow' learned.fdp)" -eq 2 ] || fail 'a rule too many'

it 'answers in JSON'
learn --json
json schema 1
json rules 0 modes read
json requests 27

it 'learns from what the options admit'
{
	record "$srv/x" read "$(as 0 '"unit":"x.service"')"
	record "$srv/y" read "$(as 54321 '"unit":"y.service"')"
} >audit.json
learn --unit x
says "'$srv/x'"
says_not "'$srv/y'"
learn --user 54321 --path "$srv/*"
says_not "'$srv/x'"
says "'$srv/y'"
learn --since 2030-01-01
exits 1
learn --label Erp
exits 64
learn operand
exits 64

finish

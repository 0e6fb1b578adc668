#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl log, of files of JSON lines; the journal's side is in tests/boot/inside.sh.

. "$srcdir/tests/support/sh-lib"

cd "$scratch" || exit 99
TZ=UTC
export TZ

record() { # ID TIME DECISION PATH FURTHER
	printf '{"schema":"1","id":"7f3a91c2000000%02d","time":"%d000000","decision":"%s",' "$1" "$2" "$3"
	printf '"modes":"read","path":"%s","pid":"4711",%s,"repeat":"%d"}\n' "$4" "$5" "${6:-1}"
}
php='"uid":"33","gid":"33","unit":"php8.2-fpm.service","reason":"default"'
ci='"uid":"54321","gid":"54321","unit":"ci-runner@a.service","reason":"default"'
{
	record 1 1795305067 deny /etc/ssl/private/site.key "$php,\"errno\":\"13\""
	record 2 1795305069 allow /etc/ssl/private/site.key \
		'"uid":"0","gid":"0","unit":"nginx.service","reason":"ok","rule":"20-nginx.tls-key","deliver":"snapshot"'
	record 3 1795305071 deny /srv/artifacts/b/x.tar.zst "$ci" 37
	record 4 1795305075 complain /etc/erp/erp.ini \
		'"uid":"0","gid":"0","unit":"legacy-erp.service","reason":"ok","rule":"85-erp.L3.complain"'
	record 5 1795391475 error /srv/artifacts/b/y \
		'"uid":"0","gid":"0","exe":"/usr/bin/cat","reason":"kernel","errno":"13","rule":"60-ci.out","lost":"7"'
	record 6 1795391476 deny /srv/artifacts/b \
		'"uid":"0","gid":"0","user_unit":"app.service","unit":"user@0.service","reason":"condition","condition":"links","rule":"60-ci.out"'
} >audit.json
log() {
	run fdbrokerctl log --file=audit.json "$@"
}
shows() { # LAST DIGIT OF ID...: exactly these, in this order
	wanted=$(printf '7f3a91c20000000%s ' "$@")
	[ "$(grep -o 'd=[0-9a-f]*$' "$out" | cut -c 3- | tr '\n' ' ')" = "$wanted" ] ||
		fail "other records than $wanted"
}

it 'shows a record in a line, in columns'
log
exits 0
cat >expected <<'END2'
Sat 21 Nov 2026
23:51:07 DENY     read   /etc/ssl/private/site.key php8.2-fpm.service www-data default          d=7f3a91c200000001
23:51:09 ALLOW    read   /etc/ssl/private/site.key nginx.service      root     20-nginx.tls-key snapshot d=7f3a91c200000002
23:51:11 DENY     read   /srv/artifacts/b/x.tar.zst ci-runner@a.service 54321    default                   (×37 in 10 s) d=7f3a91c200000003
23:51:15 COMPLAIN read   /etc/erp/erp.ini           legacy-erp.service  root     as caller: ok             d=7f3a91c200000004
7 records before the next one were lost
Sun 22 Nov 2026
23:51:15 ERROR    read   /srv/artifacts/b/y         /usr/bin/cat        root     60-ci.out: kernel EACCES  d=7f3a91c200000005
23:51:16 DENY     read   /srv/artifacts/b           app.service         root     60-ci.out: links          d=7f3a91c200000006
END2
same expected
no_complaint

it 'is ASCII where the locale is'
run env LC_ALL=C fdbrokerctl log --file=audit.json
says '(x37 in 10 s)'

it 'colours decisions if asked to'
log --color=always --deny -n 1
says "$(printf '\033[31mDENY\033[0m')"

it 'filters by decision'
log --deny
shows 1 3 5 6
log --allow
shows 2
log --complain --allow
shows 2 4

it 'filters by unit, of the system or of a user, service or not'
log --unit php8.2-fpm.service
shows 1
log -u 'ci-runner@*'
shows 3
log -u nginx
shows 2
log -u app
shows 6

it 'filters by user'
log --user 54321
shows 3
log --user www-data
shows 1
log --user no-such-user
exits 64
errs "there is no user 'no-such-user'"

it 'filters by rule'
log --rule 60-ci.out
shows 5 6
log --rule '20-*'
shows 2
log --rule default
shows 1 3

it 'filters by path, as rules do'
log --path '/srv/**'
shows 3 5 6
log --path '/srv/artifacts/*'
shows 6
log --path '/srv/artifacts/b/*.{zst,gz}'
shows 3
for wrong in srv/x '/srv/../x' '/srv/%u' '%h/x' ''; do
	log --path "$wrong"
	exits 64
done

it 'filters by time'
log --since '2026-11-22'
shows 5 6
log --until 2026-11-21T23:51:09
shows 1 2
log --since @1795305071 --until '2026-11-21 23:51:15Z'
shows 3 4
TZ=Europe/Berlin log --since '2026-11-23 00:51:16'
shows 6
TZ=Europe/Berlin log --since '2026-11-22T23:51:16Z'
shows 6
for wrong in '' soon -2y 2h -1 2026-13-40 @x 25:00Z; do
	log --since "$wrong"
	exits 64
done

it 'takes times relative to now'
record 7 "$(date +%s)" deny /srv/now "$php" >now.json
for since in -2h -1h30m -90s -3d -2w today yesterday; do
	run fdbrokerctl log --file=now.json "--since=$since"
	exits 0
done
run fdbrokerctl log --file=now.json --until -1m
exits 1
silent

it 'shows the last ones'
log -n 2
shows 5 6
log -n 2 --deny --unit '*'
shows 3 6
log -n 100
shows 1 2 3 4 5 6
log -n x
exits 64
log -n 100001
exits 64

it 'exits with 1 if there is none, and says nothing with -q'
log --path /nowhere
exits 1
silent
log -q --allow
exits 0
silent

it 'writes JSON, one object a record'
log --json --complain
exits 0
json schema 1
json decision complain
json path /etc/erp/erp.ini
json time 1795305075000000

# P79
it 'escapes what it shows'
{
	printf '{"id":"0000000000000001","decision":"de\\u001bny","modes":"\\u001b","path":[47,27,255,0,10],'
	printf '"unit":"\\u009b.service","rule":"a\\nb","condition":"\\u202e","detail":"\\u0007","deliver":"\\r"}\n'
} >evil.json
run fdbrokerctl log --file=evil.json
exits 0
says '/\x1b\xff\x00\n'
! LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$out" || fail 'raw bytes'

it 'counts lines that are no records, and shows the others'
{
	echo 'no JSON'
	echo '[]'
	printf '{"id":"%070000d"}\n' 0
	cat audit.json
	printf '{"id":"cut'
} >torn.json
run fdbrokerctl log --file=torn.json
exits 0
shows 1 2 3 4 5 6
errs 'torn.json: 3 lines were no records'

it 'shows both names of a rename, escaped'
record 7 1795391477 deny /srv/a/old "$ci,\"act\":\"rename\",\"name\":\"old\",\"other_path\":\"/srv/a/\\u001b[new\"" >two.json
run fdbrokerctl log --file=two.json
exits 0
says '/srv/a/old (rename with /srv/a/\x1b[new)'
run fdbrokerctl explain --decision=7f3a91c200000007 --audit-file=two.json --policy=.
says 'of a rename with /srv/a/\x1b[new'

# as logrotate leaves them: plain and compressed, numbered or dated
mkdir rotated
lines() { # FIRST LAST
	sed -n "$1,$2p" audit.json
}
lines 6 6 >rotated/a.json
lines 5 5 >rotated/a.json.1
lines 4 4 | gzip >rotated/a.json.2.gz
lines 3 3 | gzip >rotated/a.json.10.gz
lines 2 2 >rotated/a.json-20261121
lines 1 1 | gzip >rotated/a.json-20261120.gz
touch rotated/a.json.gz rotated/a.json- rotated/a.json.x rotated/a.json-2 rotated/a.jsonx
old() { # ARGUMENT...
	run fdbrokerctl log --file=rotated/a.json "$@"
}
it 'reads what was rotated away, too, the oldest first'
old
exits 0
shows 1 2 3 4 5 6
no_complaint
run fdbrokerctl log --file=rotated/a.json.10.gz
shows 3
run fdbrokerctl log -f --file=rotated/a.json.10.gz
exits 74
run fdbrokerctl explain --decision=7f3a91c200000003 --audit-file=rotated/a.json --policy=.
says 'recorded  deny default'

it 'shows a file once that is being compressed'
lines 5 5 | gzip | head -c 20 >rotated/a.json.1.gz
old
shows 1 2 3 4 5 6
no_complaint
ln rotated/a.json rotated/a.json.3
old
shows 1 2 3 4 5 6
rm rotated/a.json.1.gz rotated/a.json.3

it 'leaves out what is too old to be asked for'
touch -d @1795305200 rotated/a.json.2.gz rotated/a.json.10.gz
: >rotated/a.json.10.gz
touch -d @1795305075 rotated/a.json.10.gz
echo torn >rotated/a.json.20
touch -d @1795305066 rotated/a.json.20
old --since @1795305070
shows 4 5 6
no_complaint
old
errs '1 lines were no records'
rm rotated/a.json.20

it 'says which of them it could not read, and shows the others'
lines 3 3 | gzip >whole.gz
head -c 30 whole.gz >rotated/a.json.10.gz
printf '\037\213\010\000garbage and more of it' >rotated/a.json.11.gz
touch rotated/a.json.12.xz
old
exits 0
shows 1 2 4 5 6
errs 'rotated/a.json.10.gz: it is cut short'
errs 'rotated/a.json.11.gz: it is damaged'
errs 'rotated/a.json.12.xz: not read: neither plain nor compressed by gzip'

it 'knows of a line that is too long in them, too'
rm rotated/a.json.1?.*
{
	printf '{"id":"%070000d"}\n' 0
	lines 3 3
	printf '{"id":"cut'
} | gzip >rotated/a.json.10.gz
old
shows 1 2 3 4 5 6
errs '2 lines were no records'

it 'says that there is no file'
run fdbrokerctl log --file=nowhere.json
exits 74
errs 'nowhere.json: No such file or directory'
run fdbrokerctl log --file=audit.json operand
exits 64

if [ "$(id -u)" -eq 0 ]; then
	it 'exits with 77 where it may not read'
	cp "$(command -v fdbrokerctl)" ctl && cp audit.json secret.json && chmod 600 secret.json
	run setpriv --reuid 65533 --regid 65533 --clear-groups ./ctl log --file=secret.json
	exits 77
fi

# following: each line is waited for, none is slept for
mkfifo lines
await() { # TEXT: in the next line
	IFS= read -r line <&9 || fail 'it ended'
	case $line in
	*"$1"*) ;;
	*) fail "'$line' does not hold '$1'" ;;
	esac
}
it 'follows a file, with the last ten lines of before'
cp audit.json grows.json
timeout 60 fdbrokerctl log -f --file=grows.json -n 1 --color=never >lines 2>"$err" &
follower=$!
exec 9<lines
await 'Sun 22 Nov 2026'
await d=7f3a91c200000006
record 7 1795391480 deny /srv/one "$php" >>grows.json
await /srv/one
record 8 1795391481 deny /srv/two "$php" | head -c 40 >>grows.json
record 8 1795391481 deny /srv/two "$php" | tail -c +41 >>grows.json
await /srv/two


it 'follows to the file that takes the name, after the rest of the old one'
mv grows.json grows.json.1
record 9 1795391482 deny /srv/three "$php" >>grows.json.1
await /srv/three
record 10 1795391483 deny /srv/four "$php" >new && mv new grows.json
await /srv/four

it 'follows to the beginning of a file that was emptied'
: >grows.json
record 11 1795391484 deny /srv/5 "$php" >>grows.json
await /srv/5
kill "$follower"
wait "$follower" 2>/dev/null
exec 9<&-

it 'ends with whoever reads it'
cp audit.json grows.json
timeout 60 fdbrokerctl log -f --file=grows.json >lines 2>/dev/null &
follower=$!
exec 9<lines
await '2026'
exec 9<&-
record 12 1795391485 deny /srv/6 "$php" >>grows.json
wait "$follower"
[ $? -ne 124 ] || fail 'it went on'

finish

#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl explain: for a described subject, a process, and a decision of the audit.

. "$srcdir/tests/support/sh-lib"

cd "$scratch" || exit 99
mkdir policy
cat >policy/20-nginx.fdp <<'END'
version 1;
for unit "nginx.service" {
	tls-key: allow read as root "/etc/ssl/private/*.key" { owner root; }
	www:     allow read "/srv/www/**" except "/srv/www/.git/**";
	log:     allow append "/var/log/nginx/*.log";
}
for user root { adm: allow read "/srv/adm"; }
for user 33 and userns host and mntns other and nnp yes and seccomp filter and not group 107 {
	caged: allow read "/srv/caged" { until 2026-11-23; }
}
for apparmor "php-fpm" { labelled: allow read "/srv/labelled"; }
expect allow read '/etc/ssl/private/site.key' as unit "nginx.service";
END
cat >policy/00-floor.fdp <<'END'
version 1;
let @secrets = '/etc/shadow', "/etc/ssh/ssh_host_*_key";
secrets: deny any @secrets { note "site secrets floor"; }
END
explain() {
	run fdbrokerctl explain --policy=policy "$@"
}
nginx='unit "nginx.service"'

it 'explains a yes'
explain read /etc/ssl/private/site.key --as "$nginx and user www-data"
exits 0
says 'request   read /etc/ssl/private/site.key   policy sha256:'
says ' 1 name    clean'
says '20-nginx.tls-key          path yes  modes yes  subject yes'
says " 5 pin     20-nginx.tls-key, with root's authority"
says 'ALLOW by 20-nginx.tls-key ('
says '20-nginx.fdp:3), as root, if owner { root }'

it 'explains a no by default, names the nearest rule and in what it differs'
explain read /etc/ssl/private/site.key --as 'unit "php8.2-fpm.service"'
exits 1
says ' 4 allow   20-nginx.tls-key          path yes  modes yes  subject NO   unit "nginx.service" ≠ php8.2-fpm.service'
says 'DENY  default: no allow rule names this request'
says 'nearest   20-nginx.tls-key ('
says 'differs only in: unit'
says '          warning[W112] would apply: TLS private key'
rule=$(grep -o 'for unit "php8.2-fpm.service".*' "$out")

it 'gives a rule that would allow it'
printf 'version 1;\n%s\nexpect allow read %s as unit "php8.2-fpm.service";\n' "$rule" \
	"'/etc/ssl/private/site.key'" >hint.fdp
run fdbrokerctl check hint.fdp --only
exits 0
says '1 expectation holds'

it 'does not take a scope in complain mode for the nearest rule'
printf 'version 1;\nfor unit "erp.service" mode complain { }\n' >"$policy/95-erp.fdp"
explain read /etc/ssl/private/site.key --as 'unit "php8.2-fpm.service" and group 1'
exits 1
says 'nearest   20-nginx.tls-key ('
rm "$policy/95-erp.fdp"

it 'says that nothing is there'
explain read /etc/ssl/private/none.key --as "$nginx" --live
exits 1
says ' 5 pin     20-nginx.tls-key'
says 'DENY  not-found: No such file or directory'
explain read /etc/ssl/private/none.key --as "$nginx" --live --json
exits 1
json reason not-found
json errno 2

it 'says that the nearest rule allows other modes'
explain read /var/log/nginx/a.log --as "$nginx"
exits 1
says 'nearest   20-nginx.log ('
says 'differs only in: modes (it allows append)'

it 'says that the nearest rule excepts the path'
explain read /srv/www/.git/config --as "$nginx"
exits 1
says 'EXCEPTED'
says 'differs only in: path (excepted)'

it 'explains a no by a rule, with its note'
explain read /etc/shadow --as "$nginx"
exits 1
says '00-floor.secrets          path yes  modes yes  subject yes'
says 'DENY  rule: denied by 00-floor.secrets ('
says 'site secrets floor'

it 'shows what a deny of the floor asks of the object'
explain read /srv/www/a --as "$nginx"
says ' 2 deny    builtin.memory-device     path yes  modes yes  subject yes   if the object has type'

it 'explains what is undecided'
explain read /srv/adm --as "$nginx"
exits 3
says 'UNDECIDED  20-nginx.adm hinges on a fact that was not stated'
says 'user 0 not stated'

it 'explains a name that is not clean'
explain read /srv//a --as "$nginx"
exits 1
says ' 1 name    NOT clean'
says 'DENY  bad-path:'

it 'hides the rules for other paths, and lists them with --all'
explain read /srv/www/a --as "$nginx"
says 'rules for other paths  (--all to list)'
says_not '20-nginx.log '
explain --all read /srv/www/a --as "$nginx"
says '20-nginx.log              path no'

it 'explains in JSON'
explain read /etc/ssl/private/site.key --as 'unit "php8.2-fpm.service"' --json
exits 1
json schema 1
json answer deny
json reason default
json rule null
json nearest rule 20-nginx.tls-key
json nearest differs '[ "unit" ]'
json rules 1 rule 20-nginx.tls-key
json rules 1 subject no

it 'explains what it would answer a running process'
explain read /srv/adm --pid $$
[ "$(id -u)" -ne 0 ] || exits 0
says "caller    $(id -un)($(id -u)):$(id -gn)($(id -g))"
says 'as /proc shows it now'

it 'calls a process that is not there an error'
explain read /srv/adm --pid 4194304
exits 74
errs 'process 4194304: No such process'
explain read /srv/adm --pid x
exits 64

it 'wants exactly one way to say who asks'
explain read /srv/adm
exits 64
explain read /srv/adm --as "$nginx" --pid 1
exits 64
explain read /srv/adm --decision 1
exits 64

# decisions
hash=$(fdbrokerctl check --policy=policy --json | json-get policy)
{
	echo '{"schema":"1","id":"0000000000000001","decision":"allow"}'
	printf '{"schema":"1","id":"7f3a91c200000012","time":"1795305120000000","generation":"42",'
	printf '"decision":"deny","reason":"default","modes":"read",'
	printf '"path":"/etc/ssl/private/site.key","uid":"%d","gid":"%d","pid":"4711",' 33 33
	printf '"unit":"php8.2-fpm.service","exe":"/usr/sbin/php","exe_ino":"1:2"}\n'
	printf '{"schema":"1","id":"7f3a91c200000013","decision":"deny","modes":"read",'
	printf '"path":"/srv/a\\u001b[2J\\nforged","uid":"33","gid":"33","unit":"x\\u009b.service"}\n'
	printf '{"schema":"1","id":"7f3a91c200000014","decision":"closed","uid":"33","gid":"33",'
	printf '"detail":"message of 3 bytes"}\n'
	printf '{"schema":"1","id":"7f3a91c200000015","decision":"deny","modes":"read",'
	printf '"path":[47,115,114,118,47,255,27],"uid":"33","gid":"33"}\n'
	printf '{"schema":"1","id":"7f3a91c200000016","decision":"deny","modes":"read",'
	printf '"path":"/srv/adm\\u0000x","uid":"0","gid":"0"}\n'
	for facts in host,other,host,yes,filter other,host,host,no,none unknown,unknown,unknown,unknown,unknown; do
		n=$((${n:-16} + 1))
		printf '{"schema":"1","id":"7f3a91c2000000%d","time":"1795305120000000",' $n
		printf '"policy":"%s","decision":"deny","reason":"default","modes":"read",' "$hash"
		printf '"path":"/srv/caged","uid":"33","gid":"33","groups":"none","pid":"4711",'
		printf '"ns":"%s","nnp":"%s","seccomp":"%s"}\n' "${facts%,*,*}" \
			"$(echo "$facts" | cut -d, -f4)" "${facts##*,}"
	done
	for label in '"label":"php-fpm (enforce)","lsm":"apparmor"' \
		'"label":"php-fpm (complain)","lsm":"apparmor"' '"label":"php-fpm (enforce)"'; do
		n=$((n + 1))
		printf '{"schema":"1","id":"7f3a91c2000000%d","time":"1795305120000000",' $n
		printf '"policy":"%s","decision":"deny","reason":"default","modes":"read",' "$hash"
		printf '"path":"/srv/labelled","uid":"33","gid":"33","groups":"none","pid":"4711",'
		printf '"ns":"host,host,host","nnp":"no","seccomp":"none",%s}\n' "$label"
	done
} >audit.json
found="--audit-file=audit.json --socket=$scratch/nobody"

it 'explains a decision of the audit'
# shellcheck disable=SC2086 # two options
explain --decision 7f3a91c200000012 $found
exits 1
says 'recorded  deny default, generation 42, '
says 'pid 4711'
says 'request   read /etc/ssl/private/site.key'
says 'caller    www-data(33):www-data(33)'
says 'unit php8.2-fpm.service'
says 'as the kernel attested it then'
says 'the policy on disk may not be the one that decided'
says 'nearest   20-nginx.tls-key'

it 'knows the policy when the daemon still serves that generation'
hash=$(fdbrokerctl check --policy=policy --json | json-get policy)
printf 'generation 42\npolicy %s\n' "$hash" >status
run fake-admin "$scratch/admin" 0 status fdbrokerctl explain --policy=policy \
	--decision 7F3A91C200000012 --audit-file=audit.json --socket="$scratch/admin"
exits 1
says_not 'the policy on disk'
printf 'generation 42\npolicy 00\n' >status
run fake-admin "$scratch/admin" 0 status fdbrokerctl explain --policy=policy \
	--decision 7f3a91c200000012 --audit-file=audit.json --socket="$scratch/admin"
says 'the policy on disk is not the one that decided'

it 'decides by the recorded facts and at the recorded time, leaving nothing open'
# shellcheck disable=SC2086
explain --decision 7f3a91c200000017 $found
exits 0
says 'ALLOW by 20-nginx.caged'
says_not 'groups are those of the account'
says_not 'the policy on disk'
# shellcheck disable=SC2086
explain --decision 7f3a91c200000018 $found
exits 1
# shellcheck disable=SC2086
explain --decision 7f3a91c200000019 $found
exits 1

it 'decides by the recorded label, and not by one that does not bind'
# shellcheck disable=SC2086
explain --decision 7f3a91c200000020 $found
exits 0
says 'ALLOW by 20-nginx.labelled'
# shellcheck disable=SC2086
explain --decision 7f3a91c200000021 $found
exits 1
# shellcheck disable=SC2086
explain --decision 7f3a91c200000022 $found
exits 1

it 'explains a decision in JSON'
# shellcheck disable=SC2086
explain --decision 7f3a91c200000012 $found --json
exits 1
json answer deny
json recorded decision deny
json recorded unit php8.2-fpm.service

# P79
it 'shows a record escaped'
# shellcheck disable=SC2086
explain --decision 7f3a91c200000013 $found
exits 1
says '/srv/a\x1b[2J\nforged'
says 'unit x\xc2\x9b.service'
! LC_ALL=C grep -q "$(printf '[\033\233]')" "$out" || fail 'raw bytes'

it 'shows a record that was no request'
# shellcheck disable=SC2086
explain --decision 7f3a91c200000014 $found
exits 1
says 'recorded  closed'
says 'message of 3 bytes'
says 'it was no request that a policy could judge'

it 'reads a path that is no UTF-8'
# shellcheck disable=SC2086
explain --decision 7f3a91c200000015 $found
exits 1
says 'request   read /srv/\xff\x1b'

it 'does not take what stands before a NUL for the path'
# shellcheck disable=SC2086
explain --decision 7f3a91c200000016 $found
exits 1
says 'it was no request that a policy could judge'
# shellcheck disable=SC2086
explain --decision 7f3a91c200000016 $found --json
json recorded path '/srv/adm\x00x'

it 'says that there is no such decision'
# shellcheck disable=SC2086
explain --decision 7f3a91c2 $found
exits 1
silent
errs 'no record of decision 000000007f3a91c2 in audit.json'

for id in '' xyz 12345678901234567; do
	it "calls '$id' for a decision id a usage error"
	explain --decision "$id"
	exits 64
done

finish

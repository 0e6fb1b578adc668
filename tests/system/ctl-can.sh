#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl can: one line and an exit status, for one request and for many.

. "$srcdir/tests/support/sh-lib"

cd "$scratch" || exit 99
mkdir policy
cat >policy/10-t.fdp <<END
version 1;
deny any '/srv/secret' { note "not for you"; }
for unit "web.service" {
	page: allow read "/srv/www/**";
	key:  allow read as root "/etc/key" { owner root; mode-max 0640; }
	live: allow read "$scratch/tree/**";
	gone: allow remove "$scratch/tree/**";
	talk: allow connect "$scratch/tree/**";
	out:  allow create "$scratch/tree/*.new";
	safe: allow list "$scratch/tree/**", "/bin", "/usr/bin" { symlinks trusted; }
	ro:   allow list "$scratch" { fs local; mount { ro, nodev }; }
	all:  allow read "/srv/secret";
}
for user root { adm: allow read, write "/srv/adm"; }
END
can() {
	run fdbrokerctl can --policy=policy "$@"
}
web='unit "web.service"'

it 'says yes, by which rule, and exits 0'
can read /srv/www/index.html --as "$web"
exits 0
says 'yes  10-t.page'
no_complaint

it 'says what the object must still be'
can read /etc/key --as "$web"
exits 0
says 'yes  10-t.key, as root, if owner { root }, mode-max 0640, symlinks refuse, mounts stay, parents trusted'

it 'says no by default, and exits 1'
can read /srv/other --as "$web"
exits 1
says 'no   default: no allow rule names this request'

it 'says no by a rule, and which'
can read /srv/secret --as "$web"
exits 1
says 'no   rule: denied by 10-t.L2'

it 'says no for a mode that is not allowed'
can read,write /srv/www/index.html --as "$web"
exits 1

it 'says undecided, and exits 3, for a fact that was not stated'
can read /srv/adm --as "$web"
exits 3
says 'undecided  hinges on facts that were not stated: 10-t.adm'

it 'refuses a name that is not clean'
can read /srv/www/../secret --as "$web"
exits 1
says 'no   bad-path:'
can read srv --as "$web"
exits 1
says 'no   bad-path:'

for modes in any '' reed read, read,,write; do
	it "calls '$modes' for modes a usage error"
	can "$modes" /srv/www/a --as "$web"
	exits 64
	silent
done

it 'calls a missing --as a usage error'
can read /srv/www/a
exits 64

it 'calls a description that cannot be read a usage error, and shows where'
can read /srv/www/a --as 'unti "web.service"'
exits 64
errs "--as:1:1: error[E002]: unknown identity matcher 'unti'"
can read /srv/www/a --as 'user 1 user 2'
exits 64
errs "--as:1:8: error[E001]: expected 'and', found 'user'"

it 'takes no glob and no "not" in a description'
can read /srv/www/a --as 'unit "web*.service"'
exits 64
can read /srv/www/a --as 'not unit "web.service"'
exits 64

it 'answers in JSON'
can read /etc/key --as "$web" --json
exits 0
json schema 1
json answer allow
json rule 10-t.key
json as_root true
json path /etc/key
can read /srv/other --as "$web" --json
exits 1
json answer deny
json reason default
json rule null
can read /srv/adm --as "$web" --json
exits 3
json answer undecided

# P79
it 'never writes a raw control character of a path'
evil=$(printf '/srv/a\033[2J\n<0>fdbroker: ALLOW\302\233x\377')
can read "$evil" --as "$web" --json
exits 1
! LC_ALL=C grep -q "$(printf '[\033\233\377]')" "$out" || fail 'raw bytes'
[ "$(wc -l <"$out")" = 1 ] || fail 'more than one line'
json path '/srv/a\x1b[2J\n<0>fdbroker: ALLOW\xc2\x9bx\xff'

it 'has no answer where the policy has errors'
mkdir bad && echo 'version 1; alow' >bad/10-bad.fdp
run fdbrokerctl can --policy=bad read /srv/a --as "$web"
exits 2
silent
errs 'error[E0'

it 'calls a policy directory that is not there an error'
run fdbrokerctl can --policy=no-such read /srv/a --as "$web"
[ "$status" = 74 ] || [ "$status" = 2 ] || fail "exit status $status"
silent

it 'answers for what a file would make of the policy'
printf 'version 1;\ndeny any "/srv/www/**";\n' >20-more.fdp
can read /srv/www/a --as "$web" --with=20-more.fdp
exits 1
says 'no   rule: denied by 20-more.L2'

# many

it 'answers many requests, a line each, and exits 0'
cat >requests <<'END'
read /srv/www/a b
read /srv/other
write	/srv/adm	user root
read	/srv/adm	user daemon
END
can --requests=requests --as "$web"
exits 0
printf 'yes  10-t.page\nno   default: no allow rule names this request\nyes  10-t.adm\nno   default: no allow rule names this request\n' >expected
sed 's/, if .*//' "$out" >short && cp short "$out"
same expected

it 'answers many requests in JSON, a line each'
can --requests=requests --as "$web" --json
exits 0
[ "$(wc -l <"$out")" = 4 ] || fail 'not four lines'
json answer deny

it 'reads requests from stdin with -'
fdbrokerctl can --policy=policy --requests=- --as "$web" <requests >"$out" 2>"$err"
status=$?
exits 0
[ "$(wc -l <"$out")" = 4 ] || fail 'not four lines'

it 'answers each line before it reads the next'
mkfifo ask answer
fdbrokerctl can --policy=policy --requests=- --as "$web" <ask >answer 2>"$err" &
exec 3>ask 4<answer
echo 'read /srv/www/a' >&3
read -r line <&4
exec 3>&- 4<&-
wait
case $line in yes*) ;; *) fail "answered: $line" ;; esac

it 'stops at a line that is no request'
printf 'read /srv/www/a\nnonsense\n' >requests
can --requests=requests --as "$web"
exits 64
errs 'line 2'
printf 'read /srv/www/a\n' >requests
can --requests=requests
exits 64

it 'takes no operands with --requests'
can --requests=requests read /srv/a --as "$web"
exits 64

it 'calls a file of requests that is not there an I/O error'
can --requests=no-such --as "$web"
exits 74

it 'tells a program which rule comes nearest'
can write /srv/www/index.html --as "$web" --json
exits 1
json reason default
json nearest rule 10-t.page
json nearest differs '[ "modes" ]'

# --live
mkdir tree
echo hello >tree/file
ln -s file tree/link
ln -s /etc/passwd tree/away
mkfifo tree/fifo

it 'looks at the object with --live'
can read "$scratch/tree/file" --as "$web" --live
exits 0
says 'yes  10-t.live'

it 'refuses an object of another type, without opening it'
can read "$scratch/tree/fifo" --as "$web" --live
exits 1
says 'no   condition: type of 10-t.live does not hold'

it 'says what the object is instead'
can connect "$scratch/tree/fifo" --as "$web" --live
says 'no   condition: type of 10-t.talk does not hold: it is a FIFO'
mkdir seen
cat >seen/10-t.fdp <<END
version 1;
for anyone {
	owner: allow read "$scratch/tree/1" { owner 4242; }
	group: allow read "$scratch/tree/2" { file-group 4243; }
	mode: allow read "$scratch/tree/3" { mode-max 0600; }
	links: allow write "$scratch/tree/4";
	size: allow read "$scratch/tree/5" { max-size 4; }
	fs: allow read "$scratch/tree/6" { fs nfs; }
	mount: allow read "$scratch/tree/7" { mount { ro, nodev }; }
	device: allow read "$scratch/tree/8" { type { regular, char }; device 1:3; }
}
END
for n in 1 2 3 5 6 7 8; do
	echo hello >tree/$n
done
chmod 644 tree/[1-8]
ln tree/file tree/4
seen() { # NAME MODES WHAT
	run fdbrokerctl can "$2" "$scratch/tree/$1" --as 'user root' --live --policy=seen
	exits 1
	says " does not hold: $3"
}
me="$(id -un)($(id -u))"
seen 1 read "its owner is $me; it asks for owner { 4242 }"
seen 2 read "its group is $(stat -c '%G(%g)' tree/2); it asks for file-group { 4243 }"
seen 3 read 'its mode is 0644; it asks for mode-max 0600'
seen 4 write 'it has 2 names'
rm tree/4
seen 5 read 'it has 6 bytes; it asks for max-size 4'
seen 6 read 'it is on '
seen 7 read 'it is mounted '
seen 8 read 'it is no device; it asks for'
run fdbrokerctl can read "$scratch/tree/3" --as 'user root' --live --policy=seen --json
json observed 'its mode is 0644'

it 'judges where a link leads'
can read "$scratch/tree/link" --as "$web" --live
exits 0
can read "$scratch/tree/away" --as "$web" --live
exits 1
says 'no   default:'

it 'looks at the link itself that would be removed'
can remove "$scratch/tree/away" --as "$web" --live
exits 0
says 'yes  10-t.gone'
can remove "$scratch/tree/fifo" --as "$web" --live
exits 0
can connect "$scratch/tree/fifo" --as "$web" --live
exits 1
says 'no   condition: type of 10-t.talk does not hold'

it 'follows a trusted link only'
ln -s . tree/here
[ "$(id -u)" != 0 ] || chown -h daemon tree/here
can list "$scratch/tree/here" --as "$web" --live
exits 1
says 'no   condition: symlinks of 10-t.safe does not hold'
if [ -L /bin ] && [ "$(readlink -f /bin)" = /usr/bin ]; then
	can list /bin --as "$web" --live
	exits 0
fi

it 'compares the flags of the mount'
can list "$scratch" --as "$web"
exits 0
says 'yes  10-t.ro, if fs { local }, mount { nodev, ro }'
can list "$scratch" --as "$web" --live
exits 1
says 'no   condition: mount of 10-t.ro does not hold'

it 'says that nothing is there'
can read "$scratch/tree/none" --as "$web" --live
exits 1
says 'no   not-found'
can read "$scratch/tree/none" --as "$web" --live --json
exits 1
json reason not-found

it 'looks at the directory for what would be created'
can create "$scratch/tree/a.new" --as "$web" --live
exits 0
says 'yes  10-t.out'
: >"$scratch/tree/a.new"
can create "$scratch/tree/a.new" --as "$web" --live
exits 1
says 'no   kernel: File exists'

it 'says what may deny it still'
mkdir unless
cat >unless/10-t.fdp <<END
version 1;
for anyone { a: allow read "$scratch/tree/*" { mode-max 0644; } }
root: deny read "$scratch/tree/f*" { owner $(id -u); }
END
run fdbrokerctl can read "$scratch/tree/file" --as 'user 1' --policy=unless
exits 0
says 'yes  10-t.a, if mode-max 0644, unless owner { '
says ' }, by 10-t.root'
run fdbrokerctl can read "$scratch/tree/other" --as 'user 1' --policy=unless
says_not unless
run fdbrokerctl can read "$scratch/tree/file" --as 'user 1' --policy=unless --json
json unless 0 10-t.root
run fdbrokerctl can read "$scratch/tree/file" --as 'user 1' --policy=unless --live
exits 1
says 'no   rule: denied by 10-t.root'

it 'says what of what `create` makes may be made'
mkdir made
cat >made/10-t.fdp <<END
version 1;
for anyone {
	any: allow create "$scratch/tree/new/any";
	file: allow create "$scratch/tree/new/file" { type { regular, fifo }; }
	directory: allow create as root "$scratch/tree/new/directory" { type directory; parents any; mounts any; note "a test's"; }
	root: allow create as root "$scratch/tree/new/root" { parents any; mounts any; note "a test's"; }
	link: allow create "$scratch/tree/new/link";
	none: allow create "$scratch/tree/new/none";
}
deny create "$scratch/tree/new/link" { type { regular, directory }; }
deny create "$scratch/tree/new/none" { type { regular, directory, symlink }; }
END
mkdir tree/new
makes() { # NAME ANSWER
	run fdbrokerctl can create "$scratch/tree/new/$1" --as 'user 0' --live --policy=made
	printf '%s\n' "$2" | cmp -s - "$out" || fail "$1: $(cat "$out")"
}
makes any 'yes  10-t.any'
makes file 'yes  10-t.file, only of type regular'
makes directory 'yes  10-t.directory, as root, only of type regular, directory'
makes root 'yes  10-t.root, as root, only of type regular, directory'
makes link 'yes  10-t.link, only of type symlink'
makes none 'no   rule: denied by 10-t.L11'
run fdbrokerctl can create "$scratch/tree/new/link" --as 'user 0' --live --policy=made --json
exits 0
json makes 0 symlink
run fdbrokerctl explain create "$scratch/tree/new/link" --as 'user 0' --live --policy=made
exits 0
says 'ALLOW by 10-t.link'
says ', only of type symlink'
run fdbrokerctl explain create "$scratch/tree/new/link" --as 'user 0' --live --policy=made --json
json makes 0 symlink

it 'says that a set-group-ID directory keeps its mode'
mkdir own
cat >own/10-t.fdp <<END
version 1;
for anyone { a: allow list, attributes, create "$scratch/tree/own{,/**}"; }
END
mkdir -m 2755 tree/own
mkdir -m 1755 tree/own/sticky
: >tree/own/file
chmod g-s tree/own/sticky
chmod 2750 tree/own/file
own() { # MODES NAME ANSWER
	run fdbrokerctl can "$1" "$scratch/tree/$2" --as 'user 0' --live --policy=own
	printf '%s\n' "$3" | cmp -s - "$out" || fail "$2: $(cat "$out")"
}
times='only the times: the mode of a set-group-ID directory is not changed'
own attributes own "yes  10-t.a, $times"
own list,attributes own "yes  10-t.a, $times"
own list own 'yes  10-t.a'
own attributes own/file 'yes  10-t.a'
own attributes own/sticky 'yes  10-t.a'
own attributes,create own/new 'yes  10-t.a'
run fdbrokerctl can attributes "$scratch/tree/own" --as 'user 0' --live --policy=own --json
exits 0
json only_times true
run fdbrokerctl can attributes "$scratch/tree/own" --as 'user 0' --policy=own
says_not "$times"
run fdbrokerctl explain attributes "$scratch/tree/own" --as 'user 0' --live --policy=own
says "$times"

finish

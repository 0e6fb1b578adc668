#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl check: what only the file system can tell, in an image of one.

. "$srcdir/tests/support/sh-lib"

cd "$scratch" || exit 99
umask 022
mkdir -p image/usr/bin image/usr/lib/systemd/system image/srv/shared image/srv/own \
	image/srv/dirs/a image/srv/files image/etc/letsencrypt/live/site \
	image/etc/letsencrypt/archive/site
ln -s usr/bin image/bin
touch image/usr/bin/true image/usr/bin/python3.11 image/usr/bin/open image/srv/files/one
touch image/usr/lib/systemd/system/a@.service image/usr/lib/systemd/system/nginx.service
ln -s true image/usr/bin/link
ln image/srv/files/one image/srv/files/two
touch image/etc/letsencrypt/archive/site/privkey1.pem
ln -s ../../archive/site/privkey1.pem image/etc/letsencrypt/live/site/privkey.pem
chmod 777 image/srv/shared
chmod 775 image/srv/own
chmod 666 image/usr/bin/open

# What check says of one rule, or of one `for`.
rule() {
	printf 'version 1;\nfor unit "a@b.service" { r: %s }\n' "$1" >rule.fdp
	run fdbrokerctl check rule.fdp --only --root=image
	exits 0
}
callers() {
	printf 'version 1;\nfor %s { r: allow read "/usr/bin/true"; }\n' "$1" >rule.fdp
	run fdbrokerctl check rule.fdp --only --root=image
	exits 0
}
finds_nothing() {
	! grep -qE '^[^ ]+: warning\[W(108|2..|302|306)\]' "$out" || fail 'something is found'
}

it 'finds nothing where everything is as it should be'
rule 'allow read "/usr/bin/{true,python3.11}";'
finds_nothing

it 'warns of a path through a link whose real name is not allowed'
rule "allow read '/bin/true';"
says "rule.fdp:2:40: warning[W202]: path goes through a symbolic link; requests for this name never match"
says '= /bin -> /usr/bin'
says '= help: write /usr/bin/true, or allow that name too'

it 'writes a name on one line, whatever stands in it'
rule 'allow read "/srv/none\x0aforged: an error";'
says '= /srv/none\nforged: an error does not exist'
! grep -q '^forged' "$out" || fail 'a line is forged'

it 'is content with a link whose real name is allowed too'
rule "allow read '/bin/true', '/usr/bin/true';"
finds_nothing

it 'warns of a link that the rule refuses'
rule "allow read as root '/bin/true', '/usr/bin/true';"
says 'warning[W202]'

le() { # NAMES
	rule "allow read as root $1 { symlinks trusted; parents any; note \"x\"; }"
}

it 'looks at links that a wildcard matches: certbot'\''s archive must be allowed'
le '"/etc/letsencrypt/live/*/{fullchain,privkey}.pem"'
says '/etc/letsencrypt/live/site/privkey.pem -> /etc/letsencrypt/archive/site/privkey1.pem'
le '"/etc/letsencrypt/live/*/*.pem", "/etc/letsencrypt/archive/*/*.pem"'
! grep -qF W202 "$out" || fail 'W202 although both are allowed'

it 'warns of a name and of a pattern that match nothing'
rule 'allow read "/srv/files/none";'
says '= /srv/files/none does not exist'
rule 'allow read "/srv/files/*.txt";'
says 'warning[W203]: matches nothing now'
rule 'allow read "/nowhere/**";'
says '= /nowhere does not exist'

it 'does not where the rule creates'
rule 'allow create "/srv/files/new";'
finds_nothing

it 'warns of a directory where a file is meant'
rule 'allow read "/srv/dirs";'
says 'warning[W108]'
says '= help: did you mean  "/srv/dirs/**"?'
rule 'allow read "/srv/dirs/*";'
says 'warning[W108]: matches nothing but directories'
rule 'allow list "/srv/dirs";'
finds_nothing

it 'warns of a directory that its group can change, for what is opened as root'
rule 'allow create as root "/srv/own/x";'
says 'warning[W201]: parent directory can be changed by others than root'
says '/srv/own is owned by uid'

it 'warns of what everybody can write'
rule 'allow create "/srv/shared/x";'
says 'warning[W204]: directory is writable by everybody and not sticky'
says '= /srv/shared (mode 0777)'
rule 'allow read "/usr/bin/open";'
says 'warning[W204]: a file that matches is writable by everybody'

it 'warns of a file with further names'
rule 'allow read "/srv/files/*";'
says 'warning[W206]: a file that matches has further names'
rule 'allow read "/srv/files/*" { links any; }'
finds_nothing

it 'knows what is done to a name, whatever it links to and what else it is called'
rule 'allow stat, remove "/usr/bin/link", "/srv/files/*", "/srv/dirs/*";'
finds_nothing
rule 'allow stat, remove "/bin/link";'
says 'warning[W202]'
rule 'allow attributes "/usr/bin/link";'
says 'warning[W202]'
rule 'allow attributes "/srv/files/*";'
says 'warning[W206]'
rule 'allow remove as root "/srv/own/x";'
says 'warning[W201]'
rule 'allow watch "/srv/shared/*";'
says 'warning[W204]'

it 'warns of a program that others can change, of an interpreter, and of a link'
callers 'unit "a@b.service" and exe "/usr/bin/open"'
says "warning[W207]: 'exe' /usr/bin/open can be changed by others than root"
callers 'unit "a@b.service" and exe "/usr/bin/python3.11"'
says "warning[W207]: 'exe' /usr/bin/python3.11 is an interpreter"
callers 'unit "a@b.service" and exe "/usr/bin/link"'
says "warning[W208]: 'exe' /usr/bin/link is a symbolic link"

it 'warns of a unit that systemd does not know'
callers 'unit "nginx.service"'
finds_nothing
callers 'unit "ngimx.service"'
says 'warning[W302]: unit ngimx.service is unknown to systemd'
callers 'unit "session-1.scope"'
finds_nothing

service() { # FILE USER
	mkdir -p "image/${1%/*}"
	printf '[Unit]\nUser=nobody\n[Service]\nUser=%s\n' "$2" >"image/$1"
}
units=usr/lib/systemd/system
users() { # WHO
	printf 'version 1;\nsubject web = user www;\nfor %s { r: allow read "/usr/bin/true"; }\n' \
		"$1" >rule.fdp
	run fdbrokerctl check rule.fdp --only --root=image
	exits 0
}
no_w306() {
	! grep -qF W306 "$out" || fail 'W306'
}

it 'warns of a user that several units have'
service $units/one.service www
users 'user www'
no_w306
service $units/two.service www
users 'user www'
says "rule.fdp:3:10: warning[W306]: 'user' alone: www is the user of 2 units"
says 'one.service'
says 'two.service'
says '= help: name the unit that is meant:  user www and unit …'

it 'warns through a subject, and of one user of several'
users 'subject web'
says 'warning[W306]'
users 'user {other, www}'
says 'warning[W306]'
users 'unit "a@b.service" or user www'
says 'warning[W306]'

it 'does not where another term tells, of other users, of ranges, and of denies'
for who in 'user www and unit "one.service"' 'user other' 'user 1000-2000' 'unit "one.service"'; do
	users "$who"
	no_w306
done
printf 'version 1;\nfor user www { r: deny read "/usr/bin/true"; }\n' >rule.fdp
run fdbrokerctl check rule.fdp --only --root=image
no_w306

it 'counts a unit once: by the file that counts, its drop-ins, without aliases and masks'
service etc/systemd/system/two.service other
users 'user www'
no_w306
service etc/systemd/system/two.service.d/user.conf www
users 'user www'
says 'warning[W306]'
rm -r image/etc/systemd/system/two.service*
ln -s /dev/null image/etc/systemd/system/two.service
users 'user www'
no_w306
ln -s /$units/one.service image/etc/systemd/system/dbus-one.service
users 'user www'
no_w306

it 'looks at nothing with --offline'
rm image/etc/systemd/system/two.service
users 'user www'
says 'warning[W306]'
run fdbrokerctl check rule.fdp --only --root=image --offline
no_w306
callers 'unit "ngimx.service"'
run fdbrokerctl check rule.fdp --only --root=image --offline
exits 0
finds_nothing
printf 'version 1;\nfor unit "a.service" { r: allow read "/nowhere/x"; }\n' >rule.fdp
run fdbrokerctl check rule.fdp --only --root=image --offline --strict
exits 0
run fdbrokerctl check rule.fdp --only --root=image --strict
exits 1

# Other tests change them, and so each has files of its own there.
if [ "$(id -u)" -eq 0 ]; then
	sysctls() { # VALUE
		echo "$1" >value
		cat >look <<-'END'
			for name in hardlinks symlinks regular fifos; do
				mount --bind value "/proc/sys/fs/protected_$name" || exit 99
			done
			fdbrokerctl check rule.fdp --only
		END
		run unshare -m sh look
		exits 0
	}
	printf 'version 1;\n' >rule.fdp

	it 'warns of links that the kernel does not protect'
	sysctls 0
	says 'warning[W209]: the kernel does not protect links in shared directories: fs.protected_hardlinks=0 fs.protected_symlinks=0 fs.protected_regular=0 fs.protected_fifos=0'

	it 'is content with a kernel that does'
	sysctls 1
	says_not W209
fi

finish

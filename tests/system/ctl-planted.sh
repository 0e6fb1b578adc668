#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Each defect that a W or N finding is about, planted by itself in an image in which nothing else is
# wrong: check finds it and nothing else. What the text alone tells is planted in random policies by
# tests/unit/check_analysis.c, too.

. "$srcdir/tests/support/sh-lib"

tree=$(cd "$srcdir" && pwd)
cd "$scratch" || exit 99
umask 022
image=$scratch/image
units=$image/usr/lib/systemd/system
site=$image/etc/fdbroker/policy.d
mkdir -p "$site" "$units" "$image/usr/bin" "$image/srv/p/sub" "$image/srv/q" "$image/etc/ssl/private" "$image/etc/cron.d" "$image/srv/own" "$image/srv/shared"
ln -s p "$image/srv/link"
touch "$units/p.service" "$units/q.service" "$image/usr/bin/p" "$image/usr/bin/bash" \
	"$image/usr/bin/open" "$image/srv/p/x" "$image/srv/p/y" "$image/srv/q/x" "$image/etc/ssl/private/x.key" "$image/srv/p/one" \
	"$image/srv/own/x" "$image/srv/shared/x"
ln "$image/srv/p/one" "$image/srv/two"
ln -s p "$image/usr/bin/link"
chmod 666 "$image/usr/bin/open"
chmod 775 "$image/srv/own"
chmod 777 "$image/srv/shared"
for unit in a b; do
	printf '[Service]\nUser=4242\n' >"$units/$unit.service"
done
soon=$(date -u -d '+3 days' +%F)

: >planted
# The findings of a clean policy and of this text in a file of its own are exactly ID.
plant() { # ID TEXT
	echo "$1" >>planted
	printf 'version 1;\n%s\n' "$2" >"$site/50-p.fdp"
	found "$1"
}
found() { # ID
	run fdbrokerctl check --root="$image" --json
	exits 0
	grep -oE '"id": *"[^"]*"' "$out" | cut -d '"' -f 4 >ids
	printf '%s\n' "$1" | sed '/^$/d' | cmp -s - ids ||
		fail "finds $(tr '\n' ' ' <ids)and not $1 in: $(sed 1d "$site/50-p.fdp")"
}
# One rule of one unit; or a rule for some callers.
rule() { # ID RULE
	plant "$1" "for unit \"p.service\" { p: $2 }"
}
callers() { # ID WHO
	plant "$1" "for $2 { p: allow read \"/srv/p/y\"; }"
}

printf 'version 1;\nfor unit "q.service" { clean: allow read "/srv/q/x"; }\n' >"$site/10-q.fdp"
printf 'version 1;\n' >"$site/50-p.fdp"

it 'finds nothing where nothing is planted'
found ''

it 'finds exactly what was planted in the text'
plant W101 'for unit "p.service" { p: allow read "/srv/p/y"; } q: deny any "/srv/p/y";'
plant W102 'for unit "p.service" { p: allow read "/srv/p/y"; q: allow read, write "/srv/p/y"; }'
callers W103 'unit "p.service" and unit "q.service"'
plant W105 'for unit "p.service" { p: allow read "/srv/p/y*" { rate 1/s burst 1 per uid; }
	q: allow read "/srv/p/*y" { owner root; } }'
plant W106 'for unit "p.service" { p: allow read "/srv/p/y"; q: allow read "/srv/p/y"; }'
plant W107 'let @p = "/srv/p/y";'
rule W109 "allow read \"/srv/p/y\" { until $soon; }"
plant W111 'for anyone { p: allow read "/srv/p/?"; }'
rule W112 'allow read as root "/etc/ssl/private/x.key";'
rule W113 'allow create as root "/etc/cron.d/x";'
rule W114 'allow append "/srv/p/y";'
rule W115 'allow list "/srv/p/sub";'
callers W301 'exe "/usr/bin/p"'
callers W310 'user no-such-user'
plant N104 'for unit "p.service" { p: allow read "/srv/p/?"; } q: deny read "/srv/p/x";'
plant N116 'for unit "p.service" { allow read "/srv/p/y"; }'

it 'finds exactly what was planted in the image'
rule W108 'allow read "/srv/p/sub";'
rule W201 'allow read as root "/srv/own/x";'
rule W202 'allow read "/srv/link/y";'
rule W203 'allow read "/srv/p/z";'
rule W204 'allow read "/srv/shared/x";'
rule W206 'allow read "/srv/p/one";'
callers W207 'unit "p.service" and exe "/usr/bin/bash"'
callers W208 'unit "p.service" and exe "/usr/bin/link"'
callers W302 'unit "r.service"'
callers W306 'user 4242'
printf 'version 1;\n' >"$site/50-p.fdp"
touch "$site/local.conf"
echo W010 >>planted
found W010
rm "$site/local.conf"

if [ "$(id -u)" -eq 0 ]; then
	it 'finds exactly what was planted in the kernel, of links and of file systems'
	echo 0 >value
	cat >look <<-'END'
		mount --bind value /proc/sys/fs/protected_symlinks || exit 99
		exec fdbrokerctl check --policy=empty --json
	END
	mkdir empty
	printf 'version 1;\n' >empty/p.fdp
	run unshare -m sh look
	exits 0
	grep -oE '"id": *"[^"]*"' "$out" | cut -d '"' -f 4 >ids
	[ "$(cat ids)" = W209 ] || fail "finds $(tr '\n' ' ' <ids)"
fi
# Those need a machine of their own: the one above, and a file system that a process answers for.
grep -q '"warning\[W205\]' "$tree/tests/system/check_ctl.c" && echo W205 >>planted
echo W209 >>planted

it 'plants each that there is'
sort -u planted >wanted
sed -n 's/.*\.id = "\([WN][0-9]*\)".*/\1/p' "$tree/ctl/lints.c" | sort | cmp -s - wanted ||
	fail "$(sed -n 's/.*\.id = "\([WN][0-9]*\)".*/\1/p' "$tree/ctl/lints.c" | sort | diff - wanted)"

finish

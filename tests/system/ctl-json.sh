#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl --json: whatever a command answers, its members are those that fdbrokerctl(8) lists
# for it, on every level.

. "$srcdir/tests/support/sh-lib"

page=$(realpath "$srcdir/man/fdbrokerctl.8")
cd "$scratch" || exit 99
mkdir policy other
cat >policy/10-t.fdp <<'END'
version 1;
let @s = "/srv/a/**", "/etc/ssl/private/*.key";
for unit "a.service" and user 1 {
	web: allow read as root @s { deliver snapshot; max-size 64K; owner root; }
	x: allow read "/srv/b" except "/srv/c";
}
maybe: deny read "/srv/b" { type fifo; }
no: deny write "/srv/a/b";
expect deny write '/srv/a/b' as user 1;
END
sed 's/"a.service" and user 1/"b.service" and user 1/; s/as root @s/@s/' policy/10-t.fdp >other/10-t.fdp
printf 'for user 2 { y: allow read "/srv/y"; }\n' >>other/10-t.fdp
printf 'version 1;\nalow read "/srv";\n' >wrong.fdp
printf 'allow read /srv/x as user 1\ndeny read /srv/x as user 1\n' >t.cases
printf '{"id":"0000000000000001","decision":"deny","reason":"default","modes":"read","path":"%s","uid":"1","gid":"1",%s}\n' \
	/srv/d '"unit":"a.service"' /etc/shadow '"unit":"a.service"' >log.json
caller='unit "a.service" and user 1'

# Names of members in the last line of stdout. What names facts of others is left out.
members() {
	tail -n 1 "$out" | perl -MJSON::PP -e '
		sub walk {
			my ($value) = @_;
			if (ref $value eq "HASH") {
				for (sort keys %$value) {
					print "$_\n";
					walk($value->{$_}) unless $_ eq "recorded";
				}
			}
			walk($_) for ref $value eq "ARRAY" ? @$value : ();
		}
		walk(decode_json(join "", <STDIN>));' | sort -u
}

# What the page says of a command: words of its entry.
listed() { # COMMAND...
	for command in "$@"; do
		sed -n '/^\.\\" json: begin/,/^\.\\" json: end/p' "$page" |
			sed -n "/^\.It Cm $command\$/,/^\.\(It\|El\)/p" | grep '^\.Ql' | tr -s ' ,' '\n\n'
	done
	echo schema
}

lists() { # COMMAND ARGUMENT...
	name=$1
	it "the page lists what $* answers"
	run fdbrokerctl "$@" --json
	members >got || fail 'not JSON'
	[ "$(wc -l <got)" -gt 1 ] || fail 'nothing in it'
	case $name in
	explain) listed explain can ;;
	*) listed "$name" ;;
	esac | sort -u >want
	missing=$(comm -23 got want | tr '\n' ' ')
	[ -z "$missing" ] || fail "not in the page: $missing"
}

lists can read /srv/a/b --policy=policy --as "$caller"
lists can read /srv/a/b --policy=policy --as "$caller" --live
lists can read /srv/z --policy=policy --as "$caller"
lists cat --policy=policy
lists check --policy=policy
lists check --only wrong.fdp
lists diff policy other
lists explain read /srv/a/b --policy=policy --as "$caller"
lists explain read /srv/a/b --policy=policy --as "$caller" --live
lists explain read /srv/z --policy=policy --as "$caller"
lists explain write /srv/a/b --policy=policy --as "$caller"
lists explain read /srv/a/b --policy=policy --as 'unit "b.service"'
lists explain --decision 1 --audit-file=log.json --policy=policy
lists fmt --check policy/10-t.fdp
lists help W201
lists learn --file=log.json --policy=policy
lists show --policy=policy
lists show 10-t.web --policy=policy
lists show --builtin
lists test t.cases --policy=policy
lists what-can --policy=policy --as "$caller"
lists who-can read /srv/b --policy=policy
lists who-can write /srv/a/b --policy=policy

it 'has an entry for every command but the one that asks an editor'
run fdbrokerctl --help
for command in $(sed -n 's/^  \([a-z-][a-z-]*\)  *[a-z].*/\1/p' "$out" | grep -v -e '^-' -e '^edit$'); do
	[ "$(listed "$command" | wc -l)" -gt 1 ] || [ "$command" = log ] || [ "$command" = metrics ] ||
		fail "not $command"
done

finish

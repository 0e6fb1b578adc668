#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl fmt: one layout, every comment kept, and files replaced as a whole.

. "$srcdir/tests/support/sh-lib"

data=$(cd "$srcdir/tests" && pwd)
cd "$scratch" || exit 99
fmt() {
	run fdbrokerctl fmt "$@"
}
fmt_stdin() { # FILE
	fdbrokerctl fmt - <"$1" >"$out" 2>"$err"
	status=$?
}

cat >messy.fdp <<'END'

# Head.
version   1; # the first
let @long = '/etc/shadow', '/etc/shadow-', '/etc/gshadow', '/etc/gshadow-', '/etc/krb5.keytab', '/etc/a';


# Two empty lines were above.
let @kept = "/a", # why a
	# why b
	"/b";
for unit { "a.service" , "b.service" } and user {root,daemon} or anyone mode complain{ # scope

	l: allow read,write  as root "/srv/é/**"except"/srv/x","/srv/y"{owner{root,daemon};links 1;}
	m : deny any "/srv/m" { # rule
		hide; note "it's # no comment";
		# last
	}

} # done
expect deny read '/srv/a' as unit "a.service" and user nobody and exe "/usr/bin/a-program-with-a-long-name";
# end
END
cat >neat.fdp <<'END'
# Head.
version 1;  # the first
let @long =
    '/etc/shadow',
    '/etc/shadow-',
    '/etc/gshadow',
    '/etc/gshadow-',
    '/etc/krb5.keytab',
    '/etc/a';

# Two empty lines were above.
let @kept =
    "/a",  # why a
    # why b
    "/b";
for unit { "a.service", "b.service" } and user { root, daemon } or anyone mode complain {  # scope
    l: allow read, write as root "/srv/é/**" except "/srv/x", "/srv/y" {
        owner { root, daemon };
        links 1;
    }
    m: deny any "/srv/m" {  # rule
        hide;
        note "it's # no comment";
        # last
    }
}  # done
expect deny read '/srv/a' as unit "a.service" and user nobody
    and exe "/usr/bin/a-program-with-a-long-name";
# end
END

it 'lays out standard input on standard output'
fmt_stdin messy.fdp
exits 0
same neat.fdp
no_complaint

it 'changes nothing of what it laid out'
fmt_stdin neat.fdp
exits 0
same neat.fdp

it 'replaces a file and says so, with the owner and the mode it had'
cp messy.fdp file.fdp
chmod 640 file.fdp
[ "$(id -u)" != 0 ] || chown 1:2 file.fdp
before=$(stat -c '%u %g %a' file.fdp)
fmt file.fdp
exits 0
says file.fdp
cmp -s file.fdp neat.fdp || fail 'another text'
[ "$(stat -c '%u %g %a' file.fdp)" = "$before" ] || fail 'another owner or mode'
[ -z "$(find . -name '.file.fdp*')" ] || fail 'a temporary file was left'

it 'leaves a file alone that is laid out already'
inode=$(stat -c %i file.fdp)
fmt file.fdp
exits 0
silent
[ "$(stat -c %i file.fdp)" = "$inode" ] || fail 'it was replaced'

it 'follows a link to the file, and leaves the link'
cp messy.fdp real.fdp
ln -s real.fdp link.fdp
fmt link.fdp
exits 0
[ -L link.fdp ] || fail 'the link was replaced'
cmp -s real.fdp neat.fdp || fail 'the file was not'

it 'names with --check what would change, changes nothing, and exits 1'
fmt --check messy.fdp neat.fdp
exits 1
echo messy.fdp >expected
same expected
head -n 1 messy.fdp | grep -q . && fail 'it was changed'
fmt --check neat.fdp
exits 0
silent

it 'answers in JSON'
fmt --check --json messy.fdp neat.fdp
exits 1
json schema 1
json files 0 file messy.fdp
json files 0 changed true
json files 1 changed false

it 'lays out fdbroker.conf too, one setting to a line'
cat >messy.conf <<'END'
# Head.
version  1 ; # the first
settings{max-clients   2048 ; # many

		# why
  audit-file "/var/log/a # b" ; audit-max-size 1M;
}
END
cat >neat.conf <<'END'
# Head.
version 1;  # the first
settings {
    max-clients 2048;  # many

    # why
    audit-file "/var/log/a # b";
    audit-max-size 1M;
}
END
fmt --check messy.conf
exits 1
cp messy.conf file.conf
fmt file.conf
exits 0
says file.conf
cmp -s file.conf neat.conf || fail "$(cat file.conf)"
fmt --check neat.conf "$data/../examples/fdbroker.conf"
exits 0
silent
printf 'version 1; settings { max-clients 1; }\n' >short.conf
fmt_stdin short.conf
printf 'version 1;\nsettings {\n    max-clients 1;\n}\n' >expected
same expected

it 'leaves fdbroker.conf as it is if it has errors'
printf 'version 1;\nsettings { max-clients; }\n' >bad.conf
cp bad.conf bad.before
fmt bad.conf
exits 2
errs 'bad.conf:2:23: error[E001]: expected a value'
printf 'settings { max-clients 1; }\n' >bad.conf
fmt bad.conf
exits 2
errs 'bad.conf:1:1: error[E'

it 'is not misled by a rule that is called settings'
printf 'version 1;\nsettings: deny any "/a" { hide; }\n' >label.fdp
fmt --check label.fdp
exits 0
silent

it 'leaves a file with errors as it is, shows them, and exits 2'
printf 'version 1;\nalow read "/a";\n' >bad.fdp
cp bad.fdp bad.before
fmt bad.fdp neat.fdp
exits 2
errs 'bad.fdp:2:1: error[E0'
cmp -s bad.fdp bad.before || fail 'it was changed'

it 'calls a file that is not there an I/O error'
fmt no-such.fdp
exits 74
errs 'no-such.fdp: No such file'

it 'calls no file at all a usage error'
fmt
exits 64

if [ "$(id -u)" != 0 ]; then
	it 'leaves a file as it is in a directory that may not be written'
	mkdir shut && cp messy.fdp shut && chmod 555 shut
	fmt shut/messy.fdp
	exits 77
	chmod 755 shut
fi

it 'means the same, keeps each comment and is done at once, for every policy of the tests'
for policy in $(find "$data/policy" "$data/../quickstart" "$data/../examples" -name '*.fdp'); do
	fdbrokerctl check --only -q "$policy" || continue
	fmt_stdin "$policy"
	exits 0
	cp "$out" once.fdp
	grep -o '#.*' "$policy" | sed 's/[ 	]*$//' >comments.before
	grep -o '#.*' once.fdp >comments.after
	cmp -s comments.before comments.after || fail "comments of $policy"
	fmt_stdin once.fdp
	same once.fdp
	n=$((${n:-0} + 1))
done
[ "${n:-0}" -ge 4 ] || fail "only ${n:-0} were read"

finish

#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl show: a rule by its id, and the built-in ones.

. "$srcdir/tests/support/sh-lib"

cd "$scratch" || exit 99
mkdir policy
cat >policy/10-t.fdp <<'END'
version 1;
let @www = "/srv/www/**", "/srv/icons";
let @other = "/srv/other";
subject web = unit "web.service" and user www-data;

for subject web or user 7 {
    page: allow read as root @www except "/srv/www/.git/**" { mode-max 0644; }
    allow write "/srv/drop/*";
}
off: deny any "/srv/off";
END
printf 'version 1;\nextend @www += "/srv/more";\ndisable "10-t.off";\n' >policy/20-u.fdp
show() {
	run fdbrokerctl show --policy=policy "$@"
}

it 'prints a rule, what it uses and where it is'
show 10-t.page
exits 0
cat >expected <<'END'
# policy/10-t.fdp:2
let @www = "/srv/www/**", "/srv/icons";
# policy/10-t.fdp:4
subject web = unit "web.service" and user www-data;
# policy/20-u.fdp:2
extend @www += "/srv/more";
# policy/10-t.fdp:7
for subject web or user 7 {
    page: allow read as root @www except "/srv/www/.git/**" {
        mode-max 0644;
    }
}
# with its defaults: mode-max 0644, symlinks refuse, mounts stay, parents trusted
END
same expected

it 'prints a set, and what extends it'
show @www
exits 0
cat >expected <<'END'
# policy/10-t.fdp:2
let @www = "/srv/www/**", "/srv/icons";
# policy/20-u.fdp:2
extend @www += "/srv/more";
END
same expected
show --json @other
json set @other
show @none
exits 1
errs 'there is no set @none'

it 'lists the ids that the compiler gives'
show
exits 0
printf '10-t.page\n10-t.L8\n10-t.off\n' >expected
same expected
run fdbrokerctl can write /srv/drop/a --policy=policy --as 'user 7'
says 10-t.L8

it 'says that a rule is switched off'
show 10-t.off
exits 0
says '# switched off by `disable`'

it 'answers in JSON'
show --json 10-t.L8
exits 0
json schema 1
json rule rule 10-t.L8
json rule line 8
json rule action allow
json rule who 'subject web or user 7'
json rule modes write
json rule disabled false
show --json
json rules 0 rule 10-t.page
json rules 0 as_root true

it 'exits 1 for a rule that is not there, and says which was meant'
show 10-t.paeg
exits 1
silent
errs 'there is no rule 10-t.paeg; did you mean 10-t.page?'

it 'prints the built-in rules'
show --builtin
exits 0
says 'own: deny write'
run fdbrokerctl show --builtin --json
json rules 0 rule builtin.own

it 'has no answer where the policy has errors'
printf 'version 1; alow\n' >bad.fdp
show --with=bad.fdp 10-t.page
exits 2
errs 'bad.fdp:1:12: error[E0'

finish

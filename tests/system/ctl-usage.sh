#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl's command line: help, wrong usage, colours, what cannot be written.

. "$srcdir/tests/support/sh-lib"

mkdir "$scratch/policy"
cat >"$scratch/policy/10-t.fdp" <<'END'
version 1;
for user root { one: allow read "/srv/**"; }
END
chmod 755 "$scratch/policy"
chmod 644 "$scratch/policy/10-t.fdp"
policy=--policy=$scratch/policy

it 'prints its commands with --help'
run fdbrokerctl --help
exits 0
for command in check can explain reload status help; do
	says "  $command "
done

for command in check can explain reload status; do
	it "prints the options of $command in two ways"
	run fdbrokerctl help $command
	exits 0
	says "Usage: fdbrokerctl $command"
	says '--json'
	cp "$out" "$scratch/help"
	run fdbrokerctl $command --help
	exits 0
	same "$scratch/help"

	it "calls an unknown option of $command a usage error"
	run fdbrokerctl $command --no-such-option
	exits 64
	silent
	errs "unknown option '--no-such-option'"
	errs "fdbrokerctl help $command"
done

it 'prints its version'
run fdbrokerctl --version
exits 0
says 'fdbrokerctl (fdbroker) '

it 'wants a command'
run fdbrokerctl
exits 64
errs 'which command?'

it 'calls an unknown command a usage error'
run fdbrokerctl frobnicate
exits 64
errs "unknown command 'frobnicate'"

it 'calls help for an unknown command a usage error'
run fdbrokerctl help frobnicate
exits 64

it 'calls an option without its value a usage error'
run fdbrokerctl can read /srv/a --as
exits 64
errs '--as wants a value'

it 'calls a value that is not in the list a usage error'
run fdbrokerctl check --format=xml
exits 64
errs "--format is text|gcc|json, not 'xml'"

it 'calls a value for a flag a usage error'
run fdbrokerctl check --strict=yes
exits 64
errs '--strict takes no value'

it 'does not take the option of another command'
run fdbrokerctl reload --strict
exits 64

it 'takes common options before the command too'
run fdbrokerctl --json can read /srv/a --as 'user root' "$policy"
exits 0
json answer allow

it 'takes -- for the end of options'
run fdbrokerctl can "$policy" --as='user root' -- read /srv/--json
exits 0
says 'yes  10-t.one'

it 'accepts --no-pager'
run fdbrokerctl --no-pager can read /srv/a --as 'user root' "$policy"
exits 0

it 'says nothing with -q, and exits as ever'
run fdbrokerctl -q can read /etc/a --as 'user root' "$policy"
exits 1
silent
no_complaint

# P79
it 'escapes what it quotes of the command line'
run fdbrokerctl "$(printf 'a\033[2Jb')"
exits 64
errs 'a\x1b[2Jb'

it 'uses no colour where there is no terminal'
run fdbrokerctl can read /srv/a --as 'user root' "$policy"
! grep -q "$(printf '\033')" "$out" || fail 'colours'

it 'uses colour when told to'
run fdbrokerctl can read /srv/a --as 'user root' "$policy" --color=always
exits 0
says "$(printf '\033[32myes\033[0m')"

# script(1) gives the command a terminal.
terminal() { # ENVIRONMENT... OPTION...
	run env TERM=xterm "$@"
}
in_terminal="fdbrokerctl can read /srv/a --as \"user root\" $policy"

it 'uses colour on a terminal'
terminal script -qec "$in_terminal" /dev/null
says "$(printf '\033[32myes\033[0m')"

it 'uses no colour on a terminal with NO_COLOR'
terminal NO_COLOR=1 script -qec "$in_terminal" /dev/null
says 'yes  10-t.one'
! grep -q "$(printf '\033')" "$out" || fail 'colours'

it 'takes an empty NO_COLOR for none'
terminal NO_COLOR= script -qec "$in_terminal" /dev/null
says "$(printf '\033[32myes\033[0m')"

it 'uses no colour on a dumb terminal'
terminal TERM=dumb script -qec "$in_terminal" /dev/null
! grep -q "$(printf '\033')" "$out" || fail 'colours'

it 'uses no colour on a terminal with --color=never'
terminal script -qec "$in_terminal --color=never" /dev/null
! grep -q "$(printf '\033')" "$out" || fail 'colours'

it 'writes ASCII only where the locale is not UTF-8'
run env LC_ALL=C fdbrokerctl help check
exits 0
! LC_ALL=C grep -q '[^ -~]' "$out" || fail 'not ASCII'

it 'fails when the answer cannot be written'
fdbrokerctl can read /srv/a --as 'user root' "$policy" >/dev/full 2>"$err"
status=$?
exits 74
errs 'cannot write the answer'

finish

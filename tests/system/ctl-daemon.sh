#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fdbrokerctl reload and status, against a daemon that says whatever the test wants.

. "$srcdir/tests/support/sh-lib"

cd "$scratch" || exit 99
: >text
mkdir policy
printf 'version 1;\nfor user root { one: allow read "/srv/a"; }\n' >policy/10-t.fdp
asks() { # HOW ARGUMENT...
	how=$1
	shift
	run fake-admin "$scratch/admin" "$how" "$scratch/text" fdbrokerctl "$@" \
		"--socket=$scratch/admin"
}

for command in confirm reload status; do
	it "$command exits 69 when nobody listens"
	run fdbrokerctl $command --socket="$scratch/nobody"
	exits 69
	silent
	errs "cannot ask the daemon at $scratch/nobody: No such file"

	it "$command exits 69 when the daemon hangs up"
	asks closes $command
	exits 69
	silent

	it "$command exits 74 when the answer is no message"
	asks babbles $command
	exits 74
	silent

	it "$command exits 74 for an exit code that means nothing"
	asks 200 $command
	exits 74

	it "$command exits 64 for a socket whose name is too long"
	run fdbrokerctl $command --socket="/$(printf '%0200d' 0)"
	exits 64

	it "$command takes no operand"
	run fdbrokerctl $command now
	exits 64

	it "$command -q only exits"
	asks 0 $command -q
	exits 0
	silent
	no_complaint
done

if [ "$(id -u)" -eq 0 ]; then
	it 'exits 77 when it may not ask'
	cp "$(command -v fdbrokerctl)" ctl
	run fake-admin "$scratch/admin" 0 "$scratch/text" setpriv --reuid 65533 --regid 65533 \
		--clear-groups ./ctl reload "--socket=$scratch/admin"
	exits 77
fi

it 'reload prints what was loaded, and exits 0'
printf 'loaded generation 43\n' >text
asks 0 reload
exits 0
says 'loaded generation 43'
no_complaint

it 'reload prints the diagnostics on stderr and exits 2 when it was refused'
printf '/etc/fdbroker/policy.d/a.fdp:1:1: error[E001]: nonsense\n' >text
asks 2 reload
exits 2
silent
errs 'a.fdp:1:1: error[E001]: nonsense'

for span in '' 0s 60 now 25h -1s 1x 99999999999s; do
	it "reload takes no trial of '$span'"
	run fdbrokerctl reload "--confirm=$span" --socket="$scratch/nobody"
	exits 64
	errs '--confirm wants a time like 60s, 5min or 1h'
done

it 'reload asks for a trial of so long'
for span in 60s 5min 5m 1h 1h30m 24h; do
	run fdbrokerctl reload "--confirm=$span" --socket="$scratch/nobody"
	exits 69
done

# P79
it 'reload escapes what the daemon says of a trial'
printf 'generation \033[2J\nback-to \033[2J\non-trial \033[2J\n' >text
asks 0 reload --confirm=60s
exits 0
says 'Back to generation \x1b[2J in \x1b[2J s'
! LC_ALL=C grep -q "$(printf '\033')" "$out" || fail 'raw bytes'

it 'confirm passes on that there is nothing'
printf 'nothing waits for a confirmation\n' >text
asks 1 confirm
exits 1
silent
errs 'nothing waits for a confirmation'
asks 1 confirm --json
exits 1
json confirmed false

printf '/etc/fdbroker/policy.d/a.fdp:1:1: error[E001]: nonsense\n' >text
it 'reload says so in JSON'
asks 2 reload --json
exits 2
json schema 1
json reloaded false

it 'reload passes on that it is not permitted'
asks 77 reload
exits 77

# P79
it 'reload escapes what the daemon says'
printf 'a\033[2Jb\nc\302\233d\n' >text
asks 2 reload
exits 2
errs 'a\x1b[2Jb'
errs 'c\xc2\x9bd'
! LC_ALL=C grep -q "$(printf '[\033\233]')" "$err" || fail 'raw bytes'

hash=$(fdbrokerctl check --policy=policy --json | json-get policy)

it 'status shows what is served, and that the disk has the same'
printf 'state active\ngeneration 42\nloaded 1795305120\nfiles 7\npolicy %s\ndirectory %s\nconnections 118\nmax-clients 1024\nopened 7\nslow 9\nin-flight 3\nmax-in-flight 64\nstuck 0\nrate 0\nhull /srv/a b read,create\nhull /etc read\n' \
	"$hash" "$scratch/policy" >text
run env TZ=UTC fake-admin "$scratch/admin" 0 "$scratch/text" fdbrokerctl status \
	"--socket=$scratch/admin"
exits 0
says "● fdbroker: active, generation 42 (loaded 21 Nov"
says "from 7 files), policy sha256:$(printf %.12s "$hash")…"
says '  on disk:  the same'
says '  limits:   conns 118/1024, inflight 3/64'
says_not stuck
says '  slow:                9'
says '  opened:              7'
says_not 'rate:'
says '  hull:                /etc read'

it 'status shows it in ASCII where the locale is not UTF-8'
run env LC_ALL=C fake-admin "$scratch/admin" 0 "$scratch/text" fdbrokerctl status \
	"--socket=$scratch/admin"
says '* fdbroker: active'
! LC_ALL=C grep -q '[^ -~]' "$out" || fail 'not ASCII'

it 'status says it in JSON'
asks 0 status --json
exits 0
json schema 1
json daemon generation 42
json daemon connections 118
json daemon rate 0
json daemon in-flight 3
json daemon max-in-flight 64
json daemon stuck 0
json daemon slow 9
json daemon hull 0 directory '/srv/a b'
json daemon hull 0 modes read,create
json daemon hull 1 directory /etc
json on_disk same

it 'status says that the policy on disk differs'
echo '# a comment' >>policy/10-t.fdp
asks 0 status
exits 0
says '  on disk:  DIFFERENT'

it 'status says that the policy on disk is invalid, and where'
printf 'alow;\n' >>policy/10-t.fdp
asks 0 status
exits 0
says '  on disk:  DIFFERENT, and invalid: '
says '10-t.fdp:4:1 '
says 'fdbrokerctl check'

it 'status says that the last reload was refused'
printf 'refused 1795305120\nrefused-why a.fdp:1:1: nonsense\n' >>text
asks 0 status
says 'last reload refused 2'
says 'running policy unchanged: a.fdp:1:1: nonsense'

it 'status says how many opens are stuck'
printf 'state active\nconnections 1\nmax-clients 2\nin-flight 3\nmax-in-flight 64\nstuck 2\n' >text
asks 0 status
says 'conns 1/2, inflight 3/64 (2 stuck)'

it 'status shows degraded for what it is'
printf 'state degraded\ngeneration 1\n' >text
asks 0 status
says 'fdbroker: degraded, generation 1'

it 'status escapes what the daemon says'
printf 'state a\033[2J\nwhat \033[2J\n' >text
asks 0 status
! LC_ALL=C grep -q "$(printf '\033')" "$out" || fail 'raw bytes'

finish

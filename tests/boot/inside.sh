#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The boot test, as it runs inside the booted system: one line per check, then totals. Nothing here waits for a time: systemctl returns when the job is done.

passed=0
failed=0
policy=/etc/fdbroker/policy.d/boot.fdp

check() { # WHAT COMMAND...
	what=$1
	shift
	if "$@" >/boot-test/detail 2>&1 </dev/null; then
		passed=$((passed + 1))
		echo "PASS $what"
	else
		failed=$((failed + 1))
		echo "FAIL $what"
		sed 's/^/     /' /boot-test/detail
	fi
}

not() {
	! "$@"
}

is() { # VALUE COMMAND...
	value=$1
	shift
	found=$("$@") || return
	echo "expected '$value', found '$found'"
	[ "$found" = "$value" ]
}

# Silent too: systemd-analyze says on stderr what it thinks of a unit.
silent() {
	said=$("$@" 2>&1) || { echo "exit status $?: $said"; return 1; }
	echo "$said"
	[ -z "$said" ]
}

load() { # POLICY
	install -m 0644 "/boot-test/$1.fdp" "$policy"
}

digest_of() { # FILE
	grep -q "$(sha256sum "$1" | cut -d' ' -f1)" "$2"
}

# Process ids of the daemon, by its control group.
processes() {
	grep -lE '[:/]fdbroker\.service$' /proc/[0-9]*/cgroup 2>/dev/null | cut -d/ -f3 | grep .
}

share_mounts_with_init() {
	for pid in $(processes); do
		is "$(readlink /proc/1/ns/mnt)" readlink "/proc/$pid/ns/mnt" || return
	done
	processes
}

one_is() { # USER
	for pid in $(processes); do
		stat -c %U "/proc/$pid" | grep -qx "$1" && return
	done
	ps -e -o user,pid,args
	return 1
}

# There already, or still to come: the audit process may be behind.
records() { # FIELD=VALUE...
	mkfifo /boot-test/records
	timeout 60 journalctl -b -q -f -n all -o json --no-pager "$@" >/boot-test/records &
	follower=$!
	grep -q . </boot-test/records
	status=$?
	kill $follower
	rm /boot-test/records
	[ $status -eq 0 ] || journalctl -b -q -o verbose --no-pager -t fdbrokerd
	return $status
}

# The one record of before is shown, and then the one that comes.
follows() { # PATH
	journalctl --sync
	mkfifo /boot-test/lines
	timeout 60 fdbrokerctl log -f -n 1 --path "$1" >/boot-test/lines &
	follower=$!
	exec 9</boot-test/lines
	read -r day <&9 && read -r before <&9 && systemctl start fdb-mine.service &&
		read -r line <&9
	status=$?
	echo "$day: $before: $line"
	kill $follower
	exec 9<&-
	return $status
}

# The first line of the journal that says so, be it there already or still to come.
said() { # TEXT
	mkfifo /boot-test/said
	timeout 60 journalctl -b -q -f -n all -t fdbrokerd --no-pager >/boot-test/said &
	follower=$!
	grep -m 1 -F -e "$1" </boot-test/said
	status=$?
	kill $follower
	rm /boot-test/said
	return $status
}

kill_and_serve() { # PROCESS-ID
	[ "$1" -gt 1 ] && kill -KILL "$1" && systemctl start fdb-mine.service
}

# Clients are answered before systemd has heard that it is ready.
has_started() { # UNIT
	state=$(systemctl is-active "$1")
	echo "$state"
	[ "$state" = active ] || [ "$state" = activating ]
}

# P69
crash_and_serve() { # TIMES
	for _ in $(seq "$1"); do
		kill_and_serve "$(systemctl show -P MainPID fdbroker.service)" || return
	done
}

# P70: the unit's watchdog, with less patience for once. Five seconds: other tests may keep a processor for one.
hang_and_serve() {
	unit=$(systemctl show -P FragmentPath fdbroker.service)
	hasty=/run/systemd/system/fdbroker.service.d/hasty.conf
	grep -q '^WatchdogSec=' "$unit" && mkdir -p "${hasty%/*}" || return
	printf '[Service]\nWatchdogSec=5s\n' >$hasty
	systemctl daemon-reload && systemctl restart fdbroker.service || return
	pid=$(systemctl show -P MainPID fdbroker.service)
	kill -STOP "$pid" && timeout 60 systemctl start fdb-mine.service || return
	[ "$(systemctl show -P MainPID fdbroker.service)" != "$pid" ] || return
	rm $hasty && systemctl daemon-reload
}

printf 'root lends this\n' >/srv/boot/for-mine
printf 'and after a reload this\n' >/srv/boot/for-other
printf 'everybody may read this, outside of a sandbox\n' >/srv/boot/for-all
chmod 0600 /srv/boot/for-mine /srv/boot/for-other
chmod 0644 /srv/boot/for-all
load first

check "sysusers makes the daemon's user" getent passwd fdbroker
check "sysusers makes the audit's user" getent passwd fdbroker-audit
check "tmpfiles makes the policy's directory" is "755 root" stat -c '%a %U' /etc/fdbroker/policy.d
check "tmpfiles makes the state directory" is "700 root" stat -c '%a %U' /var/lib/fdbroker
for unit in fdbroker.socket fdbroker-admin.socket fdbroker.service; do
	check "systemd-analyze verify finds nothing in $unit" silent systemd-analyze verify --man=no "$unit"
done

check "the client socket is everybody's" is 666 stat -c %a /run/fdbroker/socket
check "the admin socket is root's" is "600 root" stat -c '%a %U' /run/fdbroker/admin
check "the daemon does not run before it is needed" \
	not systemctl -q is-active fdbroker.service
check "a unit that the policy names gets its file" systemctl start fdb-mine.service
check "  and it is that file" digest_of /srv/boot/for-mine /boot-test/mine
check "its first connection started the daemon" has_started fdbroker.service
check "another unit is refused the same file" not systemctl start fdb-other.service
check "a process is the broker's user" one_is fdbroker
check "a process is the audit's user" one_is fdbroker-audit
check "every process sees the mounts of PID 1" share_mounts_with_init

check "the grant is in the journal by unit" records FDBROKER_UNIT=fdb-mine.service
check "the refusal is in the journal by unit and reason" \
	records FDBROKER_UNIT=fdb-other.service FDBROKER_REASON=default
check "the records are in the journal by file" records FDBROKER_PATH=/srv/boot/for-mine
check "the records are in the journal by message id, explained by the catalog" \
	sh -c 'journalctl -b -q -x --no-pager MESSAGE_ID=96e869cf24f34460a6e6d6470d38ec47 |
		grep "explain --decision"'

# From a refusal to a rule: what learn proposes runs as a shadow first, and then is the policy.
learned=/boot-test/learned.fdp
learns() {
	journalctl --sync
	fdbrokerctl learn --unit fdb-new.service --label learned >"$learned" || return
	cat "$learned"
	grep -qF "allow read '/srv/boot/for-all'" "$learned"
}
explains() { # TEXT: why the last refusal of the new unit was one
	journalctl --sync
	id=$(journalctl -b -q -o cat --no-pager --output-fields=FDBROKER_ID -n 1 \
		FDBROKER_UNIT=fdb-new.service FDBROKER_DECISION=deny)
	fdbrokerctl explain --no-pager --decision "$id" | tee /dev/stderr | grep -qF -e "$1"
}
shows() { # TEXT COMMAND...
	text=$1
	shift
	fdbrokerctl "$@" | tee /dev/stderr | grep -qF -e "$text"
}
changes() { # TEXT ARGUMENT...: fdbrokerctl diff finds it
	text=$1
	shift
	found=$(fdbrokerctl diff "$@")
	[ $? -eq 1 ] || return
	echo "$found" | tee /dev/stderr | grep -qF -e "$text"
}
check "a unit that no rule names is refused what everybody may read" \
	not systemctl start fdb-new.service
check "  and explain says why" explains 'DENY  default: no allow rule names this request'
check "  learn proposes a rule for it" learns
check "  which can be loaded" fdbrokerctl check "$learned"
check "  and which diff knows to allow that and nothing else" \
	changes 'read /srv/boot/for-all' --with "$learned"
check "  but it is not installed" not test -e /etc/fdbroker/policy.d/learned.fdp
check "it runs as a shadow" fdbrokerctl shadow "$learned"
check "  which changes nothing" not systemctl start fdb-new.service
check "  and tells where it differs" \
	shows 'deny by default, shadow: allow-if by learned.boot; read /srv/boot/for-all' shadow
check "  in the journal too" records FDBROKER_SHADOW=allow-if FDBROKER_UNIT=fdb-new.service
check "  status knows of it" shows shadow status
check "the shadow is promoted" fdbrokerctl shadow --promote
check "  and is the policy" systemctl start fdb-new.service
check "  and no shadow any more" is 1 sh -c 'fdbrokerctl shadow >&2; echo $?'
check "  diff has nothing to say then" fdbrokerctl diff
check "status says what is served" shows 'active, generation' status --no-pager
check "top counts by rule" shows learned.boot top -b -n 1
check "metrics do too" shows 'rule="learned.boot"' metrics

load bad
check "systemctl reload fails on a bad policy" not systemctl reload fdbroker.service
log() { # WHAT ARGUMENT...: in what fdbrokerctl shows of the journal
	journalctl --sync
	text=$1
	shift
	fdbrokerctl log --no-pager "$@" | tee /dev/stderr | grep -qF -e "$text"
}
check "fdbrokerctl log reads the journal" log /srv/boot/for-mine --since -1h
check "  by unit and decision" log 'DENY     read   /srv/boot/' --deny --unit fdb-other
check "  as JSON" log '"unit":"fdb-other.service"' --deny --json -n 1 --unit fdb-other
check "  and is silent where there is nothing" not log . --path '/srv/boot/nothing'
check "  and says so where it may not be read" is 77 \
	sh -c 'setpriv --reuid 65533 --regid 65533 --clear-groups fdbrokerctl log >&2; echo $?'
check "  it follows the journal too" follows /srv/boot/for-mine
check "the refused reload is in the journal" records MESSAGE_ID=dd5a2cddd34f460bac7795782b0fd2f1
check "the old policy still allows what it did" systemctl start fdb-mine.service
check "the old policy still refuses what it did" not systemctl start fdb-other.service
load second
check "fdbrokerctl diff tells what is installed from what runs" \
	changes 'read /srv/boot/for-mine as user nobody and unit "fdb-other.service": was deny, now allow'
check "a policy is loaded on trial" fdbrokerctl reload --confirm 1s
check "  and goes when nobody confirms it" said 'serves the last good policy'
check "  so that it allows no more" not systemctl start fdb-other.service
check "  which is in the journal" records MESSAGE_ID=5e0c1a7bd2f94c35a8e64df7013b92c6
check "  and a restart does not load it" systemctl restart fdbroker.service
check "  so that it still allows no more" not systemctl start fdb-other.service
check "a policy is loaded on trial again" fdbrokerctl reload --confirm 1h
check "  and allows while it lasts" systemctl start fdb-other.service
check "  and is confirmed" fdbrokerctl confirm
check "  which is not possible twice" not fdbrokerctl confirm
check "nothing is different then" fdbrokerctl diff
check "systemctl reload loads a good policy" systemctl reload fdbroker.service
check "the new policy allows what is new in it" systemctl start fdb-other.service
check "  and it is that file" digest_of /srv/boot/for-mine /boot-test/other

check "systemctl restart" systemctl restart fdbroker.service
check "the restarted daemon serves" systemctl start fdb-mine.service
check "a client is served although the daemon was just killed" \
	kill_and_serve "$(systemctl show -P MainPID fdbroker.service)"
check "eight crashes in a row do not take it away" crash_and_serve 8
check "a daemon that hangs is restarted" hang_and_serve
check "systemctl stop ends it cleanly" systemctl stop fdbroker.service
check "  no process stays" not processes
check "  the result is success" is success systemctl show -P Result fdbroker.service
check "  and the next connection starts it again" systemctl start fdb-mine.service

systemctl stop fdbroker.service
load bad
check "the daemon starts with a bad policy" systemctl start fdbroker.service
check "  and serves the last good one" systemctl start fdb-mine.service
check "  which is in the journal" records MESSAGE_ID=9348895504a3415395196f4b749ad8d2
rm -r /var/lib/fdbroker/last-good
check "it starts without a last good one" systemctl restart fdbroker.service
check "  and refuses everything" not systemctl start fdb-mine.service
check "  which is in the journal" records FDBROKER_REASON=degraded
load first
check "a reload ends that" systemctl reload fdbroker.service
check "  and it serves" systemctl start fdb-mine.service

echo
systemd-analyze security --no-pager --offline=true \
	"$(systemctl show -P FragmentPath fdbroker.service)" | tail -n 1
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]

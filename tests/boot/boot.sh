#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Install into an overlay of this machine's root, boot a real systemd on it in
# systemd-nspawn, and run tests/boot/inside.sh there as a unit of its own. The
# overlay's upper layer is a tmpfs: nothing of this machine changes.

srcdir=${srcdir:-.}
builddir=${builddir:-$PWD}

skip() {
	echo "$*"
	exit 77
}

[ "$(id -u)" -eq 0 ] || skip "needs root, to mount and to boot"
command -v systemd-nspawn >/dev/null || skip "needs systemd-nspawn (Debian: systemd-container)"

umask 022
work=$(mktemp -d "${TMPDIR:-/tmp}/fdbroker-boot.XXXXXX") || exit 99
root=$work/root

clean_up() {
	umount -R "$root" 2>/dev/null || umount -R -l "$root" 2>/dev/null
	umount "$work" 2>/dev/null || umount -l "$work" 2>/dev/null
	rmdir "$work"
}
trap clean_up EXIT
trap 'exit 130' HUP INT TERM

mount_overlay() {
	mount -t tmpfs -o mode=0755 tmpfs "$work" &&
		mkdir "$work/upper" "$work/work" "$root" &&
		mount -t overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" \
			overlay "$root"
}

# What was just installed, put where systemd and ld.so look, wherever configure was told to.
expose() { # DIRECTORY PATTERN
	mkdir -p "$root$1" && find "$work/upper" -path "$2" ! -type d >"$work/found" &&
		while read -r file; do
			[ -e "$root$1/${file##*/}" ] || cp -P "$file" "$root$1/" || return
		done <"$work/found"
}

install_product() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$builddir" install \
		DESTDIR="$root" >"$work/install.log" 2>&1 || { cat "$work/install.log"; return 1; }
	expose /etc/systemd/system '*/systemd/system/fdbroker*' &&
		expose /etc/sysusers.d '*/sysusers.d/fdbroker.conf' &&
		expose /etc/tmpfiles.d '*/tmpfiles.d/fdbroker.conf' &&
		expose /usr/lib/systemd/catalog '*/catalog/fdbroker.catalog' &&
		expose /usr/local/bin '*/bin/fdbrokerctl' &&
		expose /usr/lib '*/libfdbroker.so*' || return
	ldconfig -r "$root"
	journalctl --root="$root" --update-catalog
	# The users must come from sysusers.d in there, not from the run of the tests out here.
	sed -i '/^fdbroker/d' "$root/etc/passwd" "$root/etc/group" "$root/etc/shadow" \
		"$root/etc/gshadow"
}

# Files, units and policies of the test; inside.sh names them.
install_test() {
	mkdir -p "$root/boot-test" "$root/srv/boot" &&
		cp "$srcdir"/tests/boot/inside.sh "$srcdir"/tests/boot/*.fdp "$root/boot-test/" &&
		cp "$srcdir"/tests/boot/*.service "$srcdir"/tests/boot/*.target \
			"$root/etc/systemd/system/" &&
		"$builddir/libtool" --silent --mode=install install -m 755 \
			"$builddir/examples/sandboxed-digest" "$root/boot-test/sandboxed-digest" &&
		ln -sf /dev/null "$root/etc/systemd/system/systemd-firstboot.service"
}

# What was installed may lie below /tmp, as distcheck's prefix does if this is built there. So no tmpfs
# hides it, systemd-nspawn's (below) or tmp.mount's, nor is /tmp emptied at boot, as Debian's tmp.conf wants.
keep_tmp() {
	ln -sf /dev/null "$root/etc/systemd/system/tmp.mount" &&
		echo 'd /tmp 1777 root root -' >"$root/etc/tmpfiles.d/tmp.conf"
}

# Sanitizers of the processes in there report to the directory of the run out here. Their own
# system calls are more than the unit allows.
share_reports() {
	reports=${ASAN_OPTIONS:-}
	reports=${reports#*log_path=}
	reports=${reports%%/asan*}
	[ -n "$reports" ] && [ -d "$reports" ] || return 0
	for unit in fdbroker fdb-mine fdb-new fdb-other; do
		mkdir -p "$root/etc/systemd/system/$unit.service.d"
		printf '[Service]\nEnvironment="ASAN_OPTIONS=%s"\nEnvironment="UBSAN_OPTIONS=%s"\n' \
			"$ASAN_OPTIONS" "${UBSAN_OPTIONS:-}" | sed "s|$reports|/fdb-reports|" \
			>"$root/etc/systemd/system/$unit.service.d/sanitizers.conf"
	done
	for unit in fdb-mine fdb-new fdb-other; do
		echo 'ReadWritePaths=/fdb-reports' \
			>>"$root/etc/systemd/system/$unit.service.d/sanitizers.conf"
	done
	printf 'SystemCallFilter=\nMemoryDenyWriteExecute=no\nMemoryMax=infinity\n' \
		>>"$root/etc/systemd/system/fdbroker.service.d/sanitizers.conf"
	echo "--bind=$reports:/fdb-reports"
}

boot() {
	# shellcheck disable=SC2046 # an option, or nothing
	SYSTEMD_NSPAWN_TMPFS_TMP=0 timeout -k 5 600 \
		systemd-nspawn -q -D "$root" --boot --register=no --keep-unit \
		--link-journal=no $(share_reports) \
		--system-call-filter="landlock_create_ruleset landlock_add_rule
			landlock_restrict_self open_by_handle_at pidfd_getfd" \
		-- systemd.unit=fdb-test.target systemd.show_status=no </dev/null \
		>"$work/console" 2>&1
}

mount_overlay && install_product && install_test && keep_tmp || exit 99
boot
status=$?
if ! cat "$root/boot-test/output"; then
	cat "$work/console"
	exit 99
fi
[ $status -eq 0 ] || cat "$root/boot-test/journal"
exit $status

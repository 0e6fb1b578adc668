#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The measurements run; what they measure is nobody's business here.

results=$(mktemp -d "${TMPDIR:-/tmp}/fdbroker-bench.XXXXXX") || exit 99
trap 'rm -rf "$results"' EXIT
trap 'exit 130' HUP INT TERM

"$builddir/bench/bench_decide" --smoke || exit
"$builddir/bench/bench_open" --smoke --results="$results/raw" || exit
REPORT_DIR=$results "$srcdir/bench/report" "$results/raw" || exit
for plot in rules depth groups clients connections peers; do
	grep -q '</svg>' "$results/$plot.svg" || exit
done

# What can be started here has its row. Of sudo(8) the machine has a say.
measured() {	# row command...
	row=$1
	shift
	"$@" >/dev/null 2>&1 || return 0
	grep -q "^lane	peers	$row	" "$results/raw" && return
	echo "bench_open: no row of $row"
	exit 1
}
measured 'sd-bus, peer to peer' true
measured 'dbus-daemon' command -v dbus-daemon
measured 'dbus-broker' command -v dbus-broker
measured 'seatd, open' command -v seatd
measured 'seatd, open and close' command -v seatd
measured 's6-fdholder, nothing opened' command -v s6-fdholderd
measured 'FUSE pass-through' test -c /dev/fuse
measured 'cat' command -v cat
measured 'sudo -n cat, by root' sudo -n true

"$builddir/bench/bench_oracle" --smoke && "$builddir/bench/bench_stalls" --smoke

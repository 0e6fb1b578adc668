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

"$builddir/bench/bench_oracle" --smoke && "$builddir/bench/bench_stalls" --smoke

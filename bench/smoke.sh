#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The measurements run; what they measure is nobody's business here.

"$builddir/bench/bench_decide" --smoke && "$builddir/bench/bench_open" --smoke

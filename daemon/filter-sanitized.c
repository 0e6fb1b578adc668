/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/filter.h"

#include <errno.h>

/*
 * A sanitizer's runtime reads /proc, makes its own mappings and, when it has
 * something to report, opens a file. What it does not get fails instead of
 * killing, so that the report is seen.
 */
const uint32_t filter_default_action = SCMP_ACT_ERRNO(EPERM);

const struct filter_rule filter_extra[] = {
	{ .syscall = SCMP_SYS(sched_getaffinity) },
	{ .syscall = SCMP_SYS(sigaltstack) },
	{ .syscall = SCMP_SYS(readlink) },
	{ .syscall = SCMP_SYS(rt_sigaction) },
	{ .syscall = SCMP_SYS(sched_yield) },
	{ .syscall = SCMP_SYS(write) },
	{ .syscall = SCMP_SYS(read) },
	{ .syscall = SCMP_SYS(getuid) },
};
const size_t filter_n_extra = sizeof(filter_extra) / sizeof(filter_extra[0]);

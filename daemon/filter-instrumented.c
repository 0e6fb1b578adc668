/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/filter.h"

#include <errno.h>
#include <sys/prctl.h>

/*
 * A sanitizer's runtime reads /proc, makes its own mappings and, when it has
 * something to report, opens a file. What it does not get fails instead of
 * killing, so that the report is seen. What counts lines (gcov) opens its files at exit: it does
 * not get them, so that the lines of confined processes are not counted, but they end as they should.
 */
const uint32_t filter_default_action = SCMP_ACT_ERRNO(EPERM);

const struct filter_rule filter_extra[] = {
	{ .syscall = SCMP_SYS(getuid) },
	{ .syscall = SCMP_SYS(read) },
	{ .syscall = SCMP_SYS(readlink) },
	{ .syscall = SCMP_SYS(rt_sigaction) },
	{ .syscall = SCMP_SYS(sched_getaffinity) },
	{ .syscall = SCMP_SYS(sched_yield) },
	{ .syscall = SCMP_SYS(sigaltstack) },
	{ .syscall = SCMP_SYS(write) },
};
const size_t filter_n_extra = sizeof(filter_extra) / sizeof(filter_extra[0]);

/*
 * The search for leaks at exit starts a tracer, which no filter here allows, and its failure
 * would be the process's. The hook is sanitizer/lsan_interface.h's; a filtered prctl(2)
 * says -EPERM.
 */
__attribute__((visibility("default"))) int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0;
}

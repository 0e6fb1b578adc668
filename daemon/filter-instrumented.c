/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/filter.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define REPORT_FD 512

/*
 * A sanitizer's runtime reads /proc and makes its own mappings. What it does not get fails instead
 * of killing, so that the report is seen; the file for it is opened while that is still allowed. What counts lines (gcov) opens its files at exit: it does
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

/*
 * Each sanitizer's library keeps a report file of its own, so that each is told: the symbol is
 * sanitizer/common_interface_defs.h's. In a build for coverage alone no library has it.
 */
static int tell_library(struct dl_phdr_info *library, size_t size, void *file)
{
	void *handle = dlopen(library->dlpi_name, RTLD_LAZY | RTLD_NOLOAD);
	void (*set_report_fd)(void *fd);

	(void)size;
	if (!handle || library->dlpi_name[0] == '\0')
		return 0;
	*(void **)&set_report_fd = dlsym(handle, "__sanitizer_set_report_fd");
	/* A copy each, because it closes the one it had; out of the way of what the daemon numbers. */
	if (set_report_fd)
		set_report_fd((void *)(intptr_t)fcntl(*(int *)file, F_DUPFD_CLOEXEC, REPORT_FD));
	dlclose(handle);
	return 0;
}

/* run-tests names the directory. A file there that stays empty is no report. */
void filter_prepare(void)
{
	const char *directory = secure_getenv("FDBROKER_REPORTS");
	char path[256];
	int fd;

	if (!directory)
		return;
	snprintf(path, sizeof(path), "%s/confined.%d", directory, getpid());
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	dl_iterate_phdr(tell_library, &fd);
	close(fd);
}

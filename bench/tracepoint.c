/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/tracepoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "bench/measure.h"

/*
 * An event of perf_event_open(2) for each thread. The tracepoint's number stands in tracefs. Where that is
 * mounted it is read there: to mount it once more took back the modes that it was given, before Linux's
 * commit 47311db8e8f3. Elsewhere it is mounted, but in no place (fsmount(2)), and goes when it is closed.
 */

#define MOUNTED "/sys/kernel/tracing/"
#define NUMBER	"events/raw_syscalls/sys_enter/id"

static int open_unmounted(void)
{
	_cleanup_(fd_closep) int context = (int)syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC);
	_cleanup_(fd_closep) int tracefs = -EBADF;
	int fd;

	if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	tracefs = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
	if (tracefs < 0)
		return -errno;
	fd = openat(tracefs, NUMBER, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int read_number(uint64_t *ret)
{
	_cleanup_(fd_closep) int fd = open(MOUNTED NUMBER, O_RDONLY | O_CLOEXEC);
	char text[32] = "";

	if (fd < 0)
		fd = open_unmounted();
	if (fd < 0)
		return fd;
	if (read(fd, text, sizeof(text) - 1) < 0)
		return -errno;
	*ret = strtoull(text, NULL, 10);
	return *ret > 0 ? 0 : -ENODATA;
}

static int open_thread(struct tracepoint *tracepoint, uint64_t number, pid_t thread)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = number,
		.inherit = 1,
	};
	int fd;

	if (tracepoint->n == TRACEPOINT_THREADS_MAX)
		return -E2BIG;
	fd = (int)syscall(SYS_perf_event_open, &attr, thread, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	tracepoint->fds[tracepoint->n++] = fd;
	return 0;
}

static int open_threads(struct tracepoint *tracepoint, uint64_t number, pid_t pid)
{
	struct dirent *entry;
	char path[64];
	DIR *threads;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	if (!threads)
		return -errno;
	while (r == 0 && (entry = readdir(threads)))
		if (entry->d_name[0] != '.')
			r = open_thread(tracepoint, number, (pid_t)strtol(entry->d_name, NULL, 10));
	closedir(threads);
	return r;
}

int tracepoint_open(struct tracepoint *ret, pid_t pid)
{
	uint64_t number;
	int r;

	ret->n = 0;
	r = read_number(&number);
	if (r == 0)
		r = open_threads(ret, number, pid);
	if (r < 0)
		tracepoint_close(ret);
	return r;
}

void tracepoint_close(struct tracepoint *tracepoint)
{
	while (tracepoint->n > 0)
		fd_close(tracepoint->fds[--tracepoint->n]);
}

uint64_t tracepoint_count(const struct tracepoint *tracepoint)
{
	uint64_t all = 0, count;

	for (size_t i = 0; i < tracepoint->n; i++) {
		if (read(tracepoint->fds[i], &count, sizeof(count)) != sizeof(count))
			measure_die("tracepoint", -errno);
		all += count;
	}
	return all;
}

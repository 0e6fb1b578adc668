/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/syscalls.h"

#include <dirent.h>
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "bench/measure.h"

/*
 * By a process of its own, as ptrace(2) needs one that waits; when that is killed, what it traced
 * goes on by itself.
 */

#define SYSCALL_STOP (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

static void seize(pid_t thread)
{
	unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE;
	int status;

	if (ptrace(PTRACE_SEIZE, thread, NULL, options) < 0 ||
	    ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) < 0 ||
	    waitpid(thread, &status, __WALL) < 0 || ptrace(PTRACE_SYSCALL, thread, NULL, NULL) < 0)
		measure_die("ptrace", -errno);
}

static void seize_all(pid_t pid)
{
	struct dirent *entry;
	char path[64];
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	if (!threads)
		measure_die(path, -errno);
	while ((entry = readdir(threads)))
		if (entry->d_name[0] != '.')
			seize((pid_t)strtol(entry->d_name, NULL, 10));
	closedir(threads);
}

static void count(pid_t thread, uint64_t *counts)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) > 0 &&
	    info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr < SYSCALLS_MAX)
		__atomic_add_fetch(&counts[info.entry.nr], 1, __ATOMIC_SEQ_CST);
}

static void trace(uint64_t *counts)
{
	int status, deliver;
	pid_t thread;

	while ((thread = waitpid(-1, &status, __WALL)) > 0) {
		if (!WIFSTOPPED(status))
			continue;
		deliver = 0;
		if (WSTOPSIG(status) == SYSCALL_STOP)
			count(thread, counts);
		else if (status >> 16 == 0)
			deliver = WSTOPSIG(status);
		ptrace(PTRACE_SYSCALL, thread, NULL, deliver);
	}
}

void syscalls_start(struct syscalls *ret, pid_t pid)
{
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		measure_die("pipe", -errno);
	ret->counts = measure_share(SYSCALLS_MAX * sizeof(*ret->counts));
	ret->tracer = measure_fork();
	if (ret->tracer == 0) {
		seize_all(pid);
		fd_close(ready[0]);
		fd_close(ready[1]);
		trace(ret->counts);
		_exit(0);
	}
	fd_close(ready[1]);
	while (read(ready[0], &byte, 1) < 0 && errno == EINTR)
		continue;
	fd_close(ready[0]);
}

void syscalls_stop(struct syscalls *syscalls)
{
	kill(syscalls->tracer, SIGKILL);
	waitpid(syscalls->tracer, NULL, 0);
	munmap(syscalls->counts, SYSCALLS_MAX * sizeof(*syscalls->counts));
}

const char *syscalls_name(unsigned int number)
{
	static char *name;

	free(name);
	name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)number);
	return name ? name : "?";
}

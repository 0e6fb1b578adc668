/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/halt.h"

#include <check.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define PATIENCE_USEC (30 * USEC_PER_SEC)

/* proc(5): T of who was stopped, S of who sleeps. */
static bool is_in(char state, const char *status)
{
	static const char key[] = "State:\t";
	FILE *file = fopen(status, "re");
	bool found = false;
	char line[128];

	/* A thread that has just ended does not move either. */
	if (!file)
		return true;
	while (fgets(line, sizeof(line), file))
		found = found ||
			(strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == state);
	fclose(file);
	return found;
}

static bool are_in(char state, pid_t pid)
{
	char pattern[64];
	bool all = true;
	glob_t threads;

	snprintf(pattern, sizeof(pattern), "/proc/%d/task/*/status", pid);
	ck_assert_int_eq(glob(pattern, 0, NULL, &threads), 0);
	for (size_t i = 0; i < threads.gl_pathc; i++)
		all = all && is_in(state, threads.gl_pathv[i]);
	globfree(&threads);
	return all;
}

void halt_process(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	while (!are_in('T', pid))
		continue;
}

void halt_await_sleep(pid_t pid)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;

	while (!are_in('S', pid))
		ck_assert_msg(clock_monotonic_usec() < deadline, "it does not sleep");
}

void halt_await_message(pid_t pid, int fd)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0);
	int same = (int)syscall(SYS_pidfd_getfd, process, fd, 0);

	ck_assert_msg(same >= 0, "pidfd_getfd: %m");
	ck_assert_int_gt(clock_wait(same, POLLIN, clock_monotonic_usec() + PATIENCE_USEC), 0);
	fd_close(same);
	fd_close(process);
}

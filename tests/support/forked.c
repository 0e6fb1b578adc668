/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/forked.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t forked_start(int (*body)(const void *arg), const void *arg)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(body(arg));
	return pid;
}

int forked_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		ck_assert_int_eq(errno, EINTR);
	return WIFSIGNALED(status) ? FORKED_SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}

void forked_end(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(forked_wait(pid), FORKED_SIGNALLED + SIGKILL);
}

int forked_run(int (*body)(const void *arg), const void *arg)
{
	return forked_wait(forked_start(body, arg));
}

pid_t forked_start_as(pid_t pid)
{
	/* struct clone_args of linux/sched.h, which has no place beside sched.h */
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
		uint64_t set_tid, set_tid_size;
	} args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };
	long r = syscall(SYS_clone3, &args, sizeof(args));

	if (r == 0)
		for (;;)
			pause();
	return r < 0 ? -errno : (pid_t)r;
}

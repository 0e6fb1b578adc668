/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/forked.h"

#include <check.h>
#include <errno.h>
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

int forked_run(int (*body)(const void *arg), const void *arg)
{
	return forked_wait(forked_start(body, arg));
}

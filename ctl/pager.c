/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * As systemctl(1) does it: $PAGER, or less(1) so that it ends by itself when
 * everything fits on the screen. less runs in its secure mode, for who may run
 * fdbrokerctl by sudo(8) need not be who may run a shell by it. Whoever sets another $PAGER
 * chooses another program to trust.
 */
#include "ctl/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "ctl/spawn.h"

static struct {
	pid_t pid;  /* 0: none runs */
	int stdout; /* the real one; owned */
} pager;

static bool is_wanted(const struct ctl *ctl)
{
	const char *term = getenv("TERM"), *program = getenv("PAGER");

	if (ctl->options.no_pager || ctl->options.quiet || !isatty(STDOUT_FILENO))
		return false;
	if (program && (*program == '\0' || strcmp(program, "cat") == 0))
		return false;
	return term && strcmp(term, "dumb") != 0;
}

/* less(1): end if it fits, colours, long lines cut, screen left as it is, a long prompt, end on ^C. */
static void set_environment(const struct ctl *ctl)
{
	(void)setenv("LESS", "FRSXMK", 1);
	(void)setenv("LESSSECURE", "1", 1);
	if (ctl->out.unicode)
		(void)setenv("LESSCHARSET", "utf-8", 1);
}

static int start_program(const char *words, const posix_spawn_file_actions_t *actions)
{
	_cleanup_(freep) char *copy = strdup(words);
	const char *argv[SPAWN_WORDS_MAX + 1];

	if (!copy)
		return -ENOMEM;
	if (spawn_split(copy, argv) == 0)
		return -ENOENT;
	return spawn_start(argv, actions, &pager.pid);
}

static int start_any(int input)
{
	const char *programs[] = { getenv("PAGER"), "less", "more" };
	posix_spawn_file_actions_t actions;
	int r;

	r = -posix_spawn_file_actions_init(&actions);
	if (r < 0)
		return r;
	r = -posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	for (size_t i = 0; r == 0 && i < ELEMENTSOF(programs) && pager.pid == 0; i++)
		if (programs[i] && start_program(programs[i], &actions) < 0)
			pager.pid = 0;
	posix_spawn_file_actions_destroy(&actions);
	return pager.pid > 0 ? 0 : -ENOENT;
}

void pager_start(const struct ctl *ctl)
{
	_cleanup_(fd_closep) int reader = -EBADF, writer = -EBADF;
	int fds[2];

	if (!is_wanted(ctl) || pipe2(fds, O_CLOEXEC) < 0)
		return;
	reader = fds[0];
	writer = fds[1];
	pager.stdout = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (pager.stdout < 0)
		return;
	set_environment(ctl);
	fflush(stdout);
	if (start_any(reader) < 0 || dup2(writer, STDOUT_FILENO) < 0) {
		pager.stdout = fd_close(pager.stdout);
		return;
	}
	/* It may be left before everything was written; and ^C is for it alone. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
}

void pager_finish(void)
{
	if (pager.pid == 0)
		return;
	/* All that can go wrong with a pipe is that nobody reads it any more. */
	(void)fflush(stdout);
	clearerr(stdout);
	/* That was the last end of the pipe to write to. */
	(void)dup2(pager.stdout, STDOUT_FILENO);
	pager.stdout = fd_close(pager.stdout);
	(void)spawn_wait(pager.pid);
	pager.pid = 0;
}

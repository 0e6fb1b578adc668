/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/spawn.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int spawn_start(const char *const *argv, const posix_spawn_file_actions_t *actions, pid_t *ret)
{
	char *words[SPAWN_WORDS_MAX + 1] = { 0 };
	size_t n = 0;

	while (argv[n])
		if (++n > SPAWN_WORDS_MAX)
			return -E2BIG;
	/* posix_spawn(3) wants what it does not change as if it did. */
	memcpy(words, argv, n * sizeof(*words));
	return -posix_spawnp(ret, words[0], actions, NULL, words, environ);
}

size_t spawn_split(char *line, const char *argv[static SPAWN_WORDS_MAX + 1])
{
	char *save = NULL;
	size_t n = 0;

	for (char *word = strtok_r(line, " ", &save); word && n < SPAWN_WORDS_MAX;
	     word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	argv[n] = NULL;
	return n;
}

int spawn_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EPROTO;
}

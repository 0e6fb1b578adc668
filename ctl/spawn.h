/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_SPAWN_H
#define FDB_CTL_SPAWN_H

/* Other programs that a command needs: diff, an editor, a pager. Found by PATH. */

#include <spawn.h>
#include <sys/types.h>

#define SPAWN_WORDS_MAX 16U

/* @argv: at most SPAWN_WORDS_MAX words, then NULL. @actions may be NULL. 0 or -errno. */
int spawn_start(const char *const *argv, const posix_spawn_file_actions_t *actions, pid_t *ret);

/* The words of a command line, apart at spaces, as sudoedit(8) takes $EDITOR: no shell reads them.
 * Cuts @line in place; how many there are, before the NULL. */
size_t spawn_split(char *line, const char *argv[static SPAWN_WORDS_MAX + 1]);

/* Wait for it: its exit status, or -errno; -EPROTO if it was killed. */
int spawn_wait(pid_t pid);

#endif

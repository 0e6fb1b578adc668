/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_HALT_H
#define FDB_TESTS_HALT_H

/* For what must come at one moment and no other: a process stands still, all its threads, while the
 * test arranges what it will find; or it has done all that there was to do. */

#include <sys/types.h>

/* SIGSTOP; returns when nothing of it moves. SIGCONT lets it go on. */
void halt_process(pid_t pid);

/* Wait until nothing of it runs: each thread sleeps, for what comes next. */
void halt_await_sleep(pid_t pid);

/* Wait until it has something to read at its descriptor @fd. */
void halt_await_message(pid_t pid, int fd);

#endif

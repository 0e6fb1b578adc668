/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_CHILD_H
#define FDB_DAEMON_CHILD_H

/*
 * Processes of the daemon: programs of their own, each in an address space of its own, with the
 * descriptors it was given and no others.
 */

#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#define CHILD_FDS_MAX 5U

enum child_program { CHILD_BROKER, CHILD_AUDIT, CHILD_PUMP, CHILD_PROGRAMS };

/* Take hold of the programs, before they can be replaced on disk. 0, or -errno, having said why. */
int child_init(void);

/**
 * child_start() - start a program of the daemon
 * @fds:	borrowed; the child finds them as 3, 4, …; -EBADF leaves a number closed
 * @n_fds:	at most CHILD_FDS_MAX
 *
 * The child ignores what a terminal or `systemctl kill` sends to everybody: it ends when its
 * control socket does.
 *
 * Return: 0 or -errno; that the program could not be executed shows as its exit.
 */
int child_start(enum child_program program, const int *fds, size_t n_fds, pid_t *ret_pid);

/* End one that is not watched, and wait for that. Returns @r. */
int child_give_up(pid_t pid, int r);

/**
 * child_watch() - be told of a child's exit
 * @pid:	of child_start(), and not waited for yet
 * @ret:	it must be given up, at the latest, by @told
 *
 * Return: 0 or -errno.
 */
int child_watch(sd_event *event, pid_t pid, sd_event_child_handler_t told, void *context,
		sd_event_source **ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_LANDLOCK_H
#define FDB_DAEMON_LANDLOCK_H

/*
 * Landlock as this kernel has it: glibc 2.36 wraps none of it, and a right that
 * the kernel does not know may not be asked for.
 *
 * Source: landlock(7); Linux 5.13.
 */

#include <stdint.h>

struct landlock {
	int ruleset;	 /* owned; -EBADF: none, or enforced */
	uint64_t rights; /* LANDLOCK_ACCESS_FS_* that this kernel judges: all that it knows */
};

#define LANDLOCK_EMPTY ((struct landlock){ .ruleset = -EBADF })

/* Whether this kernel has it: 0; -EOPNOTSUPP there is none, or it is switched off; another -errno. */
int landlock_probe(void);

/* A ruleset that forbids all: files, TCP, signals and abstract sockets outside.
 * Return: 0; -EOPNOTSUPP there is no Landlock, or it is switched off; another -errno. */
int landlock_init(struct landlock *ret);
void landlock_done(struct landlock *l);

/* Except these rights below a directory; those that the kernel does not judge are left out.
 * @directory may be O_PATH; borrowed. 0 or -errno. */
int landlock_allow(const struct landlock *l, int directory, uint64_t rights);

/* For the calling thread and those that it starts, for good. Needs no_new_privs. 0 or -errno. */
int landlock_enforce(struct landlock *l);

#endif

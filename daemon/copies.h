/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_COPIES_H
#define FDB_DAEMON_COPIES_H

/*
 * The memory of `deliver snapshot`: each copy takes places of its uid until
 * nobody has any way to it any more.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/quota.h"

#define COPIES_UNIT 65536U /* bytes of one place: also the kernel's own for an empty copy */

struct copy;

struct copies {
	int watches; /* inotify(7); owned, to be polled */
	struct quota quota;
	struct copy **buckets; /* by watch; owned */
	size_t n;
};

/* @places: of COPIES_UNIT, in all and of each uid. 0 or -errno; done after a failure too. */
int copies_init(struct copies *copies, size_t places, size_t places_each);
void copies_done(struct copies *copies);

/**
 * copies_add() - count a copy, and leave it readable only, for who has no descriptor
 * @fd:		a memfd, borrowed: it need not be kept
 * @bytes:	that it will hold
 *
 * Return: 0; -EUSERS this uid has all it may have; -ENOSPC nobody can have more; another -errno.
 */
int copies_add(struct copies *copies, int fd, uid_t uid, uint64_t bytes);

/* To be called when @watches can be read: those that are gone are no longer counted. */
void copies_forget(struct copies *copies);

#endif

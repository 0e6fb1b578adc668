/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_DESCENT_H
#define FDB_DAEMON_DESCENT_H

#include <stdbool.h>
#include <stddef.h>

/* The way down a path, as far as there are directories, no link among them. */
struct descent {
	int fd, parent;		/* owned */
	size_t len, parent_len; /* of the path */
	bool complete;		/* nothing of the path is left */
};

/* From the root on. What is missing, a link, or no directory ends the descent; out of memory or
 * descriptors fails: -errno. descent_done() in any case. */
int descent_init(struct descent *d, const char *path);
void descent_done(struct descent *d);

#endif

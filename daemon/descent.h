/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_DESCENT_H
#define FDB_DAEMON_DESCENT_H

#include <stdbool.h>
#include <stddef.h>

#define DESCENT_HELD 16U /* directories; deeper ones take the place of the highest */

/* The way down one path after another, as far as there are directories, no link among them. What a path
 * has in common with the one before it is not gone again: sorted, most directories are looked up once. */
struct descent {
	struct descent_step {
		int fd;	    /* owned */
		size_t len; /* of the path; 0 is the root */
	} steps[DESCENT_HELD];
	size_t n;
	bool complete;	  /* nothing of the path is left */
	const char *path; /* borrowed until the next one is gone */
};

#define DESCENT_NONE ((struct descent){ .n = 0 })

/**
 * descent_go() - go down to @path, from the root on
 * @path:	absolute; it must stay until the next call or descent_done()
 *
 * What is missing, a link, or no directory ends the descent. Return: 0, and there is a last step;
 * out of memory or descriptors: -errno.
 */
int descent_go(struct descent *d, const char *path);
void descent_done(struct descent *d);

/* Where it ended, and the directory above; NULL above the root. */
const struct descent_step *descent_last(const struct descent *d);
const struct descent_step *descent_parent(const struct descent *d);

#endif

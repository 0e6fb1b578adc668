/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_FUSE_H
#define FDB_TESTS_FUSE_H

/*
 * A file system whose server keeps silent: every name in it, but those that begin with "no", is a
 * regular file of six bytes, for all to read and for root to write in vain, and requests of one kind
 * are not answered until fuse_relent(). What begins with "un" says that it is large and has lost its name, and the
 * kernel need not ask for it again. For benchmarks too: without Check.
 */

#include <stdint.h>
#include <sys/types.h>

struct fuse {
	char directory[128]; /* where it is mounted; the caller's */
	pid_t server;
	uint64_t *seen; /* requests by their opcode, shared with it; and what it is silent on */
};

/* @silent: enum fuse_opcode of linux/fuse.h that is not answered, or 0. 0 or -errno. */
int fuse_start(struct fuse *fuse, const char *directory, uint32_t silent);

/* From now on, what is not answered is @opcode. Not after fuse_relent(). */
void fuse_silence(const struct fuse *fuse, uint32_t opcode);

/* Answer what was not, and all that comes. */
void fuse_relent(const struct fuse *fuse);

/* How many of these it was asked. */
uint64_t fuse_seen(const struct fuse *fuse, uint32_t opcode);

/* Unmount; what hangs there fails. 0 or -errno. */
int fuse_stop(struct fuse *fuse);

#endif

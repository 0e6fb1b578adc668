/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_BARE_BATCH_H
#define FDB_BENCH_BARE_BATCH_H

/*
 * The least that a batch can be: names in one message, opened one after the other, and their descriptors in
 * another. No policy, no audit. What is over it in a batch of fdbrokerd's is our code.
 */

#include <stdbool.h>
#include <sys/types.h>

struct bare_batch {
	pid_t pid;
	int sock;
	const char *path; /* borrowed */
	unsigned int n;
};

/*
 * Serve one client, who asks for @n times @path, BARE_FDS_MAX at most. @safely: under Landlock as fdbrokerd
 * has it, where there is one, and with a look at what was opened; a broker that does not cannot tell what it
 * gives away, nor be kept from opening more if it is hijacked. It dies on failure.
 */
void bare_batch_start(struct bare_batch *ret, const char *path, unsigned int n, bool safely);
void bare_batch_stop(struct bare_batch *batch);

/* Ask once, and close what came. @context: struct bare_batch. 0 or -errno. */
int bare_batch_ask(void *context);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_USER_H
#define FDB_TESTS_USER_H

#include <stddef.h>
#include <sys/types.h>

/* Somebody: numbers that need no entry in passwd(5). */
struct user {
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
};

/* For this process, for good; it aborts if it cannot. As root. */
void user_become(const struct user *user);

/* Run @body in a child as @user; returns what forked_run() does. */
int user_run(const struct user *user, int (*body)(const void *arg), const void *arg);

#endif

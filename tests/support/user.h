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

/* Tell the kernel who is who in the user namespace of @pid, or 0: of this process. @file: "setgroups",
 * "uid_map" or "gid_map", of user_namespaces(7). It aborts if that cannot be. */
void user_map(pid_t pid, const char *file, const char *text);

/* In a namespace that this process has made and entered: root there is @uid outside, user and group. */
void user_map_root(uid_t uid);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BASE_ACCOUNT_H
#define FDB_BASE_ACCOUNT_H

/*
 * Users and groups by the name service. Never called while serving: the name
 * service may block, allocate and open files.
 *
 * Every function returns 0; -ESRCH when there is no such user or group; another
 * -errno when the name service itself failed, which is not the same thing.
 */

#include <stddef.h>
#include <sys/types.h>

struct account {
	char *name; /* owned */
	char *home; /* owned */
	uid_t uid;
	gid_t gid;
};

int account_by_name(const char *name, struct account *ret);
int account_by_uid(uid_t uid, struct account *ret);
void account_done(struct account *account);

/* The account's group list as initgroups(3) would set it, primary group included; *ret is malloc'ed. */
int account_groups(const struct account *account, gid_t **ret, size_t *ret_n);

int account_gid_by_name(const char *name, gid_t *ret);
/* *ret_name is the caller's to free. */
int account_group_name(gid_t gid, char **ret_name);

/**
 * account_list() - all users that the name service enumerates
 * @ret:	malloc'ed array, the caller's; free with account_list_free()
 *
 * Some services (LDAP, sssd) do not enumerate: a user missing here may exist. -ENODATA if there
 * is nobody at all.
 */
int account_list(struct account **ret, size_t *ret_n);
void account_list_free(struct account *list, size_t n);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_ACCOUNTS_H
#define FDB_POLICY_ACCOUNTS_H

/* Names of users and groups while a policy is loaded: each looked up once. */

#include <sys/types.h>

#include "policy/compiled.h"

struct accounts;

int accounts_new(struct accounts **ret);
struct accounts *accounts_free(struct accounts *accounts);

/* 0; -ESRCH there is none of that name; another -errno: the name service failed, or memory. */
int accounts_user(struct accounts *accounts, const char *name, uid_t *ret);
int accounts_group(struct accounts *accounts, const char *name, gid_t *ret);

/**
 * accounts_keep() - keep in the policy what its specifiers will need while serving
 *
 * All users that the name service enumerates, and those that the policy names; and the groups
 * that are primary for one of them.
 */
int accounts_keep(const struct accounts *accounts, struct policy *policy);

#endif

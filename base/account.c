/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define BUFFER_FIRST ((size_t)4096)
#define BUFFER_MAX   ((size_t)16 << 20) /* a group of many thousand members */
#define GROUPS_FIRST 64
#define GROUPS_MAX   65536 /* NGROUPS_MAX */

void account_done(struct account *account)
{
	free(account->name);
	free(account->home);
	*account = (struct account){ 0 };
}

static int account_copy(const struct passwd *pw, struct account *ret)
{
	struct account account = {
		.name = strdup(pw->pw_name),
		.home = strdup(pw->pw_dir ? pw->pw_dir : ""),
		.uid = pw->pw_uid,
		.gid = pw->pw_gid,
	};

	if (!account.name || !account.home) {
		account_done(&account);
		return -ENOMEM;
	}
	*ret = account;
	return 0;
}

/* getpwnam_r(3): "not found" comes as success without a result, or as one of these. */
static int lookup_error(int error)
{
	if (error == 0 || error == ENOENT || error == ESRCH)
		return -ESRCH;
	return -error;
}

static int user_lookup(const char *name, uid_t uid, struct account *ret)
{
	for (size_t size = BUFFER_FIRST; size <= BUFFER_MAX; size *= 2) {
		_cleanup_(freep) char *buffer = malloc(size);
		struct passwd pw, *found = NULL;
		int error;

		if (!buffer)
			return -ENOMEM;
		error = name ? getpwnam_r(name, &pw, buffer, size, &found)
			     : getpwuid_r(uid, &pw, buffer, size, &found);
		if (found)
			return account_copy(found, ret);
		if (error != ERANGE)
			return lookup_error(error);
	}
	return -ERANGE;
}

int account_by_name(const char *name, struct account *ret)
{
	return user_lookup(name, 0, ret);
}

int account_by_uid(uid_t uid, struct account *ret)
{
	return user_lookup(NULL, uid, ret);
}

int account_groups(const struct account *account, gid_t **ret, size_t *ret_n)
{
	for (int size = GROUPS_FIRST; size <= GROUPS_MAX; size *= 2) {
		_cleanup_(freep) gid_t *groups = calloc((size_t)size, sizeof(*groups));
		int n = size;

		if (!groups)
			return -ENOMEM;
		if (getgrouplist(account->name, account->gid, groups, &n) >= 0) {
			*ret = TAKE_PTR(groups);
			*ret_n = (size_t)n;
			return 0;
		}
	}
	return -ERANGE;
}

static int group_lookup(const char *name, gid_t gid, gid_t *ret_gid, char **ret_name)
{
	for (size_t size = BUFFER_FIRST; size <= BUFFER_MAX; size *= 2) {
		_cleanup_(freep) char *buffer = malloc(size);
		struct group gr, *found = NULL;
		char *copy;
		int error;

		if (!buffer)
			return -ENOMEM;
		error = name ? getgrnam_r(name, &gr, buffer, size, &found)
			     : getgrgid_r(gid, &gr, buffer, size, &found);
		if (found) {
			copy = strdup(found->gr_name);
			if (!copy)
				return -ENOMEM;
			*ret_name = copy;
			*ret_gid = found->gr_gid;
			return 0;
		}
		if (error != ERANGE)
			return lookup_error(error);
	}
	return -ERANGE;
}

int account_gid_by_name(const char *name, gid_t *ret)
{
	_cleanup_(freep) char *copy = NULL;

	return group_lookup(name, 0, ret, &copy);
}

int account_group_name(gid_t gid, char **ret_name)
{
	gid_t same;

	return group_lookup(NULL, gid, &same, ret_name);
}

static int list_add(struct account **list, size_t *n, size_t *capacity, const struct passwd *pw)
{
	int r;

	if (*n == *capacity) {
		size_t wanted = *capacity ? *capacity * 2 : 64;
		struct account *grown = reallocarray(*list, wanted, sizeof(**list));

		if (!grown)
			return -ENOMEM;
		*list = grown;
		*capacity = wanted;
	}
	r = account_copy(pw, &(*list)[*n]);
	if (r < 0)
		return r;
	(*n)++;
	return 0;
}

int account_list(struct account **ret, size_t *ret_n)
{
	struct account *list = NULL;
	size_t n = 0, capacity = 0;
	struct passwd *pw;
	int r = 0;

	setpwent();
	for (;;) {
		errno = 0;
		pw = getpwent();
		if (!pw) {
			/* getpwent(3): ENOENT is the end as some services say it. */
			r = errno == ENOENT ? 0 : -errno;
			break;
		}
		r = list_add(&list, &n, &capacity, pw);
		if (r < 0)
			break;
	}
	endpwent();
	/* glibc swallows some errors of the first question; nobody at all is an answer of none. */
	if (r == 0 && n == 0)
		r = -ENODATA;
	if (r < 0) {
		account_list_free(list, n);
		return r;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

void account_list_free(struct account *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		account_done(&list[i]);
	free(list);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A look-up costs a file read or a round trip to a directory server, and a
 * large policy names the same user in thousands of rules: answers are kept for
 * as long as the loading takes, the negative ones too, so that all of a policy
 * is judged by one answer.
 */
#include "policy/accounts.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/account.h"
#include "base/cleanup.h"

struct answer {
	const char *name;
	char *copy; /* owned; what name points to */
	int result;
	struct account account; /* of a group: gid only */
};

struct accounts {
	void *users, *groups; /* trees of answers, tsearch(3) */
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct answer *)a)->name, ((const struct answer *)b)->name);
}

static void answer_free(void *item)
{
	struct answer *answer = item;

	account_done(&answer->account);
	free(answer->copy);
	free(answer);
}

static void answer_freep(struct answer **answer)
{
	if (*answer)
		answer_free(*answer);
}

DEFINE_CLEANUP(struct accounts *, accounts_free)

int accounts_new(struct accounts **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

struct accounts *accounts_free(struct accounts *accounts)
{
	if (accounts) {
		tdestroy(accounts->users, answer_free);
		tdestroy(accounts->groups, answer_free);
		free(accounts);
	}
	return NULL;
}

static int look_up_user(struct answer *answer)
{
	return account_by_name(answer->name, &answer->account);
}

static int look_up_group(struct answer *answer)
{
	return account_gid_by_name(answer->name, &answer->account.gid);
}

static int find(void **tree, const char *name, int (*look_up)(struct answer *answer),
		const struct answer **ret)
{
	const struct answer key = { .name = name };
	struct answer *const *found = tfind(&key, tree, compare);
	_cleanup_(answer_freep) struct answer *answer = NULL;

	if (found) {
		*ret = *found;
		return (*ret)->result;
	}
	answer = calloc(1, sizeof(*answer));
	if (!answer)
		return -ENOMEM;
	answer->copy = strdup(name);
	answer->name = answer->copy;
	if (!answer->copy)
		return -ENOMEM;
	answer->result = look_up(answer);
	if (!tsearch(answer, tree, compare))
		return -ENOMEM;
	*ret = TAKE_PTR(answer);
	return (*ret)->result;
}

int accounts_user(struct accounts *accounts, const char *name, uid_t *ret)
{
	const struct answer *answer;
	int r = find(&accounts->users, name, look_up_user, &answer);

	if (r == 0)
		*ret = answer->account.uid;
	return r;
}

int accounts_group(struct accounts *accounts, const char *name, gid_t *ret)
{
	const struct answer *answer;
	int r = find(&accounts->groups, name, look_up_group, &answer);

	if (r == 0)
		*ret = answer->account.gid;
	return r;
}

/* What is being kept. */
struct keeping {
	struct arena *arena;
	struct known_user *users;
	size_t n, room;
	gid_t *gids;
	bool failed;
};

static void keep_user(struct keeping *keeping, const struct account *account)
{
	struct known_user user = {
		.uid = account->uid,
		.order = keeping->n,
		.name = arena_string(keeping->arena, account->name),
		.home = arena_string(keeping->arena, account->home),
	};

	if (!user.name || !user.home) {
		keeping->failed = true;
		return;
	}
	keeping->gids[keeping->n] = account->gid;
	keeping->users[keeping->n++] = user;
}

static void count_named(const void *node, VISIT visit, void *count)
{
	const struct answer *answer = *(struct answer *const *)node;

	if ((visit == postorder || visit == leaf) && answer->result == 0)
		++*(size_t *)count;
}

static void keep_named(const void *node, VISIT visit, void *keeping)
{
	const struct answer *answer = *(struct answer *const *)node;

	if ((visit == postorder || visit == leaf) && answer->result == 0)
		keep_user(keeping, &answer->account);
}

static int compare_uid(const void *a, const void *b)
{
	const struct known_user *x = a, *y = b;

	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int compare_gid(const void *a, const void *b)
{
	gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

	return x < y ? -1 : x > y;
}

/* Several names for one uid: the first that the name service gave, as getpwuid(3) would. */
static size_t drop_doubles(struct known_user *users, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (kept == 0 || users[kept - 1].uid != users[i].uid)
			users[kept++] = users[i];
	return kept;
}

static int keep_groups(struct keeping *keeping, struct policy *policy)
{
	struct known_group *groups = arena_alloc(keeping->arena, keeping->n, sizeof(*groups));
	size_t n = 0;
	int r;

	if (!groups)
		return -ENOMEM;
	qsort(keeping->gids, keeping->n, sizeof(*keeping->gids), compare_gid);
	for (size_t i = 0; i < keeping->n; i++) {
		_cleanup_(freep) char *name = NULL;

		if (i > 0 && keeping->gids[i] == keeping->gids[i - 1])
			continue;
		r = account_group_name(keeping->gids[i], &name);
		if (r == -ESRCH)
			continue;
		if (r < 0)
			return r;
		groups[n].gid = keeping->gids[i];
		groups[n].name = arena_string(keeping->arena, name);
		if (!groups[n++].name)
			return -ENOMEM;
	}
	policy->groups = groups;
	policy->n_groups = n;
	return 0;
}

static int keep_list(const struct accounts *accounts, struct keeping *keeping,
		     const struct account *list, size_t n)
{
	size_t named = 0;

	twalk_r(accounts->users, count_named, &named);
	keeping->users = arena_alloc(keeping->arena, n + named, sizeof(*keeping->users));
	keeping->gids = arena_alloc(keeping->arena, n + named, sizeof(*keeping->gids));
	if (!keeping->users || !keeping->gids)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		keep_user(keeping, &list[i]);
	twalk_r(accounts->users, keep_named, keeping);
	return keeping->failed ? -ENOMEM : 0;
}

int accounts_keep(const struct accounts *accounts, struct policy *policy)
{
	struct keeping keeping = { .arena = &policy->arena };
	struct account *list = NULL;
	size_t n = 0;
	int r;

	r = account_list(&list, &n);
	if (r < 0)
		return r;
	r = keep_list(accounts, &keeping, list, n);
	account_list_free(list, n);
	if (r < 0)
		return r;
	qsort(keeping.users, keeping.n, sizeof(*keeping.users), compare_uid);
	policy->users = keeping.users;
	policy->n_users = drop_doubles(keeping.users, keeping.n);
	if (policy->specifiers & 1U << SPECIFIER_GROUP)
		return keep_groups(&keeping, policy);
	return 0;
}

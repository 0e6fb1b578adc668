/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/quota.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/*
 * A plain array, searched from its start: there are at most as many uids as
 * places, a thousand of eight bytes, and a look through all of them costs less
 * than one of the system calls of an accept.
 */

struct quota_uid {
	uid_t uid;
	size_t taken;
};

int quota_init(struct quota *quota, size_t places, size_t places_each)
{
	*quota = (struct quota){ .places = places, .places_each = places_each };
	quota->reserved = places / 4 < QUOTA_RESERVED ? places / 4 : QUOTA_RESERVED;
	quota->uids = calloc(places, sizeof(*quota->uids));
	return quota->uids ? 0 : -ENOMEM;
}

void quota_done(struct quota *quota)
{
	free(quota->uids);
	*quota = (struct quota){ 0 };
}

static struct quota_uid *find(const struct quota *quota, uid_t uid)
{
	for (size_t i = 0; i < quota->n_uids; i++)
		if (quota->uids[i].uid == uid)
			return &quota->uids[i];
	return NULL;
}

/* What this uid may leave to others. */
static size_t spared(const struct quota *quota, uid_t uid, bool is_new)
{
	if (uid == 0)
		return 0;
	return is_new ? quota->reserved / 2 : quota->reserved;
}

int quota_take_many(struct quota *quota, uid_t uid, size_t n)
{
	struct quota_uid *entry = find(quota, uid);
	size_t has = entry ? entry->taken : 0, left = quota->places - quota->taken;

	if (n > quota->places_each || has > quota->places_each - n)
		return -EUSERS;
	if (n > left || left - n < spared(quota, uid, !entry))
		return -ENOSPC;
	if (!entry) {
		entry = &quota->uids[quota->n_uids++];
		*entry = (struct quota_uid){ .uid = uid };
	}
	entry->taken += n;
	quota->taken += n;
	return 0;
}

int quota_take(struct quota *quota, uid_t uid)
{
	return quota_take_many(quota, uid, 1);
}

void quota_return_many(struct quota *quota, uid_t uid, size_t n)
{
	struct quota_uid *entry = find(quota, uid);

	assert(entry && entry->taken >= n);
	quota->taken -= n;
	entry->taken -= n;
	if (entry->taken == 0)
		*entry = quota->uids[--quota->n_uids];
}

void quota_return(struct quota *quota, uid_t uid)
{
	quota_return_many(quota, uid, 1);
}

size_t quota_of(const struct quota *quota, uid_t uid)
{
	const struct quota_uid *entry = find(quota, uid);

	return entry ? entry->taken : 0;
}

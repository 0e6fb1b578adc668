/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/flood.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/number.h"

/*
 * A bucket is one number: when it will be full again. A record takes a token, which puts that
 * time off by FLOOD_USEC; there is one as long as it is less than a whole bucket away. A uid
 * whose bucket is full, and that nothing is kept of, is forgotten.
 */

#define FULL_USEC (FLOOD_BURST * FLOOD_USEC)

struct flood_uid {
	uid_t uid;
	uint64_t full_usec;
	uint32_t missing; /* not written since its last that was; the last of them is kept */
	uint8_t *bytes;	  /* encoded, owned; NULL: none */
	size_t size;
};

int flood_init(struct flood *flood)
{
	*flood = (struct flood){ .uids = calloc(FLOOD_UIDS, sizeof(*flood->uids)) };
	return flood->uids ? 0 : -ENOMEM;
}

void flood_done(struct flood *flood)
{
	for (size_t i = 0; i < flood->n; i++)
		free(flood->uids[i].bytes);
	free(flood->uids);
	free(flood->taken);
	*flood = (struct flood){ 0 };
}

static void forget_silent(struct flood *flood, uint64_t now_usec)
{
	size_t kept = 0;

	for (size_t i = 0; i < flood->n; i++)
		if (flood->uids[i].missing > 0 || flood->uids[i].full_usec > now_usec)
			flood->uids[kept++] = flood->uids[i];
	flood->n = kept;
}

/* The last place is for all whom there is no place for. */
static struct flood_uid *find(struct flood *flood, uid_t uid, uint64_t now_usec)
{
	for (size_t i = 0; i < flood->n; i++)
		if (flood->uids[i].uid == uid)
			return &flood->uids[i];
	if (flood->n == FLOOD_UIDS)
		forget_silent(flood, now_usec);
	if (flood->n == FLOOD_UIDS)
		return &flood->uids[FLOOD_UIDS - 1];
	flood->uids[flood->n] = (struct flood_uid){ .uid = uid };
	return &flood->uids[flood->n++];
}

static void drop_kept(struct flood_uid *entry)
{
	free(entry->bytes);
	entry->bytes = NULL;
	entry->missing = 0;
}

/* Without memory the count alone is kept, for the next that is written. */
static void keep(struct flood_uid *entry, const struct record *record)
{
	uint8_t buffer[RECORD_SIZE_MAX] _uninitialized_, *bytes;
	int size = record_write(record, buffer, sizeof(buffer));

	bytes = size < 0 ? NULL : realloc(entry->bytes, (size_t)size);
	if (bytes) {
		memcpy(bytes, buffer, (size_t)size);
		entry->bytes = bytes;
		entry->size = (size_t)size;
	}
	entry->missing = number_sum(entry->missing, number_sum(1, record->lost));
}

bool flood_admits(struct flood *flood, struct record *record, uint64_t now_usec)
{
	struct record_who who _uninitialized_;
	struct flood_uid *entry;

	if (record->outcome == RECORD_ALLOW && record->as_root)
		return true;
	if (record_read_who(record, &who) < 0)
		return false;
	entry = find(flood, who.facts.uid, now_usec);
	if (entry->full_usec < now_usec)
		entry->full_usec = now_usec;
	if (entry->full_usec - now_usec > FULL_USEC - FLOOD_USEC) {
		keep(entry, record);
		return false;
	}
	entry->full_usec += FLOOD_USEC;
	record->lost = number_sum(record->lost, entry->missing);
	drop_kept(entry);
	return true;
}

static bool take(struct flood *flood, struct flood_uid *entry, struct record *ret)
{
	uint32_t missing = entry->missing;

	free(flood->taken);
	flood->taken = entry->bytes;
	entry->bytes = NULL;
	entry->missing = 0;
	if (!flood->taken || record_read(flood->taken, entry->size, ret) < 0)
		return false;
	ret->lost = missing - 1;
	return true;
}

bool flood_take(struct flood *flood, uint64_t now_usec, struct record *ret)
{
	for (size_t i = 0; i < flood->n; i++)
		if (flood->uids[i].missing > 0 && flood->uids[i].full_usec <= now_usec &&
		    take(flood, &flood->uids[i], ret))
			return true;
	return false;
}

uint64_t flood_next_usec(const struct flood *flood)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < flood->n; i++)
		if (flood->uids[i].missing > 0 && flood->uids[i].full_usec < next)
			next = flood->uids[i].full_usec;
	return next;
}

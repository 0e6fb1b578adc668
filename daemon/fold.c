/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/number.h"

/*
 * Entries stand in the order of their first records, so that the oldest is
 * the next to end. A record is kept as it came: two that say the same differ in their heads alone.
 */

struct fold_entry {
	uint64_t hash; /* of what follows the head */
	uint64_t end_usec;
	uint32_t repeat; /* after the first */
	uint32_t lost;	 /* sum over the folded ones */
	uint8_t *bytes;	 /* the first, with the head of the latest; owned */
	size_t size;
};

int fold_init(struct fold *fold)
{
	*fold = (struct fold){ .entries = calloc(FOLD_ENTRIES, sizeof(*fold->entries)) };
	return fold->entries ? 0 : -ENOMEM;
}

void fold_done(struct fold *fold)
{
	for (size_t i = 0; i < fold->n; i++)
		free(fold->entries[i].bytes);
	free(fold->entries);
	free(fold->taken);
	*fold = (struct fold){ 0 };
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

/* Eight bytes at a time; of the last eight some may be among those before them. */
uint64_t fold_hash(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t hash = 0, word;

	for (size_t at = RECORD_HEAD_SIZE; at + sizeof(word) < size; at += sizeof(word)) {
		memcpy(&word, bytes + at, sizeof(word));
		hash = mix(hash, word);
	}
	memcpy(&word, bytes + size - sizeof(word), sizeof(word));
	return mix(hash, word);
}

/* Equal hashes alone could be a caller's doing. */
static bool says_the_same(const struct fold_entry *entry, const uint8_t *data, size_t size)
{
	return entry->size == size && memcmp(entry->bytes + RECORD_HEAD_SIZE,
					     data + RECORD_HEAD_SIZE, size - RECORD_HEAD_SIZE) == 0;
}

static struct fold_entry *find(const struct fold *fold, const uint8_t *data, size_t size)
{
	const uint64_t hash = fold_hash(data, size);

	for (size_t i = 0; i < fold->n; i++) {
		struct fold_entry *entry = &fold->entries[i];

		if (entry->hash == hash && says_the_same(entry, data, size))
			return entry;
	}
	return NULL;
}

bool fold_counts(struct fold *fold, const void *data, size_t size)
{
	struct fold_entry *entry = size < RECORD_HEAD_SIZE ? NULL : find(fold, data, size);

	if (!entry)
		return false;
	memcpy(entry->bytes, data, RECORD_HEAD_SIZE);
	entry->repeat++;
	entry->lost = number_sum(entry->lost, record_read_lost(data));
	return true;
}

void fold_begin(struct fold *fold, const void *data, size_t size, uint64_t now_usec)
{
	struct fold_entry *entry = &fold->entries[fold->n];
	uint8_t *bytes;

	if (fold->n == FOLD_ENTRIES)
		return;
	bytes = malloc(size);
	if (!bytes)
		return;
	memcpy(bytes, data, size);
	*entry = (struct fold_entry){ .hash = fold_hash(bytes, size),
				      .end_usec = now_usec + FOLD_USEC,
				      .bytes = bytes,
				      .size = size };
	fold->n++;
}

static struct fold_entry take_oldest(struct fold *fold)
{
	struct fold_entry oldest = fold->entries[0];

	fold->n--;
	memmove(fold->entries, fold->entries + 1, fold->n * sizeof(*fold->entries));
	return oldest;
}

bool fold_take(struct fold *fold, uint64_t now_usec, struct record *ret, uint32_t *ret_repeat)
{
	while (fold->n > 0 && fold->entries[0].end_usec <= now_usec) {
		struct fold_entry entry = take_oldest(fold);

		free(fold->taken);
		fold->taken = entry.bytes;
		if (entry.repeat == 0 || record_read(entry.bytes, entry.size, ret) < 0)
			continue;
		ret->lost = entry.lost;
		*ret_repeat = entry.repeat;
		return true;
	}
	return false;
}

uint64_t fold_next_usec(const struct fold *fold)
{
	return fold->n > 0 ? fold->entries[0].end_usec : UINT64_MAX;
}

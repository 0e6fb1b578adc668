/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"

/*
 * Entries stand in the order of their first records, so that the oldest is
 * the next to end. A record is kept encoded: most are a twentieth of the struct.
 */

struct fold_entry {
	uint64_t hash;
	uint64_t end_usec;
	uint32_t repeat; /* after the first */
	uint32_t lost;	 /* sum over the folded ones */
	uint8_t *bytes;	 /* the latest of them, encoded; owned */
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
	*fold = (struct fold){ 0 };
}

/* FNV-1a. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
	for (const uint8_t *at = bytes; size > 0; at++, size--)
		hash = (hash ^ *at) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t hash_record(const struct record *record)
{
	const uint64_t numbers[] = { (uint64_t)record->outcome,
				     record->reason,
				     (uint64_t)record->error,
				     record->modes,
				     record->as_root,
				     (uint64_t)record->sender_pid,
				     record->who.connection,
				     record->generation,
				     (uint64_t)record->shadow.kind,
				     record->shadow.as_root };
	uint64_t hash = hash_bytes(UINT64_C(0xcbf29ce484222325), numbers, sizeof(numbers));

	hash = hash_bytes(hash, record->rule, strlen(record->rule) + 1);
	hash = hash_bytes(hash, record->shadow.rule, strlen(record->shadow.rule) + 1);
	hash = hash_bytes(hash, record->other.path, record->other.path_len);
	return hash_bytes(hash, record->path, record->path_len);
}

static bool has_the_same_other(const struct record_other *a, const struct record_other *b)
{
	return a->act == b->act && a->is_new == b->is_new && a->modes == b->modes &&
	       a->path_len == b->path_len && memcmp(a->path, b->path, a->path_len) == 0 &&
	       strcmp(a->rule, b->rule) == 0;
}

static bool has_the_same_shadow(const struct record_shadow *a, const struct record_shadow *b)
{
	return a->kind == b->kind && a->reason == b->reason && a->as_root == b->as_root &&
	       strcmp(a->condition, b->condition) == 0 && strcmp(a->rule, b->rule) == 0;
}

/* Whether both say the same: equal hashes alone could be a caller's doing. */
static bool says_the_same(const struct record *a, const struct record *b)
{
	return a->outcome == b->outcome && a->reason == b->reason && a->error == b->error &&
	       a->modes == b->modes && a->as_root == b->as_root && a->sender_pid == b->sender_pid &&
	       a->who.connection == b->who.connection && a->generation == b->generation &&
	       strcmp(a->rule, b->rule) == 0 && has_the_same_shadow(&a->shadow, &b->shadow) &&
	       has_the_same_other(&a->other, &b->other) && a->path_len == b->path_len &&
	       memcmp(a->path, b->path, a->path_len) == 0;
}

static struct fold_entry *find(struct fold *fold, const struct record *record, uint64_t hash)
{
	static struct record kept; /* 22 KiB: not on the stack of every call */

	for (size_t i = 0; i < fold->n; i++) {
		struct fold_entry *entry = &fold->entries[i];

		if (entry->hash == hash && record_read(entry->bytes, entry->size, &kept) == 0 &&
		    says_the_same(&kept, record))
			return entry;
	}
	return NULL;
}

static int keep(struct fold_entry *entry, const struct record *record)
{
	uint8_t buffer[RECORD_SIZE_MAX] _uninitialized_, *bytes = entry->bytes;
	int size = record_write(record, buffer, sizeof(buffer));

	if (size < 0)
		return size;
	/* Those that say the same mostly are as long. */
	if ((size_t)size != entry->size)
		bytes = realloc(entry->bytes, (size_t)size);
	if (!bytes)
		return -ENOMEM;
	memcpy(bytes, buffer, (size_t)size);
	entry->bytes = bytes;
	entry->size = (size_t)size;
	return 0;
}

bool fold_add(struct fold *fold, const struct record *record, uint64_t now_usec)
{
	uint64_t hash = hash_record(record);
	struct fold_entry *entry = find(fold, record, hash);

	if (entry) {
		if (keep(entry, record) < 0)
			return true;
		entry->repeat++;
		entry->lost += record->lost;
		return false;
	}
	if (fold->n < FOLD_ENTRIES) {
		entry = &fold->entries[fold->n];
		*entry = (struct fold_entry){ .hash = hash, .end_usec = now_usec + FOLD_USEC };
		if (keep(entry, record) == 0)
			fold->n++;
	}
	return true;
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
		_cleanup_(freep) uint8_t *bytes = entry.bytes;

		if (entry.repeat == 0 || record_read(bytes, entry.size, ret) < 0)
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

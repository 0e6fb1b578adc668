/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_FOLD_H
#define FDB_DAEMON_FOLD_H

/*
 * A program that is refused asks again, perhaps a thousand times a second. The
 * first record is written at once; those that say the same of the same process
 * within the next ten seconds become one, which says how many it stands for.
 *
 * Pure: the time is the caller's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/record.h"

#define FOLD_USEC    UINT64_C(10000000)
#define FOLD_ENTRIES 256U /* different records in that time; more are written unfolded */

struct fold {
	struct fold_entry *entries; /* oldest first; owned */
	size_t n;
	void *taken; /* what fold_take() gave last; owned */
};

int fold_init(struct fold *fold);
void fold_done(struct fold *fold);

/**
 * fold_counts() - whether bytes say what a record before them said, and are counted with that one
 * @data:	a record, encoded; or whatever else somebody sent
 *
 * Nobody has to read them: but for the head, which has no form that is wrong, they are the very bytes
 * of a record that was read whole.
 */
bool fold_counts(struct fold *fold, const void *data, size_t size);

/* This record, encoded, is written now; from @now_usec on those that say the same are counted. */
void fold_begin(struct fold *fold, const void *data, size_t size, uint64_t now_usec);

/* Of what follows the head, which is there. Whoever knows it can make two records that have the same. */
uint64_t fold_hash(const void *data, size_t size);

/* Take what is to be written by @now_usec, one after the other; false: nothing is left.
 * @ret is the last of @ret_repeat records, and borrowed until the next one is taken. */
bool fold_take(struct fold *fold, uint64_t now_usec, struct record *ret, uint32_t *ret_repeat);

/* When fold_take() has something to do; UINT64_MAX: never. */
uint64_t fold_next_usec(const struct fold *fold);

#endif

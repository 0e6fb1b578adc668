/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_FLOOD_H
#define FDB_DAEMON_FLOOD_H

/*
 * A program that asks for a million different names must not fill the log, nor
 * bury what others did in it. Each uid may have FLOOD_BURST records written at once and then one
 * each FLOOD_USEC. What is beyond is only counted: the uid's next record says, as `lost`, how many
 * are missing before it. What was opened as root is always written.
 *
 * Pure: the time is the caller's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/record.h"

#define FLOOD_BURST 200U	    /* records of one uid: a program that starts is no flood */
#define FLOOD_USEC  UINT64_C(20000) /* per record after that: 50 in a second */
#define FLOOD_UIDS  1024U	    /* of which this is kept; further ones share one allowance */

struct flood {
	struct flood_uid *uids; /* owned */
	size_t n;
	void *taken; /* what flood_take() gave last; owned */
};

int flood_init(struct flood *flood);
void flood_done(struct flood *flood);

/* Whether @record is to be written; then its `lost` has those that were not before it. */
bool flood_admits(struct flood *flood, struct record *record, uint64_t now_usec);

/* Of uids that have been silent since: take the last record that was not written, whose `lost` has
 * those before it; one after the other, false: nothing is left. It is borrowed until the next. */
bool flood_take(struct flood *flood, uint64_t now_usec, struct record *ret);

/* When flood_take() has something to do; UINT64_MAX: never. */
uint64_t flood_next_usec(const struct flood *flood);

#endif

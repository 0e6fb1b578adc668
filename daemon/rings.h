/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_RINGS_H
#define FDB_DAEMON_RINGS_H

/*
 * The rings by which brokers tell the audit process, and the queues of their bells, as the parent keeps
 * them: one for each generation, from its start until the audit process has read all that its broker wrote. One that is
 * started anew gets them all again, so that no record is lost by its crash, nor by its broker's.
 */

#include <stddef.h>
#include <stdint.h>

struct attendant;
struct rings_kept;

struct rings {
	struct attendant *audit; /* borrowed */
	struct rings_kept *list; /* oldest first */
	size_t n;
};

void rings_init(struct rings *rings, struct attendant *audit);
void rings_done(struct rings *rings);

/**
 * rings_open() - make a ring, and give the audit process its end
 * @generation:	its number; never one of before
 * @ret_memory:	for the broker; borrowed until the next call
 * @ret_bell:	for the broker alone, whose death is its end; the caller's
 *
 * Return: 0 or -errno.
 */
int rings_open(struct rings *rings, uint64_t generation, int *ret_memory, int *ret_bell);

/* The audit process is there, and knows nothing: give it all. */
void rings_give_anew(struct rings *rings);

/* It is through with that of a generation, if that is still kept. */
void rings_close(struct rings *rings, uint64_t generation);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/rings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "daemon/attendant.h"
#include "daemon/control.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/ring.h"

struct rings_kept {
	struct rings_kept *next;
	uint64_t generation;
	int memory, bell; /* the end that is listened to */
	bool is_given;
};

static struct rings_kept *free_one(struct rings_kept *kept)
{
	if (!kept)
		return NULL;
	fd_close(kept->memory);
	fd_close(kept->bell);
	free(kept);
	return NULL;
}

DEFINE_CLEANUP(struct rings_kept *, free_one)

void rings_init(struct rings *rings, struct attendant *audit)
{
	*rings = (struct rings){ .audit = audit };
}

static void drop(struct rings *rings, struct rings_kept **at)
{
	struct rings_kept *kept = *at;

	*at = kept->next;
	rings->n--;
	free_one(kept);
}

void rings_done(struct rings *rings)
{
	while (rings->list)
		drop(rings, &rings->list);
}

static int give_one(const struct rings *rings, const struct rings_kept *kept)
{
	return attendant_send(rings->audit, &(const struct control){ .type = CONTROL_RING,
								     .ring = kept->generation,
								     .fd = kept->memory,
								     .bell = kept->bell });
}

/* What cannot be given now, because nobody is there or too much was said, is given with the next, or to
 * the next. */
static void give(struct rings *rings)
{
	for (struct rings_kept *kept = rings->list; kept; kept = kept->next)
		if (!kept->is_given)
			kept->is_given = give_one(rings, kept) == 0;
}

void rings_give_anew(struct rings *rings)
{
	for (struct rings_kept *kept = rings->list; kept; kept = kept->next)
		kept->is_given = false;
	give(rings);
}

/* Whoever makes generations faster than the audit process, which may wait for the journal, reads. What
 * it was given it has all the same. */
static void make_room(struct rings *rings)
{
	if (rings->n < LIMIT_RINGS)
		return;
	log_warning("the audit process is behind: records of broker %" PRIu64 " may be lost",
		    rings->list->generation);
	drop(rings, &rings->list);
}

static void append(struct rings *rings, struct rings_kept *take_kept)
{
	struct rings_kept **at = &rings->list;

	while (*at)
		at = &(*at)->next;
	*at = take_kept;
	rings->n++;
}

static int make(uint64_t generation, struct rings_kept **ret, int *ret_bell)
{
	_cleanup_(free_onep) struct rings_kept *kept = malloc(sizeof(*kept));
	int pair[2], r;

	if (!kept)
		return -ENOMEM;
	*kept = (struct rings_kept){ .generation = generation, .memory = -EBADF, .bell = -EBADF };
	kept->memory = ring_create();
	if (kept->memory < 0)
		return kept->memory;
	r = attendant_make_queue(pair, false);
	if (r < 0)
		return r;
	kept->bell = pair[0];
	*ret_bell = pair[1];
	*ret = TAKE_PTR(kept);
	return 0;
}

int rings_open(struct rings *rings, uint64_t generation, int *ret_memory, int *ret_bell)
{
	struct rings_kept *kept;
	int bell, r;

	make_room(rings);
	r = make(generation, &kept, &bell);
	if (r < 0)
		return r;
	append(rings, kept);
	give(rings);
	*ret_memory = kept->memory;
	*ret_bell = bell;
	return 0;
}

void rings_close(struct rings *rings, uint64_t generation)
{
	struct rings_kept **at = &rings->list;

	while (*at && (*at)->generation != generation)
		at = &(*at)->next;
	if (*at)
		drop(rings, at);
}

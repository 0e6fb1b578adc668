/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/lookout.h"

#include <time.h>

#include "base/code.h"
#include "daemon/workers.h"

/*
 * What blocks where it should not (a mark of fanotify(7)'s, a device number that has come to mean
 * another file system) is found by looking every tick as long as there are requests, and sleeping
 * when there are none. So an open that blocks by surprise holds everybody up for a tick or two.
 */

#define TICK_NSEC 2000000

/* Until the leader does not get on. Without the lock: he has it most of the time, so that each look would
 * take it from him, and on a busy machine a thread that waits for it stops him several times. */
static unsigned int await_stillness(struct workers *w)
{
	static const struct timespec tick = { .tv_nsec = TICK_NSEC };
	unsigned int before, now = w->begun;

	do {
		before = now;
		nanosleep(&tick, NULL);
		w->tick++;
		now = w->begun;
	} while (now != before && !w->over);
	return now;
}

/* What the start needed goes when the first who wait have their answers. */
static void settle(struct workers *w)
{
	lock_release(&w->lock);
	(void)await_stillness(w);
	code_release();
	lock_take(&w->lock);
}

/* It has begun nothing for a tick. */
static void look(struct workers *w, unsigned int begun)
{
	if (w->begun != begun)
		return;
	if (w->leader->is_opening)
		workers_replace_leader(w);
	else
		w->is_watched = false;
}

static void watch(struct workers *w)
{
	unsigned int begun;

	lock_release(&w->lock);
	begun = await_stillness(w);
	lock_take(&w->lock);
	/* A leader that could not be prepared is gone by now. */
	if (!w->over)
		look(w, begun);
}

void lookout_keep(struct workers *w)
{
	settle(w);
	while (!w->over) {
		if (w->is_watched)
			watch(w);
		else
			workers_await(w, &w->watch);
	}
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/waiting.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/places.h"

/*
 * As long as the connections are few, so is this list: a walk through it is nothing beside an
 * open that may block. All wait equally long at most, so that the oldest is the first to be late.
 */

int waiting_add(struct waiting **list, const struct exchange *x, uint64_t deadline_usec)
{
	struct waiting *new = malloc(sizeof(*new));

	if (!new)
		return -ENOMEM;
	*new = (struct waiting){ .x = *x,
				 .deadline_usec = deadline_usec,
				 .outside = x->outcome.outside };
	exchange_adopt(&new->x);
	session_ref(new->x.session);
	while (*list)
		list = &(*list)->next;
	*list = new;
	return 0;
}

static struct waiting *take_out(struct waiting **at)
{
	struct waiting *taken = *at;

	*at = taken->next;
	return taken;
}

struct waiting *waiting_take(struct waiting **list, const struct workers *workers)
{
	struct waiting **best = NULL;
	uint32_t fewest = UINT32_MAX;

	for (struct waiting **at = list; *at; at = &(*at)->next) {
		uid_t uid = (*at)->x.session->facts.uid;
		uint32_t n = places_of(workers, uid);

		if ((*at)->outside || n >= fewest || !places_are_free(workers, uid))
			continue;
		fewest = n;
		best = at;
	}
	return best ? take_out(best) : NULL;
}

struct waiting *waiting_take_outside(struct waiting **list)
{
	while (*list && !(*list)->outside)
		list = &(*list)->next;
	return *list ? take_out(list) : NULL;
}

struct waiting *waiting_take_late(struct waiting **list, uint64_t now_usec)
{
	return *list && now_usec >= (*list)->deadline_usec ? take_out(list) : NULL;
}

void waiting_drop(struct waiting **list, const struct session *session)
{
	while (*list)
		if ((*list)->x.session == session)
			waiting_free(take_out(list));
		else
			list = &(*list)->next;
}

void waiting_free(struct waiting *waiting)
{
	session_unref(waiting->x.session);
	free(waiting);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/places.h"

#include <stddef.h>

#include "daemon/session.h"
#include "daemon/workers.h"

/*
 * Shares: a uid has so many places at most, stuck ones included, and the last quarter is for uids
 * that have none. Who blocks by surprise has one too, even where there was none to have: nobody could
 * ask before. So nothing more is opened for a uid that does so too often, or for anybody.
 */

uint32_t places_of(const struct workers *w, uid_t uid)
{
	uint32_t n = 0;

	for (const struct worker *i = w->list; i && w->n_away > 0; i = i->next)
		n += i->is_away && i->uid == uid;
	return n;
}

bool places_are_free(const struct workers *w, uid_t uid)
{
	uint32_t own = places_of(w, uid), kept = own > 0 ? w->setup.places / 4 : 0;

	return own < w->setup.places_each && w->n_away + kept < w->setup.places;
}

bool places_may_be_free(const struct workers *w, uid_t uid)
{
	uint32_t n = 0;

	for (const struct worker *i = w->list; i; i = i->next)
		n += i->is_stuck && i->uid == uid;
	return n < w->setup.places_each;
}

bool places_distrust(const struct workers *w, uid_t uid)
{
	uint32_t n = 0;

	if (w->n_surprised >= w->setup.places)
		return true;
	for (const struct worker *i = w->list; i && w->n_surprised > 0; i = i->next)
		n += i->was_surprised && i->uid == uid;
	return n >= w->setup.places_each;
}

uint32_t places_stuck(const struct workers *w)
{
	uint32_t n = 0;

	for (const struct worker *i = w->list; i; i = i->next)
		n += i->is_stuck;
	return n;
}

void places_take(struct worker *worker, struct session *session, uid_t uid, uint64_t deadline_usec)
{
	struct workers *w = worker->all;

	worker->is_away = true;
	worker->uid = uid;
	worker->session = session ? session_ref(session) : NULL;
	worker->deadline_usec = deadline_usec;
	w->n_away++;
	w->n_left += session != NULL;
}

void places_return(struct worker *worker)
{
	struct workers *w = worker->all;

	if (!worker->is_away)
		return;
	worker->session = session_unref(worker->session);
	w->n_away--;
	w->n_surprised -= worker->was_surprised;
	worker->is_away = worker->was_surprised = worker->is_stuck = false;
	atomic_store(&worker->given_up, false);
	discards_have_place(&w->discards);
}

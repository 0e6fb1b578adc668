/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/succession_parts.h"

#include <stdlib.h>
#include <string.h>

/*
 * A generation's policy never changes: to reload is to start another one, and
 * the old one goes on until the new one is ready, so that a bad policy costs
 * nothing. Then the old one is told to read no more, and only when it says that
 * it has stopped are the connections given to the new one: no two read from
 * one connection. How that goes on with what they tell is in succession_told.c.
 *
 * Nobody waits for an old one: it is killed if it does not stop, and if it does not end even
 * then, the next one serves without it.
 */

int succession_init(struct succession *s, const struct succession_setup *setup)
{
	*s = (struct succession){ .setup = *setup, .restart = CONTROL_LOAD_UNASKED };
	return succession_start(s, CONTROL_LOAD_UNASKED);
}

uint64_t succession_reload(struct succession *s, bool must_keep)
{
	if (s->closing)
		return s->last_number;
	s->must_keep |= must_keep;
	if (s->next) {
		/* It may have read the policy before it was changed: another one after it. */
		s->again = true;
		return s->next->start.generation + 1;
	}
	succession_start_now(s, CONTROL_LOAD_ASKED);
	return s->last_number;
}

void succession_take_back(struct succession *s)
{
	s->back = s->next != NULL;
	if (!s->next && !s->closing)
		succession_start_now(s, CONTROL_LOAD_LAST_GOOD);
}

uint64_t succession_shadow(struct succession *s, const char *directory)
{
	if (s->closing || s->next || !succession_is_serving(s) ||
	    strlen(directory) > CONTROL_PATH_MAX || !succession_ask_same(s))
		return 0;
	strcpy(s->setup.start.shadow_directory, directory);
	succession_start_now(s, CONTROL_LOAD_SHADOW);
	return s->next ? s->last_number : 0;
}

int succession_unshadow(struct succession *s)
{
	if (!s->serving || s->serving->start.shadow_directory[0] == '\0')
		return -ENOENT;
	return generation_unshadow(s->serving);
}

bool succession_is_degraded(const struct succession *s)
{
	return s->serving && (s->loaded == CONTROL_LOAD_NOTHING ||
			      (s->loaded == CONTROL_LOAD_LAST_GOOD && s->why));
}

int succession_give(struct succession *s, const struct control *connection)
{
	int r;

	if (!succession_is_serving(s))
		return -EAGAIN;
	r = generation_send(s->serving, connection);
	/* It died, and its exit is about to be told. */
	return r == -EPIPE || r == -ECONNRESET ? -EAGAIN : r;
}

void succession_tell_idle(struct succession *s)
{
	if (s->closing && !s->serving && !s->next && !s->leaving)
		s->setup.idle(s->setup.context);
}

void succession_close(struct succession *s)
{
	s->closing = true;
	s->delay = sd_event_source_disable_unref(s->delay);
	s->renewal = sd_event_source_disable_unref(s->renewal);
	for (struct generation *g = s->leaving; g; g = g->next)
		generation_leave(g);
	if (s->next)
		generation_leave(s->next);
	if (s->serving)
		generation_leave(s->serving);
	succession_tell_idle(s);
}

void succession_done(struct succession *s)
{
	struct generation *g;

	while ((g = s->leaving)) {
		s->leaving = g->next;
		generation_free(g);
	}
	generation_free(s->next);
	generation_free(s->serving);
	sd_event_source_disable_unref(s->delay);
	sd_event_source_disable_unref(s->renewal);
	free(s->refused);
	free(s->why);
	*s = (struct succession){ 0 };
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What each message of a broker's means, and in which state it may come. */
#include "daemon/generation_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "daemon/limits.h"
#include "daemon/tallies.h"

/* READY's text is the summary, an empty line, the warnings. */
static size_t summary_len(const char *text)
{
	const char *at = text;

	while (*at != '\0' && *at != '\n') {
		at = strchrnul(at, '\n');
		at += *at == '\n';
	}
	return (size_t)(at - text);
}

static int keep_ready(struct generation *g, const struct control *message)
{
	_cleanup_(freep) char *text = NULL;
	size_t len;
	int r;

	r = control_copy_text(message, &text);
	if (r < 0)
		return r;
	len = summary_len(text);
	g->summary = strndup(text, len);
	g->warnings = strdup(text + len + (text[len] == '\n'));
	return g->summary && g->warnings ? 0 : -ENOMEM;
}

static bool is_ready(struct generation *g, const struct control *message)
{
	if (g->state != GENERATION_LOADING || keep_ready(g, message) < 0 ||
	    tallies_seal(g->tally) < 0)
		return false;
	g->timer = sd_event_source_disable_unref(g->timer);
	g->kept = message->kept;
	g->uses_pump = message->uses_pump;
	g->state = GENERATION_SERVING;
	generation_tell(g, GENERATION_READY, message);
	return true;
}

static bool is_refused(struct generation *g, const struct control *message)
{
	if (g->state != GENERATION_LOADING)
		return false;
	g->state = GENERATION_LEAVING;
	generation_tell(g, GENERATION_REFUSED, message);
	return true;
}

static bool is_unconfirmed(struct generation *g, const struct control *message)
{
	if (g->state != GENERATION_LOADING || g->start.load != CONTROL_LOAD_UNASKED)
		return false;
	g->state = GENERATION_LEAVING;
	generation_tell(g, GENERATION_UNCONFIRMED, message);
	return true;
}

static bool has_stopped(struct generation *g, const struct control *message)
{
	if (g->state != GENERATION_STOPPING ||
	    generation_set_timer(g, LIMIT_LEAVE_SEC + LIMIT_STOP_SEC) < 0)
		return false;
	g->state = GENERATION_LEAVING;
	generation_tell(g, GENERATION_STOPPED, message);
	return true;
}

static bool has_counted(struct generation *g, const struct control *message)
{
	char *text;

	if (g->asked == 0 || control_copy_text(message, &text) < 0)
		return false;
	g->asked--;
	free(g->counters);
	g->counters = text;
	generation_tell(g, GENERATION_COUNTED, message);
	return true;
}

static bool has_lost_one(struct generation *g, const struct control *message)
{
	generation_tell(g, GENERATION_UNSERVED, message);
	return true;
}

static bool wants_renewal(struct generation *g, const struct control *message)
{
	generation_tell(g, GENERATION_OUTSIDE, message);
	return true;
}

bool generation_take(struct generation *g, const struct control *message)
{
	switch (message->type) {
	case CONTROL_READY:
		return is_ready(g, message);
	case CONTROL_REFUSED:
		return is_refused(g, message);
	case CONTROL_UNCONFIRMED:
		return is_unconfirmed(g, message);
	case CONTROL_STOPPED:
		return has_stopped(g, message);
	case CONTROL_COUNTERS:
		return has_counted(g, message);
	case CONTROL_UNSERVED:
		return has_lost_one(g, message);
	case CONTROL_RENEW:
		return wants_renewal(g, message);
	case CONTROL_START:
	case CONTROL_CONNECTION:
	case CONTROL_STOP:
	case CONTROL_ASK:
	case CONTROL_ROOM:
	case CONTROL_UNSHADOW:
	case CONTROL_RING:
	case CONTROL_RING_READ:
		break;
	}
	return false;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/succession_parts.h"

#include <inttypes.h>

#include "daemon/log.h"
#include "daemon/messages.h"

void succession_log_take_over(const struct succession *s, const struct generation *g)
{
	if (g->start.load == CONTROL_LOAD_RENEWED)
		log_notice("generation %" PRIu64 " serves the same policy, whose places have "
			   "changed%s",
			   g->start.generation, s->had_shadow ? "; the shadow has ended" : "");
	else if (g->start.load == CONTROL_LOAD_NOTHING)
		log_event(MESSAGE_DEGRADED,
			  "generation %" PRIu64 " serves nothing: there is no valid policy",
			  g->start.generation);
	else if (s->why)
		log_event(MESSAGE_DEGRADED,
			  "generation %" PRIu64 " serves the last good policy: the installed one "
			  "is not valid",
			  g->start.generation);
	else if (g->start.load == CONTROL_LOAD_SHADOW)
		log_notice("generation %" PRIu64 " serves, a shadow beside it",
			   g->start.generation);
	else
		log_notice("generation %" PRIu64 " serves%s", g->start.generation,
			   succession_is_installed(g->start.load) ? "" : " the last good policy");
}

void succession_log_refused(const struct succession *s, const struct generation *g)
{
	if (g->start.load == CONTROL_LOAD_SHADOW)
		log_notice("shadow refused");
	else if (g->start.load == CONTROL_LOAD_RENEWED)
		log_error("generation %" PRIu64 " goes on: it cannot be renewed",
			  s->serving ? s->serving->start.generation : 0);
	else
		log_event(MESSAGE_REFUSED, "%spolicy refused%s",
			  succession_is_installed(g->start.load) ? "" : "last good ",
			  s->serving ? ", the running one stays" : "");
}

void succession_log_end(const struct generation *g)
{
	if (g->killed)
		log_error("broker %" PRIu64 " %s", g->start.generation, g->ending);
	else if (g->state != GENERATION_LEAVING)
		log_error("broker %" PRIu64 " %s, unasked", g->start.generation, g->ending);
}

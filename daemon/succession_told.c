/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a generation tells of itself, and what follows from that.
 *
 * Where nobody serves, at the start and after a crash, a policy that does not
 * load leads to a degraded generation: of the last good policy, or, where there is none or
 * the admin does not want it, one that refuses every request and says so: a client learns more
 * from that than from a connection that nobody answers.
 */

#include "daemon/succession_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "daemon/log.h"
#include "daemon/messages.h"

/* taking over */

static void leave(struct succession *s, struct generation *g)
{
	g->next = s->leaving;
	s->leaving = g;
	s->n_leaving++;
}

/* What was asked for while another one was being started. */
static void go_on(struct succession *s)
{
	if (s->next || s->closing)
		return;
	if (s->back)
		succession_take_back(s);
	else if (s->again)
		(void)succession_reload(s, s->must_keep);
	else
		succession_renew_in_time(s);
}

static void decide(struct succession *s, const struct control_start *start, int exit_code,
		   const char *text)
{
	/* That a candidate is bad is nobody's reload. */
	if (exit_code != 0 && start->load != CONTROL_LOAD_SHADOW) {
		free(s->refused);
		s->refused = strdup(text);
		s->refused_usec = clock_realtime_usec();
	}
	s->setup.decided(s->setup.context, start->generation, exit_code, text);
	go_on(s);
}

/* A renewal changes nothing of that. */
static void note_loaded(struct succession *s, enum control_load load)
{
	if (load == CONTROL_LOAD_RENEWED)
		return;
	/* A shadow stands beside what is installed, or it is refused. */
	s->loaded = load == CONTROL_LOAD_SHADOW ? CONTROL_LOAD_ASKED : load;
	s->loaded_usec = clock_realtime_usec();
}

static void take_over(struct succession *s)
{
	struct generation *g = s->next;

	s->serving = g;
	s->next = NULL;
	s->outside = false;
	note_loaded(s, g->start.load);
	if (succession_is_installed(g->start.load)) {
		free(s->why);
		s->why = NULL;
	}
	succession_log_take_over(s, g);
	s->setup.serves(s->setup.context);
	if (succession_is_asked(g->start.load))
		decide(s, &g->start, 0, g->warnings);
	else
		go_on(s);
}

static void on_ready(struct succession *s, struct generation *g)
{
	if (g != s->next)
		return;
	if (!s->serving)
		take_over(s);
	else if (s->serving->state == GENERATION_SERVING)
		generation_stop(s->serving);
}

static void on_stopped(struct succession *s, struct generation *g)
{
	if (g != s->serving)
		return;
	s->serving = NULL;
	s->had_shadow = g->start.shadow_directory[0] != '\0';
	leave(s, g);
	s->setup.vacant(s->setup.context, false);
	if (s->next && s->next->state == GENERATION_SERVING)
		take_over(s);
	/* The one that it stopped for has died since. */
	else if (!s->next && !s->closing)
		succession_start_later(s);
}

/* refusing */

static void start_instead(struct succession *s, enum control_load load)
{
	if (!s->serving && !s->next && !s->closing)
		succession_start_now(s, load);
}

static void fall_back(struct succession *s, enum control_load failed)
{
	bool last_good = succession_is_installed(failed) && s->setup.use_last_good;

	/* The one that served has died meanwhile, and the policy itself was not judged. */
	if (succession_is_beside(failed))
		start_instead(s, s->restart);
	else
		start_instead(s, last_good ? CONTROL_LOAD_LAST_GOOD : CONTROL_LOAD_NOTHING);
}

/* Of several reasons why it is not the installed policy that serves, all. */
static void add_why(struct succession *s, enum control_load failed, const char *text)
{
	_cleanup_(freep) char *before = TAKE_PTR(s->why);

	if (succession_is_installed(failed)) {
		free(before);
		before = NULL;
	}
	if (asprintf(&s->why, "%s%s%.*s", before ?: "",
		     before ? "; and the last good policy: " : "", (int)strcspn(text, "\n"),
		     text) < 0)
		s->why = NULL;
}

/* The generation @failed does not come to serve. */
static void do_without(struct succession *s, const struct control_start *failed, const char *text)
{
	if (!s->serving && !succession_is_beside(failed->load))
		add_why(s, failed->load, text);
	if (succession_is_asked(failed->load)) {
		decide(s, failed, 2, text);
	} else if (failed->load == CONTROL_LOAD_RENEWED) {
		go_on(s);
	} else {
		s->setup.stays(s->setup.context, text);
		go_on(s);
	}
	fall_back(s, failed->load);
}

static void on_refused(struct succession *s, struct generation *g, const struct control *message)
{
	_cleanup_(freep) char *text = NULL;

	if (g != s->next)
		return;
	if (control_copy_text(message, &text) < 0)
		text = strdup("error: out of memory\n");
	s->next = NULL;
	leave(s, g);
	succession_log_refused(s, g);
	log_error_lines(text ?: "", text ? strlen(text) : 0);
	do_without(s, &g->start, text ?: "");
}

/* Whoever restarts the daemon, or crashes it, has confirmed nothing. */
static void on_unconfirmed(struct succession *s, struct generation *g)
{
	if (g != s->next)
		return;
	s->next = NULL;
	leave(s, g);
	log_notice("the installed policy was not confirmed and is not loaded unasked");
	start_instead(s, CONTROL_LOAD_LAST_GOOD);
}

/* ending */

static void forget(struct succession *s, struct generation *g)
{
	for (struct generation **at = &s->leaving; *at; at = &(*at)->next) {
		if (*at != g)
			continue;
		*at = g->next;
		s->n_leaving--;
		return;
	}
}

static void next_is_gone(struct succession *s, struct generation *g)
{
	char text[128];

	s->next = NULL;
	snprintf(text, sizeof(text), "the new broker %s before it was ready\n", g->ending);
	if (g->start.load == CONTROL_LOAD_NOTHING)
		succession_start_later(s);
	else
		do_without(s, &g->start, text);
}

static void serving_is_gone(struct succession *s)
{
	s->serving = NULL;
	s->setup.vacant(s->setup.context, true);
	if (s->closing)
		return;
	if (s->next && s->next->state == GENERATION_SERVING)
		take_over(s);
	else if (!s->next)
		succession_start_later(s);
}

static void on_stuck(struct succession *s, struct generation *g)
{
	log_error("broker %" PRIu64 " %s: going on without it", g->start.generation, g->ending);
	if (g != s->next && g != s->serving)
		return;
	leave(s, g);
	if (g == s->next)
		next_is_gone(s, g);
	else
		serving_is_gone(s);
}

static void on_gone(struct succession *s, struct generation *g)
{
	succession_log_end(g);
	if (g == s->next)
		next_is_gone(s, g);
	else if (g == s->serving)
		serving_is_gone(s);
	else
		forget(s, g);
	generation_free(g);
	succession_tell_idle(s);
}

void succession_told(void *context, struct generation *g, enum generation_event event,
		     const struct control *message)
{
	struct succession *s = context;

	switch (event) {
	case GENERATION_READY:
		on_ready(s, g);
		break;
	case GENERATION_REFUSED:
		on_refused(s, g, message);
		break;
	case GENERATION_UNCONFIRMED:
		on_unconfirmed(s, g);
		break;
	case GENERATION_STOPPED:
		on_stopped(s, g);
		break;
	case GENERATION_ROOM:
		if (g == s->serving)
			s->setup.room(s->setup.context);
		break;
	case GENERATION_COUNTED:
		s->setup.counted(s->setup.context);
		break;
	case GENERATION_OUTSIDE:
		succession_outside(s, g);
		break;
	case GENERATION_UNSERVED:
		if (g == s->serving)
			s->setup.unserved(s->setup.context, message->facts.connection);
		break;
	case GENERATION_STUCK:
		on_stuck(s, g);
		break;
	case GENERATION_GONE:
		on_gone(s, g);
		break;
	}
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/succession.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/messages.h"

/*
 * A generation's policy never changes: to reload is to start another one, and
 * the old one goes on until the new one is ready, so that a bad policy costs
 * nothing. Then the old one is told to read no more, and only when it says that
 * it has stopped are the connections given to the new one: no two read from
 * one connection.
 *
 * Where nobody serves, at the start and after a crash, a policy that does not
 * load leads to a degraded generation: of the last good policy, or, where there is none or
 * the admin does not want it, one that refuses every request and says so: a client learns more
 * from that than from a connection that nobody answers.
 *
 * Nobody waits for an old one: it is killed if it does not stop, and if it does not end even
 * then, the next one serves without it.
 *
 * A generation whose hull has become too small for its policy asks for a renewal: another one of
 * the same policy, which looks at the file system as it is now. Clients can bring that about as
 * often as they can move directories, so that there is one a second at most; and when it fails,
 * which is nobody's reload, the old one goes on.
 *
 * A crash is answered at once, and crashes in a row ever slower: a request that
 * kills its broker must not keep this machine busy.
 */

#define RENEWAL_USEC	     USEC_PER_SEC	 /* from one renewal to the next, at least */
#define CRASH_CALM_USEC	     (10 * USEC_PER_SEC) /* without a crash: the next is the first again */
#define CRASH_DELAY_USEC     (50 * USEC_PER_MSEC)
#define CRASH_DELAY_MAX_USEC (5 * USEC_PER_SEC)

static void on_told(void *context, struct generation *g, enum generation_event event,
		    const struct control *message);

/* starting one */

static uint64_t first_decision(void)
{
	uint32_t high;

	/* getrandom(2): once the pool is ready, which it is long before us, small reads succeed. */
	if (getrandom(&high, sizeof(high), 0) != sizeof(high))
		high = (uint32_t)clock_realtime_usec();
	return (uint64_t)high << 32;
}

static bool is_installed(enum control_load load)
{
	return load == CONTROL_LOAD_ASKED || load == CONTROL_LOAD_UNASKED;
}

/* The value of a line of READY's summary, or false. */
static bool summary_value(const struct generation *g, const char *key, char *ret, size_t size)
{
	size_t len = strlen(key);

	for (const char *line = g->summary; *line; line = strchrnul(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) != 0 || line[len] != ' ')
			continue;
		snprintf(ret, size, "%.*s", (int)strcspn(line + len + 1, "\n"), line + len + 1);
		return true;
	}
	return false;
}

static int start(struct succession *s, enum control_load load)
{
	const struct generation_setup setup = { .event = s->setup.event,
						.start = &s->setup.start,
						.audit = s->setup.audit,
						.pump = s->setup.pump,
						.told = on_told,
						.context = s };

	s->setup.start.generation = ++s->last_number;
	s->setup.start.first_decision = first_decision();
	s->setup.start.load = load;
	s->setup.start.must_keep = s->must_keep && load == CONTROL_LOAD_ASKED;
	/* A candidate is for one generation: what follows it serves without. */
	if (load != CONTROL_LOAD_SHADOW)
		s->setup.start.shadow_directory[0] = '\0';
	if (load != CONTROL_LOAD_SHADOW && load != CONTROL_LOAD_RENEWED)
		s->setup.start.same_policy[0] = '\0';
	/* It reads what is there now, for whoever asked so far. */
	if (is_installed(load))
		s->again = s->must_keep = false;
	return generation_start(&s->next, &setup);
}

/* What it is told to serve is what serves already. */
static bool is_beside(enum control_load load)
{
	return load == CONTROL_LOAD_SHADOW || load == CONTROL_LOAD_RENEWED;
}

/* Does somebody wait to be told? */
static bool is_asked(enum control_load load)
{
	return is_installed(load) || load == CONTROL_LOAD_SHADOW;
}

static int on_delay(sd_event_source *source, uint64_t usec, void *context);

static uint64_t crash_delay(const struct succession *s)
{
	uint64_t usec = s->crashes > 1 ? CRASH_DELAY_USEC << (s->crashes - 2) : 0;

	return s->crashes > 8 || usec > CRASH_DELAY_MAX_USEC ? CRASH_DELAY_MAX_USEC : usec;
}

static void start_later(struct succession *s)
{
	uint64_t now = clock_monotonic_usec();
	int r;

	s->crashes = now - s->crash_usec < CRASH_CALM_USEC ? s->crashes + 1 : 1;
	s->crash_usec = now;
	s->n_crashes++;
	s->delay = sd_event_source_disable_unref(s->delay);
	r = sd_event_add_time_relative(s->setup.event, &s->delay, CLOCK_MONOTONIC, crash_delay(s),
				       0, on_delay, s);
	if (r < 0)
		(void)sd_event_exit(s->setup.event,
				    log_error_errno(r, "cannot wait for a broker's turn: %m"));
}

static int on_delay(sd_event_source *source, uint64_t usec, void *context)
{
	struct succession *s = context;
	int r;

	(void)source;
	(void)usec;
	if (s->next || s->closing)
		return 0;
	r = start(s, s->restart);
	if (r < 0) {
		log_error_errno(r, "cannot start a broker: %m");
		start_later(s);
	}
	return 0;
}

/* renewing */

static bool is_serving(const struct succession *s)
{
	return s->serving && s->serving->state == GENERATION_SERVING;
}

static void renew(struct succession *s)
{
	struct control_start *asked = &s->setup.start;
	int r = -ENODATA;

	s->outside = false;
	s->renewed_usec = clock_monotonic_usec();
	s->n_renewals++;
	if (summary_value(s->serving, "policy", asked->same_policy, sizeof(asked->same_policy)))
		r = start(s, CONTROL_LOAD_RENEWED);
	if (r < 0)
		log_error_errno(r, "cannot renew generation %" PRIu64 ": %m",
				s->serving->start.generation);
}

static int on_renewal(sd_event_source *source, uint64_t usec, void *context)
{
	struct succession *s = context;

	(void)source;
	(void)usec;
	s->renewal = sd_event_source_disable_unref(s->renewal);
	/* What is being started instead looks at the file system too. */
	if (s->outside && !s->next && !s->closing && is_serving(s))
		renew(s);
	return 0;
}

static void renew_in_time(struct succession *s)
{
	uint64_t due = s->renewed_usec > 0 ? s->renewed_usec + RENEWAL_USEC : 0;
	int r;

	if (!s->outside || s->next || s->closing || s->renewal)
		return;
	r = sd_event_add_time(s->setup.event, &s->renewal, CLOCK_MONOTONIC, due, 1, on_renewal, s);
	if (r < 0)
		log_error_errno(r, "cannot wait for a renewal's turn: %m");
}

static void on_outside(struct succession *s, const struct generation *g)
{
	if (g != s->serving || !is_serving(s))
		return;
	s->outside = true;
	renew_in_time(s);
}

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
		renew_in_time(s);
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

static void log_take_over(const struct succession *s, const struct generation *g)
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
			   is_installed(g->start.load) ? "" : " the last good policy");
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
	if (is_installed(g->start.load)) {
		free(s->why);
		s->why = NULL;
	}
	log_take_over(s, g);
	s->setup.serves(s->setup.context);
	if (is_asked(g->start.load))
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
		start_later(s);
}

/* refusing */

static void start_instead(struct succession *s, enum control_load load)
{
	int r;

	if (s->serving || s->next || s->closing)
		return;
	r = start(s, load);
	if (r < 0) {
		log_error_errno(r, "cannot start a broker: %m");
		start_later(s);
	}
}

static void fall_back(struct succession *s, enum control_load failed)
{
	bool last_good = is_installed(failed) && s->setup.use_last_good;

	/* The one that served has died meanwhile, and the policy itself was not judged. */
	if (is_beside(failed))
		start_instead(s, s->restart);
	else
		start_instead(s, last_good ? CONTROL_LOAD_LAST_GOOD : CONTROL_LOAD_NOTHING);
}

/* Of several reasons why it is not the installed policy that serves, all. */
static void add_why(struct succession *s, enum control_load failed, const char *text)
{
	_cleanup_(freep) char *before = TAKE_PTR(s->why);

	if (is_installed(failed)) {
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
	if (!s->serving && !is_beside(failed->load))
		add_why(s, failed->load, text);
	if (is_asked(failed->load)) {
		decide(s, failed, 2, text);
	} else if (failed->load == CONTROL_LOAD_RENEWED) {
		go_on(s);
	} else {
		s->setup.stays(s->setup.context, text);
		go_on(s);
	}
	fall_back(s, failed->load);
}

static void log_refused(const struct succession *s, const struct generation *g)
{
	if (g->start.load == CONTROL_LOAD_SHADOW)
		log_notice("shadow refused");
	else if (g->start.load == CONTROL_LOAD_RENEWED)
		log_error("generation %" PRIu64 " goes on: it cannot be renewed",
			  s->serving ? s->serving->start.generation : 0);
	else
		log_event(MESSAGE_REFUSED, "%spolicy refused%s",
			  is_installed(g->start.load) ? "" : "last good ",
			  s->serving ? ", the running one stays" : "");
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
	log_refused(s, g);
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

static void log_end(const struct generation *g)
{
	if (g->killed)
		log_error("broker %" PRIu64 " %s", g->start.generation, g->ending);
	else if (g->state != GENERATION_LEAVING)
		log_error("broker %" PRIu64 " %s, unasked", g->start.generation, g->ending);
}

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
		start_later(s);
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
		start_later(s);
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

static void tell_idle(struct succession *s)
{
	if (s->closing && !s->serving && !s->next && !s->leaving)
		s->setup.idle(s->setup.context);
}

static void on_gone(struct succession *s, struct generation *g)
{
	log_end(g);
	if (g == s->next)
		next_is_gone(s, g);
	else if (g == s->serving)
		serving_is_gone(s);
	else
		forget(s, g);
	generation_free(g);
	tell_idle(s);
}

static void on_told(void *context, struct generation *g, enum generation_event event,
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
		on_outside(s, g);
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

/* what its owner asks for */

int succession_init(struct succession *s, const struct succession_setup *setup)
{
	*s = (struct succession){ .setup = *setup, .restart = CONTROL_LOAD_UNASKED };
	return start(s, CONTROL_LOAD_UNASKED);
}

static void start_now(struct succession *s, enum control_load load)
{
	int r;

	s->delay = sd_event_source_disable_unref(s->delay);
	r = start(s, load);
	if (r < 0) {
		log_error_errno(r, "cannot start a broker: %m");
		start_later(s);
	}
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
	start_now(s, CONTROL_LOAD_ASKED);
	return s->last_number;
}

void succession_take_back(struct succession *s)
{
	s->back = s->next != NULL;
	if (!s->next && !s->closing)
		start_now(s, CONTROL_LOAD_LAST_GOOD);
}

uint64_t succession_shadow(struct succession *s, const char *directory)
{
	struct control_start *asked = &s->setup.start;

	if (s->closing || s->next || !is_serving(s) || strlen(directory) > CONTROL_PATH_MAX ||
	    !summary_value(s->serving, "policy", asked->same_policy, sizeof(asked->same_policy)))
		return 0;
	strcpy(asked->shadow_directory, directory);
	start_now(s, CONTROL_LOAD_SHADOW);
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

	if (!is_serving(s))
		return -EAGAIN;
	r = generation_send(s->serving, connection);
	/* It died, and its exit is about to be told. */
	return r == -EPIPE || r == -ECONNRESET ? -EAGAIN : r;
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
	tell_idle(s);
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

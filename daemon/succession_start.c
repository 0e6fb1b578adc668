/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A crash is answered at once, and crashes in a row ever slower: a request that
 * kills its broker must not keep this machine busy.
 */

#include "daemon/succession_parts.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "daemon/log.h"

#define CRASH_CALM_USEC	     (10 * USEC_PER_SEC) /* without a crash: the next is the first again */
#define CRASH_DELAY_USEC     (50 * USEC_PER_MSEC)
#define CRASH_DELAY_MAX_USEC (5 * USEC_PER_SEC)

static uint64_t first_decision(void)
{
	uint32_t high;

	/* getrandom(2): once the pool is ready, which it is long before us, small reads succeed. */
	if (getrandom(&high, sizeof(high), 0) != sizeof(high))
		high = (uint32_t)clock_realtime_usec();
	return (uint64_t)high << 32;
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

bool succession_ask_same(struct succession *s)
{
	struct control_start *asked = &s->setup.start;

	return summary_value(s->serving, "policy", asked->same_policy, sizeof(asked->same_policy));
}

int succession_start(struct succession *s, enum control_load load)
{
	const struct generation_setup setup = { .event = s->setup.event,
						.start = &s->setup.start,
						.rings = s->setup.rings,
						.pump = s->setup.pump,
						.told = succession_told,
						.context = s };

	s->setup.start.generation = ++s->last_number;
	s->setup.start.first_decision = first_decision();
	s->setup.start.load = load;
	s->setup.start.must_keep = s->must_keep && load == CONTROL_LOAD_ASKED;
	/* A candidate is for one generation: what follows it serves without. */
	if (load != CONTROL_LOAD_SHADOW)
		s->setup.start.shadow_directory[0] = '\0';
	if (!succession_is_beside(load))
		s->setup.start.same_policy[0] = '\0';
	/* It reads what is there now, for whoever asked so far. */
	if (succession_is_installed(load))
		s->again = s->must_keep = false;
	return generation_start(&s->next, &setup);
}

static uint64_t crash_delay(const struct succession *s)
{
	uint64_t usec = s->crashes > 1 ? CRASH_DELAY_USEC << (s->crashes - 2) : 0;

	return s->crashes > 8 || usec > CRASH_DELAY_MAX_USEC ? CRASH_DELAY_MAX_USEC : usec;
}

static int on_delay(sd_event_source *source, uint64_t usec, void *context)
{
	struct succession *s = context;

	(void)source;
	(void)usec;
	if (!s->next && !s->closing)
		succession_start_now(s, s->restart);
	return 0;
}

void succession_start_later(struct succession *s)
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

void succession_start_now(struct succession *s, enum control_load load)
{
	int r;

	s->delay = sd_event_source_disable_unref(s->delay);
	r = succession_start(s, load);
	if (r < 0) {
		log_error_errno(r, "cannot start a broker: %m");
		succession_start_later(s);
	}
}

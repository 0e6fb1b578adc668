/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/trial.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/kept.h"
#include "daemon/log.h"
#include "daemon/messages.h"

/*
 * The last good policy is the one that served before the trial, and stays it until somebody confirms: so
 * there is always something to go back to, also for a daemon that was restarted in between, which finds in
 * KEPT_UNCONFIRMED what it must not load unasked. The clock belongs to the daemon and not to the
 * connection that asked for the trial: an admin who has locked himself out has no connection.
 */

static bool covers(const struct trial *trial, uint64_t number)
{
	return trial->first != 0 && number >= trial->first;
}

/* One that was asked for meanwhile is another trial. */
static void end_trial(struct trial *trial)
{
	trial->timer = sd_event_source_disable_unref(trial->timer);
	trial->first = trial->asked;
	trial->deadline = 0;
	trial->is_returning = trial->has_unconfirmed = false;
}

static int note(struct trial *trial, int r, const char *what)
{
	snprintf(trial->problem, sizeof(trial->problem), "%s: %s", what, strerror(-r));
	return log_error_errno(r, "%s: %m", what);
}

/* time */

static int on_timer(sd_event_source *source, uint64_t usec, void *context)
{
	struct trial *trial = context;

	(void)source;
	(void)usec;
	trial->is_returning = true;
	trial->deadline = 0;
	log_event(MESSAGE_UNCONFIRMED,
		  "the policy on trial was not confirmed: back to that of generation %" PRIu64,
		  trial->confirmed);
	trial->setup.take_back(trial->setup.context);
	return 0;
}

static void start_clock(struct trial *trial)
{
	uint64_t usec = trial->asked_sec * USEC_PER_SEC;
	int r;

	trial->asked = 0;
	trial->is_returning = false;
	trial->deadline = clock_monotonic_usec() + usec;
	trial->timer = sd_event_source_disable_unref(trial->timer);
	r = sd_event_add_time_relative(trial->setup.event, &trial->timer, CLOCK_MONOTONIC, usec, 0,
				       on_timer, trial);
	if (r < 0) {
		(void)note(trial, r, "no clock for the trial: taking it back at once");
		(void)on_timer(NULL, 0, trial);
	}
}

/* keeping */

static bool move(struct trial *trial, const struct generation *g, enum kept to)
{
	int r;

	if (g->kept == CONTROL_KEPT_ALREADY)
		return to == KEPT_LAST_GOOD;
	if (g->kept == CONTROL_KEPT_NOT)
		return false;
	r = kept_move(trial->setup.state, KEPT_LOADING, to);
	if (r < 0)
		(void)note(trial, r, "the policy's sources could not be kept");
	return r == 0;
}

static void serves_on_trial(struct trial *trial, const struct generation *g)
{
	trial->serving = g->start.generation;
	trial->taken_back = 0;
	trial->has_unconfirmed = move(trial, g, KEPT_UNCONFIRMED);
	if (trial->asked != 0 && g->start.generation >= trial->asked)
		start_clock(trial);
}

static void serves_as_good(struct trial *trial, const struct generation *g)
{
	trial->problem[0] = '\0';
	trial->taken_back = 0;
	trial->confirmed = g->start.generation;
	trial->has_last_good = move(trial, g, KEPT_LAST_GOOD);
	if (trial->setup.state && kept_remove(trial->setup.state, KEPT_UNCONFIRMED) < 0)
		log_warning("the sources of a policy that was not confirmed stay in %s",
			    trial->setup.state);
}

static void serves_again(struct trial *trial, const struct generation *g)
{
	if (trial_is_on(trial)) {
		trial->taken_back = trial->serving;
		end_trial(trial);
	}
	trial->confirmed = g->start.generation;
	trial->has_last_good = true;
}

void trial_serves(struct trial *trial, const struct generation *g)
{
	switch (g->start.load) {
	case CONTROL_LOAD_ASKED:
	case CONTROL_LOAD_UNASKED:
		if (covers(trial, g->start.generation))
			serves_on_trial(trial, g);
		else
			serves_as_good(trial, g);
		break;
	case CONTROL_LOAD_LAST_GOOD:
		serves_again(trial, g);
		break;
	case CONTROL_LOAD_SHADOW:
	case CONTROL_LOAD_RENEWED:
		/* The same policy, and what is kept of it stays. */
		if (covers(trial, g->start.generation))
			trial->serving = g->start.generation;
		else
			trial->confirmed = g->start.generation;
		break;
	case CONTROL_LOAD_NOTHING:
	case CONTROL_LOADS:
		trial->has_last_good = false;
		break;
	}
}

/* what is asked for */

int trial_check(const struct trial *trial, uint32_t sec, struct text *why)
{
	if (sec == 0 || sec > TRIAL_SEC_MAX) {
		text_printf(why, "error: a trial takes 1 s to %u s\n", TRIAL_SEC_MAX);
		return -ERANGE;
	}
	if (!trial->has_last_good) {
		text_puts(why, "error: there is nothing to go back to: the sources of the policy "
			       "that serves are not kept\n");
		return -ENOENT;
	}
	return 0;
}

void trial_ask(struct trial *trial, uint64_t number, uint32_t sec)
{
	if (trial->first == 0)
		trial->first = number;
	trial->asked = number;
	trial->asked_sec = sec;
}

void trial_refused(struct trial *trial, uint64_t number)
{
	if (trial->asked == 0 || number < trial->asked)
		return;
	trial->asked = 0;
	/* Nothing came of it, unless another one is on trial already. */
	if (trial->deadline == 0 && !trial->is_returning)
		end_trial(trial);
}

void trial_stays(struct trial *trial, const char *why)
{
	int len = (int)strcspn(why, "\n");

	if (!trial_is_on(trial))
		return;
	snprintf(trial->problem, sizeof(trial->problem),
		 "not confirmed, and it could not be taken back: %.*s", len, why);
	log_event(MESSAGE_STAYS,
		  "the policy that was not confirmed could not be taken back: that of generation "
		  "%" PRIu64 " does not load: %.*s",
		  trial->confirmed, len, why);
	trial->has_last_good = false;
	end_trial(trial);
}

bool trial_is_on(const struct trial *trial)
{
	return trial->deadline != 0 || trial->is_returning;
}

static int refuse_confirmation(const struct trial *trial, struct text *said)
{
	if (trial->is_returning)
		text_printf(said, "too late: generation %" PRIu64 " is being restored\n",
			    trial->confirmed);
	else if (trial->taken_back != 0)
		text_printf(said,
			    "too late: the policy of generation %" PRIu64 " was not confirmed in "
			    "time and is gone\n",
			    trial->taken_back);
	else
		text_puts(said, "nothing waits for a confirmation\n");
	return 1;
}

int trial_confirm(struct trial *trial, struct text *said)
{
	int r = -ENOENT;

	if (trial->deadline == 0)
		return refuse_confirmation(trial, said);
	text_printf(said, "confirmed: generation %" PRIu64 " stays\n", trial->serving);
	if (trial->has_unconfirmed)
		r = kept_move(trial->setup.state, KEPT_UNCONFIRMED, KEPT_LAST_GOOD);
	trial->has_last_good = r == 0;
	trial->confirmed = trial->serving;
	end_trial(trial);
	if (r < 0) {
		(void)note(trial, r, "the confirmed policy could not be kept");
		text_printf(said,
			    "it could not be kept: %s\na restart of the daemon would go back to "
			    "the "
			    "policy of before: fdbrokerctl reload\n",
			    strerror(-r));
	}
	return r;
}

/* what there is to say */

static void add_path(const struct trial *trial, const char *key, enum kept which, struct text *out)
{
	text_printf(out, "%s ", key);
	kept_path(trial->setup.state, which, out);
	text_puts(out, "\n");
}

static void add_sources(const struct trial *trial, const struct generation *g, struct text *out)
{
	bool on_trial = covers(trial, g->start.generation);

	if (on_trial ? trial->has_unconfirmed : trial->has_last_good)
		add_path(trial, "sources", on_trial ? KEPT_UNCONFIRMED : KEPT_LAST_GOOD, out);
	if (trial->has_last_good)
		add_path(trial, "last-good", KEPT_LAST_GOOD, out);
}

void trial_print(const struct trial *trial, const struct generation *serving, struct text *out)
{
	uint64_t now = clock_monotonic_usec();

	if (trial->deadline != 0 || trial->is_returning)
		text_printf(out, "on-trial %" PRIu64 "\nback-to %" PRIu64 "\n",
			    trial->deadline > now
				    ? (trial->deadline - now + USEC_PER_SEC - 1) / USEC_PER_SEC
				    : 0,
			    trial->confirmed);
	if (trial->taken_back != 0)
		text_printf(out, "taken-back %" PRIu64 "\n", trial->taken_back);
	if (trial->problem[0] != '\0')
		text_printf(out, "problem %s\n", trial->problem);
	if (serving && trial->setup.state)
		add_sources(trial, serving, out);
}

void trial_init(struct trial *trial, const struct trial_setup *setup)
{
	*trial = (struct trial){ .setup = *setup };
}

void trial_done(struct trial *trial)
{
	trial->timer = sd_event_source_disable_unref(trial->timer);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_TRIAL_H
#define FDB_DAEMON_TRIAL_H

/*
 * What is kept of policies that serve, and policies on trial: loaded by `reload --confirm`, and taken back
 * if nobody confirms them in time. Who serves is succession's business; this says when to take back.
 *
 *	(none)		→ ASKED		a reload on trial was asked for
 *	ASKED		→ ON		it serves: the clock runs
 *			→ (none)	it was refused
 *	ON		→ ON		another one: the clock starts anew; a plain reload is part of the trial
 *			→ (none)	confirmed, or its generation died
 *			→ RETURNING	out of time
 *	RETURNING	→ (none)	the last good policy serves; or it cannot, and what is there stays
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/text.h"
#include "daemon/generation.h"

#define TRIAL_SEC_MAX 86400U /* a longer one was not meant to end */

struct trial_setup {
	sd_event *event;
	const char *state; /* the state directory; NULL: nothing is kept */
	/* Out of time: trial_serves() or trial_stays() follows. */
	void (*take_back)(void *context);
	void *context;
};

struct trial {
	struct trial_setup setup;
	uint64_t first;	      /* the generation from which on all are on trial; 0: none is */
	uint64_t asked;	      /* a generation that is to be on trial and does not serve yet; or 0 */
	uint32_t asked_sec;   /* for how long */
	uint64_t deadline;    /* monotonic, of what serves on trial; 0: the clock does not run */
	bool is_returning;    /* out of time */
	uint64_t serving;     /* the generation that serves on trial, or did */
	uint64_t confirmed;   /* the generation that served last without being on trial */
	bool has_last_good;   /* KEPT_LAST_GOOD is what `confirmed` serves */
	bool has_unconfirmed; /* KEPT_UNCONFIRMED is what serves on trial */
	uint64_t taken_back;  /* the generation that was not confirmed, or 0 */
	char problem[192];    /* what went wrong last, or "" */
	sd_event_source *timer;
};

void trial_init(struct trial *trial, const struct trial_setup *setup);
void trial_done(struct trial *trial);

/* Can there be one? 0; or -errno, and @why is what to tell the admin. */
int trial_check(const struct trial *trial, uint32_t sec, struct text *why);
/* Generation @number is to be on trial for @sec seconds. */
void trial_ask(struct trial *trial, uint64_t number, uint32_t sec);
/* It was refused. */
void trial_refused(struct trial *trial, uint64_t number);

/* @g serves now: move what it has read to where it belongs, and start the clock. */
void trial_serves(struct trial *trial, const struct generation *g);
/* The last good policy does not come to serve, for @why. */
void trial_stays(struct trial *trial, const char *why);

/* Is what serves on trial? Then a crash ends it too. */
bool trial_is_on(const struct trial *trial);

/* What serves is good: 0; 1 nothing is on trial; -errno it serves and could not be kept. @said is what to
 * tell the admin. */
int trial_confirm(struct trial *trial, struct text *said);

/* `key value` lines for the status. */
void trial_print(const struct trial *trial, const struct generation *serving, struct text *out);

#endif

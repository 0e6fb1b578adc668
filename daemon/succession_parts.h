/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_SUCCESSION_PARTS_H
#define FDB_DAEMON_SUCCESSION_PARTS_H

/* What succession.c is made of. */

#include <stdbool.h>

#include "daemon/succession.h"

/* What is installed, in contrast to what served once. */
static inline bool succession_is_installed(enum control_load load)
{
	return load == CONTROL_LOAD_ASKED || load == CONTROL_LOAD_UNASKED;
}

/* What it is told to serve is what serves already. */
static inline bool succession_is_beside(enum control_load load)
{
	return load == CONTROL_LOAD_SHADOW || load == CONTROL_LOAD_RENEWED;
}

/* Does somebody wait to be told? */
static inline bool succession_is_asked(enum control_load load)
{
	return succession_is_installed(load) || load == CONTROL_LOAD_SHADOW;
}

static inline bool succession_is_serving(const struct succession *s)
{
	return s->serving && s->serving->state == GENERATION_SERVING;
}

/* Where there is nobody left, its owner is told. */
void succession_tell_idle(struct succession *s);

/* What every generation tells: succession_told.c. */
void succession_told(void *context, struct generation *g, enum generation_event event,
		     const struct control *message);

/* Make `next`. */
int succession_start(struct succession *s, enum control_load load);
/* The same, and if it fails, after a while. */
void succession_start_now(struct succession *s, enum control_load load);
/* One has crashed: another one when it is time for that. */
void succession_start_later(struct succession *s);

/* The next one is to serve the same policy as `serving`; false: that has not said which that is. */
bool succession_ask_same(struct succession *s);

/* @g asks for a renewal. */
void succession_outside(struct succession *s, const struct generation *g);
/* Renew `serving` if it has asked so, as soon as it may be. */
void succession_renew_in_time(struct succession *s);

/* Lines for the admin. */
void succession_log_take_over(const struct succession *s, const struct generation *g);
void succession_log_refused(const struct succession *s, const struct generation *g);
void succession_log_end(const struct generation *g);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_ADMIN_H
#define FDB_DAEMON_ADMIN_H

/*
 * The admin socket: root asks for a reload or for the status, and is answered
 * when there is an answer. Only root: by the socket's mode 0600, and by its peer.
 */

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/text.h"

struct admin_session;

struct admin_setup {
	sd_event *event;
	int listener; /* borrowed */
	/* Start a reload; the number that admin_decided() will reach. */
	uint64_t (*reload)(void *context);
	/* The same on trial; 0: it is not possible, and @why says why. */
	uint64_t (*reload_on_trial)(void *context, uint32_t sec, struct text *why);
	/* Confirm what is on trial: 0; 1 nothing is; -errno; @said is the answer. */
	int (*confirm)(void *context, struct text *said);
	/* Load a candidate beside; the number, or 0: not now. End that: 0, or -ENOENT, or -errno. */
	uint64_t (*shadow)(void *context);
	int (*unshadow)(void *context);
	/* Collect what status shows; admin_counted() follows. */
	void (*collect)(void *context);
	void (*status)(void *context, struct text *out);
	/* Say what is known at once, and the tally of who serves: borrowed; -EBADF: nobody does. */
	int (*tally)(void *context, struct text *out);
	void *context;
};

struct admin {
	struct admin_setup setup;
	struct admin_session *sessions;
	size_t n_sessions;
	uint64_t refused; /* connections of somebody else */
	sd_event_source *accepting, *pause;
};

int admin_init(struct admin *admin, const struct admin_setup *setup);
void admin_done(struct admin *admin);

/* Answer those who asked for a reload up to @number. */
void admin_decided(struct admin *admin, uint64_t number, int exit_code, const char *text);

/* Answer those who asked for the status. */
void admin_counted(struct admin *admin);

#endif

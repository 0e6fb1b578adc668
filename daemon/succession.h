/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_SUCCESSION_H
#define FDB_DAEMON_SUCCESSION_H

/*
 * Which generation serves, and who comes after it: at the start, at a reload,
 * after a crash. At most one serves and at most one is being started; those
 * that leave are only waited for at the very end.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemon/control.h"
#include "daemon/generation.h"

struct succession_setup {
	sd_event *event;
	struct control_start start; /* what every generation is told; what differs is filled in */
	bool use_last_good;	    /* instead of a bad policy, where nobody serves */
	struct rings *rings;	    /* borrowed */
	int pump;		    /* borrowed */
	/* Somebody serves: before, the connections of the last one are to be taken back. */
	void (*serves)(void *context);
	/* Nobody serves any more; @lost: it died. */
	void (*vacant)(void *context, bool lost);
	/* The one that serves has room again. */
	void (*room)(void *context);
	/* What was to be taken back stays, for @why. */
	void (*stays)(void *context, const char *why);
	/* A reload was decided: the number of the generation, the exit code of policy-language's
	 * table, text for a person. */
	void (*decided)(void *context, uint64_t number, int exit_code, const char *text);
	void (*counted)(void *context);
	/* The one that serves has lost the descriptor of this connection. */
	void (*unserved)(void *context, uint64_t connection);
	void (*idle)(void *context); /* after succession_close(): nobody is left */
	void *context;
};

struct succession {
	struct succession_setup setup;
	struct generation *serving; /* SERVING or STOPPING */
	struct generation *next;    /* GREETING, LOADING, or SERVING while `serving` stops */
	struct generation *leaving; /* list */
	size_t n_leaving;
	uint64_t last_number;
	bool had_shadow;	   /* the one that stopped last */
	bool again;		   /* a reload was asked for while `next` was being started */
	bool back;		   /* and that the last good policy serves */
	bool must_keep;		   /* of that reload, see struct control_start */
	enum control_load restart; /* what is loaded after a crash */
	enum control_load loaded;  /* of what `serving` serves; not SHADOW, not RENEWED */
	bool outside;		   /* `serving` asks for a renewal */
	uint64_t renewed_usec;	   /* monotonic: the last renewal, or 0 */
	uint64_t n_renewals;	   /* ever, those that failed included */
	bool closing;		   /* start nobody any more */
	uint64_t loaded_usec;	   /* UTC: since when what `serving` serves is served */
	uint64_t refused_usec;	   /* UTC: the last reload that was refused, or 0 */
	char *refused;		   /* its text, or NULL */
	char *why; /* what serves is not what is installed because that is bad; or NULL */
	unsigned int crashes; /* in a row */
	uint64_t n_crashes;   /* ever */
	uint64_t crash_usec;  /* monotonic: the last */
	sd_event_source *delay, *renewal;
};

int succession_init(struct succession *s, const struct succession_setup *setup);
void succession_done(struct succession *s);

/* Ask for a generation that reads the policy as it is now. Returns the number from which on
 * `decided` answers this request. @must_keep: see struct control_start. */
uint64_t succession_reload(struct succession *s, bool must_keep);
/* Ask for one that serves the last good policy, before any reload that is asked for later: `serves` follows,
 * or `stays`. */
void succession_take_back(struct succession *s);

/* Is it not the installed policy that serves, because that one is bad? */
bool succession_is_degraded(const struct succession *s);

/* Ask for a generation with the same policy as the one that serves, and the candidate in @directory
 * beside it. A number as above; 0: not now. */
uint64_t succession_shadow(struct succession *s, const char *directory);

/* End that. 0; -ENOENT there is none; another -errno. */
int succession_unshadow(struct succession *s);

/* Give a connection to who serves: 0; -EAGAIN nobody can take it now; another -errno. */
int succession_give(struct succession *s, const struct control *connection);

/* Everybody out; `idle` says when they are, perhaps at once. */
void succession_close(struct succession *s);

#endif

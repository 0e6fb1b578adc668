/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_GENERATION_H
#define FDB_DAEMON_GENERATION_H

/*
 * One broker process as the parent sees it, from its start to its exit. Which
 * one serves, and what follows from an event, is its owner's business.
 *
 *	GREETING	started; asked for nothing yet
 *	   ping		→ LOADING, credentials and START are sent
 *	LOADING		reads the policy and confines itself
 *	   READY	→ SERVING	event READY
 *	   REFUSED	→ LEAVING	event REFUSED; UNCONFIRMED likewise
 *	SERVING		takes connections
 *	   (stop)	→ STOPPING, STOP is sent
 *	STOPPING	may still read from its connections
 *	   STOPPED	→ LEAVING	event STOPPED
 *	LEAVING		answers what it has read
 *	   exit		from any state	event GONE
 *	KILLED		from any state, for what it did or did not do in time
 *	   (time)	it does not end		event STUCK, and GONE should it ever
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "daemon/control.h"
#include "daemon/rings.h"

enum generation_state {
	GENERATION_GREETING,
	GENERATION_LOADING,
	GENERATION_SERVING,
	GENERATION_STOPPING,
	GENERATION_LEAVING,
	GENERATION_KILLED,
};

enum generation_event {
	GENERATION_READY,
	GENERATION_REFUSED,
	GENERATION_UNCONFIRMED, /* what is installed was tried and not confirmed */
	GENERATION_STOPPED,
	GENERATION_ROOM,     /* connections can be sent again */
	GENERATION_COUNTED,  /* COUNTERS came */
	GENERATION_UNSERVED, /* it has lost a connection's descriptor */
	GENERATION_OUTSIDE,  /* its hull is too small for its policy by now */
	GENERATION_STUCK,    /* killed, and still there: nothing more will come but GONE, perhaps */
	GENERATION_GONE,     /* the process is no more; the owner frees the generation */
};

struct generation {
	struct control_start start; /* what it was told */
	enum generation_state state;
	enum control_kept kept; /* of READY */
	bool uses_pump;		/* of READY */
	pid_t pid;
	char *summary;		 /* of READY, or NULL; owned */
	char *warnings;		 /* of READY, or NULL; owned */
	char *counters;		 /* the last that came, or NULL; owned */
	char ending[64];	 /* GONE: "exited with status 1", "was ended by signal 9 (KILL)" */
	unsigned int asked;	 /* for counters that have not come */
	bool killed;		 /* by a signal, GONE */
	struct generation *next; /* the owner's list */

	int tally; /* what it counts, sealed, from SERVING on; owned */

	/* its own */
	int control;
	sd_event *event; /* borrowed, like the context */
	sd_event_source *io, *exit, *timer;
	void (*told)(void *context, struct generation *g, enum generation_event event,
		     const struct control *message);
	void *context;
};

struct generation_setup {
	sd_event *event;
	const struct control_start *start;
	struct rings *rings; /* for its records; borrowed */
	int pump;	     /* where burdens go; borrowed */
	/* @message is what came, for READY, REFUSED, COUNTED and UNSERVED. */
	void (*told)(void *context, struct generation *g, enum generation_event event,
		     const struct control *message);
	void *context;
};

int generation_start(struct generation **ret, const struct generation_setup *setup);

/* Give it a connection; 0; -EAGAIN it is behind: event ROOM will come; another -errno. */
int generation_send(struct generation *g, const struct control *connection);

/* Ask it to read no more. What does not say STOPPED in time is killed. */
void generation_stop(struct generation *g);

/* Ask for its counters: event COUNTED follows, or GONE. 0 or -errno. */
int generation_ask(struct generation *g);

/* Let it ask its candidate policy no more. 0 or -errno. */
int generation_unshadow(struct generation *g);

/* Close the control socket: it exits when it has answered what it has read. */
void generation_leave(struct generation *g);

struct generation *generation_free(struct generation *g);
DEFINE_CLEANUP(struct generation *, generation_free)

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_OPENER_H
#define FDB_DAEMON_OPENER_H

/*
 * The privileged act: a request, judged and opened. A function over plain
 * structs with a context per thread; it knows no connection, no message and no
 * audit.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/authority.h"
#include "daemon/locality.h"
#include "daemon/rate.h"
#include "daemon/request.h"
#include "policy/decide.h"
#include "wire/proto.h"

struct hull;
struct rooted;

/* What the openers of all threads share: immutable, or with a lock of its own. Borrowed. */
struct opener_setup {
	int procfd; /* O_PATH of /proc/self/fd, opened before confinement */
	int procfs; /* O_PATH of /proc, where self is this process; -EBADF: nobody is told of himself */
	const struct policy *policy;
	const struct hull *hull; /* that is enforced; NULL: none is */
	struct rates *rates;
	struct locality *locality;
	int pump; /* where burdens go */
};

/* One thread's. */
struct opener {
	struct opener_setup shared;
	struct candidates *candidates; /* owned */
	struct rooted *rooted;	       /* owned */
	struct authority authority;
};

/* For the calling thread, after confinement. 0 or -errno. */
int opener_init(struct opener *opener, const struct opener_setup *setup);
void opener_done(struct opener *opener);

struct trace;

/* What, for whom, when. Everything is borrowed. */
struct order {
	const struct request *request;
	const struct principal *principal;  /* whose rights */
	const struct policy_caller *caller; /* the same, as the policy sees him */
	const char *unit;		    /* of his connection, or NULL */
	uint64_t now_sec;
	bool may_block; /* or else say so in outcome.would_block, with nothing opened */
	const atomic_bool *given_up; /* set: nobody waits for it any more; NULL: never wait */
	const struct policy_rule *in_flight; /* outcome.in_flight of the try before, or NULL */
	struct trace *trace; /* what is seen on the way, for somebody else; NULL: for nobody */
};

/* The name of two that did not decide. */
struct outcome_other {
	uint32_t modes;			    /* POLICY_* */
	const struct policy_rule *rules[2]; /* that allowed them, or NULL */
	bool as_root; /* what was done: not by a rule alone, but by all of both names */
	char canonical[WIRE_PATH_MAX + 1];
};

struct outcome {
	int fd; /* the receiver's; -EBADF unless reason is OK */
	int pin; /* what @fd was opened from, if it was; the receiver's to close, with @fd or before */
	/* What was asked for, where that is no descriptor; the receiver's to free. NULL: nothing */
	void *data;
	uint16_t data_len;
	bool would_block; /* there is no answer yet: ask again, where waiting hurts nobody */
	bool outside;	  /* it is allowed, and not in the hull: ask another generation */
	bool lingers;	  /* even close(2) of @fd may block: its file system asks somebody */
	bool is_large;	  /* as a file was when it was looked at: it is not freed in no time */
	enum wire_reason reason;
	int error;			 /* errno for the client, 0 with OK */
	const struct policy_rule *rule;	 /* that decided, or NULL: the default */
	enum policy_condition condition; /* with WIRE_REASON_CONDITION */
	/* What rates_begin() was told, also for what was not opened in the end; the receiver's to
	 * end. NULL: nothing. */
	const struct policy_rule *in_flight;
	uint64_t dev, ino; /* of the object, if one was judged */
	uint32_t modes;	   /* that were judged, if others than the request's; or 0 */
	/* Of a request with two names; the receiver's to free. All else is of the name that decided:
	 * of a grant the old one, of a refusal the one that was refused. */
	struct outcome_other *other;
	bool of_new;			   /* that is the new one */
	char canonical[WIRE_PATH_MAX + 1]; /* where links led, or "" */
};

/* Nothing is known yet. The text is empty, and not cleared. */
void outcome_clear(struct outcome *outcome);

/**
 * opener_open() - judge the name, pin, judge the object, open that object
 * @order:	borrowed
 * @ret:	always written; a refusal is an answer like another
 *
 * Without @order->may_block it returns soon, as far as that can be foretold: a mark of
 * fanotify(7)'s that nobody answers cannot. With it, it may never return.
 *
 * The calling thread keeps the identity that the last open took.
 */
void opener_open(struct opener *opener, const struct order *order, struct outcome *ret);

#endif

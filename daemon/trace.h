/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_TRACE_H
#define FDB_DAEMON_TRACE_H

/*
 * What one opening saw of the file system on its way: the names that were judged
 * and the object that was found, so that another policy can be asked of the same
 * request without a second look at anything. Nothing is ever looked at for its sake.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/text.h"
#include "daemon/limits.h"
#include "policy/decide.h"

/* Of something that only a look could tell. */
enum seen { SEEN_NOT, SEEN_NO, SEEN_YES };

enum trace_link {
	TRACE_LINK_NONE,
	TRACE_LINK_THERE,     /* and the rule follows none */
	TRACE_LINK_UNTRUSTED, /* and the rule follows trusted ones */
	TRACE_LINK_TRAP,      /* one that nobody follows */
};

/* What was found at the last name. */
struct sight {
	enum trace_link link;
	bool judged;		     /* @object is there */
	struct policy_object object; /* if @fresh, the directory that it would be made in */
	bool fresh;
	enum seen mounts;     /* it is on the mount of the name's first so many bytes */
	size_t mounts_prefix; /* those bytes */
	enum seen parents;    /* the way to it is trusted, for an object of this owner */
	uid_t parents_owner;
};

struct trace {
	struct text names; /* what was asked, then where each link led; a NUL after each */
	bool trusted[LIMIT_LINKS + 1]; /* of the link at each name but the last */
	size_t n;
	struct sight sight;
};

#define TRACE_EMPTY ((struct trace){ 0 })

void trace_done(struct trace *trace);

/* Forget the last request, and keep the room for the next. */
void trace_begin(struct trace *trace);

/* Another name is judged: nothing of it has been seen yet. */
void trace_name(struct trace *trace, const char *name);

/* @object is judged, or will be made in the directory @place. */
void trace_object(struct trace *trace, const struct policy_object *object,
		  const struct policy_object *place);

/* Whether it is on the mount of the name's first @prefix_len bytes; whether the way to it is
 * trusted for an object of @owner's. */
void trace_mounts(struct trace *trace, bool stays, size_t prefix_len);
void trace_parents(struct trace *trace, bool trusted, uid_t owner);

/* The last name leads on, by a link of which this is so; trace_name() follows. */
void trace_follow(struct trace *trace, bool trusted);

#endif

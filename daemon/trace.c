/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/trace.h"

#include <string.h>

void trace_done(struct trace *trace)
{
	text_done(&trace->names);
	*trace = TRACE_EMPTY;
}

void trace_begin(struct trace *trace)
{
	trace->names.len = 0;
	trace->n = 0;
	trace->sight = (struct sight){ 0 };
}

void trace_name(struct trace *trace, const char *name)
{
	trace->sight = (struct sight){ 0 };
	text_add(&trace->names, name, strlen(name) + 1);
	trace->n++;
}

void trace_object(struct trace *trace, const struct policy_object *object,
		  const struct policy_object *place)
{
	struct sight *sight = &trace->sight;

	sight->judged = true;
	sight->fresh = object->fresh;
	sight->object = object->fresh ? *place : *object;
}

void trace_mounts(struct trace *trace, bool stays, size_t prefix_len)
{
	trace->sight.mounts = stays ? SEEN_YES : SEEN_NO;
	trace->sight.mounts_prefix = prefix_len;
}

void trace_parents(struct trace *trace, bool trusted, uid_t owner)
{
	trace->sight.parents = trusted ? SEEN_YES : SEEN_NO;
	trace->sight.parents_owner = owner;
}

void trace_follow(struct trace *trace, bool trusted)
{
	if (trace->n > 0 && trace->n <= LIMIT_LINKS)
		trace->trusted[trace->n - 1] = trusted;
}

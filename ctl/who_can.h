/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_WHO_CAN_H
#define FDB_CTL_WHO_CAN_H

/* What `who-can` finds, and how it is shown. */

#include "ctl/command.h"
#include "ctl/object.h"
#include "ctl/written.h"
#include "policy/explain.h"

/* An allow that names the request, or may, and who runs now that gets it by this rule. */
struct way {
	const struct policy_rule *rule;
	const struct written_rule *written;
	size_t prefix_len; /* as a candidate's */
	bool now;	   /* the object is as the rule wants it, or was not looked at */
	pid_t *pids;
	size_t n_pids;
};

struct search {
	const struct ctl *ctl;
	struct policy *policy;
	struct written written;
	struct policy_caller *nobody; /* of whom nothing is known */
	struct explainer *explainer;
	struct candidates *candidates;
	struct policy_query query; /* `caller` is nobody */
	struct way *ways;
	size_t n_ways;
	const struct policy_rule **denies; /* that hit some of those callers */
	size_t n_denies;
	const struct policy_rule *denied; /* for everybody, by this */
	struct candidate *sure; /* denies that hit everybody, if the object is as they say */
	size_t n_sure;
	struct object
		*object; /* what is there now; NULL: not looked at, and why, if it was tried */
	int object_error;
};

/* who_can_now.c: look at the object, and which ways are open as it is. 0 or -ENOMEM. */
int who_can_look(struct search *search);

/* Are any? */
bool who_can_now(const struct search *search);

/* A table of the ways, and what is excepted from them; or that there is none. */
void who_can_show(const struct search *search);

/* The same as one answer. */
void who_can_show_json(const struct search *search);

#endif

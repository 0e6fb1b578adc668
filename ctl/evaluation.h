/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_EVALUATION_H
#define FDB_CTL_EVALUATION_H

/* One question worked through for `explain`: every rule that comes near, the answer, what to do. */

#include "ctl/question.h"
#include "policy/explain.h"

/* What is asked; borrowed. */
struct inquiry {
	const struct policy *policy;
	const struct policy_subject *subject;
	const char *stated; /* the subject in the language's words, for the hint; or NULL */
	const char *path;
	uint32_t modes;
	uint64_t now_sec;
	bool live; /* look at the object too */
};

struct nearest {
	const struct policy_rule *rule; /* NULL: none comes near */
	struct explain_match match;
};

struct evaluation {
	const struct inquiry *inquiry;
	struct policy_caller *caller;
	struct explainer *explainer;
	struct candidates *candidates;
	struct explain_match *matches; /* of each rule, in the policy's order */
	struct answer answer;
	int error;		/* live: why an allowed name is no answer, or 0 */
	struct nearest nearest; /* when the answer is no by default */
};

#define EVALUATION_EMPTY ((struct evaluation){ 0 })

/* 0; or -errno from memory, or with @inquiry.live from looking at the object. */
int evaluation_run(struct evaluation *evaluation, const struct inquiry *inquiry);

/* A rule is worth a line if it is for this path, and a deny only for these modes too. */
bool evaluation_comes_near(const struct evaluation *evaluation, size_t i);
void evaluation_done(struct evaluation *evaluation);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/evaluation.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "ctl/object.h"

/* How far a rule is from naming the request; SIZE_MAX: it is for another path. */
static size_t distance(const struct explain_match *match)
{
	size_t keys = (size_t)__builtin_popcount(match->keys);

	if (match->path == TRUTH_NO)
		return SIZE_MAX;
	/* Whatever it is that the subject lacks, it is something. */
	if (match->subject != TRUTH_YES && keys == 0)
		keys = 1;
	return keys + !match->modes + match->excepted + match->expired;
}

static void find_nearest(struct evaluation *e)
{
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < policy_n_rules(e->inquiry->policy); i++) {
		const struct policy_rule *rule = policy_rule(e->inquiry->policy, i);
		size_t d = rule->allow ? distance(&e->matches[i]) : SIZE_MAX;

		/* A scope in complain mode is near to everything, and no rule to take after. */
		if (d >= least || rule->complain)
			continue;
		least = d;
		e->nearest = (struct nearest){ .rule = rule, .match = e->matches[i] };
	}
}

static int prepare(struct evaluation *e)
{
	size_t n = policy_n_rules(e->inquiry->policy);
	int r;

	r = policy_caller_new(&e->caller, e->inquiry->policy, e->inquiry->subject);
	if (r < 0)
		return r;
	r = explainer_new(&e->explainer, e->inquiry->policy, e->inquiry->subject);
	if (r < 0)
		return r;
	e->matches = calloc(n + 1, sizeof(*e->matches));
	if (!e->matches)
		return -ENOMEM;
	return candidates_new(&e->candidates, e->inquiry->policy);
}

static int look(struct evaluation *e, const struct policy_query *query)
{
	const struct live live = { e->inquiry->policy, e->inquiry->subject, e->candidates };
	int r = answer_live(&live, query, &e->answer);

	if (r == 0 || !answer_live_reason(-r))
		return r;
	e->answer = (struct answer){ .kind = ANSWER_NO };
	e->error = -r;
	return 0;
}

int evaluation_run(struct evaluation *e, const struct inquiry *inquiry)
{
	struct policy_query query = {
		.path = inquiry->path,
		.modes = inquiry->modes,
		.now_sec = inquiry->now_sec,
	};
	int r;

	e->inquiry = inquiry;
	r = prepare(e);
	if (r < 0)
		return r;
	query.caller = e->caller;
	e->answer = answer_name(inquiry->policy, &query, e->candidates);
	/* A name that is not clean is never held against a pattern. */
	if (e->answer.reason == POLICY_REASON_BAD_PATH)
		return 0;
	for (size_t i = 0; i < policy_n_rules(inquiry->policy); i++)
		e->matches[i] = explain_rule(e->explainer, &query, i);
	if (e->answer.kind == ANSWER_NO && e->answer.reason == POLICY_REASON_DEFAULT)
		find_nearest(e);
	return e->answer.kind == ANSWER_YES && inquiry->live ? look(e, &query) : 0;
}

bool evaluation_comes_near(const struct evaluation *e, size_t i)
{
	const struct explain_match *match = &e->matches[i];

	return match->path != TRUTH_NO &&
	       (policy_rule(e->inquiry->policy, i)->allow || match->modes);
}

void evaluation_done(struct evaluation *e)
{
	candidates_free(e->candidates);
	free(e->matches);
	explainer_free(e->explainer);
	policy_caller_free(e->caller);
	*e = EVALUATION_EMPTY;
}

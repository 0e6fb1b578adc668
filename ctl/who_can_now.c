/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which of the ways to an object are open as it is now. Who comes is not known, so what a rule asks
 * of him and the object together (`owner caller`) is taken for met, if somebody could meet it.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "ctl/who_can.h"

DEFINE_CLEANUP(struct policy_caller *, policy_caller_free)

bool who_can_now(const struct search *search)
{
	for (size_t i = 0; i < search->n_ways; i++)
		if (search->ways[i].now)
			return true;
	return false;
}

static bool is_open(const struct search *search, const struct way *way,
		    const struct policy_query *query, const struct policy_subject *subject,
		    bool denies)
{
	struct candidate allow = { .rule = way->rule, .prefix_len = way->prefix_len };
	struct candidates one = {
		.allows = &allow,
		.n_allows = 1,
		.denies = search->sure,
		.n_denies = denies ? search->n_sure : 0,
	};
	const struct live live = { search->policy, subject, &one };
	struct answer answer = { .kind = ANSWER_NO };
	int r;

	if (!object_is_reached(search->object, &one, search->query.path))
		return false;
	r = object_judge(search->object, &live, query, &answer);
	/* That it is there is no attribute. */
	if (r < 0)
		return r == -EEXIST;
	return answer.kind == ANSWER_YES || (denies && answer.reason != POLICY_REASON_RULE);
}

/* With its owner as the caller a rule that asks for him allows; and somebody else is not hit by a
 * deny that asks for him. */
static int judge_as(struct search *search, uid_t uid, bool denies)
{
	const struct policy_subject subject = { .known = POLICY_FACT_USER, .uid = uid };
	_cleanup_(policy_caller_freep) struct policy_caller *caller = NULL;
	struct policy_query query = search->query;
	int r = policy_caller_new(&caller, search->policy, &subject);

	if (r < 0)
		return r;
	query.caller = caller;
	query.path = object_path(search->object);
	for (size_t i = 0; i < search->n_ways; i++) {
		struct way *way = &search->ways[i];

		way->now = way->now && is_open(search, way, &query, &subject, denies);
	}
	return 0;
}

int who_can_look(struct search *search)
{
	uid_t owner;
	int r = object_look(&search->object, &search->query);

	if (r == -ENOMEM)
		return r;
	if (r == 0)
		r = object_error(search->object);
	if (r < 0) {
		search->object = object_free(search->object);
		search->object_error = r;
		return 0;
	}
	owner = object_owner(search->object);
	r = judge_as(search, owner, false);
	return r == 0 ? judge_as(search, owner == 0 ? 1 : 0, true) : r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/shadow.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/opening.h"

/*
 * The opener's own steps, gone through once more with the candidate's rules over
 * what the trace holds. Where the live policy stopped earlier than the candidate would have,
 * the trace ends too, and the answer is "would allow, if": never a guess. What the kernel said
 * after the policy had allowed is neither's doing, so there the names alone are compared.
 */

int shadow_init(struct shadow *shadow, const struct policy *policy)
{
	shadow->policy = policy;
	return candidates_new(&shadow->candidates, policy);
}

void shadow_done(struct shadow *shadow)
{
	shadow->candidates = candidates_free(shadow->candidates);
}

/* verdicts */

static struct shadow_verdict denied(const struct policy_rule *deny)
{
	return (struct shadow_verdict){
		.kind = SHADOW_DENY,
		.reason = deny->hide ? WIRE_REASON_NOT_FOUND : WIRE_REASON_RULE,
		.rule = deny,
	};
}

static struct shadow_verdict fails(const struct policy_rule *rule, enum policy_condition condition)
{
	return (struct shadow_verdict){
		.kind = SHADOW_DENY,
		.reason = WIRE_REASON_CONDITION,
		.condition = condition,
		.rule = rule,
	};
}

static struct shadow_verdict granted(const struct policy_rule *rule)
{
	return (struct shadow_verdict){
		.kind = rule->complain ? SHADOW_COMPLAIN : SHADOW_ALLOW,
		.rule = rule,
	};
}

static struct shadow_verdict perhaps(const struct policy_rule *rule, enum policy_condition in_doubt)
{
	return (struct shadow_verdict){
		.kind = SHADOW_ALLOW_IF,
		.condition = in_doubt,
		.rule = rule,
	};
}

static bool is_set(const struct shadow_verdict *verdict)
{
	return verdict->kind != SHADOW_NONE;
}

/* the name */

/* One request on its way through the candidate. */
struct asking {
	const struct candidates *candidates;
	const struct order *order;
	const struct trace *trace;
	struct policy_query query;
	bool allowed; /* by the live policy, whatever the kernel said then */
};

static struct shadow_verdict refused_by_name(const struct candidates *candidates)
{
	if (candidates->reason == POLICY_REASON_RULE)
		return denied(candidates->rule);
	return (struct shadow_verdict){
		.kind = SHADOW_DENY,
		.reason = candidates->reason == POLICY_REASON_BAD_PATH ? WIRE_REASON_BAD_PATH
								       : WIRE_REASON_DEFAULT,
	};
}

/* Does an allow of the candidate follow the link at this name? */
static bool follows(const struct asking *asking, bool trusted)
{
	for (size_t i = 0; i < asking->candidates->n_allows; i++) {
		enum policy_symlinks symlinks = asking->candidates->allows[i].rule->symlinks;

		if (symlinks == POLICY_SYMLINKS_FOLLOW ||
		    (symlinks == POLICY_SYMLINKS_TRUSTED && trusted))
			return true;
	}
	return false;
}

/* A link that the live policy did not follow: where it leads was not read. */
static struct shadow_verdict judge_link(const struct asking *asking)
{
	enum trace_link link = asking->trace->sight.link;
	const struct policy_rule *rule = asking->candidates->allows[0].rule;

	if (link != TRACE_LINK_TRAP && follows(asking, link == TRACE_LINK_THERE))
		return perhaps(rule, POLICY_CONDITION_SYMLINKS);
	return fails(rule, POLICY_CONDITION_SYMLINKS);
}

/* the object */

static enum seen stays_on_mount(const struct asking *asking, size_t prefix_len)
{
	const struct sight *sight = &asking->trace->sight;

	/* The literal name is on its own mount. */
	if (prefix_len >= strlen(asking->query.path))
		return SEEN_YES;
	/* A way down that has left a mount never comes back to it. */
	if (sight->mounts == SEEN_YES && prefix_len >= sight->mounts_prefix)
		return SEEN_YES;
	if (sight->mounts == SEEN_NO && prefix_len <= sight->mounts_prefix)
		return SEEN_NO;
	return SEEN_NOT;
}

static enum seen has_trusted_parents(const struct asking *asking, uid_t owner)
{
	const struct sight *sight = &asking->trace->sight;

	return sight->parents_owner == owner ? sight->parents : SEEN_NOT;
}

static struct shadow_verdict judge_way(const struct asking *asking, size_t i, uid_t owner)
{
	const struct candidate *allow = &asking->candidates->allows[i];
	enum seen mounts = SEEN_YES, parents = SEEN_YES;

	if (allow->rule->mounts_stay)
		mounts = stays_on_mount(asking, allow->prefix_len);
	if (allow->rule->parents_trusted)
		parents = has_trusted_parents(asking, owner);
	if (mounts == SEEN_NO)
		return fails(allow->rule, POLICY_CONDITION_MOUNTS);
	if (parents == SEEN_NO)
		return fails(allow->rule, POLICY_CONDITION_PARENTS);
	if (mounts == SEEN_NOT)
		return perhaps(allow->rule, POLICY_CONDITION_MOUNTS);
	if (parents == SEEN_NOT)
		return perhaps(allow->rule, POLICY_CONDITION_PARENTS);
	return granted(allow->rule);
}

static struct shadow_verdict judge_allow(const struct asking *asking, size_t i)
{
	const struct policy_rule *rule = asking->candidates->allows[i].rule;
	const struct sight *sight = &asking->trace->sight;
	struct policy_object object = sight->object;
	struct decision decision;

	if (sight->fresh)
		object = create_object(asking->order, rule, &sight->object);
	decision = decide_object(asking->candidates, i, &asking->query, &object);
	switch (decision.verdict) {
	case VERDICT_DENY:
		return denied(decision.rule);
	case VERDICT_NEXT:
		return fails(rule, decision.condition);
	case VERDICT_ALLOW:
		break;
	}
	return judge_way(asking, i, object.uid);
}

static bool lends_alike(const struct shadow_verdict *a, const struct shadow_verdict *b)
{
	return a->rule->as_root == b->rule->as_root;
}

/* What is certain counts more than what is not, unless it would lend other rights: then it is not
 * certain what is granted. Of what is not certain, the most specific counts. */
static struct shadow_verdict judge_object(const struct asking *asking)
{
	struct shadow_verdict first = { 0 }, doubt = { 0 };

	for (size_t i = 0; i < asking->candidates->n_allows; i++) {
		struct shadow_verdict one = judge_allow(asking, i);
		bool goes_on = one.kind == SHADOW_DENY && one.reason == WIRE_REASON_CONDITION;

		if (one.kind != SHADOW_ALLOW_IF && !goes_on)
			return is_set(&doubt) && !lends_alike(&doubt, &one) ? doubt : one;
		if (one.kind == SHADOW_ALLOW_IF && !is_set(&doubt))
			doubt = one;
		if (goes_on && !is_set(&first))
			first = one;
	}
	return is_set(&doubt) ? doubt : first;
}

/* The name that leads no further. */
static struct shadow_verdict judge_last(const struct asking *asking)
{
	const struct policy_rule *rule = asking->candidates->allows[0].rule;

	if (asking->trace->sight.judged)
		return judge_object(asking);
	if (asking->allowed)
		return granted(rule);
	if (asking->trace->sight.link != TRACE_LINK_NONE)
		return judge_link(asking);
	return perhaps(rule, POLICY_CONDITION_NONE);
}

/* the whole way */

enum shadow_kind shadow_kind_of(const struct outcome *live)
{
	const struct policy_rule *rule = live->rule;

	if (!rule || !rule->allow || live->reason == WIRE_REASON_CONDITION)
		return SHADOW_DENY;
	return rule->complain ? SHADOW_COMPLAIN : SHADOW_ALLOW;
}

static struct shadow_verdict judge(struct shadow *shadow, struct asking *asking)
{
	const char *name = asking->trace->names.data;

	for (size_t i = 0; i < asking->trace->n; i++, name += strlen(name) + 1) {
		asking->query.path = name;
		decide_name(shadow->policy, &asking->query, shadow->candidates);
		if (shadow->candidates->reason != POLICY_REASON_OK)
			return refused_by_name(shadow->candidates);
		if (i + 1 < asking->trace->n && !follows(asking, asking->trace->trusted[i]))
			return fails(shadow->candidates->allows[0].rule, POLICY_CONDITION_SYMLINKS);
	}
	return judge_last(asking);
}

/* What the caller gets beside the descriptor: another's rights, another file. */
static bool grants_alike(const struct order *order, const struct policy_rule *a,
			 const struct policy_rule *b)
{
	const struct policy_obligations *x = a->obligations, *y = b->obligations;

	if (a->as_root != b->as_root || x->deliver != y->deliver)
		return false;
	if (!order->request->create && !order->request->tmpfile)
		return true;
	return x->has_create_mode == y->has_create_mode && x->create_mode == y->create_mode &&
	       x->has_create_owner == y->has_create_owner && x->create_uid == y->create_uid &&
	       x->create_gid == y->create_gid;
}

static enum shadow_result compare(const struct order *order, const struct outcome *live,
				  const struct shadow_verdict *verdict)
{
	enum shadow_kind kind = shadow_kind_of(live);
	bool alike = true;

	if (verdict->kind == SHADOW_ALLOW_IF)
		return kind == SHADOW_DENY ? SHADOW_DIFFERENT : SHADOW_UNKNOWN;
	if (verdict->kind != kind)
		return SHADOW_DIFFERENT;
	if (kind == SHADOW_DENY)
		/* Both say no; but one of them says that there is nothing. */
		alike = (verdict->reason == WIRE_REASON_NOT_FOUND) ==
			(live->reason == WIRE_REASON_NOT_FOUND);
	else
		alike = grants_alike(order, live->rule, verdict->rule);
	return alike ? SHADOW_SAME : SHADOW_DIFFERENT;
}

enum shadow_result shadow_judge(struct shadow *shadow, const struct order *order,
				const struct outcome *live, struct shadow_verdict *ret)
{
	struct asking asking = {
		.candidates = shadow->candidates,
		.order = order,
		.trace = order->trace,
		.query = {
			.caller = order->caller,
			.modes = order->request->modes,
			.now_sec = order->now_sec,
		},
		.allowed = shadow_kind_of(live) != SHADOW_DENY,
	};

	*ret = (struct shadow_verdict){ .kind = SHADOW_NONE };
	if (order->trace->n == 0 || order->trace->names.failed)
		return SHADOW_UNKNOWN;
	*ret = judge(shadow, &asking);
	return compare(order, live, ret);
}

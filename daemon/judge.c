/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/macro.h"
#include "daemon/opening.h"

/*
 * What the policy says of a name and of what was found there, turned into what
 * comes next. A policy refusal is EACCES, or ENOENT with `hide`; the kernel's own errno comes
 * through only for a name that is allowed, and a real ENOENT looks like a hidden one.
 */

const struct policy_rule *opening_rule(const struct opening *o)
{
	return o->rule;
}

uid_t opening_actor(const struct opening *o)
{
	const struct policy_rule *rule = opening_rule(o);

	return rule->as_root ? rule->obligations->create_uid : o->order->principal->uid;
}

static enum step refused(struct opening *o, enum wire_reason reason, int error,
			 const struct policy_rule *rule)
{
	o->out->reason = reason;
	o->out->error = error;
	o->out->rule = rule;
	return STEP_DONE;
}

static enum step refused_by_rule(struct opening *o, const struct policy_rule *deny)
{
	if (deny->hide)
		return refused(o, WIRE_REASON_NOT_FOUND, ENOENT, deny);
	return refused(o, WIRE_REASON_RULE, EACCES, deny);
}

/* If no allow does, the most specific one's reason is the answer: the first that failed. */
static enum step next_allow(struct opening *o, enum wire_reason reason, int error)
{
	if (!o->failed)
		refused(o, reason, error, opening_rule(o));
	o->failed = true;
	return STEP_NEXT;
}

enum step opening_condition(struct opening *o, enum policy_condition condition)
{
	if (!o->failed)
		o->out->condition = condition;
	return next_allow(o, WIRE_REASON_CONDITION, EACCES);
}

enum step opening_kernel(struct opening *o, int r)
{
	if (r == -ENOENT)
		return next_allow(o, WIRE_REASON_NOT_FOUND, ENOENT);
	if (r == -EMFILE || r == -ENFILE || r == -ENOMEM)
		return next_allow(o, WIRE_REASON_BUSY, EAGAIN);
	return next_allow(o, WIRE_REASON_KERNEL, -r);
}

enum step opening_may_block(struct opening *o)
{
	if (o->order->may_block)
		return STEP_GO;
	o->out->would_block = true;
	return STEP_DONE;
}

bool opening_is_given_up(const struct opening *o)
{
	return o->order->given_up && atomic_load(o->order->given_up);
}

enum step opening_busy(struct opening *o)
{
	return refused(o, WIRE_REASON_BUSY, EAGAIN, opening_rule(o));
}

enum step opening_outside(struct opening *o)
{
	o->out->outside = true;
	return opening_busy(o);
}

enum step opening_granted(struct opening *o, int fd)
{
	refused(o, WIRE_REASON_OK, 0, opening_rule(o));
	o->out->condition = POLICY_CONDITION_NONE;
	o->out->fd = fd;
	return STEP_DONE;
}

enum step opening_withdrawn(struct opening *o, int r)
{
	o->out->fd = fd_close(o->out->fd);
	/* Whatever an earlier allow lacked, this one did not. */
	o->failed = false;
	return opening_kernel(o, r);
}

/* Whether the object is on the mount that the rule's literal leading components name. */
static int on_mount_of_prefix(struct opening *o, const struct pin *place)
{
	size_t len = o->opener->candidates->allows[o->allow].prefix_len;
	_cleanup_(pin_done) struct pin prefix = PIN_EMPTY;
	char path[WIRE_PATH_MAX + 1] _uninitialized_;
	int r;

	if (len > strlen(o->name))
		len = strlen(o->name);
	/* Of every name the first byte, which is the root's. */
	if (len == 0)
		len = 1;
	memcpy(path, o->name, len);
	path[len] = '\0';
	r = opener_pin(o, AT_FDCWD, path, &prefix);
	/* The file to create may itself be the literal name. */
	if (r == -ENOENT && len == strlen(o->name))
		return 1;
	if (r < 0)
		return r;
	return prefix.mount == place->mount;
}

static enum step judge_place(struct opening *o, const struct pin *place,
			     const struct policy_object *object)
{
	const struct policy_rule *rule = opening_rule(o);
	int r;

	if (rule->mounts_stay) {
		r = on_mount_of_prefix(o, place);
		if (o->order->trace)
			trace_mounts(o->order->trace, r > 0,
				     o->opener->candidates->allows[o->allow].prefix_len);
		if (r <= 0)
			return opening_condition(o, POLICY_CONDITION_MOUNTS);
	}
	if (rule->parents_trusted) {
		r = walk_trusted(o, place, object);
		if (r == -EAGAIN)
			return STEP_AGAIN;
		if (o->order->trace)
			trace_parents(o->order->trace, r == 0, object->uid);
		if (r < 0)
			return opening_condition(o, POLICY_CONDITION_PARENTS);
	}
	return STEP_GO;
}

static bool is_paid(const struct opening *o, const struct policy_rule *rule)
{
	for (; o; o = o->before)
		if (o->out->in_flight == rule)
			return true;
	return false;
}

static enum step pay(struct opening *o, const struct policy_rule *rule)
{
	const struct rate_caller caller = { o->order->principal->uid, o->order->unit };
	struct rates *rates = o->opener->shared.rates;
	/* Where nothing drips the hour does not matter. */
	uint64_t now_usec = rule->obligations->rate > 0 ? clock_monotonic_usec() : 0;

	if (rates_begin(rates, rule, &caller, now_usec) < 0)
		return refused(o, WIRE_REASON_RATE, EAGAIN, rule);
	if (o->out->in_flight)
		rates_end(rates, o->out->in_flight);
	o->out->in_flight = rule;
	return STEP_GO;
}

/* Step 7: what the rule may grant just now. Once for a request, however often it is tried again. */
static enum step afford(struct opening *o)
{
	const struct policy_rule *rule = opening_rule(o);

	if (!o->out->in_flight && !rates_limit(rule))
		return STEP_GO;
	return is_paid(o, rule) ? STEP_GO : pay(o, rule);
}

enum step opening_judge(struct opening *o, const struct pin *place,
			const struct policy_object *object)
{
	struct decision decision;
	enum step step;

	if (o->order->trace)
		trace_object(o->order->trace, object, &place->object);
	decision = decide_object(o->opener->candidates, o->allow, &o->query, object);
	switch (decision.verdict) {
	case VERDICT_DENY:
		return refused_by_rule(o, decision.rule);
	case VERDICT_NEXT:
		return opening_condition(o, decision.condition);
	case VERDICT_ALLOW:
		step = judge_place(o, place, object);
		return step == STEP_GO ? afford(o) : step;
	}
	return opening_condition(o, POLICY_CONDITION_NONE);
}

enum step opening_judge_pin(struct opening *o, const struct pin *pin)
{
	o->out->dev = pin->dev;
	o->out->ino = pin->ino;
	o->out->is_large = pin->is_large;
	return opening_judge(o, pin, &pin->object);
}

static bool is_reached(struct opening *o, const struct pin *place,
		       const struct policy_object *object)
{
	if (!place)
		return true;
	return opener_take_authority(o) == 0 && judge_place(o, place, object) == STEP_GO;
}

enum lent opening_lent(struct opening *o, const struct pin *place,
		       const struct policy_object *object)
{
	struct candidates *candidates = o->opener->candidates;
	enum lent most = LENT_NOTHING;

	o->failed = false;
	o->out->condition = POLICY_CONDITION_NONE;
	refused(o, WIRE_REASON_DEFAULT, EACCES, NULL);
	if (opening_judge_name(o) != STEP_GO)
		return candidates->reason == POLICY_REASON_DEFAULT ? LENT_NOTHING : LENT_DENIED;
	for (o->allow = 0; o->allow < candidates->n_allows; o->allow++) {
		struct decision decision = decide_object(candidates, o->allow, &o->query, object);

		o->rule = decision.rule;
		if (decision.verdict == VERDICT_DENY) {
			refused_by_rule(o, decision.rule);
			return LENT_DENIED;
		}
		if (decision.verdict == VERDICT_NEXT)
			opening_condition(o, decision.condition);
		else if (is_reached(o, place, object) && most < LENT_AS_ROOT)
			most = o->rule->as_root ? LENT_AS_ROOT : LENT_AS_CALLER;
	}
	return most;
}

enum step opening_judge_name(struct opening *o)
{
	struct candidates *candidates = o->opener->candidates;

	if (o->order->trace)
		trace_name(o->order->trace, o->name);
	decide_name(o->opener->shared.policy, &o->query, candidates);
	switch (candidates->reason) {
	case POLICY_REASON_OK:
		return STEP_GO;
	case POLICY_REASON_BAD_PATH:
		return refused(o, WIRE_REASON_BAD_PATH, EINVAL, NULL);
	case POLICY_REASON_RULE:
		return refused_by_rule(o, candidates->rule);
	case POLICY_REASON_DEFAULT:
	case POLICY_REASON_CONDITION:
		break;
	}
	return refused(o, WIRE_REASON_DEFAULT, EACCES, NULL);
}

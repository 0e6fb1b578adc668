/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "daemon/limits.h"
#include "daemon/two_names.h"
#include "policy/ast.h"

/*
 * rename(2) and link(2): one act on two names. Each name is judged as a request of its own, by the whole
 * policy and on its own pins, and what stands at the new name by a third; only then bind.c binds them.
 *
 * An object is judged by its name whenever it is opened, so that another name is other rights. So
 * nobody gets more by the new name than he has by the old one: what the policy lends there must be
 * lent here too, and what it denies here must be denied there. The same cannot be known of all that is
 * below a directory: directories are not renamed.
 */

static void pair_done(struct pair *pair)
{
	named_done(&pair->old.at);
	named_done(&pair->new.at);
	named_done(&pair->target.at);
	free(pair->other);
}

static void side_init(struct pair *pair, struct side *side, struct opener *opener,
		      const struct order *order)
{
	opening_init(&side->o, opener, order, &side->out);
	outcome_clear(&side->out);
	side->pair = pair;
	side->at = NAMED_EMPTY;
}

/* 0 or -ENOMEM. */
static int pair_init(struct pair *pair, struct opener *opener, const struct order *order)
{
	pair->request = order->request;
	side_init(pair, &pair->old, opener, order);
	side_init(pair, &pair->new, opener, order);
	side_init(pair, &pair->target, opener, order);
	pair->old.out.in_flight = order->in_flight;
	pair->new.o.before = &pair->old.o;
	pair->target.o.before = &pair->new.o;
	pair->other = calloc(1, sizeof(*pair->other));
	return pair->other ? 0 : -ENOMEM;
}

bool pair_is_link(const struct pair *pair)
{
	return pair->request->opcode == WIRE_OPCODE_LINK;
}

bool pair_has_target(const struct pair *pair)
{
	return pair->new.at.pin.fd >= 0;
}

/* the names */

static void side_name(struct side *side, const char *name, uint32_t modes)
{
	const struct policy_rule *paid = side->out.in_flight;

	snprintf(side->o.name, sizeof(side->o.name), "%s", name);
	side->o.query.modes = modes;
	side->o.links = 0;
	outcome_clear(&side->out);
	side->out.reason = WIRE_REASON_DEFAULT;
	side->out.error = EACCES;
	side->out.in_flight = paid;
}

/* Before anything is looked at: neither name tells of the file system what the other may not. */
static struct side *refused_by_name(struct pair *pair)
{
	side_name(&pair->old, pair->request->path, pair->request->modes);
	if (opening_judge_name(&pair->old.o) != STEP_GO)
		return &pair->old;
	side_name(&pair->new, pair->request->other, POLICY_CREATE);
	return opening_judge_name(&pair->new.o) != STEP_GO ? &pair->new : NULL;
}

static bool is_granted(struct side *side, enum step (*attempt)(struct opening *o))
{
	side->o.attempt = attempt;
	opener_try(&side->o);
	return side->out.reason == WIRE_REASON_OK;
}

/* What is said of `/`, which is always busy, and always there. */
static int of_root(const struct side *side)
{
	if (!pair_is_link(side->pair))
		return -EBUSY;
	return side == &side->pair->old ? -EPERM : -EEXIST;
}

/* As it will be with the new name. */
static struct policy_object object_to_be(const struct pair *pair)
{
	struct policy_object object = pair->old.at.pin.object;

	object.links += pair_is_link(pair);
	return object;
}

/* Sockets and the like have whoever made them at their other end; links are as good as their text. */
static bool may_be_named(const struct pair *pair, mode_t mode)
{
	return S_ISREG(mode) || (S_ISLNK(mode) && !pair_is_link(pair));
}

static enum step find_old(struct opening *o)
{
	struct side *old = (struct side *)o;
	enum step step = act_find(o, of_root(old), pair_is_link(old->pair), &old->at);

	if (step != STEP_GO)
		return step;
	if (!may_be_named(old->pair, old->at.pin.object.mode))
		return opening_condition(o, POLICY_CONDITION_TYPE);
	return opening_granted(o, -EBADF);
}

/* What gets a name must be as what the rule would have made under it. */
static enum policy_condition unlike_made(const struct policy_rule *rule,
					 const struct policy_object *object)
{
	const struct policy_obligations *obligations = rule->obligations;
	bool has_owner = rule->as_root || obligations->has_create_owner;
	mode_t mode = object->mode & 07777;

	if (has_owner && object->uid != obligations->create_uid)
		return POLICY_CONDITION_OWNER;
	if (S_ISLNK(object->mode))
		return POLICY_CONDITION_NONE;
	if (has_owner && object->gid != obligations->create_gid)
		return POLICY_CONDITION_FILE_GROUP;
	if (obligations->has_create_mode ? mode != obligations->create_mode
					 : rule->as_root && mode & (07000 | 022))
		return POLICY_CONDITION_MODE_MAX;
	return POLICY_CONDITION_NONE;
}

static enum step judge_new(struct side *new)
{
	struct policy_object object = object_to_be(new->pair);
	enum policy_condition unlike;
	enum step step;

	object.fresh = object.named = true;
	object.fs_magic = new->at.parent.object.fs_magic;
	object.mount_flags = new->at.parent.object.mount_flags;
	step = opening_judge(&new->o, &new->at.parent, &object);
	if (step != STEP_GO)
		return step;
	unlike = unlike_made(opening_rule(&new->o), &object);
	return unlike ? opening_condition(&new->o, unlike) : STEP_GO;
}

/* Nothing need be there: it is the old name's object that is judged, with its directory. */
static enum step find_new(struct opening *o)
{
	struct side *new = (struct side *)o;
	enum step step;
	int r;

	named_done(&new->at);
	r = create_pin_parent(o, &new->at.parent, &new->at.base);
	if (r == -ELOOP)
		return walk_follow(o, true);
	if (r < 0)
		return opening_kernel(o, r == -EISDIR ? of_root(new) : r);
	step = judge_new(new);
	if (step != STEP_GO)
		return step;
	r = opener_pin(o, new->at.parent.fd, new->at.base, &new->at.pin);
	if (r < 0 && r != -ENOENT)
		return opening_kernel(o, r);
	if (r == 0 && (pair_is_link(new->pair) || new->pair->request->noreplace))
		return opening_kernel(o, -EEXIST);
	return opening_granted(o, -EBADF);
}

static enum step find_target(struct opening *o)
{
	struct side *target = (struct side *)o;
	enum step step = act_find(o, of_root(target), 0, &target->at);

	return step == STEP_GO ? opening_granted(o, -EBADF) : step;
}

/* what the new name lends */

/* What an object can be asked for by its name. */
static const uint32_t lendable[] = {
	POLICY_READ, POLICY_WRITE,	POLICY_APPEND, POLICY_TRUNCATE,
	POLICY_STAT, POLICY_ATTRIBUTES, POLICY_WATCH,
};

static bool lends_more(struct pair *pair, uint32_t mode)
{
	struct policy_object object = pair->old.at.pin.object;
	enum lent by_new, by_old;

	/* However many names it has now: others go, and it will have one again. */
	object.links = 1;
	pair->new.o.query.modes = pair->old.o.query.modes = mode;
	by_new = opening_lent(&pair->new.o, NULL, &object);
	if (by_new == LENT_DENIED)
		return false;
	by_old = opening_lent(&pair->old.o, &pair->old.at.pin, &object);
	return by_new > by_old;
}

/* As it was before more was asked of it. */
static void grant_again(struct side *side, uint32_t modes, const struct policy_rule *rule)
{
	side->o.query.modes = modes;
	side->o.rule = rule;
	opening_granted(&side->o, -EBADF);
}

/* Whether the new name gives more than the old one, of which the old one's outcome tells then. */
static bool is_escape(struct pair *pair)
{
	const struct policy_rule *by_old = pair->old.out.rule, *by_new = pair->new.out.rule;
	bool escapes = false;

	for (size_t i = 0; !escapes && i < ELEMENTSOF(lendable); i++)
		escapes = lends_more(pair, lendable[i]);
	grant_again(&pair->new, POLICY_CREATE, by_new);
	if (!escapes)
		grant_again(&pair->old, pair->request->modes, by_old);
	return escapes;
}

/* the act */

static bool is_same(const struct pin *a, const struct pin *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

/* The side that tells of @r. */
static struct side *failed(struct pair *pair, int r)
{
	pair->old.o.failed = pair->new.o.failed = false;
	if (opening_unopened(&pair->new.o, r) == STEP_DONE)
		return &pair->new;
	opening_unopened(&pair->old.o, r);
	return &pair->old;
}

/* The side whose outcome is the answer, or NULL: once more. */
static struct side *attempt(struct pair *pair)
{
	struct side *old = &pair->old, *new = &pair->new, *target = &pair->target;
	struct side *refused = refused_by_name(pair);
	int r;

	if (refused)
		return refused;
	if (!is_granted(old, find_old))
		return old;
	if (!is_granted(new, find_new))
		return new;
	if (pair_has_target(pair)) {
		side_name(target, new->o.name, POLICY_REMOVE);
		if (!is_granted(target, find_target))
			return target;
		if (!is_same(&target->at.parent, &new->at.parent) ||
		    !is_same(&target->at.pin, &new->at.pin))
			return NULL;
	}
	if (is_escape(pair))
		return old;
	r = bind_names(pair);
	if (r == -EAGAIN)
		return NULL;
	return r < 0 ? failed(pair, r) : old;
}

/* the answer */

static void tell_rules(struct pair *pair, const struct side *decided)
{
	const struct side *other = decided == &pair->old ? &pair->new : &pair->old;
	bool is_judged = decided->out.reason == WIRE_REASON_OK || other == &pair->old;

	pair->other->modes = other->o.query.modes;
	if (pair_has_target(pair) && other == &pair->new)
		pair->other->modes |= POLICY_REMOVE;
	if (!is_judged)
		return;
	pair->other->rules[0] = other->out.rule;
	if (pair_has_target(pair) && other == &pair->new)
		pair->other->rules[1] = pair->target.out.rule;
	pair->other->as_root = decided->out.reason == WIRE_REASON_OK && bind_is_as_root(pair);
	strcpy(pair->other->canonical, other->out.canonical);
}

/* What was paid is given back with the answer; of more than one rule, all others at once. */
static void end_rates(struct pair *pair)
{
	struct rates *rates = pair->old.o.opener->shared.rates;

	if (pair->new.out.in_flight)
		rates_end(rates, pair->new.out.in_flight);
	if (pair->target.out.in_flight)
		rates_end(rates, pair->target.out.in_flight);
}

/* On the stack, where nothing has to be mapped for it; not inlined, as no other request needs as much. */
static _noinline_ void open_pair(struct opener *opener, const struct order *order,
				 struct outcome *ret)
{
	_cleanup_(pair_done) struct pair pair _uninitialized_;
	struct side *decided = NULL;

	if (pair_init(&pair, opener, order) < 0) {
		ret->reason = WIRE_REASON_BUSY;
		ret->error = EAGAIN;
		return;
	}
	for (unsigned i = 0; !decided && i < LIMIT_RETRIES; i++)
		decided = attempt(&pair);
	if (!decided)
		decided = failed(&pair, -EAGAIN);
	tell_rules(&pair, decided);
	end_rates(&pair);
	*ret = decided->out;
	ret->in_flight = pair.old.out.in_flight;
	ret->modes = decided->o.query.modes;
	ret->of_new = decided != &pair.old;
	ret->other = TAKE_PTR(pair.other);
}

void two_names_open(struct opener *opener, const struct order *order, struct outcome *ret)
{
	/* Journals are waited for. */
	ret->would_block = !order->may_block;
	if (!ret->would_block)
		open_pair(opener, order, ret);
}

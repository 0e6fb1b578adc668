/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a rule wants done with what it grants. Few rules want anything, so each
 * has a pointer, and those that want nothing point to one place.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/number.h"
#include "policy/compiler.h"
#include "policy/glob.h"
#include "policy/values.h"

static const struct policy_obligations nothing;

int compile_deliver(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	(void)rule;
	for (enum policy_deliver way = POLICY_DELIVER_FD; way <= POLICY_DELIVER_PIPE; way++) {
		if (strcmp(attr->values.items[0].text, policy_deliver_name(way)) != 0)
			continue;
		c->obligations.deliver = way;
		c->has_obligations = c->has_obligations || way != POLICY_DELIVER_FD;
		return 0;
	}
	return compile_bad_value(c, &attr->values.items[0]);
}

/* A copy takes memory: its size is a condition, said or not. */
static void bound_snapshot(struct compiler *c)
{
	const uint32_t max_size = 1U << POLICY_CONDITION_MAX_SIZE;
	struct conditions *conditions = &c->conditions;

	if (c->obligations.deliver != POLICY_DELIVER_SNAPSHOT)
		return;
	if (!(conditions->asked & max_size) || conditions->max_size > POLICY_SNAPSHOT_MAX)
		conditions->max_size = POLICY_SNAPSHOT_MAX;
	conditions->asked |= max_size;
	c->obligations.snapshot_max = conditions->max_size;
}

int compile_create_mode(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	(void)rule;
	c->has_obligations = c->obligations.has_create_mode = true;
	if (value_mode(attr->values.items[0].text, &c->obligations.create_mode) < 0)
		return compile_bad_value(c, &attr->values.items[0]);
	return 0;
}

/* One of the two names. Return 1 if it is somebody's, and 0 if not or if it is wrong. */
static int find_id(struct compiler *c, enum compile_ids kind, struct ast_value *value,
		   uint32_t *ret)
{
	const struct ast_values values = { .items = value, .n = 1 };
	struct id_ranges ids;
	int r = compile_ids(c, kind, &values, false, &ids);

	if (r < 0)
		return r;
	if (ids.n == 0)
		return 0;
	if (ids.items[0].first != ids.items[0].last)
		return compile_bad_value(c, value);
	*ret = ids.items[0].first;
	return 1;
}

int compile_create_owner(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	struct ast_value user = attr->values.items[0], group = user;
	_cleanup_(freep) char *text = NULL;
	char *colon;
	int r;

	r = glob_string(&user, c->diags, &text);
	if (r < 0)
		return r == -EINVAL ? 0 : r;
	colon = strchr(text, ':');
	if (!colon)
		return compile_bad_value(c, &user);
	*colon = '\0';
	user.text = text;
	group.text = colon + 1;
	c->has_obligations = c->obligations.has_create_owner = true;
	r = find_id(c, COMPILE_USERS, &user, &c->obligations.create_uid);
	if (r > 0)
		r = find_id(c, COMPILE_GROUPS, &group, &c->obligations.create_gid);
	/* What would belong to nobody is not made: the rule names no request. */
	if (r == 0)
		rule->effect = 0;
	return r < 0 ? r : 0;
}

static bool read_per(const char *word, enum policy_per *ret)
{
	static const char *const words[] = {
		[POLICY_PER_RULE] = "rule",
		[POLICY_PER_UID] = "uid",
		[POLICY_PER_UNIT] = "unit",
	};

	for (size_t i = 0; i < ELEMENTSOF(words); i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret = (enum policy_per)i;
			return true;
		}
	}
	return false;
}

/* "20/s burst 40 per uid"; without a burst as many at once as in one period. */
int compile_rate(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	const struct ast_value *last = &attr->values.items[attr->values.n - 1];
	struct policy_obligations *o = &c->obligations;
	struct value_rate rate;
	(void)rule;

	if (value_rate(attr->values.items[0].text, &rate) < 0)
		return compile_bad_value(c, &attr->values.items[0]);
	if (!read_per(last->text, &o->rate_per))
		return compile_bad_value(c, last);
	o->rate = o->rate_burst = rate.count;
	o->rate_period_sec = rate.period_sec;
	if (attr->values.n == 5 &&
	    (number_u32(attr->values.items[2].text, &o->rate_burst) < 0 || o->rate_burst == 0))
		return compile_bad_value(c, &attr->values.items[2]);
	c->policy->summary.n_rates++;
	c->has_obligations = true;
	return 0;
}

int compile_in_flight(struct compiler *c, const struct ast_attr *attr, struct rule *rule)
{
	const struct ast_value *value = &attr->values.items[0];
	struct policy_obligations *o = &c->obligations;

	(void)rule;
	if (number_u32(value->text, &o->in_flight) < 0 || o->in_flight == 0)
		return compile_bad_value(c, value);
	o->in_flight_index = c->policy->summary.n_in_flight++;
	c->has_obligations = true;
	return 0;
}

int compile_obligations(struct compiler *c, struct rule *rule)
{
	struct policy_obligations *kept;

	bound_snapshot(c);
	rule->shown.obligations = &nothing;
	if (!c->has_obligations)
		return 0;
	kept = arena_alloc(&c->policy->arena, 1, sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	*kept = c->obligations;
	rule->shown.obligations = kept;
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can be said of a caller before he asks for anything, said once: which
 * rules are for him, and what the specifiers stand for. Names come from the
 * snapshot that was taken when the policy was loaded; nothing is looked up.
 *
 * A value that could climb out of its component, or that would vanish, is no
 * value: the rule does not match.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/compiled.h"
#include "policy/who.h"

DEFINE_CLEANUP(struct policy_caller *, policy_caller_free)

/* A fact without which a specifier has no value. */
static const uint32_t facts[SPECIFIER_MAX] = {
	[SPECIFIER_USER] = POLICY_FACT_USER,	  [SPECIFIER_UID] = POLICY_FACT_USER,
	[SPECIFIER_GROUP] = POLICY_FACT_GROUP,	  [SPECIFIER_GID] = POLICY_FACT_GROUP,
	[SPECIFIER_HOME] = POLICY_FACT_USER,	  [SPECIFIER_UNIT] = POLICY_FACT_UNIT,
	[SPECIFIER_UNIT_BARE] = POLICY_FACT_UNIT, [SPECIFIER_PREFIX] = POLICY_FACT_UNIT,
	[SPECIFIER_INSTANCE] = POLICY_FACT_UNIT,  [SPECIFIER_LAST] = POLICY_FACT_UNIT,
	[SPECIFIER_SLICE] = POLICY_FACT_SLICE,
};

static int set_value(struct policy_caller *caller, enum specifier which, const char *bytes,
		     size_t len)
{
	if (!match_is_component(bytes, len))
		return 0;
	caller->values.text[which] = arena_copy(&caller->arena, bytes, len);
	return caller->values.text[which] ? 0 : -ENOMEM;
}

static int set_number(struct policy_caller *caller, enum specifier which, uint32_t number)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;

	text_printf(&text, "%u", number);
	if (text.failed)
		return -ENOMEM;
	return set_value(caller, which, text.data, text.len);
}

static int compare_user(const void *key, const void *entry)
{
	uid_t uid = *(const uid_t *)key, other = ((const struct known_user *)entry)->uid;

	return uid < other ? -1 : uid > other;
}

static int compare_group(const void *key, const void *entry)
{
	gid_t gid = *(const gid_t *)key, other = ((const struct known_group *)entry)->gid;

	return gid < other ? -1 : gid > other;
}

static int set_user(struct policy_caller *caller, uid_t uid)
{
	const struct policy *policy = caller->policy;
	const struct known_user *user = NULL;
	int r;

	if (policy->n_users > 0)
		user = bsearch(&uid, policy->users, policy->n_users, sizeof(*user), compare_user);
	r = set_number(caller, SPECIFIER_UID, uid);
	if (r < 0 || !user)
		return r;
	/* Many system users have the root directory: all below it would be theirs. */
	if (match_is_clean(user->home) && user->home[1] != '\0') {
		caller->values.text[SPECIFIER_HOME] = arena_string(&caller->arena, user->home);
		if (!caller->values.text[SPECIFIER_HOME])
			return -ENOMEM;
	}
	return set_value(caller, SPECIFIER_USER, user->name, strlen(user->name));
}

static int set_group(struct policy_caller *caller, gid_t gid)
{
	const struct policy *policy = caller->policy;
	const struct known_group *group = NULL;
	int r;

	if (policy->n_groups > 0)
		group = bsearch(&gid, policy->groups, policy->n_groups, sizeof(*group),
				compare_group);
	r = set_number(caller, SPECIFIER_GID, gid);
	if (r < 0 || !group)
		return r;
	return set_value(caller, SPECIFIER_GROUP, group->name, strlen(group->name));
}

/* systemd.unit(5): prefix@instance.suffix, where the instance may be missing. */
static int set_unit(struct policy_caller *caller, const char *unit)
{
	const char *dot = strrchr(unit, '.');
	size_t bare = dot ? (size_t)(dot - unit) : strlen(unit);
	const char *at = memchr(unit, '@', bare);
	size_t prefix = at ? (size_t)(at - unit) : bare;
	const char *dash = memrchr(unit, '-', prefix);
	const char *last = dash ? dash + 1 : unit;
	int r;

	r = set_value(caller, SPECIFIER_UNIT, unit, strlen(unit));
	if (r == 0)
		r = set_value(caller, SPECIFIER_UNIT_BARE, unit, bare);
	if (r == 0)
		r = set_value(caller, SPECIFIER_PREFIX, unit, prefix);
	if (r == 0)
		r = set_value(caller, SPECIFIER_LAST, last, (size_t)(unit + prefix - last));
	if (r == 0 && at)
		r = set_value(caller, SPECIFIER_INSTANCE, at + 1, bare - prefix - 1);
	return r;
}

static int set_values(struct policy_caller *caller, const struct policy_subject *subject)
{
	int r = 0;

	for (enum specifier i = 0; i < SPECIFIER_MAX; i++)
		if (!(subject->known & facts[i]))
			caller->values.unknown |= 1U << i;
	if (subject->known & POLICY_FACT_USER && subject->uid != (uid_t)-1)
		r = set_user(caller, subject->uid);
	if (r == 0 && subject->known & POLICY_FACT_GROUP)
		r = set_group(caller, subject->gid);
	if (r == 0 && subject->known & POLICY_FACT_UNIT && subject->unit)
		r = set_unit(caller, subject->unit);
	if (r == 0 && subject->known & POLICY_FACT_SLICE && subject->slice)
		r = set_value(caller, SPECIFIER_SLICE, subject->slice, strlen(subject->slice));
	return r;
}

/* Every named subject once: each refers to earlier ones only. */
static struct who_answer *ask_subjects(const struct policy *policy,
				       const struct policy_subject *subject)
{
	struct who_answer *answers = calloc(policy->n_subjects + 1, sizeof(*answers));

	for (size_t i = 0; answers && i < policy->n_subjects; i++)
		answers[i] = who_ask(&policy->subjects[i], answers, subject);
	return answers;
}

static void settle(struct who_answer *answers, size_t n, enum truth unknown)
{
	for (size_t i = 0; i < n; i++)
		if (answers[i].accepts == TRUTH_UNKNOWN)
			answers[i].accepts = unknown;
}

/* @unknown: what it becomes to answer of an attested caller that a fact is not known. */
static int ask_scopes(struct policy_caller *caller, const struct policy_subject *subject,
		      enum truth unknown, const struct who_answer **ret)
{
	const struct policy *policy = caller->policy;
	_cleanup_(freep) struct who_answer *subjects = ask_subjects(policy, subject);
	struct who_answer *answers =
		arena_alloc(&caller->arena, policy->n_scopes, sizeof(*answers));

	if (!subjects || !answers)
		return -ENOMEM;
	for (size_t i = 0; i < policy->n_scopes; i++)
		answers[i] = who_ask(&policy->scopes[i], subjects, subject);
	if (subject->attested)
		settle(answers, policy->n_scopes, unknown);
	*ret = answers;
	return 0;
}

/* The facts that some rule asks for. */
static uint32_t facts_asked(const struct policy *policy)
{
	uint32_t asked = 0;

	for (size_t i = 0; i < policy->n_scopes; i++)
		asked |= policy->scopes[i].facts;
	return asked;
}

/* To a deny, what could not be attested is absent: another namespace, no filter, no label. What
 * is doubtful is what makes it hold. */
static int ask_denies(struct policy_caller *caller, const struct policy_subject *subject)
{
	struct policy_subject strict = *subject;
	uint32_t unsure = ~subject->known | subject->doubtful;

	if (!subject->attested || !(facts_asked(caller->policy) & unsure)) {
		caller->scopes[false] = caller->scopes[true];
		return 0;
	}
	strict.known = POLICY_FACT_ALL;
	return ask_scopes(caller, &strict, TRUTH_YES, &caller->scopes[false]);
}

static int keep_accepts(struct policy_caller *caller, bool allow)
{
	size_t n = caller->policy->n_scopes;
	uint8_t *accepts = arena_alloc(&caller->arena, n, sizeof(*accepts));

	if (!accepts)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		accepts[i] = (uint8_t)caller->scopes[allow][i].accepts;
	caller->accepts[allow] = accepts;
	return 0;
}

int policy_caller_new(struct policy_caller **ret, const struct policy *policy,
		      const struct policy_subject *subject)
{
	_cleanup_(policy_caller_freep) struct policy_caller *caller = calloc(1, sizeof(*caller));
	int r;

	if (!caller)
		return -ENOMEM;
	caller->policy = policy;
	caller->uid = subject->uid;
	caller->uid_known = subject->known & POLICY_FACT_USER;
	r = set_values(caller, subject);
	if (r < 0)
		return r;
	/* What could not be attested makes an allow not match, with `not` before it or without. */
	r = ask_scopes(caller, subject, TRUTH_NO, &caller->scopes[true]);
	if (r < 0)
		return r;
	r = ask_denies(caller, subject);
	if (r == 0)
		r = keep_accepts(caller, false);
	if (r == 0)
		r = keep_accepts(caller, true);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(caller);
	return 0;
}

struct policy_caller *policy_caller_free(struct policy_caller *caller)
{
	if (caller) {
		arena_done(&caller->arena);
		free(caller);
	}
	return NULL;
}

const char *policy_caller_value(const struct policy_caller *caller, char letter, bool *ret_known)
{
	enum specifier which = specifier_of(letter);

	*ret_known = which == SPECIFIER_MAX || !(caller->values.unknown & 1U << which);
	return which == SPECIFIER_MAX ? NULL : caller->values.text[which];
}

/* Of the specifiers that the policy uses. */
static uint32_t missing_values(const struct policy_caller *caller)
{
	uint32_t missing = caller->policy->specifiers;

	for (enum specifier i = 0; i < SPECIFIER_MAX; i++)
		if (caller->values.text[i])
			missing &= ~(1U << i);
	return missing;
}

static bool has_specifier(const struct rule *rule, uint32_t specifiers)
{
	for (size_t i = 0; i < rule->n_paths; i++)
		if (rule->paths[i]->specifiers & specifiers)
			return true;
	return false;
}

size_t policy_caller_unresolved(const struct policy_caller *caller, size_t i)
{
	const struct policy *policy = caller->policy;
	uint32_t missing = missing_values(caller);

	for (; missing && i < policy->n_rules; i++) {
		const struct rule *rule = &policy->rules[i];

		if (caller->scopes[rule->shown.allow][rule->scope].accepts == TRUTH_YES &&
		    has_specifier(rule, missing))
			return i;
	}
	return policy->n_rules;
}

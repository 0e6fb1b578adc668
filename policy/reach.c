/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/reach.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/compiled.h"
#include "policy/glob.h"

/*
 * An allow's pattern begins with components that are the same for every caller
 * and every name; below them, or at them, lies all that it can allow. The last
 * component of a name without wildcards is left out where the rule opens files:
 * a file is found in its directory, and may be replaced in it.
 */

struct name {
	char bytes[GLOB_TEXT_MAX + 1];
	size_t len;
};

static bool append(struct name *name, const char *bytes, size_t len)
{
	if (name->len + len >= sizeof(name->bytes))
		return false;
	memcpy(name->bytes + name->len, bytes, len);
	name->len += len;
	name->bytes[name->len] = '\0';
	return true;
}

/* Modes by which a directory itself is opened. */
static bool opens_directories(const struct rule *rule)
{
	return rule->effect & (POLICY_LIST | POLICY_TMPFILE);
}

/* Of the text that the pattern begins with. */
static size_t fixed_len(const struct rule *rule, const struct pattern *pattern)
{
	const char *text = pattern_plain(pattern), *slash;

	if (pattern->n > 0 || opens_directories(rule))
		return pattern->plain_len;
	slash = memrchr(text, '/', pattern->plain_len);
	return slash ? (size_t)(slash - text) : 0;
}

static bool opens_devices(const struct rule *rule)
{
	const uint32_t devices = 1U << (S_IFCHR >> 12) | 1U << (S_IFBLK >> 12);

	return rule->conditions->types & devices;
}

struct reaching {
	int (*add)(void *context, const struct policy_reach *reach);
	void *context;
};

/* @home: "" for a pattern that does not begin with one. */
static int below(const struct reaching *to, const struct rule *rule, const struct pattern *pattern,
		 const char *home)
{
	struct name name = { .len = 0 };

	/* A name that is too long is nobody's. */
	if (!append(&name, home, strcmp(home, "/") == 0 ? 0 : strlen(home)) ||
	    !append(&name, pattern_plain(pattern), fixed_len(rule, pattern)))
		return 0;
	return to->add(to->context, &(struct policy_reach){
					    .directory = name.len > 0 ? name.bytes : "/",
					    .modes = rule->effect,
					    .as_root = rule->shown.as_root,
					    .devices = opens_devices(rule),
					    .personal = pattern->home,
				    });
}

static int below_homes(const struct reaching *to, const struct policy *policy,
		       const struct rule *rule, const struct pattern *pattern)
{
	int r = 0;

	for (size_t i = 0; i < policy->n_users && r == 0; i++)
		if (policy->users[i].home && match_is_clean(policy->users[i].home))
			r = below(to, rule, pattern, policy->users[i].home);
	return r;
}

static int of_rule(const struct reaching *to, const struct policy *policy, const struct rule *rule)
{
	int r = 0;

	for (uint32_t i = 0; i < rule->n_paths && r == 0; i++)
		r = rule->paths[i]->home ? below_homes(to, policy, rule, rule->paths[i])
					 : below(to, rule, rule->paths[i], "");
	return r;
}

int policy_reaches(const struct policy *policy,
		   int (*add)(void *context, const struct policy_reach *reach), void *context)
{
	const struct reaching to = { add, context };
	int r = 0;

	for (size_t i = 0; i < policy->n_rules && r == 0; i++)
		if (policy->rules[i].shown.allow)
			r = of_rule(&to, policy, &policy->rules[i]);
	return r;
}

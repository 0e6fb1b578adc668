/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/policy.h"

#include <stdlib.h>

#include "policy/compiled.h"

const struct policy_summary *policy_summary(const struct policy *policy)
{
	return &policy->summary;
}

size_t policy_n_rules(const struct policy *policy)
{
	return policy->n_rules;
}

const struct policy_rule *policy_rule(const struct policy *policy, size_t i)
{
	return &policy->rules[i].shown;
}

size_t policy_rule_index(const struct policy *policy, const struct policy_rule *rule)
{
	return (size_t)((const struct rule *)(const void *)rule - policy->rules);
}

uint32_t policy_rule_facts(const struct policy *policy, size_t i)
{
	return policy->scopes[policy->rules[i].scope].facts;
}

const char *policy_deliver_name(enum policy_deliver deliver)
{
	static const char *const words[] = {
		[POLICY_DELIVER_FD] = "fd",
		[POLICY_DELIVER_SNAPSHOT] = "snapshot",
		[POLICY_DELIVER_PIPE] = "pipe",
	};

	return words[deliver];
}

const char *policy_exe_path(const struct policy *policy, size_t i)
{
	return i < policy->n_exes ? policy->exes[i] : NULL;
}

struct policy *policy_free(struct policy *policy)
{
	if (policy) {
		arena_done(&policy->arena);
		trie_free(policy->trie);
		free(policy->exes);
		free(policy);
	}
	return NULL;
}

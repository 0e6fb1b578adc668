/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_EXPLAIN_H
#define FDB_POLICY_EXPLAIN_H

/*
 * How each rule stands to a question, one by one and in words: for people who
 * ask why. The answer itself is decide_name()'s; this says what led to it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/decide.h"
#include "policy/match.h"

/* One caller under one policy. Both are borrowed, and the subject's strings too. */
struct explainer;
int explainer_new(struct explainer **ret, const struct policy *policy,
		  const struct policy_subject *subject);
struct explainer *explainer_free(struct explainer *explainer);
DEFINE_CLEANUP(struct explainer *, explainer_free)

struct explain_match {
	enum truth path;
	size_t prefix_len;  /* as a candidate's */
	bool excepted;	    /* a path matches, and a path of its `except` too */
	bool modes;	    /* allow: all that are asked; deny: one of them */
	bool expired;	    /* `until` is over */
	bool unconditional; /* a deny that need not see the object */
	enum truth subject;
	uint32_t
		keys; /* 1U << enum ast_key: what keeps the subject from being YES, at its nearest */
};

/* @i counts as policy_rule() does. @query's caller was made from the same subject. */
struct explain_match explain_rule(const struct explainer *explainer,
				  const struct policy_query *query, size_t i);

/* Is this a rule that names the query (section 8, step 2), or may be? */
bool explain_names(const struct explain_match *match);

/* Add `unit "nginx.service" ≠ php.service`, for each term that keeps the rule's subject from
 * being YES. Escaped. */
void explain_subject(const struct explainer *explainer, size_t i, struct text *out);

/* Add what the object and the way to it must be, defaults of the way included: "owner { root },
 * mode-max 0640, symlinks refuse". */
void explain_conditions(const struct policy_rule *rule, struct text *out);

/* Does the rule ask anything of the object, beyond the defaults? */
bool explain_asks(const struct policy_rule *rule);

/* Add ", deliver snapshot", or nothing for the file itself. */
void explain_deliver(const struct policy_rule *rule, struct text *out);

/* The same as attributes for another rule, without defaults: "owner { root }; mode-max 0640". */
void explain_attributes(const struct policy_rule *rule, struct text *out);

/* The word of the language for a key: "user-unit". */
const char *explain_key(enum ast_key key);

/* The traits of a process that are known, in the words of the language: "  userns host  nnp yes". */
void explain_traits(const struct policy_subject *subject, struct text *out);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_QUESTION_H
#define FDB_CTL_QUESTION_H

/* What `can` and `explain` ask of a policy: may somebody do this to that. */

#include "base/cleanup.h"
#include "policy/decide.h"
#include "policy/diag.h"
#include "policy/load.h"

/* "read,write": the bits, or 0 for anything that is not a list of modes. `any` is none: nobody
 * asks for everything at once. */
uint32_t question_modes(const char *text);

/*
 * Callers by what was stated of them; each is made once, however many questions
 * there are. A description that cannot be read, or names nobody, adds to @diags.
 */
struct caller {
	char *stated;
	struct source *source;
	struct stated_subject *subject;
	struct policy_caller *policy_caller;
};

struct callers;
int callers_new(struct callers **ret, const struct policy *policy);
struct callers *callers_free(struct callers *callers);
DEFINE_CLEANUP(struct callers *, callers_free)

/**
 * callers_get() - the caller that @stated describes
 * @ret:	borrowed from @callers; NULL if @diags got an error
 *
 * Return: 0; -ENOMEM or another -errno that is not the description's fault.
 */
int callers_get(struct callers *callers, const char *stated, struct diags *diags,
		const struct caller **ret);

enum answer_kind { ANSWER_YES, ANSWER_NO, ANSWER_UNDECIDED };

struct answer {
	enum answer_kind kind;
	enum policy_reason reason;	 /* of NO */
	enum policy_condition condition; /* of NO for a condition, when the object was looked at */
	const struct policy_rule *rule;	 /* what decided, or what it hinges on; NULL: no rule */
	struct policy_object object;	 /* what was looked at, where there is a condition */
	uint32_t
		makes; /* of YES to `create` alone: 1U << (S_IFMT >> 12) of what may be made; else 0 */
	bool only_times; /* of YES to `attributes`: of a set-group-ID directory, whose mode is not changed */
};

/* The policy's answer to a name; @candidates is left as decide_name() leaves it, with all denies. */
struct answer answer_name(const struct policy *policy, const struct policy_query *query,
			  struct candidates *candidates);

/* "allow", "deny" or "undecided"; and back: 0, or -EINVAL for another word. */
const char *answer_word(enum answer_kind kind);
int answer_kind_find(const char *word, enum answer_kind *ret);

/* What of the object does not meet the condition: "its owner is root(0)"; nothing where that is not
 * the object's. */
void answer_observed(const struct answer *answer, struct text *out);

/* The next type of what may be made, from @type on: "directory"; NULL past the last. @type starts at
 * 0, and is moved behind it. */
const char *answer_makes(const struct answer *answer, size_t *type);

/* Add ", only of type directory, symlink", unless everything may be made that can be; and what of the
 * attributes may be changed, unless all. */
void answer_add_only(const struct answer *answer, struct text *out);

/* "default: no allow rule names this request" */
void answer_reason(const struct answer *answer, struct text *out);

/* "default", "rule", "condition", …: the word of reply and audit. */
const char *answer_reason_name(enum policy_reason reason);

#endif

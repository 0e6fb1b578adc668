/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/question.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/observed.h"
#include "ctl/screen.h"
#include "policy/explain.h"
#include "policy/parser.h"
#include "policy/source.h"

struct callers {
	const struct policy *policy;
	void *tree; /* tsearch(3), by what was stated */
};

uint32_t question_modes(const char *text)
{
	_cleanup_(freep) char *words = strdup(text);
	char *next = words, *word;
	uint32_t modes = 0;

	if (!words || *words == '\0')
		return 0;
	while ((word = strsep(&next, ","))) {
		uint32_t bit = policy_mode_bit(word);

		if (bit == 0)
			return 0;
		modes |= bit;
	}
	return modes;
}

static struct caller *caller_free(struct caller *caller)
{
	if (!caller)
		return NULL;
	policy_caller_free(caller->policy_caller);
	load_subject_free(caller->subject);
	source_free(caller->source);
	free(caller->stated);
	free(caller);
	return NULL;
}
DEFINE_CLEANUP(struct caller *, caller_free)
DEFINE_CLEANUP(struct ast_conj *, ast_conj_free)

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct caller *)a)->stated, ((const struct caller *)b)->stated);
}

static void free_node(void *node)
{
	caller_free(node);
}

int callers_new(struct callers **ret, const struct policy *policy)
{
	struct callers *callers = calloc(1, sizeof(*callers));

	if (!callers)
		return -ENOMEM;
	callers->policy = policy;
	*ret = callers;
	return 0;
}

struct callers *callers_free(struct callers *callers)
{
	if (!callers)
		return NULL;
	tdestroy(callers->tree, free_node);
	free(callers);
	return NULL;
}

/* Diagnostics point into the source, so the caller keeps it even when it stays half-made. */
static int describe(struct caller *caller, const struct policy *policy, struct diags *diags)
{
	_cleanup_(ast_conj_freep) struct ast_conj *conj = NULL;
	int r;

	r = source_new(&caller->source, "--as", caller->stated, strlen(caller->stated),
		       SOURCE_ADMIN);
	if (r < 0)
		return r;
	r = parser_parse_conj(caller->source, diags, &conj);
	if (r < 0 || !conj)
		return r;
	r = load_subject(conj, diags, &caller->subject);
	if (r < 0 || !caller->subject)
		return r;
	return policy_caller_new(&caller->policy_caller, policy, &caller->subject->subject);
}

int callers_get(struct callers *callers, const char *stated, struct diags *diags,
		const struct caller **ret)
{
	_cleanup_(caller_freep) struct caller *caller = calloc(1, sizeof(*caller));
	struct caller **slot;
	int r;

	if (!caller)
		return -ENOMEM;
	caller->stated = strdup(stated);
	if (!caller->stated)
		return -ENOMEM;
	slot = tsearch(caller, &callers->tree, compare);
	if (!slot)
		return -ENOMEM;
	if (*slot == caller) {
		TAKE_PTR(caller);
		r = describe(*slot, callers->policy, diags);
		if (r < 0)
			return r;
	}
	*ret = (*slot)->policy_caller ? *slot : NULL;
	return 0;
}

struct answer answer_name(const struct policy *policy, const struct policy_query *query,
			  struct candidates *candidates)
{
	decide_name(policy, query, candidates);
	candidates_add_standing(candidates, query);
	if (candidates->undecided)
		return (struct answer){ ANSWER_UNDECIDED, .rule = candidates->undecided };
	if (candidates->reason == POLICY_REASON_OK)
		return (struct answer){ ANSWER_YES, .rule = candidates->allows[0].rule };
	return (struct answer){ ANSWER_NO, .reason = candidates->reason, .rule = candidates->rule };
}

static const char *const words[] = {
	[ANSWER_YES] = "allow",
	[ANSWER_NO] = "deny",
	[ANSWER_UNDECIDED] = "undecided",
};

const char *answer_word(enum answer_kind kind)
{
	return words[kind];
}

int answer_kind_find(const char *word, enum answer_kind *ret)
{
	for (size_t i = 0; i < ELEMENTSOF(words); i++)
		if (strcmp(words[i], word) == 0) {
			*ret = (enum answer_kind)i;
			return 0;
		}
	return -EINVAL;
}

static const char *const reason_names[] = {
	[POLICY_REASON_OK] = "ok",
	[POLICY_REASON_BAD_PATH] = "bad-path",
	[POLICY_REASON_DEFAULT] = "default",
	[POLICY_REASON_RULE] = "rule",
	[POLICY_REASON_CONDITION] = "condition",
};

const char *answer_reason_name(enum policy_reason reason)
{
	return reason_names[reason];
}

void answer_observed(const struct answer *answer, struct text *out)
{
	if (answer->reason == POLICY_REASON_CONDITION)
		observed_add(answer->condition, &answer->object, out);
}

static const struct {
	mode_t type;
	const char *word;
} made[] = {
	{ S_IFREG, "regular" },
	{ S_IFDIR, "directory" },
	{ S_IFLNK, "symlink" },
};

const char *answer_makes(const struct answer *answer, size_t *type)
{
	while (*type < ELEMENTSOF(made)) {
		size_t i = (*type)++;

		if (answer->makes >> (made[i].type >> 12) & 1)
			return made[i].word;
	}
	return NULL;
}

void answer_add_only(const struct answer *answer, struct text *out)
{
	const char *before = ", only of type ", *word;
	size_t type = 0;

	if (answer->only_times)
		text_puts(out,
			  ", only the times: the mode of a set-group-ID directory is not changed");
	if (answer->makes == 0 || __builtin_popcount(answer->makes) == (int)ELEMENTSOF(made))
		return;
	for (; (word = answer_makes(answer, &type)); before = ", ")
		text_printf(out, "%s%s", before, word);
}

/* ": its owner is root(0), and it asks for owner { caller }" */
static void add_observed(const struct answer *answer, struct text *out)
{
	struct text asked = TEXT_EMPTY;
	struct text observed = TEXT_EMPTY;

	answer_observed(answer, &observed);
	explain_conditions(answer->rule, &asked);
	if (observed.len > 0)
		text_printf(out, ": %s", observed.data);
	if (observed.len > 0 && asked.len > 0)
		text_printf(out, "; it asks for %s", asked.data);
	text_done(&observed);
	text_done(&asked);
}

void answer_reason(const struct answer *answer, struct text *out)
{
	switch (answer->reason) {
	case POLICY_REASON_OK:
		return;
	case POLICY_REASON_BAD_PATH:
		text_puts(out, "bad-path: absolute, at most 4095 bytes, no empty, '.' or '..' "
			       "component");
		return;
	case POLICY_REASON_DEFAULT:
		text_puts(out, "default: no allow rule names this request");
		return;
	case POLICY_REASON_RULE:
		text_puts(out, "rule: denied by ");
		screen_add(out, answer->rule->id);
		return;
	case POLICY_REASON_CONDITION:
		text_printf(out, "condition: %s of ", policy_condition_name(answer->condition));
		screen_add(out, answer->rule->id);
		text_puts(out, " does not hold");
		add_observed(answer, out);
	}
}

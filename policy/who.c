/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A conjunction is as true as its least true term, a subject as its most true
 * conjunction, and `not` turns yes and no around and leaves unknown as it is
 * (Kleene's logic). In the daemon all but the executable is always known: of
 * that what could not be attested is neither one that a rule names nor another.
 */
#include "policy/who.h"

#include <string.h>

#include "policy/keywords.h"

static const struct {
	uint32_t fact;
	struct who_words words;
} keys[AST_KEY_MAX] = {
	[AST_KEY_USER] = { POLICY_FACT_USER, { NULL, NULL } },
	[AST_KEY_GROUP] = { POLICY_FACT_GROUP, { NULL, NULL } },
	[AST_KEY_UNIT] = { POLICY_FACT_UNIT, { NULL, NULL } },
	[AST_KEY_USER_UNIT] = { POLICY_FACT_USER_UNIT, { NULL, NULL } },
	[AST_KEY_SLICE] = { POLICY_FACT_SLICE, { NULL, NULL } },
	[AST_KEY_EXE] = { POLICY_FACT_EXE, { NULL, NULL } },
	[AST_KEY_USERNS] = { POLICY_FACT_USERNS, { "host", "other" } },
	[AST_KEY_MNTNS] = { POLICY_FACT_MNTNS, { "host", "other" } },
	[AST_KEY_PIDNS] = { POLICY_FACT_PIDNS, { "host", "other" } },
	[AST_KEY_NNP] = { POLICY_FACT_NNP, { "yes", NULL } },
	[AST_KEY_SECCOMP] = { POLICY_FACT_SECCOMP, { "filter", NULL } },
	[AST_KEY_APPARMOR] = { POLICY_FACT_APPARMOR, { NULL, NULL } },
	[AST_KEY_SELINUX] = { POLICY_FACT_SELINUX, { NULL, NULL } },
};

uint32_t who_fact(enum ast_key key)
{
	return keys[key].fact;
}

struct who_words who_words(enum ast_key key)
{
	return keys[key].words;
}

static enum truth truth_of(bool holds)
{
	return holds ? TRUTH_YES : TRUTH_NO;
}

static bool is_known(const struct policy_subject *subject, enum policy_fact fact)
{
	return subject->known & fact;
}

static enum truth ask_user(const struct term *term, const struct policy_subject *subject)
{
	if (!is_known(subject, POLICY_FACT_USER))
		return TRUTH_UNKNOWN;
	if (subject->uid == POLICY_OVERFLOW_UID || subject->uid == (uid_t)-1)
		return TRUTH_NO;
	return truth_of(id_ranges_have(&term->ids, subject->uid));
}

static enum truth ask_group(const struct term *term, const struct policy_subject *subject)
{
	if (subject->gid != (gid_t)-1 && id_ranges_have(&term->ids, subject->gid))
		return TRUTH_YES;
	for (size_t i = 0; i < subject->n_groups; i++)
		if (id_ranges_have(&term->ids, subject->groups[i]))
			return TRUTH_YES;
	/* A group that is not among those stated may be among the others. */
	return is_known(subject, POLICY_FACT_GROUP) ? TRUTH_NO : TRUTH_UNKNOWN;
}

static bool any_name(const struct term *term, const char *name)
{
	for (size_t i = 0; i < term->n; i++)
		if (match_name(&term->names[i], name))
			return true;
	return false;
}

static enum truth ask_name(const struct term *term, const struct policy_subject *subject,
			   enum policy_fact fact, const char *name)
{
	if (!is_known(subject, fact))
		return TRUTH_UNKNOWN;
	return truth_of(name && any_name(term, name));
}

/* systemd.slice(5): a-b.slice is in a.slice, and every slice is in -.slice. */
static bool slice_below(const struct term *term, const char *slice)
{
	static const char suffix[] = ".slice";
	char name[256]; /* UNIT_NAME_MAX and the NUL */
	size_t len = strlen(slice);
	char *dash;

	if (len >= sizeof(name) || len < sizeof(suffix))
		return false;
	memcpy(name, slice, len + 1);
	for (;;) {
		if (any_name(term, name))
			return true;
		len = strlen(name) - (sizeof(suffix) - 1);
		dash = memrchr(name, '-', len);
		if (!dash || dash == name)
			break;
		memcpy(dash, suffix, sizeof(suffix));
	}
	return any_name(term, "-.slice");
}

static enum truth ask_slice(const struct term *term, const struct policy_subject *subject)
{
	if (!is_known(subject, POLICY_FACT_SLICE))
		return TRUTH_UNKNOWN;
	return truth_of(subject->slice && slice_below(term, subject->slice));
}

static enum truth ask_exe(const struct term *term, const struct policy_subject *subject)
{
	for (size_t i = 0; i < term->n; i++)
		for (size_t j = 0; j < subject->n_exes; j++)
			if (strcmp(term->paths[i], subject->exes[j]) == 0)
				return TRUTH_YES;
	return is_known(subject, POLICY_FACT_EXE) ? TRUTH_NO : TRUTH_UNKNOWN;
}

static enum truth ask_trait(const struct term *term, const struct policy_subject *subject,
			    enum policy_fact fact)
{
	if (!is_known(subject, fact))
		return TRUTH_UNKNOWN;
	return truth_of(subject->traits & fact ? term->yes : term->no);
}

static enum truth ask_label(const struct term *term, const struct policy_subject *subject,
			    const char *label)
{
	uint32_t fact = keys[term->key].fact;
	enum truth answer = TRUTH_NO;

	if (!(subject->known & fact))
		return TRUTH_UNKNOWN;
	for (size_t i = 0; label && i < term->n; i++)
		answer = truth_or(answer, label_match(term->key, &term->labels[i], label));
	/* A context that has no level now is one of a kernel that has none. */
	if (answer == TRUTH_UNKNOWN && subject->attested)
		return TRUTH_NO;
	return answer == TRUTH_YES && subject->doubtful & fact ? TRUTH_UNKNOWN : answer;
}

static enum truth ask_key(const struct term *term, const struct policy_subject *subject)
{
	switch (term->key) {
	case AST_KEY_USER:
		return ask_user(term, subject);
	case AST_KEY_GROUP:
		return ask_group(term, subject);
	case AST_KEY_UNIT:
		return ask_name(term, subject, POLICY_FACT_UNIT, subject->unit);
	case AST_KEY_USER_UNIT:
		return ask_name(term, subject, POLICY_FACT_USER_UNIT, subject->user_unit);
	case AST_KEY_SLICE:
		return ask_slice(term, subject);
	case AST_KEY_EXE:
		return ask_exe(term, subject);
	case AST_KEY_USERNS:
	case AST_KEY_MNTNS:
	case AST_KEY_PIDNS:
	case AST_KEY_NNP:
	case AST_KEY_SECCOMP:
		return ask_trait(term, subject, keys[term->key].fact);
	case AST_KEY_APPARMOR:
		return ask_label(term, subject, subject->apparmor);
	case AST_KEY_SELINUX:
		return ask_label(term, subject, subject->selinux);
	case AST_KEY_MAX:
		break;
	}
	return TRUTH_UNKNOWN;
}

static struct who_answer ask_term(const struct term *term, const struct who_answer *subjects,
				  const struct policy_subject *subject)
{
	struct who_answer answer = { .accepts = TRUTH_YES };

	switch (term->kind) {
	case AST_TERM_ANYONE:
		break;
	case AST_TERM_SUBJECT:
		answer = subjects[term->subject];
		break;
	case AST_TERM_KEY:
		answer.accepts = ask_key(term, subject);
		answer.n_terms = 1;
		answer.unknown = keyword_keys.words[term->key];
		break;
	}
	if (term->negated) {
		answer.accepts = truth_not(answer.accepts);
		answer.n_terms = 1;
	}
	return answer;
}

static struct who_answer ask_conj(const struct conj *conj, const struct who_answer *subjects,
				  const struct policy_subject *subject)
{
	struct who_answer all = { .accepts = TRUTH_YES };

	for (size_t i = 0; i < conj->n; i++) {
		struct who_answer one = ask_term(&conj->terms[i], subjects, subject);

		if (one.accepts == TRUTH_UNKNOWN && !all.unknown)
			all.unknown = one.unknown;
		all.accepts = truth_and(all.accepts, one.accepts);
		all.n_terms += one.n_terms;
	}
	return all;
}

struct who_answer who_ask(const struct who *who, const struct who_answer *subjects,
			  const struct policy_subject *subject)
{
	struct who_answer any = { .accepts = TRUTH_NO };

	for (size_t i = 0; i < who->n; i++) {
		struct who_answer one = ask_conj(&who->conjs[i], subjects, subject);

		if (one.accepts > any.accepts ||
		    (one.accepts == any.accepts && one.n_terms > any.n_terms))
			any = one;
	}
	return any;
}

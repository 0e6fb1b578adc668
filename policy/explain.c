/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts that decide_name() fits together, asked one at a time: the same
 * matcher and the same logic of subjects, so an explanation cannot tell of another policy than
 * the one that decides.
 */
#include "policy/explain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compiled.h"
#include "policy/keywords.h"
#include "policy/who.h"

struct explainer {
	const struct policy *policy;
	const struct policy_subject *subject;
	struct who_answer *subjects; /* of policy.subjects */
};

const char *explain_key(enum ast_key key)
{
	return keyword_keys.words[key];
}

int explainer_new(struct explainer **ret, const struct policy *policy,
		  const struct policy_subject *subject)
{
	_cleanup_(explainer_freep) struct explainer *explainer = calloc(1, sizeof(*explainer));

	if (!explainer)
		return -ENOMEM;
	explainer->policy = policy;
	explainer->subject = subject;
	explainer->subjects = calloc(policy->n_subjects + 1, sizeof(*explainer->subjects));
	if (!explainer->subjects)
		return -ENOMEM;
	for (size_t i = 0; i < policy->n_subjects; i++)
		explainer->subjects[i] =
			who_ask(&policy->subjects[i], explainer->subjects, subject);
	*ret = TAKE_PTR(explainer);
	return 0;
}

struct explainer *explainer_free(struct explainer *explainer)
{
	if (!explainer)
		return NULL;
	free(explainer->subjects);
	free(explainer);
	return NULL;
}

/* subjects, term by term */

static enum truth ask_term(const struct explainer *explainer, const struct term *term)
{
	const struct conj alone = { term, 1 };
	const struct who who = { .conjs = &alone, .n = 1 };

	return who_ask(&who, explainer->subjects, explainer->subject).accepts;
}

static size_t count_missing(const struct explainer *explainer, const struct conj *conj)
{
	size_t n = 0;

	for (size_t i = 0; i < conj->n; i++)
		n += ask_term(explainer, &conj->terms[i]) != TRUTH_YES;
	return n;
}

static const struct who *who_of(const struct explainer *explainer, size_t i)
{
	return &explainer->policy->scopes[explainer->policy->rules[i].scope];
}

/* The conjunction that lacks least; there is always one. */
static const struct conj *nearest_conj(const struct explainer *explainer, const struct who *who)
{
	const struct conj *nearest = &who->conjs[0];
	size_t least = count_missing(explainer, nearest);

	for (size_t i = 1; i < who->n; i++) {
		size_t n = count_missing(explainer, &who->conjs[i]);

		if (n < least) {
			least = n;
			nearest = &who->conjs[i];
		}
	}
	return nearest;
}

static uint32_t missing_keys(const struct explainer *explainer, const struct who *who)
{
	const struct conj *conj = nearest_conj(explainer, who);
	uint32_t keys = 0;

	for (size_t i = 0; i < conj->n; i++) {
		const struct term *term = &conj->terms[i];

		if (ask_term(explainer, term) == TRUTH_YES)
			continue;
		if (term->kind == AST_TERM_KEY)
			keys |= 1U << term->key;
		else if (term->kind == AST_TERM_SUBJECT)
			keys |= missing_keys(explainer,
					     &explainer->policy->subjects[term->subject]);
	}
	return keys;
}

/* rules */

static enum truth match_any(const struct pattern **patterns, size_t n,
			    const struct policy_query *query, size_t *ret_prefix)
{
	enum truth best = TRUTH_NO;

	*ret_prefix = 0;
	for (size_t i = 0; i < n; i++) {
		size_t prefix = 0;

		best = truth_or(best, match_path(patterns[i], query->path, &query->caller->values,
						 &prefix));
		if (prefix > *ret_prefix)
			*ret_prefix = prefix;
	}
	return best;
}

struct explain_match explain_rule(const struct explainer *explainer,
				  const struct policy_query *query, size_t i)
{
	const struct rule *rule = &explainer->policy->rules[i];
	const struct who *who = who_of(explainer, i);
	struct explain_match match = {
		.expired = query->now_sec >= rule->until_sec,
		.unconditional = rule->unconditional,
		.subject = who_ask(who, explainer->subjects, explainer->subject).accepts,
	};
	size_t ignored;

	match.path = match_any(rule->paths, rule->n_paths, query, &match.prefix_len);
	if (match.path != TRUTH_NO)
		match.excepted =
			match_any(rule->except, rule->n_except, query, &ignored) == TRUTH_YES;
	if (rule->shown.allow)
		match.modes = (query->modes & ~rule->effect) == 0;
	else
		match.modes = (query->modes & rule->effect) != 0;
	if (match.subject != TRUTH_YES)
		match.keys = missing_keys(explainer, who);
	return match;
}

bool explain_names(const struct explain_match *match)
{
	return match->path != TRUTH_NO && !match->excepted && match->modes && !match->expired &&
	       match->subject != TRUTH_NO;
}

/* terms in words */

static void add_atoms(struct text *out, const struct component *component)
{
	for (uint32_t i = 0; i < component->n; i++) {
		const struct atom *atom = &component->atoms[i];

		if (atom->kind == ATOM_BYTES)
			text_escape(out, atom->bytes, atom->len);
		else
			text_puts(out, atom->kind == ATOM_STAR	     ? "*"
				       : atom->kind == ATOM_QUESTION ? "?"
								     : "[…]");
	}
}

static void add_component(struct text *out, const struct component *component)
{
	text_puts(out, "\"");
	add_atoms(out, component);
	text_puts(out, "\"");
}

static void add_part(struct text *out, const struct label_part *part)
{
	if (part->deep)
		text_puts(out, "**");
	text_puts(out, part->n > 1 ? "{" : "");
	for (size_t i = 0; i < part->n; i++) {
		text_puts(out, i > 0 ? "," : "");
		add_atoms(out, &part->names[i]);
	}
	text_puts(out, part->n > 1 ? "}" : "");
}

static void add_label(struct text *out, enum ast_key key, const struct label_pattern *label)
{
	text_puts(out, "\"");
	for (size_t i = 0; i < label->n; i++) {
		text_puts(out, i == 0 ? "" : key == AST_KEY_SELINUX ? ":" : "/");
		add_part(out, &label->parts[i]);
	}
	text_puts(out, "\"");
}

static void add_ranges(struct text *out, const struct id_ranges *ranges)
{
	for (size_t i = 0; i < ranges->n; i++) {
		text_printf(out, "%s%" PRIu32, i > 0 ? "|" : "", ranges->items[i].first);
		if (ranges->items[i].last != ranges->items[i].first)
			text_printf(out, "-%" PRIu32, ranges->items[i].last);
	}
	if (ranges->n == 0)
		text_puts(out, "nobody");
}

static void add_trait(struct text *out, const struct term *term)
{
	struct who_words words = who_words(term->key);

	text_printf(out, "%s%s%s", term->yes ? words.yes : "", term->yes && term->no ? "|" : "",
		    term->no ? words.no : "");
}

static void add_expected(struct text *out, const struct term *term)
{
	if (who_words(term->key).yes)
		add_trait(out, term);
	else if (term->key == AST_KEY_USER || term->key == AST_KEY_GROUP)
		add_ranges(out, &term->ids);
	else
		for (size_t i = 0; i < term->n; i++) {
			text_puts(out, i > 0 ? "|" : "");
			if (term->key == AST_KEY_EXE)
				text_escape(out, term->paths[i], strlen(term->paths[i]));
			else if (term->labels)
				add_label(out, term->key, &term->labels[i]);
			else
				add_component(out, &term->names[i]);
		}
}

static void add_name(struct text *out, const char *name)
{
	if (name)
		text_escape(out, name, strlen(name));
	else
		text_puts(out, "none");
}

void explain_traits(const struct policy_subject *subject, struct text *out)
{
	for (enum ast_key key = 0; key < AST_KEY_MAX; key++) {
		struct who_words words = who_words(key);

		if (!words.yes || !(subject->known & who_fact(key)))
			continue;
		text_printf(out, "  %s ", keyword_keys.words[key]);
		add_name(out, subject->traits & who_fact(key) ? words.yes : words.no);
	}
}

static void add_actual(struct text *out, enum ast_key key, const struct policy_subject *subject)
{
	switch (key) {
	case AST_KEY_USER:
		text_printf(out, "%u", subject->uid);
		break;
	case AST_KEY_GROUP:
		text_printf(out, "%u", subject->gid);
		for (size_t i = 0; i < subject->n_groups; i++)
			text_printf(out, ",%u", subject->groups[i]);
		break;
	case AST_KEY_UNIT:
		add_name(out, subject->unit);
		break;
	case AST_KEY_USER_UNIT:
		add_name(out, subject->user_unit);
		break;
	case AST_KEY_SLICE:
		add_name(out, subject->slice);
		break;
	case AST_KEY_EXE:
		add_name(out, subject->n_exes > 0 ? subject->exes[0] : NULL);
		break;
	case AST_KEY_USERNS:
	case AST_KEY_MNTNS:
	case AST_KEY_PIDNS:
	case AST_KEY_NNP:
	case AST_KEY_SECCOMP:
		add_name(out,
			 subject->traits & who_fact(key) ? who_words(key).yes : who_words(key).no);
		break;
	case AST_KEY_APPARMOR:
		add_name(out, subject->apparmor);
		break;
	case AST_KEY_SELINUX:
		add_name(out, subject->selinux);
		break;
	case AST_KEY_MAX:
		text_puts(out, "?");
	}
}

static void add_missing(const struct explainer *explainer, const struct who *who, struct text *out)
{
	const struct conj *conj = nearest_conj(explainer, who);
	const char *separator = "";

	for (size_t i = 0; i < conj->n; i++) {
		const struct term *term = &conj->terms[i];
		enum truth truth = ask_term(explainer, term);

		if (truth == TRUTH_YES)
			continue;
		text_puts(out, separator);
		separator = ", ";
		if (term->kind == AST_TERM_SUBJECT && !term->negated) {
			add_missing(explainer, &explainer->policy->subjects[term->subject], out);
			continue;
		}
		text_puts(out, term->negated ? "not " : "");
		text_puts(out,
			  term->kind == AST_TERM_KEY ? keyword_keys.words[term->key] : "subject");
		text_puts(out, " ");
		if (term->kind == AST_TERM_KEY)
			add_expected(out, term);
		text_puts(out, truth == TRUTH_UNKNOWN ? " not stated" : " ≠ ");
		if (truth == TRUTH_NO && term->kind == AST_TERM_KEY)
			add_actual(out, term->key, explainer->subject);
	}
}

void explain_subject(const struct explainer *explainer, size_t i, struct text *out)
{
	add_missing(explainer, who_of(explainer, i), out);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Whom two rules are for, compared term by term: what is said is sure, but not
 * everything that is so is seen. Names are not looked up: a user by name and one
 * by number may be the same and may not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/analysis_parts.h"
#include "policy/array.h"
#include "policy/values.h"

#define CONJS_MAX 256U /* of one `for`; beyond, a subject is compared by its name alone */

static int compare_names(const void *a, const void *b)
{
	const struct ast_subject *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

int analysis_subjects(struct analysis *a, const struct ast *const *trees, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < trees[i]->n; j++) {
			const struct ast_statement *statement = &trees[i]->statements[j];
			const struct ast_subject **added;

			if (statement->kind != AST_SUBJECT)
				continue;
			added = ARRAY_ADD(a->subjects, a->n_subjects);
			if (!added)
				return -ENOMEM;
			*added = &statement->subject;
		}
	}
	if (a->n_subjects > 0)
		qsort(a->subjects, a->n_subjects, sizeof(*a->subjects), compare_names);
	return 0;
}

static const struct ast_subject *find_subject(const struct analysis *a, const struct ast_term *term)
{
	struct ast_subject wanted = { .name = term->values.items[0].text };
	const struct ast_subject *key = &wanted, **found;

	if (a->n_subjects == 0)
		return NULL;
	found = bsearch(&key, a->subjects, a->n_subjects, sizeof(*a->subjects), compare_names);
	return found ? *found : NULL;
}

/* A copy of @base with the terms of @more behind it. */
static int add_conj(struct analysis *a, struct who_set *set, const struct who_conj *base,
		    const struct who_conj *more)
{
	struct who_conj *conj = ARRAY_ADD(set->conjs, set->n);

	if (!conj)
		return -ENOMEM;
	conj->terms =
		arena_alloc(&a->arena, base->n + more->n + 1, sizeof(const struct ast_term *));
	if (!conj->terms)
		return -ENOMEM;
	for (size_t i = 0; i < base->n; i++)
		conj->terms[conj->n++] = base->terms[i];
	for (size_t i = 0; i < more->n; i++)
		conj->terms[conj->n++] = more->terms[i];
	return 0;
}

static void who_set_done(struct who_set *set)
{
	free(set->conjs);
}

static int expand_conj(struct analysis *a, const struct ast_conj *conj, struct who_set *out);

/* The alternatives that one term stands for. */
static int expand_term(struct analysis *a, const struct ast_term *term, struct who_set *out)
{
	const struct ast_subject *subject = NULL;
	struct who_conj one = { .terms = &term, .n = 1 }, none = { 0 };
	int r = 0;

	if (term->kind == AST_TERM_SUBJECT && !term->negated)
		subject = find_subject(a, term);
	for (size_t i = 0; subject && r == 0 && i < subject->who.n; i++)
		r = expand_conj(a, &subject->who.conjs[i], out);
	if (r < 0)
		return r;
	if (subject && out->n <= CONJS_MAX)
		return 0;
	out->n = 0;
	free(out->conjs);
	out->conjs = NULL;
	return add_conj(a, out, &one, &none);
}

static int multiply(struct analysis *a, const struct ast_term *term, struct who_set *set)
{
	_cleanup_(who_set_done) struct who_set alternatives = { 0 }, product = { 0 };
	struct who_conj one = { .terms = &term, .n = 1 };
	int r = expand_term(a, term, &alternatives);

	for (size_t i = 0; r == 0 && i < set->n; i++) {
		if (set->n * alternatives.n > CONJS_MAX) {
			r = add_conj(a, &product, &set->conjs[i], &one);
			continue;
		}
		for (size_t j = 0; r == 0 && j < alternatives.n; j++)
			r = add_conj(a, &product, &set->conjs[i], &alternatives.conjs[j]);
	}
	if (r < 0)
		return r;
	free(set->conjs);
	*set = product;
	product = (struct who_set){ 0 };
	return 0;
}

static int expand_conj(struct analysis *a, const struct ast_conj *conj, struct who_set *out)
{
	_cleanup_(who_set_done) struct who_set set = { 0 };
	struct who_conj none = { 0 };
	int r = add_conj(a, &set, &none, &none);

	for (size_t i = 0; r == 0 && i < conj->n; i++)
		r = multiply(a, &conj->terms[i], &set);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = add_conj(a, out, &set.conjs[i], &none);
	return r;
}

/* Of NULL: everybody. */
int analysis_who(struct analysis *a, const struct ast_who *who, struct who_set **ret)
{
	_cleanup_(who_set_done) struct who_set set = { 0 };
	struct who_set *kept = arena_alloc(&a->arena, 1, sizeof(*kept));
	struct who_conj none = { 0 };
	int r = who ? 0 : add_conj(a, &set, &none, &none);

	for (size_t i = 0; who && r == 0 && i < who->n; i++)
		r = expand_conj(a, &who->conjs[i], &set);
	if (r < 0 || !kept)
		return -ENOMEM;
	kept->conjs = arena_alloc(&a->arena, set.n + 1, sizeof(*kept->conjs));
	if (!kept->conjs)
		return -ENOMEM;
	if (set.n > 0)
		memcpy(kept->conjs, set.conjs, set.n * sizeof(*set.conjs));
	kept->n = set.n;
	*ret = kept;
	return 0;
}

/* Values */

enum relation { RELATION_WITHIN, RELATION_APART };

static int read_id(const char *text, struct value_ids *ret)
{
	if (strcmp(text, "root") == 0)
		text = "0";
	return value_ids(text, ret);
}

static bool relate_ids(const char *one, const char *other, enum relation relation)
{
	struct value_ids a, b;

	if (read_id(one, &a) < 0 || read_id(other, &b) < 0 || a.named != b.named)
		return false;
	if (a.named)
		return (strcmp(one, other) == 0) == (relation == RELATION_WITHIN);
	if (relation == RELATION_WITHIN)
		return a.first >= b.first && a.last <= b.last;
	return a.last < b.first || b.last < a.first;
}

static bool is_plain(const struct ast_value *value)
{
	return value->kind != AST_PATTERN || !strpbrk(value->text, "*?[{\\");
}

/* A name as a path of one component. */
static bool name_area(const struct ast_value *value, struct arena *arena, struct language_area *ret)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	int r = glob_parse_name(value, NULL, &glob);

	for (size_t i = 0; r == 0 && i < glob->n; i++)
		r = language_add(&ret->paths, arena, NULL, &glob->paths[i]);
	return r == 0;
}

static bool relate_names(const struct ast_value *one, const struct ast_value *other,
			 enum relation relation)
{
	struct language_area areas[2] = { 0 };
	const struct language_area *in[2] = { &areas[0], &areas[1] }, *out = &areas[1];
	struct arena arena = ARENA_EMPTY;
	struct language_question question = { .in = in, .out = &out };
	bool sure = false;
	size_t budget = 1U << 16;

	if (is_plain(one) && is_plain(other))
		return (strcmp(one->text, other->text) == 0) == (relation == RELATION_WITHIN);
	question.n_in = relation == RELATION_WITHIN ? 1 : 2;
	question.n_out = relation == RELATION_WITHIN ? 1 : 0;
	question.budget = &budget;
	if (name_area(one, &arena, &areas[0]) && name_area(other, &arena, &areas[1]))
		sure = language_find(&question, NULL) == 0;
	language_list_done(&areas[0].paths);
	language_list_done(&areas[1].paths);
	arena_done(&arena);
	return sure;
}

/* "a-b.slice" is below "a.slice". */
static bool is_below(const char *slice, const char *above)
{
	size_t len = strlen(above);

	if (strcmp(slice, above) == 0)
		return true;
	if (len < 6 || strcmp(above + len - 6, ".slice") != 0)
		return false;
	return strncmp(slice, above, len - 6) == 0 && slice[len - 6] == '-';
}

static bool relate_slices(const struct ast_value *one, const struct ast_value *other,
			  enum relation relation)
{
	if (!is_plain(one) || !is_plain(other))
		return relation == RELATION_WITHIN && one->kind == other->kind &&
		       strcmp(one->text, other->text) == 0;
	if (relation == RELATION_WITHIN)
		return is_below(one->text, other->text);
	return !is_below(one->text, other->text) && !is_below(other->text, one->text);
}

static bool relate_values(enum ast_key key, const struct ast_value *one,
			  const struct ast_value *other, enum relation relation)
{
	switch (key) {
	case AST_KEY_USER:
	case AST_KEY_GROUP:
		return relate_ids(one->text, other->text, relation);
	case AST_KEY_UNIT:
	case AST_KEY_USER_UNIT:
	case AST_KEY_APPARMOR:
		return relate_names(one, other, relation);
	case AST_KEY_SLICE:
		return relate_slices(one, other, relation);
	case AST_KEY_USERNS:
	case AST_KEY_MNTNS:
	case AST_KEY_PIDNS:
	case AST_KEY_NNP:
	case AST_KEY_SECCOMP:
		return (strcmp(one->text, other->text) == 0) == (relation == RELATION_WITHIN);
	case AST_KEY_EXE: /* two names may be one file */
	case AST_KEY_SELINUX:
	case AST_KEY_MAX:
		break;
	}
	return relation == RELATION_WITHIN && strcmp(one->text, other->text) == 0;
}

static bool is_within(const struct ast_term *one, const struct ast_term *other)
{
	for (size_t i = 0; i < one->values.n; i++) {
		bool within = false;

		for (size_t j = 0; j < other->values.n && !within; j++)
			within = relate_values(one->key, &one->values.items[i],
					       &other->values.items[j], RELATION_WITHIN);
		if (!within)
			return false;
	}
	return true;
}

/* A caller has many groups, but one of everything else. */
static bool is_apart(const struct ast_term *one, const struct ast_term *other)
{
	if (one->key == AST_KEY_GROUP)
		return false;
	for (size_t i = 0; i < one->values.n; i++) {
		for (size_t j = 0; j < other->values.n; j++) {
			if (!relate_values(one->key, &one->values.items[i], &other->values.items[j],
					   RELATION_APART))
				return false;
		}
	}
	return true;
}

/* Terms */

static bool same_key(const struct ast_term *one, const struct ast_term *other)
{
	if (one->kind != other->kind)
		return false;
	if (one->kind == AST_TERM_SUBJECT)
		return strcmp(one->values.items[0].text, other->values.items[0].text) == 0;
	return one->kind == AST_TERM_ANYONE || one->key == other->key;
}

static bool term_implies(const struct ast_term *one, const struct ast_term *other)
{
	if (other->kind == AST_TERM_ANYONE && !other->negated)
		return true;
	if (!same_key(one, other))
		return false;
	if (one->kind != AST_TERM_KEY)
		return one->negated == other->negated;
	if (!one->negated)
		return other->negated ? is_apart(one, other) : is_within(one, other);
	return other->negated && is_within(other, one);
}

static bool terms_contradict(const struct ast_term *one, const struct ast_term *other)
{
	if (one->kind == AST_TERM_ANYONE || other->kind == AST_TERM_ANYONE)
		return (one->kind == AST_TERM_ANYONE && one->negated) ||
		       (other->kind == AST_TERM_ANYONE && other->negated);
	if (!same_key(one, other))
		return false;
	if (one->kind == AST_TERM_SUBJECT)
		return one->negated != other->negated;
	if (one->negated && other->negated)
		return false;
	if (!one->negated && !other->negated)
		return is_apart(one, other);
	return one->negated ? is_within(other, one) : is_within(one, other);
}

static bool conj_implies(const struct who_conj *inner, const struct who_conj *outer)
{
	for (size_t i = 0; i < outer->n; i++) {
		const struct ast_term *term = outer->terms[i];
		bool implied = term->kind == AST_TERM_ANYONE && !term->negated;

		for (size_t j = 0; j < inner->n && !implied; j++)
			implied = term_implies(inner->terms[j], term);
		if (!implied)
			return false;
	}
	return true;
}

bool who_implies(const struct who_set *inner, const struct who_set *outer)
{
	for (size_t i = 0; i < inner->n; i++) {
		bool implied = false;

		for (size_t j = 0; j < outer->n && !implied; j++)
			implied = conj_implies(&inner->conjs[i], &outer->conjs[j]);
		if (!implied)
			return false;
	}
	return true;
}

static bool conjs_apart(const struct who_conj *one, const struct who_conj *other)
{
	for (size_t i = 0; i < one->n; i++) {
		for (size_t j = 0; j < other->n; j++) {
			if (terms_contradict(one->terms[i], other->terms[j]))
				return true;
		}
	}
	return false;
}

bool who_apart(const struct who_set *one, const struct who_set *other)
{
	for (size_t i = 0; i < one->n; i++) {
		for (size_t j = 0; j < other->n; j++) {
			if (!conjs_apart(&one->conjs[i], &other->conjs[j]))
				return false;
		}
	}
	return true;
}

bool who_contradicts(const struct who_conj *conj, const struct ast_term **ret_one,
		     const struct ast_term **ret_other)
{
	for (size_t i = 0; i < conj->n; i++) {
		for (size_t j = i + 1; j < conj->n; j++) {
			if (!terms_contradict(conj->terms[i], conj->terms[j]))
				continue;
			*ret_one = conj->terms[i];
			*ret_other = conj->terms[j];
			return true;
		}
	}
	return false;
}

size_t who_terms(const struct who_set *who)
{
	size_t most = 0;

	for (size_t i = 0; i < who->n; i++)
		most = who->conjs[i].n > most ? who->conjs[i].n : most;
	return most;
}

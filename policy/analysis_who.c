/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whom a rule is for: named subjects written out, as alternatives of terms that hold together. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/analysis_parts.h"
#include "policy/array.h"

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

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Definitions that nothing uses. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/analysis_parts.h"
#include "policy/array.h"
#include "policy/references.h"

/* Names that are used somewhere; not terminated. */
struct uses {
	struct name_ref *items; /* owned; sorted once all are there */
	size_t n;
};

static void uses_done(struct uses *uses)
{
	free(uses->items);
}

static int add_use(struct uses *uses, const struct name_ref *ref)
{
	struct name_ref *added = ARRAY_ADD(uses->items, uses->n);

	if (!added)
		return -ENOMEM;
	*added = *ref;
	return 0;
}

static int use_paths(struct uses *sets, const struct ast_paths *paths)
{
	for (size_t i = 0; i < paths->n; i++) {
		struct name_ref ref;

		if (references_set_of(&paths->items[i], &ref) && add_use(sets, &ref) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int use_who(struct uses *subjects, const struct ast_who *who)
{
	for (size_t i = 0; i < who->n; i++) {
		for (size_t j = 0; j < who->conjs[i].n; j++) {
			const struct ast_term *term = &who->conjs[i].terms[j];
			struct name_ref ref;

			if (term->kind != AST_TERM_SUBJECT)
				continue;
			ref = (struct name_ref){ .name = term->values.items[0].text };
			ref.len = strlen(ref.name);
			if (add_use(subjects, &ref) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static int use_rule(struct uses *sets, const struct ast_rule *rule)
{
	return use_paths(sets, &rule->paths) < 0 || use_paths(sets, &rule->except) < 0 ? -ENOMEM
										       : 0;
}

static int use_statement(struct uses *sets, struct uses *subjects,
			 const struct ast_statement *statement)
{
	struct ast_who who = { .n = 1 };
	int r = 0;

	switch (statement->kind) {
	case AST_LET:
	case AST_EXTEND:
		return use_paths(sets, &statement->set.paths);
	case AST_SUBJECT:
		return use_who(subjects, &statement->subject.who);
	case AST_SCOPE:
		r = use_who(subjects, &statement->scope.who);
		for (size_t i = 0; r == 0 && i < statement->scope.n_rules; i++)
			r = use_rule(sets, &statement->scope.rules[i]);
		return r;
	case AST_DENY:
		return use_rule(sets, &statement->rule);
	case AST_EXPECT:
		who.conjs = (struct ast_conj[]){ statement->expect.who };
		return use_who(subjects, &who);
	case AST_DISABLE:
		break;
	}
	return r;
}

static int compare_refs(const void *a, const void *b)
{
	const struct name_ref *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->name, y->name, len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static bool is_used(const struct uses *uses, const char *name)
{
	struct name_ref ref = { .name = name, .len = strlen(name) };

	return uses->n > 0 &&
	       bsearch(&ref, uses->items, uses->n, sizeof(*uses->items), compare_refs);
}

static void check_statement(struct analysis *a, const struct uses *sets,
			    const struct uses *subjects, const struct ast_statement *statement)
{
	const char *name;

	if (statement->kind == AST_LET) {
		name = statement->set.name;
		if (!is_used(sets, name))
			diag_add(a->diags, DIAG_WARNING, "W107", statement->set.name_place,
				 "set %s is not used: no request depends on it", name);
	} else if (statement->kind == AST_SUBJECT) {
		name = statement->subject.name;
		if (!is_used(subjects, name))
			diag_add(a->diags, DIAG_WARNING, "W107", statement->subject.name_place,
				 "subject %s is not used: no request depends on it", name);
	}
}

static void sort(struct uses *uses)
{
	if (uses->n > 0)
		qsort(uses->items, uses->n, sizeof(*uses->items), compare_refs);
}

int analysis_unused(struct analysis *a, const struct ast *const *trees, size_t n)
{
	_cleanup_(uses_done) struct uses sets = { 0 }, subjects = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		for (size_t j = 0; r == 0 && j < trees[i]->n; j++)
			r = use_statement(&sets, &subjects, &trees[i]->statements[j]);
	if (r < 0)
		return r;
	sort(&sets);
	sort(&subjects);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < trees[i]->n; j++)
			check_statement(a, &sets, &subjects, &trees[i]->statements[j]);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All trees together: what refers to what, across files. */
#include "policy/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/array.h"
#include "policy/check_parts.h"
#include "policy/keywords.h"
#include "policy/references.h"
#include "policy/source.h"

#define SUGGESTIONS_MAX 1000U /* rules that are compared for "did you mean" */

/* A rule and what it goes by. */
struct rule_id {
	char *id; /* owned */
	const struct ast_rule *rule;
	size_t order;
};

struct rule_ids {
	struct rule_id *items;
	size_t n;
};

static void rule_ids_done(struct rule_ids *ids)
{
	for (size_t i = 0; i < ids->n; i++)
		free(ids->items[i].id);
	free(ids->items);
}

struct context {
	struct references sets, subjects;
	struct rule_ids ids;
	struct diags *diags;
};

static int add_rule(struct context *context, const struct ast *ast, const struct ast_rule *rule)
{
	struct rule_id *added = ARRAY_ADD(context->ids.items, context->ids.n);
	int r;

	if (!added)
		return -ENOMEM;
	added->rule = rule;
	added->order = context->ids.n;
	if (rule->label)
		r = asprintf(&added->id, "%s.%s", ast->source->stem, rule->label);
	else
		r = asprintf(&added->id, "%s.L%u", ast->source->stem, rule->place.line);
	if (r < 0) {
		added->id = NULL;
		return -ENOMEM;
	}
	return 0;
}

static int collect_rules(struct context *context, const struct ast *ast)
{
	for (size_t i = 0; i < ast->n; i++) {
		const struct ast_statement *statement = &ast->statements[i];

		if (statement->kind == AST_DENY && add_rule(context, ast, &statement->rule) < 0)
			return -ENOMEM;
		if (statement->kind != AST_SCOPE)
			continue;
		for (size_t j = 0; j < statement->scope.n_rules; j++) {
			if (add_rule(context, ast, &statement->scope.rules[j]) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct rule_id *x = a, *y = b;
	int order = strcmp(x->id, y->id);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* Labels given twice in a file; rules without one share an id only where they share a line. */
static void check_ids(struct context *context)
{
	const struct rule_ids *ids = &context->ids;
	const struct rule_id *first = ids->items;

	for (size_t i = 1; i < ids->n; i++) {
		const struct ast_rule *rule = ids->items[i].rule;

		if (strcmp(first->id, ids->items[i].id) != 0) {
			first = &ids->items[i];
			continue;
		}
		if (!rule->label)
			continue;
		diag_detail(context->diags,
			    diag_add(context->diags, DIAG_ERROR, "E003", rule->label_place,
				     "rule '%.60s' defined twice", ids->items[i].id),
			    "first at %s:%u:%u", first->rule->label_place.source->path,
			    first->rule->label_place.line, first->rule->label_place.column);
	}
}

static bool has_id(const struct rule_ids *ids, const char *id)
{
	size_t low = 0, high = ids->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(id, ids->items[middle].id);

		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static const char *nearest_id(const struct rule_ids *ids, const char *id)
{
	const char *words[SUGGESTIONS_MAX];
	struct keyword_table table = { words, 0 };

	while (table.n < ids->n && table.n < SUGGESTIONS_MAX) {
		words[table.n] = ids->items[table.n].id;
		table.n++;
	}
	return keyword_nearest(&table, id);
}

static void check_disable(struct context *context, const struct ast *ast,
			  const struct ast_value *id)
{
	struct diags *diags = context->diags;
	const char *nearest;
	struct diag *diag;

	if (!id->text)
		return;
	if (ast->source->origin != SOURCE_ADMIN && ast->source->origin != SOURCE_RUNTIME)
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", id->place,
				   "'disable' in a file of the vendor"),
			  "rules are disabled from /etc/fdbroker or /run/fdbroker only");
	if (has_id(&context->ids, id->text))
		return;
	diag = diag_add(diags, DIAG_ERROR, "E012", id->place, "there is no rule '%.60s'", id->text);
	nearest = nearest_id(&context->ids, id->text);
	if (nearest)
		diag_help(diags, diag, "did you mean '%s'?", nearest);
	else if (strncmp(id->text, "builtin.", 8) == 0)
		diag_help(diags, diag, "the built-in rules cannot be disabled");
}

/* Where %i comes from: the path's own text, or the set that it starts with. */
static bool find_instance(const struct context *context, const struct ast_path *path,
			  struct place *ret)
{
	const struct name_node *set;
	struct name_ref ref;
	int at = references_instance(path);

	*ret = path->place;
	if (at >= 0) {
		ret->column += 1;
		for (int i = 0; i < at; i++)
			ret->column += ((unsigned char)path->text[i] & 0xc0) != 0x80;
		ret->end_column = ret->column + 2;
	}
	set = references_set_of(path, &ref) ? references_resolve(&context->sets, &ref) : NULL;
	return at >= 0 || (set && set->flag);
}

static void check_rule_paths(const struct context *context, const struct ast_paths *paths,
			     bool has_template)
{
	for (size_t i = 0; i < paths->n; i++) {
		struct place place;

		if (!find_instance(context, &paths->items[i], &place) || has_template)
			continue;
		diag_help(context->diags,
			  diag_add(context->diags, DIAG_ERROR, "E005", place,
				   "'%%i' in a rule whose subject has no template unit"),
			  "there is no instance to stand for it: add  unit \"name@*.service\"  to "
			  "the subject");
	}
}

static void check_rule(const struct context *context, const struct ast_rule *rule,
		       bool has_template)
{
	check_rule_paths(context, &rule->paths, has_template);
	check_rule_paths(context, &rule->except, has_template);
}

static void check_subjects(const struct context *context, const struct ast_conj *conj)
{
	for (size_t i = 0; i < conj->n; i++) {
		const struct ast_values *values = &conj->terms[i].values;

		if (conj->terms[i].kind == AST_TERM_SUBJECT && values->n > 0)
			references_resolve(&context->subjects,
					   &(struct name_ref){ values->items[0].text,
							       strlen(values->items[0].text),
							       values->items[0].place });
	}
}

static void check_scope(const struct context *context, const struct ast_scope *scope)
{
	bool has_template = references_has_template(&context->subjects, &scope->who);

	for (size_t i = 0; i < scope->who.n; i++)
		check_subjects(context, &scope->who.conjs[i]);
	for (size_t i = 0; i < scope->n_rules; i++)
		check_rule(context, &scope->rules[i], has_template);
}

static void check_statement(struct context *context, const struct ast *ast,
			    const struct ast_statement *statement)
{
	switch (statement->kind) {
	case AST_SCOPE:
		check_scope(context, &statement->scope);
		break;
	case AST_DENY:
		check_rule(context, &statement->rule, false);
		break;
	case AST_EXPECT:
		check_subjects(context, &statement->expect.who);
		break;
	case AST_DISABLE:
		check_disable(context, ast, &statement->disable.rule);
		break;
	case AST_LET:
	case AST_EXTEND:
	case AST_SUBJECT:
		break; /* references_sets() and references_subjects() have seen them */
	}
}

static int read_names(struct context *context, const struct ast *const *trees, size_t n)
{
	int r = references_sets(&context->sets, trees, n, context->diags);

	if (r < 0)
		return r;
	r = references_subjects(&context->subjects, trees, n, context->diags);
	for (size_t i = 0; i < n && r == 0; i++)
		r = collect_rules(context, trees[i]);
	return r;
}

static void context_done(struct context *context)
{
	references_done(&context->sets);
	references_done(&context->subjects);
	rule_ids_done(&context->ids);
}

void check_trees(const struct ast *const *trees, size_t n, const struct floor *floor,
		 struct diags *diags)
{
	_cleanup_(context_done) struct context context = { .diags = diags };

	if (read_names(&context, trees, n) < 0) {
		diags->failed = true;
		return;
	}
	if (context.ids.n > 0)
		qsort(context.ids.items, context.ids.n, sizeof(*context.ids.items), compare_ids);
	check_ids(&context);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < trees[i]->n; j++)
			check_statement(&context, trees[i], &trees[i]->statements[j]);
	}
	check_floor(trees, n, floor, diags);
}

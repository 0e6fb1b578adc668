/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From trees to findings. The rules are listed once, disabled ones left out and
 * the floor's put in, for it takes from allows like any deny; then each is looked
 * at alone, and against those that may name the same.
 */
#include "policy/analysis.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/analysis_parts.h"
#include "policy/array.h"
#include "policy/check_parts.h"
#include "policy/floor.h"
#include "policy/parser.h"

/* Steps of the searches of one analysis, a few seconds; what each costs before its first; and what
 * it costs that two rules may name the same. */
#define BUDGET	    ((size_t)3 << 24)
#define SEARCH_COST 256U
#define PAIR_COST   8U

/* Ids of rules that are switched off. */
struct disabled {
	char **ids; /* owned, like what they point to */
	size_t n;
};

static void disabled_done(struct disabled *disabled)
{
	for (size_t i = 0; i < disabled->n; i++)
		free(disabled->ids[i]);
	free(disabled->ids);
}

static void analysis_done(struct analysis *a)
{
	analysis_paths_done(a);
	analysis_known_done(a);
	free(a->rules);
	free(a->subjects);
	free(a->index);
	arena_done(&a->arena);
}

struct place rule_place(const struct ast_rule *rule)
{
	return rule->label ? rule->label_place : rule->place;
}

const char *first_mode(uint32_t modes)
{
	return policy_mode_name(modes & -modes);
}

const struct ast_attr *rule_attr(const struct ast_rule *rule, enum ast_attr_name name)
{
	for (size_t i = 0; i < rule->n_attrs; i++) {
		if (rule->attrs[i].name == name)
			return &rule->attrs[i];
	}
	return NULL;
}

bool analysis_spend(struct analysis *a, size_t steps)
{
	a->budget -= a->budget < steps ? a->budget : steps;
	a->gave_up |= a->budget == 0;
	return a->budget > 0;
}

void analysis_spend_pairs(struct analysis *a, size_t n)
{
	(void)analysis_spend(a, n * PAIR_COST);
}

int analysis_find(struct analysis *a, struct language_question question, struct text *ret)
{
	int r = -E2BIG;

	question.budget = &a->budget;
	if (analysis_spend(a, SEARCH_COST))
		r = language_find(&question, ret);
	if (r == -E2BIG)
		a->gave_up = true;
	return r;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int find_disabled(const struct ast *const *trees, size_t n, struct disabled *ret)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < trees[i]->n; j++) {
			const struct ast_statement *statement = &trees[i]->statements[j];
			char **id;

			if (statement->kind != AST_DISABLE)
				continue;
			id = ARRAY_ADD(ret->ids, ret->n);
			if (!id || glob_string(&statement->disable.rule, NULL, id) < 0)
				return -ENOMEM;
		}
	}
	if (ret->n > 0)
		qsort(ret->ids, ret->n, sizeof(*ret->ids), compare_strings);
	return 0;
}

static char *make_id(struct arena *arena, const struct source *source, const struct ast_rule *rule)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;

	if (rule->label)
		text_printf(&text, "%s.%s", source->stem, rule->label);
	else
		text_printf(&text, "%s.L%u", source->stem, rule->place.line);
	return text.failed ? NULL : arena_copy(arena, text.data, text.len);
}

/* One tree being listed. */
struct listing {
	struct analysis *analysis;
	const struct source *source;
	const struct disabled *disabled;
	bool floor;
};

static int list_rule(const struct listing *listing, const struct ast_rule *ast,
		     const struct who_set *who)
{
	struct analysis *a = listing->analysis;
	struct analysed_rule *rule;
	char *id = make_id(&a->arena, listing->source, ast);

	if (!id)
		return -ENOMEM;
	if (!listing->floor && listing->disabled->n > 0 &&
	    bsearch(&id, listing->disabled->ids, listing->disabled->n, sizeof(char *),
		    compare_strings))
		return 0;
	rule = ARRAY_ADD(a->rules, a->n_rules);
	if (!rule)
		return -ENOMEM;
	*rule = (struct analysed_rule){
		.ast = ast,
		.who = who,
		.source = listing->source,
		.id = id,
		.effect = ast->allow ? ast->modes : check_denied(ast->modes),
		.conditional = check_is_conditional(ast) || strcmp(id, FLOOR_SET_ID) == 0,
		.floor = listing->floor,
	};
	if (ast->allow && ast->modes & POLICY_WRITE)
		rule->effect |= POLICY_APPEND;
	return analysis_area(a, ast, &rule->area);
}

static int list_statement(const struct listing *listing, const struct ast_statement *statement)
{
	const struct ast_scope *scope = &statement->scope;
	struct who_set *who;
	int r;

	if (statement->kind != AST_SCOPE && statement->kind != AST_DENY)
		return 0;
	r = analysis_who(listing->analysis, statement->kind == AST_SCOPE ? &scope->who : NULL,
			 &who);
	if (r == 0 && statement->kind == AST_DENY)
		return list_rule(listing, &statement->rule, who);
	for (size_t i = 0; r == 0 && i < scope->n_rules; i++)
		r = list_rule(listing, &scope->rules[i], who);
	return r == 0 && !listing->floor ? analysis_scope(listing->analysis, scope, who) : r;
}

static int list_tree(const struct listing *listing, const struct ast *ast)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ast->n; i++)
		r = list_statement(listing, &ast->statements[i]);
	return r;
}

static int list_trees(struct analysis *a, const struct ast *const *trees, size_t n)
{
	_cleanup_(disabled_done) struct disabled disabled = { 0 };
	int r = find_disabled(trees, n, &disabled);

	if (r == 0)
		r = analysis_sets(a, trees, n);
	if (r == 0)
		r = analysis_subjects(a, trees, n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct listing listing = { .analysis = a,
					   .source = trees[i]->source,
					   .disabled = &disabled };

		r = list_tree(&listing, trees[i]);
	}
	return r;
}

/* The floor's sets are its own. */
static int list_floor(struct analysis *a, const struct ast *floor)
{
	struct analysis inner = { 0 };
	struct listing listing = { .analysis = a, .source = floor->source, .floor = true };
	struct set_paths *sets = a->sets;
	size_t n_sets = a->n_sets;
	int r = analysis_sets(&inner, &floor, 1);

	a->sets = inner.sets;
	a->n_sets = inner.n_sets;
	if (r == 0)
		r = list_tree(&listing, floor);
	inner.sets = a->sets;
	a->sets = sets;
	a->n_sets = n_sets;
	analysis_paths_done(&inner);
	return r;
}

static int examine(struct analysis *a)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->n_rules; i++) {
		if (!a->rules[i].floor)
			r = analysis_rule(a, &a->rules[i]);
	}
	if (r == 0)
		r = analysis_index(a);
	for (size_t i = 0; r == 0 && a->budget > 0 && i < a->n_rules; i++) {
		if (!a->rules[i].floor && !a->rules[i].dead)
			r = analysis_pairs(a, i);
	}
	return r;
}

int analysis_run(const struct ast *const *trees, size_t n, uint64_t now_sec, struct diags *diags)
{
	_cleanup_(floor_done) struct floor floor;
	_cleanup_(analysis_done) struct analysis a = { .diags = diags,
						       .now_sec = now_sec,
						       .budget = BUDGET };
	int r = floor_parse(&floor, diags);

	if (r == 0)
		r = list_trees(&a, trees, n);
	if (r == 0)
		r = list_floor(&a, floor.tree);
	if (r == 0)
		r = examine(&a);
	if (r == 0)
		r = analysis_unused(&a, trees, n);
	return r == 0 && a.gave_up ? -E2BIG : r;
}

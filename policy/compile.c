/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The floor goes first, as a tree like the others, but nothing in the others
 * can name it: its sets and subjects are compiled apart, and `disable` does not
 * reach it.
 */
#include "policy/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/compiler.h"
#include "policy/floor.h"
#include "policy/source.h"

DEFINE_CLEANUP(struct policy *, policy_free)
DEFINE_CLEANUP(struct accounts *, accounts_free)

static int compile_scope(struct compiler *c, const struct compile_file *file,
			 const struct ast_scope *ast)
{
	size_t scope = c->policy->n_scopes++;
	int r = compile_who(c, &ast->who, &c->policy->scopes[scope]);

	for (size_t i = 0; r == 0 && i < ast->n_rules; i++)
		r = compile_rule(c, file, &ast->rules[i], scope);
	if (r == 0 && ast->mode == AST_SCOPE_COMPLAIN)
		r = compile_complain(c, file, ast, scope);
	return r;
}

static int compile_statement(struct compiler *c, const struct compile_file *file,
			     const struct ast_statement *statement)
{
	switch (statement->kind) {
	case AST_SCOPE:
		return compile_scope(c, file, &statement->scope);
	case AST_DENY:
		/* The first scope is anyone. */
		return compile_rule(c, file, &statement->rule, 0);
	case AST_EXPECT:
		c->policy->summary.n_expects++;
		return 0;
	case AST_LET:
	case AST_EXTEND:
	case AST_SUBJECT:
	case AST_DISABLE:
		break;
	}
	return 0;
}

static int compile_tree(struct compiler *c, const struct ast *ast, struct compile_file *file)
{
	int r = 0;

	file->path = arena_string(&c->policy->arena, file->floor ? FLOOR_STEM : ast->source->path);
	file->stem = ast->source->stem;
	if (!file->path)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < ast->n; i++)
		r = compile_statement(c, file, &ast->statements[i]);
	return r;
}

/* Trees whose names are known to each other. */
static int compile_group(struct compiler *c, const struct ast *const *trees, size_t n,
			 struct compile_file *file)
{
	int r = compile_sets(c, trees, n);

	if (r == 0)
		r = compile_subjects(c, trees, n);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = compile_tree(c, trees[i], file);
	compile_sets_done(c);
	compile_subjects_done(c);
	return r;
}

static void count_room(const struct ast *ast, size_t *n_rules, size_t *n_scopes, size_t *n_subjects)
{
	for (size_t i = 0; i < ast->n; i++) {
		const struct ast_statement *statement = &ast->statements[i];

		*n_scopes += statement->kind == AST_SCOPE;
		*n_subjects += statement->kind == AST_SUBJECT;
		*n_rules += statement->kind == AST_DENY;
		if (statement->kind == AST_SCOPE)
			*n_rules += statement->scope.n_rules +
				    (statement->scope.mode == AST_SCOPE_COMPLAIN);
	}
}

static struct who *make_anyone(struct arena *arena, size_t room)
{
	struct who *scopes = arena_alloc(arena, room, sizeof(*scopes));
	struct conj *conj = arena_alloc(arena, 1, sizeof(*conj));

	if (!scopes || !conj)
		return NULL;
	/* A conjunction of nothing holds. */
	scopes[0] = (struct who){ .conjs = conj, .n = 1 };
	return scopes;
}

static int make_room(struct policy *policy, const struct ast *floor, const struct ast *const *trees,
		     size_t n)
{
	size_t n_rules = 0, n_scopes = 1, n_subjects = 0;

	count_room(floor, &n_rules, &n_scopes, &n_subjects);
	for (size_t i = 0; i < n; i++)
		count_room(trees[i], &n_rules, &n_scopes, &n_subjects);
	policy->rules = arena_alloc(&policy->arena, n_rules, sizeof(*policy->rules));
	policy->subjects = arena_alloc(&policy->arena, n_subjects, sizeof(*policy->subjects));
	policy->scopes = make_anyone(&policy->arena, n_scopes);
	policy->n_scopes = 1;
	return policy->rules && policy->subjects && policy->scopes ? 0 : -ENOMEM;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool compile_is_disabled(const struct compile_file *file, const char *id)
{
	return file->n_disabled > 0 &&
	       bsearch(&id, file->disabled, file->n_disabled, sizeof(id), compare_strings);
}

static size_t collect_disabled(const struct ast *ast, const char **ids)
{
	size_t n = 0;

	if (ast->source->origin != SOURCE_ADMIN && ast->source->origin != SOURCE_RUNTIME)
		return 0;
	for (size_t i = 0; i < ast->n; i++)
		if (ast->statements[i].kind == AST_DISABLE)
			ids[n++] = ast->statements[i].disable.rule.text;
	return n;
}

static int find_disabled(const struct ast *const *trees, size_t n, const char ***ret, size_t *ret_n)
{
	const char **ids;
	size_t room = 1;

	for (size_t i = 0; i < n; i++)
		room += trees[i]->n;
	ids = calloc(room, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	*ret_n = 0;
	for (size_t i = 0; i < n; i++)
		*ret_n += collect_disabled(trees[i], ids + *ret_n);
	qsort(ids, *ret_n, sizeof(*ids), compare_strings);
	*ret = ids;
	return 0;
}

static int compile_all(struct compiler *c, const struct ast *floor, const struct ast *const *trees,
		       size_t n)
{
	_cleanup_(freep) const char **disabled = NULL;
	struct compile_file file = { .floor = true };
	int r;

	r = make_room(c->policy, floor, trees, n);
	if (r < 0)
		return r;
	r = compile_group(c, &floor, 1, &file);
	if (r < 0)
		return r;
	file.floor = false;
	r = find_disabled(trees, n, &disabled, &file.n_disabled);
	if (r < 0)
		return r;
	file.disabled = disabled;
	c->policy->summary.n_files = n;
	return compile_group(c, trees, n, &file);
}

/* What the name service must tell before serving begins. */
static int keep_accounts(struct compiler *c)
{
	struct place nowhere = { 0 };
	uint32_t named = 1U << SPECIFIER_USER | 1U << SPECIFIER_HOME | 1U << SPECIFIER_GROUP;
	int r;

	if (!(c->policy->specifiers & named))
		return 0;
	r = accounts_keep(c->accounts, c->policy);
	if (r < 0 && r != -ENOMEM) {
		diag_add(c->diags, DIAG_ERROR, "E010", nowhere,
			 "cannot list users and groups, which %%u, %%g or %%h needs: %s",
			 strerror(-r));
		return 0;
	}
	return r;
}

static void compiler_done(struct compiler *c)
{
	vocabulary_done(&c->vocabulary);
	arena_done(&c->patterns);
}

int compile_trees(const struct ast *const *trees, size_t n, const struct floor *floor,
		  struct diags *diags, struct policy **ret)
{
	_cleanup_(policy_freep) struct policy *policy = calloc(1, sizeof(*policy));
	_cleanup_(accounts_freep) struct accounts *accounts = NULL;
	_cleanup_(compiler_done) struct compiler c = { .policy = policy, .diags = diags };
	int r;

	if (!policy)
		return -ENOMEM;
	r = accounts_new(&accounts);
	if (r < 0)
		return r;
	c.accounts = accounts;
	r = compile_all(&c, floor->tree, trees, n);
	if (r < 0)
		return r;
	r = keep_accounts(&c);
	if (r == 0)
		r = trie_new(&policy->trie, policy);
	if (r < 0)
		return r;
	*ret = diags->n_errors > 0 || diags->failed ? NULL : TAKE_PTR(policy);
	return 0;
}

void compile_set_sha256(struct policy *policy, const char *hex)
{
	memcpy(policy->summary.sha256, hex, sizeof(policy->summary.sha256) - 1);
}

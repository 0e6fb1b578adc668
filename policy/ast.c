/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/ast.h"

#include <stdlib.h>

#include "policy/parser.h"

static void values_done(struct ast_values *values)
{
	for (size_t i = 0; i < values->n; i++)
		free(values->items[i].text);
	free(values->items);
}

static void paths_done(struct ast_paths *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		free(paths->items[i].text);
	free(paths->items);
}

static void conj_done(struct ast_conj *conj)
{
	for (size_t i = 0; i < conj->n; i++)
		values_done(&conj->terms[i].values);
	free(conj->terms);
}

static void who_done(struct ast_who *who)
{
	for (size_t i = 0; i < who->n; i++)
		conj_done(&who->conjs[i]);
	free(who->conjs);
}

static void rule_done(struct ast_rule *rule)
{
	free(rule->label);
	free(rule->modes_written.items);
	paths_done(&rule->paths);
	paths_done(&rule->except);
	for (size_t i = 0; i < rule->n_attrs; i++)
		values_done(&rule->attrs[i].values);
	free(rule->attrs);
}

static void scope_done(struct ast_scope *scope)
{
	who_done(&scope->who);
	for (size_t i = 0; i < scope->n_rules; i++)
		rule_done(&scope->rules[i]);
	free(scope->rules);
}

static void statement_done(struct ast_statement *statement)
{
	switch (statement->kind) {
	case AST_LET:
	case AST_EXTEND:
		free(statement->set.name);
		paths_done(&statement->set.paths);
		break;
	case AST_SUBJECT:
		free(statement->subject.name);
		who_done(&statement->subject.who);
		break;
	case AST_SCOPE:
		scope_done(&statement->scope);
		break;
	case AST_DENY:
		rule_done(&statement->rule);
		break;
	case AST_EXPECT:
		free(statement->expect.modes_written.items);
		free(statement->expect.path.text);
		conj_done(&statement->expect.who);
		break;
	case AST_DISABLE:
		free(statement->disable.rule.text);
		break;
	}
}

struct ast *ast_free(struct ast *ast)
{
	if (ast) {
		for (size_t i = 0; i < ast->n; i++)
			statement_done(&ast->statements[i]);
		free(ast->statements);
		free(ast);
	}
	return NULL;
}

struct ast_conj *ast_conj_free(struct ast_conj *conj)
{
	if (conj) {
		conj_done(conj);
		free(conj);
	}
	return NULL;
}

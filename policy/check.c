/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One tree by itself: everything that can be seen without the others. */
#include "policy/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/check_parts.h"
#include "policy/glob.h"

static void check_paths(const struct ast_paths *paths, struct diags *diags)
{
	for (size_t i = 0; i < paths->n; i++) {
		_cleanup_(glob_freep) struct glob *glob = NULL;

		if (paths->items[i].kind != AST_PATH_SET)
			glob_parse(&paths->items[i], diags, &glob);
	}
}

static void check_rule(const struct ast_rule *rule, struct diags *diags)
{
	if (rule->allow && rule->modes == POLICY_ANY)
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", rule->modes_place,
				   "'any' in an allow rule"),
			  "list the modes that are needed: allow read, write …");
	if (!rule->allow && rule->as_root)
		diag_help(diags,
			  diag_add(diags, DIAG_ERROR, "E014", rule->place, "'as root' on a deny"),
			  "a deny opens nothing: leave it out");
	check_paths(&rule->paths, diags);
	check_paths(&rule->except, diags);
	check_attrs(rule, diags);
}

static void check_who(const struct ast_who *who, struct diags *diags)
{
	for (size_t i = 0; i < who->n; i++)
		check_conj(&who->conjs[i], diags);
}

static void check_expect(const struct ast_expect *expect, struct diags *diags)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;

	if (expect->path.text)
		glob_parse(&expect->path, diags, &glob);
	check_conj(&expect->who, diags);
}

static void check_statement(const struct ast_statement *statement, struct diags *diags)
{
	switch (statement->kind) {
	case AST_LET:
	case AST_EXTEND:
		check_paths(&statement->set.paths, diags);
		break;
	case AST_SUBJECT:
		check_who(&statement->subject.who, diags);
		break;
	case AST_SCOPE:
		check_who(&statement->scope.who, diags);
		for (size_t i = 0; i < statement->scope.n_rules; i++)
			check_rule(&statement->scope.rules[i], diags);
		break;
	case AST_DENY:
		check_rule(&statement->rule, diags);
		break;
	case AST_EXPECT:
		check_expect(&statement->expect, diags);
		break;
	case AST_DISABLE:
		break;
	}
}

void check_tree(const struct ast *ast, struct diags *diags)
{
	if (ast->is_garbled)
		return;
	for (size_t i = 0; i < ast->n; i++)
		check_statement(&ast->statements[i], diags);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The modes that this build's daemon can grant and refuse. One that is known but not here refuses
 * the policy: a deny that was passed over would be a grant that nobody wrote.
 */
#include "policy/check.h"

#include "policy/keywords.h"
#include "policy/parser.h"

static const uint32_t supported_modes = POLICY_READ | POLICY_WRITE | POLICY_APPEND |
					POLICY_TRUNCATE | POLICY_CREATE | POLICY_TMPFILE |
					POLICY_LIST | POLICY_STAT | POLICY_REMOVE |
					POLICY_ATTRIBUTES | POLICY_CONNECT | POLICY_WATCH;

struct report {
	enum diag_severity severity;
	struct diags *diags;
};

static void unsupported(const struct report *report, struct place place, const char *word)
{
	diag_help(report->diags,
		  diag_add(report->diags, report->severity, "E019", place,
			   "'%s' is not supported by this build", word),
		  "a word of the language that the daemon cannot enforce yet; it refuses the "
		  "policy");
}

static void support_modes(const struct ast_modes *modes, const struct report *report)
{
	for (size_t i = 0; i < modes->n; i++) {
		const struct ast_mode *mode = &modes->items[i];

		/* `any` denies what there is. */
		if (mode->bits != POLICY_ANY && mode->bits & ~supported_modes)
			unsupported(report, mode->place, policy_mode_name(mode->bits));
	}
}

static void support_scope(const struct ast_scope *scope, const struct report *report)
{
	for (size_t i = 0; i < scope->n_rules; i++)
		support_modes(&scope->rules[i].modes_written, report);
}

static void support_statement(const struct ast_statement *statement, const struct report *report)
{
	switch (statement->kind) {
	case AST_SCOPE:
		support_scope(&statement->scope, report);
		break;
	case AST_DENY:
		support_modes(&statement->rule.modes_written, report);
		break;
	case AST_EXPECT:
		support_modes(&statement->expect.modes_written, report);
		break;
	case AST_LET:
	case AST_SUBJECT:
	case AST_EXTEND:
	case AST_DISABLE:
		break;
	}
}

void check_supported(const struct ast *ast, enum diag_severity severity, struct diags *diags)
{
	struct report report = { severity, diags };

	for (size_t i = 0; i < ast->n; i++)
		support_statement(&ast->statements[i], &report);
}

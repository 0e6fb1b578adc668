/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tree as text again, in one canonical layout. Text between quotes is what it was. */
#include "policy/keywords.h"
#include "policy/parser.h"

static void print_value(const struct ast_value *value, struct text *out)
{
	static const char *const quotes[] = {
		[AST_WORD] = "",
		[AST_PATTERN] = "\"",
		[AST_LITERAL] = "'",
	};

	text_printf(out, "%s%s%s", quotes[value->kind], value->text, quotes[value->kind]);
}

static void print_values(const struct ast_values *values, struct text *out)
{
	for (size_t i = 0; i < values->n; i++) {
		text_puts(out, i == 0		? (values->braced ? " { " : " ")
			       : values->braced ? ", "
						: " ");
		print_value(&values->items[i], out);
	}
	if (values->braced)
		text_puts(out, " }");
}

void ast_print_path(const struct ast_path *path, struct text *out)
{
	static const char *const quotes[] = {
		[AST_PATH_PATTERN] = "\"",
		[AST_PATH_LITERAL] = "'",
		[AST_PATH_SET] = "",
	};

	text_printf(out, "%s%s%s", quotes[path->kind], path->text, quotes[path->kind]);
}

static void print_paths(const struct ast_paths *paths, struct text *out)
{
	for (size_t i = 0; i < paths->n; i++) {
		text_puts(out, i == 0 ? " " : ", ");
		ast_print_path(&paths->items[i], out);
	}
}

static void print_term(const struct ast_term *term, struct text *out)
{
	static const unsigned int words[] = {
		[AST_TERM_ANYONE] = AST_KEY_MAX,
		[AST_TERM_SUBJECT] = AST_KEY_MAX + 1,
	};
	unsigned int word =
		term->kind == AST_TERM_KEY ? (unsigned int)term->key : words[term->kind];

	text_printf(out, "%s%s", term->negated ? "not " : "", keyword_keys.words[word]);
	print_values(&term->values, out);
}

void ast_print_conj(const struct ast_conj *conj, struct text *out)
{
	for (size_t i = 0; i < conj->n; i++) {
		text_puts(out, i == 0 ? "" : " and ");
		print_term(&conj->terms[i], out);
	}
}

void ast_print_who(const struct ast_who *who, struct text *out)
{
	for (size_t i = 0; i < who->n; i++) {
		text_puts(out, i == 0 ? " " : " or ");
		ast_print_conj(&who->conjs[i], out);
	}
}

void ast_print_rule(const struct ast_rule *rule, const char *indent, struct text *out)
{
	text_puts(out, indent);
	if (rule->label)
		text_printf(out, "%s: ", rule->label);
	text_puts(out, rule->allow ? "allow " : "deny ");
	policy_modes_print(rule->modes, out);
	text_puts(out, rule->as_root ? " as root" : "");
	print_paths(&rule->paths, out);
	if (rule->except.n > 0) {
		text_puts(out, " except");
		print_paths(&rule->except, out);
	}
	text_puts(out, rule->n_attrs > 0 ? " {\n" : ";\n");
	for (size_t i = 0; i < rule->n_attrs; i++) {
		text_printf(out, "%s    %s", indent, keyword_attrs.words[rule->attrs[i].name]);
		print_values(&rule->attrs[i].values, out);
		text_puts(out, ";\n");
	}
	if (rule->n_attrs > 0)
		text_printf(out, "%s}\n", indent);
}

static void print_scope(const struct ast_scope *scope, struct text *out)
{
	static const char *const modes[] = {
		[AST_SCOPE_DEFAULT] = "",
		[AST_SCOPE_ENFORCE] = " mode enforce",
		[AST_SCOPE_COMPLAIN] = " mode complain",
	};

	text_puts(out, "for");
	ast_print_who(&scope->who, out);
	text_printf(out, "%s {\n", modes[scope->mode]);
	for (size_t i = 0; i < scope->n_rules; i++)
		ast_print_rule(&scope->rules[i], "    ", out);
	text_puts(out, "}\n");
}

static void print_set(const struct ast_statement *statement, struct text *out)
{
	bool is_let = statement->kind == AST_LET;

	text_printf(out, "%s %s %s", is_let ? "let" : "extend", statement->set.name,
		    is_let ? "=" : "+=");
	print_paths(&statement->set.paths, out);
	text_puts(out, ";\n");
}

static void print_expect(const struct ast_expect *expect, struct text *out)
{
	text_puts(out, expect->allow ? "expect allow " : "expect deny ");
	policy_modes_print(expect->modes, out);
	text_puts(out, " ");
	ast_print_path(&expect->path, out);
	text_puts(out, " as ");
	ast_print_conj(&expect->who, out);
	text_puts(out, ";\n");
}

void ast_print_statement(const struct ast_statement *statement, struct text *out)
{
	switch (statement->kind) {
	case AST_LET:
	case AST_EXTEND:
		print_set(statement, out);
		break;
	case AST_SUBJECT:
		text_printf(out, "subject %s =", statement->subject.name);
		ast_print_who(&statement->subject.who, out);
		text_puts(out, ";\n");
		break;
	case AST_SCOPE:
		print_scope(&statement->scope, out);
		break;
	case AST_DENY:
		ast_print_rule(&statement->rule, "", out);
		break;
	case AST_EXPECT:
		print_expect(&statement->expect, out);
		break;
	case AST_DISABLE:
		text_puts(out, "disable ");
		print_value(&statement->disable.rule, out);
		text_puts(out, ";\n");
		break;
	}
}

void ast_print(const struct ast *ast, struct text *out)
{
	text_puts(out, "version 1;\n");
	for (size_t i = 0; i < ast->n; i++) {
		text_puts(out, "\n");
		ast_print_statement(&ast->statements[i], out);
	}
}

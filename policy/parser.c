/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * LL(1), by recursive descent over a grammar without recursion: the depth of the
 * stack does not depend on the input. Every loop consumes at least one token.
 */
#include "policy/parser.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/array.h"
#include "policy/parser_state.h"

DEFINE_CLEANUP(struct ast *, ast_free)
DEFINE_CLEANUP(struct ast_conj *, ast_conj_free)

static void parse_set(struct parser *parser, struct ast_statement *statement)
{
	struct ast_set *set = &statement->set;
	enum token_kind mark = statement->kind == AST_LET ? TOKEN_EQUALS : TOKEN_PLUS_EQUALS;

	if (!parser_is(parser, TOKEN_SET)) {
		parser_expected(parser, "the name of a set, as in @name");
		parser_skip(parser, PARSER_STATEMENT);
		return;
	}
	parser_check_set(parser);
	set->name_place = parser->token.place;
	set->name = parser_take_text(parser);
	if (!parser_accept(parser, mark)) {
		parser_expected(parser, mark == TOKEN_EQUALS ? "'='" : "'+='");
		parser_skip(parser, PARSER_STATEMENT);
		return;
	}
	parser_paths(parser, &set->paths);
	parser_end(parser, PARSER_STATEMENT);
}

static void parse_subject(struct parser *parser, struct ast_statement *statement)
{
	struct ast_subject *subject = &statement->subject;

	if (!parser_is(parser, TOKEN_WORD)) {
		parser_expected(parser, "the name of the subject");
		parser_skip(parser, PARSER_STATEMENT);
		return;
	}
	subject->name_place = parser->token.place;
	subject->name = parser_take_text(parser);
	if (!parser_accept(parser, TOKEN_EQUALS)) {
		parser_expected(parser, "'='");
		parser_skip(parser, PARSER_STATEMENT);
		return;
	}
	parser_who(parser, &subject->who);
	parser_end(parser, PARSER_STATEMENT);
}

static void parse_scope_mode(struct parser *parser, struct ast_scope *scope)
{
	static const char *const words[] = { "enforce", "complain" };
	static const struct keyword_table table = { words, ELEMENTSOF(words) };

	if (!parser_accept_word(parser, "mode"))
		return;
	scope->mode_place = parser->token.place;
	if (parser_accept_word(parser, "enforce")) {
		scope->mode = AST_SCOPE_ENFORCE;
	} else if (parser_accept_word(parser, "complain")) {
		scope->mode = AST_SCOPE_COMPLAIN;
	} else if (parser_is(parser, TOKEN_WORD)) {
		parser_unknown(parser, "scope mode", &table);
		parser_next(parser);
	} else {
		parser_expected(parser, "'enforce' or 'complain'");
	}
}

static void parse_scope_rule(struct parser *parser, struct ast_scope *scope)
{
	struct ast_rule *rule;

	if (!parser_is(parser, TOKEN_WORD)) {
		parser_expected(parser, "a rule or '}'");
		parser_next(parser);
		parser_skip(parser, PARSER_STATEMENT);
		return;
	}
	rule = ARRAY_ADD(scope->rules, scope->n_rules);
	if (!rule)
		parser_fail(parser);
	else
		parser_rule(parser, rule);
}

static void parse_block(struct parser *parser, struct ast_scope *scope)
{
	struct place open = parser->previous.place;
	struct diag *diag;

	while (!parser_accept(parser, TOKEN_CLOSE)) {
		if (parser_is(parser, TOKEN_END) || parser_at_statement(parser)) {
			diag = parser_error(parser, "E001", parser->token.place,
					    "missing '}' before %s",
					    parser_is(parser, TOKEN_END) ? "the end of the file"
									 : "this statement");
			diag_detail(parser->diags, diag, "the block was opened at %u:%u", open.line,
				    open.column);
			return;
		}
		parse_scope_rule(parser, scope);
	}
}

/* Rules whose brace was forgotten; perhaps only the one. */
static void parse_bare_rules(struct parser *parser, struct ast_scope *scope)
{
	while (parser_at_rule(parser))
		parse_scope_rule(parser, scope);
	parser_accept(parser, TOKEN_CLOSE);
}

static void no_block(struct parser *parser)
{
	if (parser_is(parser, TOKEN_COMMA))
		diag_help(parser->diags, parser_expected(parser, "'{'"),
			  "several values stand in braces, as in { a, b }");
	else if (parser_at_rule(parser))
		parser_missing(parser, '{');
	else if (!parser_is(parser, TOKEN_SEMICOLON) || parser->diags->n_errors == 0)
		parser_expected(parser, "'{'");
	parser_skip_head(parser);
}

static void parse_scope(struct parser *parser, struct ast_statement *statement)
{
	struct ast_scope *scope = &statement->scope;

	parser_who(parser, &scope->who);
	parse_scope_mode(parser, scope);
	if (!parser_is(parser, TOKEN_OPEN))
		no_block(parser);
	if (parser_accept(parser, TOKEN_OPEN))
		parse_block(parser, scope);
	else if (parser_at_rule(parser))
		parse_bare_rules(parser, scope);
	else
		parser_accept(parser, TOKEN_SEMICOLON);
}

static void parse_free_rule(struct parser *parser, struct ast_statement *statement)
{
	const struct ast_rule *rule = &statement->rule;

	parser_rule(parser, &statement->rule);
	if (rule->allow)
		diag_help(parser->diags,
			  diag_add(parser->diags, DIAG_ERROR, "E011", rule->place,
				   "'allow' outside a 'for' block"),
			  "name the callers:  for unit \"…\" { … }   (or, knowingly,  for anyone { "
			  "… })");
}

static void parse_expect(struct parser *parser, struct ast_statement *statement)
{
	struct ast_expect *expect = &statement->expect;

	expect->allow = parser_is_word(parser, "allow");
	if (!expect->allow && !parser_is_word(parser, "deny")) {
		parser_expected(parser, "'allow' or 'deny'");
		parser_skip(parser, PARSER_STATEMENT);
		return;
	}
	parser_next(parser);
	expect->modes = parser_modes(parser, &expect->modes_written);
	expect->path.kind = AST_PATH_LITERAL;
	expect->path.place = parser->token.place;
	if (!parser_is(parser, TOKEN_LITERAL)) {
		parser_expected(parser, "one path in single quotes");
		parser_skip(parser, PARSER_STATEMENT);
		return;
	}
	expect->path.text = parser_take_text(parser);
	if (!parser_accept_word(parser, "as")) {
		parser_expected(parser, "'as'");
		parser_skip(parser, PARSER_STATEMENT);
		return;
	}
	parser_conj(parser, &expect->who);
	parser_end(parser, PARSER_STATEMENT);
}

static void parse_disable(struct parser *parser, struct ast_statement *statement)
{
	if (!parser_is(parser, TOKEN_PATTERN) && !parser_is(parser, TOKEN_LITERAL)) {
		parser_expected(parser, "the quoted id of a rule, as in \"file.label\"");
		parser_skip(parser, PARSER_STATEMENT);
		return;
	}
	parser_value(parser, &statement->disable.rule);
	parser_end(parser, PARSER_STATEMENT);
}

static const struct {
	const char *word;
	enum ast_kind kind;
	void (*parse)(struct parser *parser, struct ast_statement *statement);
} statements[] = {
	{ "let", AST_LET, parse_set },
	{ "extend", AST_EXTEND, parse_set },
	{ "subject", AST_SUBJECT, parse_subject },
	{ "for", AST_SCOPE, parse_scope },
	{ "expect", AST_EXPECT, parse_expect },
	{ "disable", AST_DISABLE, parse_disable },
};

static void add_statement(struct parser *parser, struct ast *ast, size_t which)
{
	bool is_rule = which == ELEMENTSOF(statements);
	struct ast_statement *statement = ARRAY_ADD(ast->statements, ast->n);

	if (!statement) {
		parser_fail(parser);
		return;
	}
	statement->place = parser->token.place;
	statement->kind = is_rule ? AST_DENY : statements[which].kind;
	if (is_rule) {
		parse_free_rule(parser, statement);
		return;
	}
	parser_next(parser);
	statements[which].parse(parser, statement);
}

static void parse_version(struct parser *parser, const struct place *first)
{
	struct diag *diag =
		parser_error(parser, "E003", parser->token.place, "'version' given twice");

	diag_detail(parser->diags, diag, "first at %u:%u", first->line, first->column);
	parser_next(parser);
	parser_skip(parser, PARSER_STATEMENT);
}

static void parse_statement(struct parser *parser, struct ast *ast, const struct place *version)
{
	size_t which = 0;

	if (!parser_is(parser, TOKEN_WORD)) {
		parser_expected(parser, "a statement");
		parser_next(parser);
		if (parser->previous.kind != TOKEN_CLOSE &&
		    parser->previous.kind != TOKEN_SEMICOLON)
			parser_skip(parser, PARSER_STATEMENT);
		return;
	}
	if (parser_is_word(parser, "version") && !parser->token.is_label) {
		parse_version(parser, version);
		return;
	}
	while (which < ELEMENTSOF(statements) &&
	       (parser->token.is_label || !parser_is_word(parser, statements[which].word)))
		which++;
	if (which < ELEMENTSOF(statements) || parser->token.is_label ||
	    parser_is_word(parser, "allow") || parser_is_word(parser, "deny")) {
		add_statement(parser, ast, which);
		return;
	}
	parser_unknown(parser, "statement", &keyword_statements);
	parser_next(parser);
	parser_skip(parser, PARSER_STATEMENT);
}

static void parse_file(struct parser *parser, struct ast *ast)
{
	struct place version = parser->token.place;

	if (parser_header(parser))
		while (!parser_is(parser, TOKEN_END))
			parse_statement(parser, ast, &version);
	parser_cut(parser);
}

/* Is it worth reading at all? */
static bool check_size(const struct source *source, struct diags *diags)
{
	struct place file = { .source = source };

	if (source->size == 0)
		diag_help(diags, diag_add(diags, DIAG_ERROR, "E001", file, "file is empty"),
			  "an empty policy is \"version 1;\"; to mask a file of lower precedence, "
			  "link to /dev/null");
	else if (source->size > POLICY_FILE_MAX)
		diag_add(diags, DIAG_ERROR, "E016", file, "file is larger than %u bytes",
			 POLICY_FILE_MAX);
	return source->size > 0 && source->size <= POLICY_FILE_MAX;
}

int parser_parse(const struct source *source, struct diags *diags, struct ast **ret)
{
	_cleanup_(ast_freep) struct ast *ast = calloc(1, sizeof(*ast));
	struct parser parser;

	if (!ast)
		return -ENOMEM;
	ast->source = source;
	if (check_size(source, diags)) {
		lexer_check_encoding(source, diags);
		parser_init(&parser, source, diags);
		parse_file(&parser, ast);
		ast->is_garbled = parser.lexer.is_garbled;
		if (parser.failed)
			return -ENOMEM;
	}
	*ret = TAKE_PTR(ast);
	return 0;
}

int parser_parse_conj(const struct source *source, struct diags *diags, struct ast_conj **ret)
{
	_cleanup_(ast_conj_freep) struct ast_conj *conj = calloc(1, sizeof(*conj));
	size_t errors = diags->n_errors;
	struct parser parser;

	if (!conj)
		return -ENOMEM;
	lexer_check_encoding(source, diags);
	parser_init(&parser, source, diags);
	parser.lexer.is_cut = false; /* an argument needs no newline */
	parser_conj(&parser, conj);
	if (!parser_is(&parser, TOKEN_END) && diags->n_errors == errors)
		parser_expected(&parser, "'and'");
	if (parser.failed)
		return -ENOMEM;
	*ret = diags->n_errors == errors ? TAKE_PTR(conj) : NULL;
	return 0;
}

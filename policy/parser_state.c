/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Going on after an error: the reader of the messages wants all true ones and no
 * false one. A semicolon that is missing where a line or a block ends is taken
 * as written; anything else skips to the end of the statement, where the start
 * of a line with the look of a new statement counts as an end too.
 */
#include "policy/parser_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

void parser_init(struct parser *parser, const struct source *source, struct diags *diags)
{
	*parser = (struct parser){ .diags = diags };
	lexer_init(&parser->lexer, source, diags);
	parser->token = lexer_next(&parser->lexer);
	parser->previous = parser->token;
}

void parser_next(struct parser *parser)
{
	parser->previous = parser->token;
	if (!parser->failed)
		parser->token = lexer_next(&parser->lexer);
}

void parser_fail(struct parser *parser)
{
	parser->failed = true;
	parser->diags->failed = true;
	parser->token.kind = TOKEN_END;
}

bool parser_is(const struct parser *parser, enum token_kind kind)
{
	return parser->token.kind == kind;
}

bool parser_is_word(const struct parser *parser, const char *word)
{
	const struct token *token = &parser->token;

	return token->kind == TOKEN_WORD && token->len == strlen(word) &&
	       memcmp(token->text, word, token->len) == 0;
}

bool parser_is_value(const struct parser *parser)
{
	return parser_is(parser, TOKEN_WORD) || parser_is(parser, TOKEN_PATTERN) ||
	       parser_is(parser, TOKEN_LITERAL);
}

bool parser_accept(struct parser *parser, enum token_kind kind)
{
	if (!parser_is(parser, kind))
		return false;
	parser_next(parser);
	return true;
}

bool parser_accept_word(struct parser *parser, const char *word)
{
	if (!parser_is_word(parser, word))
		return false;
	parser_next(parser);
	return true;
}

char *parser_take_text(struct parser *parser)
{
	char *text = token_text(&parser->token);

	if (text)
		parser_next(parser);
	else
		parser_fail(parser);
	return text;
}

struct quote parser_quote(const struct token *token)
{
	struct quote quote;
	size_t len = 0;

	while (len < token->len && len < 60) {
		uint32_t rune;
		size_t n = text_character(token->text + len, token->len - len, &rune);

		len += n > 0 ? n : 1;
	}
	snprintf(quote.text, sizeof(quote.text), "%.*s%s", (int)len, token->text,
		 len < token->len ? "..." : "");
	return quote;
}

static bool is_said(const struct parser *parser, struct place place)
{
	const struct token *token = &parser->token;
	const struct source *source = parser->lexer.source;
	bool is_same =
		place.line == parser->complained.line && place.column == parser->complained.column;
	bool is_last = token->text + token->len == source->text + source->size;

	return parser->failed || token->kind == TOKEN_BAD || is_same ||
	       (parser->lexer.is_cut && is_last) || place.line == parser->lexer.bad_line;
}

struct diag *parser_error(struct parser *parser, const char *id, struct place place,
			  const char *format, ...)
{
	_cleanup_(freep) char *message = NULL;
	va_list args;
	int r;

	if (is_said(parser, place))
		return NULL;
	parser->complained = place;
	va_start(args, format);
	r = vasprintf(&message, format, args);
	va_end(args);
	if (r < 0) {
		message = NULL;
		parser_fail(parser);
		return NULL;
	}
	return diag_add(parser->diags, DIAG_ERROR, id, place, "%s", message);
}

static void unquoted(struct parser *parser)
{
	struct diag *diag = parser_error(parser, "E001", parser->token.place, "unquoted path");
	struct quote quote = parser_quote(&parser->token);

	diag_help(parser->diags, diag, "write \"%s\" (pattern) or '%s' (literal)", quote.text,
		  quote.text);
}

static void unknown_text(struct parser *parser, const char *what)
{
	struct quote quote = parser_quote(&parser->token);
	struct diag *diag = parser_error(parser, "E001", parser->token.place,
					 "expected %s, found '%s'", what, quote.text);

	if (*quote.text == '(')
		diag_help(parser->diags, diag,
			  "there are no parentheses: define  subject NAME = …;  and write "
			  "\"subject NAME\"");
	else if (strcmp(quote.text, "*") == 0)
		diag_help(parser->diags, diag, "everybody is 'anyone'");
	else
		diag_help(parser->diags, diag, "what is more than a word stands in quotes: \"%s\"",
			  quote.text);
}

struct diag *parser_expected(struct parser *parser, const char *what)
{
	const struct token *token = &parser->token;

	if (token->kind == TOKEN_BARE) {
		if (*token->text == '/')
			unquoted(parser);
		else
			unknown_text(parser, what);
		return NULL;
	}
	if (token->kind == TOKEN_END)
		return parser_error(parser, "E001", token->place, "expected %s, found end of file",
				    what);
	return parser_error(parser, "E001", token->place, "expected %s, found '%s'", what,
			    parser_quote(token).text);
}

/* Nothing is near: what there is. */
static void help_words(struct parser *parser, struct diag *diag, const struct keyword_table *table)
{
	_cleanup_(text_done) struct text words = TEXT_EMPTY;

	for (size_t i = 0; i < table->n; i++)
		text_printf(&words, "%s%s", i > 0 ? ", " : "", table->words[i]);
	diag_help(parser->diags, diag, "one of: %s", words.failed ? "…" : words.data);
}

void parser_unknown(struct parser *parser, const char *what, const struct keyword_table *table)
{
	struct quote quote = parser_quote(&parser->token);
	const char *nearest = keyword_nearest(table, quote.text);
	struct diag *diag = parser_error(parser, "E002", parser->token.place, "unknown %s '%s'",
					 what, quote.text);

	if (nearest) {
		diag_help(parser->diags, diag, "did you mean '%s'?", nearest);
		diag_fix(parser->diags, diag, nearest);
	} else {
		help_words(parser, diag, table);
	}
}

void parser_no_equals(struct parser *parser)
{
	if (!parser_is(parser, TOKEN_EQUALS))
		return;
	diag_help(parser->diags, parser_expected(parser, "a value"),
		  "a value follows its word without '='");
	parser_next(parser);
}

void parser_missing(struct parser *parser, char what)
{
	struct place place = parser->previous.place;
	struct diag *diag;

	place.column = place.end_column;
	place.end_column = place.column + 1;
	diag = parser_error(parser, "E001", place, "missing '%c' after '%s'", what,
			    parser_quote(&parser->previous).text);
	if (diag)
		diag_fix(parser->diags, diag, (char[]){ what, '\0' });
}

void parser_end(struct parser *parser, enum parser_unit unit)
{
	if (parser_accept(parser, TOKEN_SEMICOLON))
		return;
	if ((parser->token.is_first && parser_is(parser, TOKEN_WORD)) ||
	    parser_is(parser, TOKEN_CLOSE) || parser_is(parser, TOKEN_END)) {
		parser_missing(parser, ';');
		return;
	}
	parser_expected(parser, "';'");
	parser_skip(parser, unit);
}

bool parser_at_statement(const struct parser *parser)
{
	static const char *const words[] = {
		"let", "extend", "for", "expect", "disable", "version"
	};

	if (!parser->token.is_first || parser->token.is_label)
		return false;
	for (size_t i = 0; i < ELEMENTSOF(words); i++) {
		if (parser_is_word(parser, words[i]))
			return true;
	}
	return false;
}

bool parser_at_rule(const struct parser *parser)
{
	return parser->token.is_first &&
	       (parser->token.is_label || parser_is_word(parser, "allow") ||
		parser_is_word(parser, "deny"));
}

void parser_skip(struct parser *parser, enum parser_unit unit)
{
	unsigned int depth = 0;

	for (;; parser_next(parser)) {
		if (parser_is(parser, TOKEN_END) || parser_at_statement(parser))
			return;
		if (depth == 0 && (parser_at_rule(parser) || parser_is(parser, TOKEN_CLOSE)))
			return;
		if (parser_is(parser, TOKEN_OPEN))
			depth++;
		if (parser_is(parser, TOKEN_CLOSE))
			depth--;
		else if (!parser_is(parser, TOKEN_SEMICOLON))
			continue;
		/* At the end of something; of what we are in? */
		if (depth == 0 && (unit == PARSER_STATEMENT || parser_is(parser, TOKEN_SEMICOLON)))
			break;
	}
	parser_next(parser);
	if (parser->previous.kind == TOKEN_CLOSE)
		parser_accept(parser, TOKEN_SEMICOLON);
}

static void skip_list(struct parser *parser)
{
	while (!parser_is(parser, TOKEN_END) && !parser_accept(parser, TOKEN_CLOSE))
		parser_next(parser);
}

void parser_skip_head(struct parser *parser)
{
	while (!parser_is(parser, TOKEN_END) && !parser_is(parser, TOKEN_SEMICOLON) &&
	       !parser_is(parser, TOKEN_CLOSE) && !parser_at_statement(parser) &&
	       !parser_at_rule(parser)) {
		if (!parser_is(parser, TOKEN_OPEN))
			parser_next(parser);
		else if (parser_at_list(parser))
			skip_list(parser);
		else
			return;
	}
}

/* Of words that may be values too, with what follows them. */
static bool is_rule_ahead(struct parser ahead)
{
	if (!parser_accept_word(&ahead, "allow") && !parser_accept_word(&ahead, "deny"))
		return ahead.token.is_label;
	return !parser_is(&ahead, TOKEN_COMMA) && !parser_is(&ahead, TOKEN_CLOSE);
}

/* What begins with two words side by side and has a semicolon is rules. */
bool parser_at_list(const struct parser *parser)
{
	struct parser ahead = *parser;
	bool has_value = false, has_pair = false, after_word = false;

	ahead.lexer.diags = NULL;
	if (!parser_accept(&ahead, TOKEN_OPEN) || is_rule_ahead(ahead))
		return false;
	for (; !parser_accept(&ahead, TOKEN_CLOSE); parser_next(&ahead)) {
		bool is_value = parser_is_value(&ahead);

		if (!is_value && !parser_is(&ahead, TOKEN_COMMA) &&
		    (has_pair || !parser_is(&ahead, TOKEN_SEMICOLON)))
			return false;
		has_pair |= is_value && after_word;
		after_word = !has_value && parser_is(&ahead, TOKEN_WORD);
		has_value |= is_value;
	}
	return has_value;
}

bool parser_header(struct parser *parser)
{
	if (!parser_accept_word(parser, "version")) {
		diag_help(parser->diags,
			  parser_error(parser, "E001", parser->token.place,
				       "expected 'version 1;' first"),
			  "a file begins with the version of its language");
		return true;
	}
	if (!parser_is(parser, TOKEN_WORD)) {
		parser_expected(parser, "the version of the language");
		return false;
	}
	if (!parser_is_word(parser, "1")) {
		diag_help(parser->diags,
			  parser_error(parser, "E015", parser->token.place,
				       "version '%s' of the language is not supported",
				       parser_quote(&parser->token).text),
			  "this program reads version 1");
		return false;
	}
	parser_next(parser);
	parser_end(parser, PARSER_STATEMENT);
	return true;
}

void parser_cut(struct parser *parser)
{
	const struct lexer *lexer = &parser->lexer;
	struct place place = { lexer->source, lexer->line, lexer->column, lexer->column + 1 };

	if (lexer->is_cut)
		diag_help(parser->diags,
			  diag_add(parser->diags, DIAG_ERROR, "E001", place, "file is cut short"),
			  "a whole file ends with a newline");
}

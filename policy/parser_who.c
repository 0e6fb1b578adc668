/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who: conj { "or" conj }, conj = term { "and" term }. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "policy/array.h"
#include "policy/parser_state.h"

void parser_value(struct parser *parser, struct ast_value *ret)
{
	ret->kind = parser_is(parser, TOKEN_PATTERN)   ? AST_PATTERN
		    : parser_is(parser, TOKEN_LITERAL) ? AST_LITERAL
						       : AST_WORD;
	ret->place = parser->token.place;
	ret->text = parser_take_text(parser);
}

static bool add_value(struct parser *parser, struct ast_values *values)
{
	struct ast_value *value;

	if (!parser_is_value(parser)) {
		parser_expected(parser, "a value");
		return false;
	}
	value = ARRAY_ADD(values->items, values->n);
	if (!value) {
		parser_fail(parser);
		return false;
	}
	parser_value(parser, value);
	return !parser->failed;
}

static bool list_items(struct parser *parser, struct ast_values *values)
{
	do {
		if (!add_value(parser, values))
			return false;
	} while (parser_accept(parser, TOKEN_COMMA));
	return true;
}

bool parser_values_list(struct parser *parser, struct ast_values *ret)
{
	if (!parser_accept(parser, TOKEN_OPEN))
		return add_value(parser, ret);
	ret->braced = true;
	if (list_items(parser, ret) && parser_accept(parser, TOKEN_CLOSE))
		return true;
	diag_help(parser->diags, parser_expected(parser, "',' or '}'"),
		  "values are separated by commas, as in { a, b }");
	/* To the end of the list, so that its brace is not taken for another's. */
	while (parser_is_value(parser) || parser_is(parser, TOKEN_COMMA))
		parser_next(parser);
	parser_accept(parser, TOKEN_CLOSE);
	return false;
}

/* The values of a key. A block that opens where they should stand is left alone. */
static bool term_values(struct parser *parser, struct ast_term *term)
{
	parser_no_equals(parser);
	if (parser_is(parser, TOKEN_OPEN) && !parser_at_list(parser)) {
		parser_expected(parser, "a value");
		return false;
	}
	if (parser_values_list(parser, &term->values))
		return true;
	/* With semicolons for commas: its end has been seen. */
	while (term->values.braced && parser->previous.kind != TOKEN_CLOSE && !parser->failed)
		parser_next(parser);
	return term->values.braced;
}

static bool term_subject(struct parser *parser, struct ast_term *term)
{
	term->kind = AST_TERM_SUBJECT;
	if (!parser_is(parser, TOKEN_WORD)) {
		parser_expected(parser, "the name of a subject");
		return false;
	}
	return add_value(parser, &term->values);
}

/* An unknown key and its values: said once, and gone. */
static void unknown_key(struct parser *parser)
{
	struct ast_term ignored = { 0 };

	parser_unknown(parser, "identity matcher", &keyword_keys);
	parser_next(parser);
	if (parser_is_value(parser) || parser_is(parser, TOKEN_BARE))
		parser_next(parser);
	else if (parser_is(parser, TOKEN_OPEN) && parser_at_list(parser))
		term_values(parser, &ignored);
	for (size_t i = 0; i < ignored.values.n; i++)
		free(ignored.values.items[i].text);
	free(ignored.values.items);
}

static bool known_key(struct parser *parser, struct ast_term *term, int key)
{
	term->place = parser->token.place;
	parser_next(parser);
	if (key == AST_KEY_MAX) {
		term->kind = AST_TERM_ANYONE;
		return true;
	}
	if (key == AST_KEY_MAX + 1)
		return term_subject(parser, term);
	term->kind = AST_TERM_KEY;
	term->key = (enum ast_key)key;
	return term_values(parser, term);
}

static bool add_term(struct parser *parser, struct ast_conj *conj)
{
	bool negated = parser_accept_word(parser, "not");
	_cleanup_(freep) char *word = NULL;
	struct ast_term *term;
	int key;

	if (!parser_is(parser, TOKEN_WORD)) {
		parser_expected(parser, "an identity matcher");
		return false;
	}
	word = token_text(&parser->token);
	key = word ? keyword_find(&keyword_keys, word) : -1;
	if (word && key < 0) {
		unknown_key(parser);
		return true;
	}
	term = word ? ARRAY_ADD(conj->terms, conj->n) : NULL;
	if (!term) {
		parser_fail(parser);
		return false;
	}
	term->negated = negated;
	return known_key(parser, term, key);
}

static bool conjunction(struct parser *parser, struct ast_conj *ret)
{
	do {
		if (!add_term(parser, ret))
			return false;
	} while (parser_accept_word(parser, "and"));
	return true;
}

void parser_conj(struct parser *parser, struct ast_conj *ret)
{
	if (!conjunction(parser, ret))
		parser_skip_head(parser);
}

void parser_who(struct parser *parser, struct ast_who *ret)
{
	do {
		struct ast_conj *conj = ARRAY_ADD(ret->conjs, ret->n);

		if (!conj)
			parser_fail(parser);
		else if (!conjunction(parser, conj))
			parser_skip_head(parser);
	} while (parser_accept_word(parser, "or"));
}

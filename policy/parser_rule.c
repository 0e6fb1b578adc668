/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rules: [label ":"] action modes ["as" "root"] paths ["except" paths] (";" | "{" {attr} "}"). */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/array.h"
#include "policy/parser.h"
#include "policy/parser_state.h"

static bool path_kind(const struct token *token, enum ast_path_kind *ret)
{
	static const enum ast_path_kind kinds[] = {
		[TOKEN_PATTERN] = AST_PATH_PATTERN,
		[TOKEN_LITERAL] = AST_PATH_LITERAL,
		[TOKEN_SET] = AST_PATH_SET,
	};

	if (token->kind != TOKEN_PATTERN && token->kind != TOKEN_LITERAL &&
	    token->kind != TOKEN_SET)
		return false;
	*ret = kinds[token->kind];
	return true;
}

void parser_check_set(struct parser *parser)
{
	const struct token *token = &parser->token;

	if (token->kind != TOKEN_SET)
		return;
	if (token->len < 2 || token->text[1] < 'a' || token->text[1] > 'z' ||
	    !token_is_made_of(token, 1, "abcdefghijklmnopqrstuvwxyz0123456789-"))
		diag_help(parser->diags,
			  parser_error(parser, "E001", token->place,
				       "'%s' is not the name of a set", parser_quote(token).text),
			  "write @name with small letters, digits and \"-\"");
}

/* One path. What is plainly meant as one but is not quoted is reported and passed over. */
static bool add_path(struct parser *parser, struct ast_paths *paths)
{
	enum ast_path_kind kind;
	struct ast_path *path;

	if (parser_is(parser, TOKEN_BARE) && *parser->token.text == '/') {
		parser_expected(parser, "a path");
		parser_next(parser);
		return true;
	}
	if (!path_kind(&parser->token, &kind)) {
		parser_expected(parser, "a path");
		return false;
	}
	parser_check_set(parser);
	path = ARRAY_ADD(paths->items, paths->n);
	if (!path) {
		parser_fail(parser);
		return false;
	}
	path->kind = kind;
	path->place = parser->token.place;
	path->text = parser_take_text(parser);
	return path->text != NULL;
}

static bool path_list(struct parser *parser, struct ast_paths *ret)
{
	do {
		if (!add_path(parser, ret))
			return false;
	} while (parser_accept(parser, TOKEN_COMMA));
	return true;
}

void parser_paths(struct parser *parser, struct ast_paths *ret)
{
	if (!path_list(parser, ret))
		parser_skip_head(parser);
}

/* The bits of the word at hand; 0 and an error if it is no mode. */
static uint32_t one_mode(struct parser *parser)
{
	_cleanup_(freep) char *word = token_text(&parser->token);
	uint32_t bit;

	if (!word) {
		parser_fail(parser);
		return 0;
	}
	bit = strcmp(word, "any") == 0 ? (uint32_t)POLICY_ANY : policy_mode_bit(word);
	if (bit == 0)
		parser_unknown(parser, "access mode", &keyword_modes);
	return bit;
}

static bool add_mode(struct parser *parser, uint32_t before, struct ast_modes *modes)
{
	struct ast_mode *mode;
	uint32_t bits = one_mode(parser);

	if (bits & before || (bits == POLICY_ANY && before))
		parser_error(parser, "E003", parser->token.place, "mode '%s' given twice",
			     parser_quote(&parser->token).text);
	mode = ARRAY_ADD(modes->items, modes->n);
	if (!mode) {
		parser_fail(parser);
		return false;
	}
	*mode = (struct ast_mode){ bits, parser->token.place };
	parser_next(parser);
	return true;
}

uint32_t parser_modes(struct parser *parser, struct ast_modes *ret)
{
	uint32_t modes = 0;

	do {
		if (!parser_is(parser, TOKEN_WORD) || parser_is_word(parser, "as")) {
			diag_help(parser->diags, parser_expected(parser, "an access mode"),
				  "modes come first:  allow read, write as root \"/…\"");
			break;
		}
		if (!add_mode(parser, modes, ret))
			break;
		modes |= ret->items[ret->n - 1].bits;
	} while (parser_accept(parser, TOKEN_COMMA));
	return modes;
}

/* Does the word at hand begin the next attribute, because a semicolon was forgotten? */
static bool at_attr(const struct parser *parser)
{
	struct quote word = parser_quote(&parser->token);

	return parser->token.is_first && parser_is(parser, TOKEN_WORD) &&
	       keyword_find(&keyword_attrs, word.text) >= 0;
}

/* value-or-set, or a sequence of values: "20/s burst 40 per rule". */
static bool attr_values(struct parser *parser, struct ast_values *values)
{
	if (parser_is(parser, TOKEN_OPEN))
		return parser_values_list(parser, values);
	while (parser_is_value(parser) && !at_attr(parser) && !parser_at_rule(parser)) {
		if (!parser_values_list(parser, values))
			return false;
	}
	return true;
}

static void known_attr(struct parser *parser, struct ast_rule *rule, int name)
{
	struct ast_attr *attr = ARRAY_ADD(rule->attrs, rule->n_attrs);

	if (!attr) {
		parser_fail(parser);
		return;
	}
	attr->name = (enum ast_attr_name)name;
	attr->place = parser->token.place;
	parser_next(parser);
	parser_no_equals(parser);
	if (attr_values(parser, &attr->values))
		parser_end(parser, PARSER_ATTR);
	else
		parser_skip(parser, PARSER_ATTR);
}

static void parse_attr(struct parser *parser, struct ast_rule *rule)
{
	_cleanup_(freep) char *word = NULL;
	int name;

	if (!parser_is(parser, TOKEN_WORD)) {
		parser_expected(parser, "a rule attribute or '}'");
		parser_next(parser);
		parser_skip(parser, PARSER_ATTR);
		return;
	}
	word = token_text(&parser->token);
	if (!word) {
		parser_fail(parser);
		return;
	}
	name = keyword_find(&keyword_attrs, word);
	if (name >= 0) {
		known_attr(parser, rule, name);
		return;
	}
	parser_unknown(parser, "rule attribute", &keyword_attrs);
	parser_next(parser);
	parser_skip(parser, PARSER_ATTR);
}

static void parse_attrs(struct parser *parser, struct ast_rule *rule)
{
	while (!parser_is(parser, TOKEN_END) && !parser_at_rule(parser) &&
	       !parser_at_statement(parser)) {
		if (parser_accept(parser, TOKEN_CLOSE))
			return;
		parse_attr(parser, rule);
	}
	if (parser->previous.kind != TOKEN_BAD)
		parser_missing(parser, '}');
}

static void parse_label(struct parser *parser, struct ast_rule *rule)
{
	const struct token *token = &parser->token;

	if (*token->text < 'a' || *token->text > 'z' ||
	    !token_is_made_of(token, 0, "abcdefghijklmnopqrstuvwxyz0123456789-"))
		diag_help(parser->diags,
			  parser_error(parser, "E001", token->place, "'%s' is not a label",
				       parser_quote(token).text),
			  "a label is a small letter, then small letters, digits and \"-\"");
	rule->label_place = token->place;
	rule->label = parser_take_text(parser);
	parser_accept(parser, TOKEN_COLON);
}

static bool parse_action(struct parser *parser, struct ast_rule *rule)
{
	rule->place = parser->token.place;
	rule->allow = parser_is_word(parser, "allow");
	if (rule->allow || parser_is_word(parser, "deny")) {
		parser_next(parser);
		return true;
	}
	if (parser_is(parser, TOKEN_WORD))
		parser_unknown(parser, "statement", &keyword_actions);
	else
		parser_expected(parser, "'allow' or 'deny'");
	return false;
}

static bool parse_as_root(struct parser *parser, struct ast_rule *rule)
{
	if (!parser_accept_word(parser, "as"))
		return true;
	rule->as_root = parser_accept_word(parser, "root");
	if (!rule->as_root)
		parser_expected(parser, "'root' after 'as'");
	return rule->as_root;
}

/* What stands before the attributes; false if it is not worth reading on. */
static bool parse_head(struct parser *parser, struct ast_rule *rule)
{
	if (parser->token.is_label)
		parse_label(parser, rule);
	if (!parse_action(parser, rule))
		return false;
	rule->modes_place = parser->token.place;
	rule->modes = parser_modes(parser, &rule->modes_written);
	if (rule->modes_written.n == 0)
		return false;
	if (!parse_as_root(parser, rule) || !path_list(parser, &rule->paths))
		return false;
	return !parser_accept_word(parser, "except") || path_list(parser, &rule->except);
}

void parser_rule(struct parser *parser, struct ast_rule *ret)
{
	if (!parse_head(parser, ret))
		parser_skip(parser, PARSER_STATEMENT);
	else if (parser_accept(parser, TOKEN_OPEN))
		parse_attrs(parser, ret);
	else
		parser_end(parser, PARSER_STATEMENT);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/array.h"
#include "policy/keywords.h"
#include "policy/parser_state.h"

static void complain_twice(struct parser *parser, const struct conf *conf,
			   const struct setting *setting)
{
	if (conf->n > CONF_MAX) {
		if (conf->n == CONF_MAX + 1)
			parser_error(parser, "E016", setting->place, "more than %u settings",
				     CONF_MAX);
		return;
	}
	for (const struct setting *first = conf->items; first < setting; first++) {
		if (strcmp(first->name, setting->name) != 0)
			continue;
		diag_detail(parser->diags,
			    parser_error(parser, "E003", setting->place,
					 "setting '%.60s' given twice", setting->name),
			    "first at %u:%u", first->place.line, first->place.column);
		return;
	}
}

static void parse_setting(struct parser *parser, struct conf *conf)
{
	struct setting *setting;

	if (!parser_is(parser, TOKEN_WORD)) {
		parser_expected(parser, "the name of a setting or '}'");
		parser_next(parser);
		parser_skip(parser, PARSER_ATTR);
		return;
	}
	setting = ARRAY_ADD(conf->items, conf->n);
	if (!setting) {
		parser_fail(parser);
		return;
	}
	setting->place = parser->token.place;
	setting->name = parser_take_text(parser);
	if (!setting->name)
		return;
	complain_twice(parser, conf, setting);
	if (!parser_is_value(parser)) {
		parser_expected(parser, "a value");
		parser_skip(parser, PARSER_ATTR);
		return;
	}
	parser_value(parser, &setting->value);
	parser_end(parser, PARSER_ATTR);
}

/* Without its value, a setting is not there. */
static void drop_incomplete(struct conf *conf)
{
	size_t kept = 0;

	for (size_t i = 0; i < conf->n; i++) {
		struct setting *setting = &conf->items[i];

		if (setting->name && setting->value.text)
			conf->items[kept++] = *setting;
		else
			free(setting->name);
	}
	conf->n = kept;
}

static void parse_block(struct parser *parser, struct conf *conf)
{
	if (!parser_accept_word(parser, "settings") || !parser_accept(parser, TOKEN_OPEN)) {
		parser_expected(parser, "'settings { … }'");
		return;
	}
	while (!parser_is(parser, TOKEN_END) && !parser_accept(parser, TOKEN_CLOSE)) {
		size_t before = parser->lexer.at;

		parse_setting(parser, conf);
		/* The start of a rule stops parser_skip(), but is nothing here. */
		if (parser->lexer.at == before)
			parser_next(parser);
	}
	if (parser->previous.kind != TOKEN_CLOSE)
		parser_missing(parser, '}');
	else if (!parser_is(parser, TOKEN_END))
		parser_expected(parser, "the end of the file");
}

int conf_parse(const struct source *source, struct diags *diags, struct conf *ret)
{
	_cleanup_(conf_done) struct conf conf = CONF_EMPTY;
	struct parser parser;

	lexer_check_encoding(source, diags);
	parser_init(&parser, source, diags);
	if (parser_header(&parser))
		parse_block(&parser, &conf);
	parser_cut(&parser);
	if (parser.failed)
		return -ENOMEM;
	drop_incomplete(&conf);
	*ret = conf;
	conf = CONF_EMPTY;
	return 0;
}

void conf_done(struct conf *conf)
{
	for (size_t i = 0; i < conf->n; i++) {
		free(conf->items[i].name);
		free(conf->items[i].value.text);
	}
	free(conf->items);
	*conf = CONF_EMPTY;
}

static bool is_word(const struct token *token, const char *word)
{
	return token->kind == TOKEN_WORD && token->len == strlen(word) &&
	       memcmp(token->text, word, token->len) == 0;
}

/* Behind `version 1;`, or where that is missing; no statement of a policy begins so. */
bool conf_is(const struct source *source)
{
	struct lexer lexer;
	struct token token, next;

	lexer_init(&lexer, source, NULL);
	token = lexer_next(&lexer);
	if (is_word(&token, "version")) {
		while (token.kind != TOKEN_SEMICOLON && token.kind != TOKEN_END)
			token = lexer_next(&lexer);
		token = lexer_next(&lexer);
	}
	next = lexer_next(&lexer);
	return is_word(&token, "settings") && next.kind == TOKEN_OPEN;
}

void conf_print(const struct conf *conf, struct text *out)
{
	text_puts(out, "settings {\n");
	for (size_t i = 0; i < conf->n; i++) {
		const struct setting *setting = &conf->items[i];

		/* The kind is part of it: what is quoted has escapes. */
		text_printf(out, "    %s %d %s;\n", setting->name, (int)setting->value.kind,
			    setting->value.text);
	}
	text_puts(out, "}\n");
}

void conf_unknown(const struct setting *setting, const char *const *names, size_t n,
		  struct diags *diags)
{
	const struct keyword_table table = { names, n };
	const char *nearest = keyword_nearest(&table, setting->name);
	struct diag *diag = diag_add(diags, DIAG_ERROR, "E002", setting->place,
				     "unknown setting '%.60s'", setting->name);

	if (nearest) {
		diag_help(diags, diag, "did you mean '%s'?", nearest);
		diag_fix(diags, diag, nearest);
	}
}

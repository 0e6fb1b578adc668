/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/lexer.h"

#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "tests/support/suite.h"

static struct source *source_of(const char *text, size_t size)
{
	struct source *source;

	ck_assert_int_eq(source_new(&source, "t.fdp", text, size, SOURCE_ADMIN), 0);
	return source;
}

static const char letters[] = {
	[TOKEN_END] = '.',	   [TOKEN_WORD] = 'w',	    [TOKEN_PATTERN] = 'p',
	[TOKEN_LITERAL] = 'l',	   [TOKEN_SET] = '@',	    [TOKEN_BARE] = 'b',
	[TOKEN_BAD] = '!',	   [TOKEN_SEMICOLON] = ';', [TOKEN_OPEN] = '{',
	[TOKEN_CLOSE] = '}',	   [TOKEN_COMMA] = ',',	    [TOKEN_EQUALS] = '=',
	[TOKEN_PLUS_EQUALS] = '+', [TOKEN_COLON] = ':',
};

/* A text and the kinds of its tokens. */
static const struct {
	const char *text;
	const char *kinds;
} cases[] = {
	{ "", "." },
	{ " \t\n# nothing; \"\n", "." },
	{ "version 1;", "ww;." },
	{ "let @a-1=\"/x\",'/y';", "w@=p,l;." },
	{ "extend @a+=@b;", "w@+@;." },
	{ "tls: allow", "w:w." },
	{ "tls : allow", "w:w." },
	{ "tls:allow", "w." },
	{ "device 188:*;", "ww;." },
	{ "20/s burst 40", "www." },
	{ "2026-12-01T18:00Z;", "w;." },
	{ "\"a\\\"b\" 'a\\'", "pl." },
	{ "\"a\\\\\"", "p." },
	{ "\"a\nb", "!w." },
	{ "'a", "!." },
	{ "\"a\\", "!." },
	{ "/etc/shadow;", "b;." },
	{ "/a/{b,c}/d {", "b{." },
	{ "~/x %h/y", "bb." },
	{ "web@x.service", "b." },
	{ "a#b", "w." },
	{ "{ }", "{}." },
};

START_TEST(lexer_cuts_text_into_tokens)
{
	struct source *source = source_of(cases[_i].text, strlen(cases[_i].text));
	char kinds[64] = "";
	struct lexer lexer;
	size_t n = 0;

	lexer_init(&lexer, source, NULL);
	do
		kinds[n] = letters[lexer_next(&lexer).kind];
	while (kinds[n++] != '.');
	ck_assert_msg(strcmp(kinds, cases[_i].kinds) == 0, "%s: %s", cases[_i].text, kinds);
	source_free(source);
}
END_TEST

START_TEST(lexer_counts_columns_in_characters)
{
	const char text[] = "# \xe2\x82\xac\n\t'\xc3\xa4\xc3\xa4' x;\n";
	struct source *source = source_of(text, strlen(text));
	struct lexer lexer;
	struct token token;

	lexer_init(&lexer, source, NULL);
	token = lexer_next(&lexer);
	ck_assert_uint_eq(token.place.line, 2);
	ck_assert_uint_eq(token.place.column, 2);
	ck_assert_uint_eq(token.place.end_column, 6);
	ck_assert(token.is_first);
	token = lexer_next(&lexer);
	ck_assert_uint_eq(token.place.column, 7);
	ck_assert(!token.is_first);
	source_free(source);
}
END_TEST

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	unsigned int line, column; /* of E018; 0: none */
} encodings[] = {
	{ "ascii", "abc\n", 4, 0, 0 },
	{ "utf-8", "# \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n", 12, 0, 0 },
	{ "tab", "\ta\n", 3, 0, 0 },
	{ "latin-1 in a comment", "a\n# \xe4\n", 6, 2, 3 },
	{ "nul", "a\0b\n", 4, 1, 2 },
	{ "escape", "'\033'\n", 4, 1, 2 },
	{ "carriage return", "a;\r\n", 4, 1, 3 },
	{ "overlong", "# \xc0\xaf\n", 5, 1, 3 },
	{ "surrogate", "# \xed\xa0\x80\n", 6, 1, 3 },
	{ "cut at the end", "# \xe2\x82", 4, 1, 3 },
	{ "right-to-left override", "# \xe2\x80\xae\n", 6, 1, 3 },
	{ "isolate", "# \xe2\x81\xa6\n", 6, 1, 3 },
	{ "c1 control", "# \xc2\x9b\n", 5, 1, 3 },
	{ "zero width space", "a\xe2\x80\x8b\n", 5, 1, 2 },
};

START_TEST(lexer_check_encoding_finds_what_deceives)
{
	struct source *source = source_of(encodings[_i].bytes, encodings[_i].len);
	struct diags diags = DIAGS_EMPTY;
	bool bad = encodings[_i].line > 0;

	lexer_check_encoding(source, &diags);
	ck_assert_msg(diags.n_errors == (bad ? 1 : 0), "%s", encodings[_i].name);
	if (bad) {
		ck_assert_str_eq(diags.items[0].id, "E018");
		ck_assert_uint_eq(diags.items[0].place.line, encodings[_i].line);
		ck_assert_uint_eq(diags.items[0].place.column, encodings[_i].column);
	}
	diags_done(&diags);
	source_free(source);
}
END_TEST

START_TEST(token_text_is_what_stands_between_the_quotes)
{
	struct source *source = source_of("\"a\\\"b\"", 6);
	struct lexer lexer;
	struct token token;
	char *text;

	lexer_init(&lexer, source, NULL);
	token = lexer_next(&lexer);
	text = token_text(&token);
	ck_assert_str_eq(text, "a\\\"b");
	free(text);
	source_free(source);
}
END_TEST

/* A look ahead at each brace must not make the whole quadratic. */
START_TEST(lexer_is_linear)
{
	const size_t size = POLICY_FILE_MAX;
	char *text = malloc(size);
	struct source *source;
	struct lexer lexer;
	size_t n = 0;

	for (size_t i = 0; i < size; i++)
		text[i] = i % 2 ? '{' : '/';
	source = source_of(text, size);
	lexer_init(&lexer, source, NULL);
	while (lexer_next(&lexer).kind != TOKEN_END)
		n++;
	ck_assert_uint_eq(n, size);
	free(text);
	source_free(source);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lexer");
	TCase *tcase = suite_case(suite, "lexer");

	tcase_add_loop_test(tcase, lexer_cuts_text_into_tokens, 0, ELEMENTSOF(cases));
	tcase_add_test(tcase, lexer_counts_columns_in_characters);
	tcase_add_loop_test(tcase, lexer_check_encoding_finds_what_deceives, 0,
			    ELEMENTSOF(encodings));
	tcase_add_test(tcase, token_text_is_what_stands_between_the_quotes);
	tcase_add_test(tcase, lexer_is_linear);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Wrong patterns are tests/policy/bad/E004-*, E005-* and E016-*; here is what right ones mean. */
#include "policy/glob.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "tests/support/suite.h"

static void dump_class(const struct glob_piece *piece, struct text *out)
{
	text_puts(out, "[");
	for (unsigned int b = 0; b < 256; b++) {
		if (piece->class[b / 64] >> (b % 64) & 1)
			text_printf(out, "%c", (int)b);
	}
	text_puts(out, "]");
}

static void dump_component(const struct glob_component *component, struct text *out)
{
	text_puts(out, component->deep ? "/**" : "/");
	for (size_t i = 0; i < component->n; i++) {
		const struct glob_piece *piece = &component->pieces[i];

		if (piece->kind == GLOB_BYTES)
			text_escape(out, piece->bytes, piece->len);
		else if (piece->kind == GLOB_CLASS)
			dump_class(piece, out);
		else if (piece->kind == GLOB_SPECIFIER)
			text_printf(out, "<%c>", piece->specifier);
		else
			text_puts(out, piece->kind == GLOB_STAR ? "<*>" : "<?>");
	}
}

/* "set:path path …", with what is not literal in angle brackets. */
static char *dump(const struct glob *glob)
{
	struct text out = TEXT_EMPTY;
	char *string;

	text_printf(&out, "%s", glob->set ? glob->set : "");
	for (size_t i = 0; i < glob->n; i++) {
		text_printf(&out, "%s%s", i > 0 ? " " : "", glob->paths[i].home ? "<h>" : "");
		if (glob->paths[i].n == 0 && !glob->paths[i].home && !glob->set)
			text_puts(&out, "/");
		for (size_t j = 0; j < glob->paths[i].n; j++)
			dump_component(&glob->paths[i].components[j], &out);
	}
	ck_assert_int_eq(text_finish(&out, &string), 0);
	return string;
}

static const struct {
	const char *text;
	const char *expected;
} patterns[] = {
	{ "/", "/" },
	{ "/a", "/a" },
	{ "/a/*.key", "/a/<*>.key" },
	{ "/a/**", "/a/**" },
	{ "/**/*.{pdf,PDF}", "/**/<*>.pdf /**/<*>.PDF" },
	{ "/a/{x,y}/c", "/a/x/c /a/y/c" },
	{ "/a/{x,y/z}", "/a/x /a/y/z" },
	{ "{/a,/b}/c", "/a/c /b/c" },
	{ "/a{,b}", "/a /ab" },
	{ "/{a,b}{c,d}", "/ac /bc /ad /bd" },
	{ "/{a,*}{b,*}", "/ab /<*>b /a<*> /<*>" },
	{ "/x?y", "/x<?>y" },
	{ "/tty[0-9]", "/tty[0123456789]" },
	{ "/[a-]", "/[-a]" },
	{ "/[\\x5d!]", "/[!]]" },
	{ "/[\\x41-C]", "/[ABC]" },
	{ "/{[,}],b}", "/[,}] /b" },
	{ "/\\*\\?\\[\\{\\%\\\\\\\"", "/*?[{%\\\\\"" },
	{ "/\\x41\\x20b", "/A b" },
	{ "/100%%", "/100%" },
	{ "/a,b}", "/a,b}" },
	{ "/%u/%i.token", "/<u>/<i>.token" },
	{ "%h", "<h>" },
	{ "%h/.ssh/**", "<h>/.ssh/**" },
	{ "@homes/.ssh/**", "@homes/.ssh/**" },
	{ "@homes", "@homes" },
	{ "/a/.b/...", "/a/.b/..." },
	{ "/\xc3\xa4", "/\xc3\xa4" },
};

START_TEST(glob_takes_a_pattern_apart)
{
	struct ast_path path = { .kind = AST_PATH_PATTERN,
				 .text = (char *)(uintptr_t)patterns[_i].text };
	struct glob *glob;
	char *dumped;

	ck_assert_msg(glob_parse(&path, NULL, &glob) == 0, "%s", patterns[_i].text);
	dumped = dump(glob);
	ck_assert_msg(strcmp(dumped, patterns[_i].expected) == 0, "%s: %s", patterns[_i].text,
		      dumped);
	free(dumped);
	glob_free(glob);
}
END_TEST

START_TEST(glob_leaves_a_literal_alone)
{
	struct ast_path path = { .kind = AST_PATH_LITERAL, .text = (char[]){ "/a*/%u[{\\x41" } };
	struct glob *glob;
	char *dumped;

	ck_assert_int_eq(glob_parse(&path, NULL, &glob), 0);
	ck_assert(glob_is_literal(glob));
	dumped = dump(glob);
	ck_assert_str_eq(dumped, "/a*/%u[{\\\\x41");
	free(dumped);
	glob_free(glob);
}
END_TEST

static const struct {
	enum ast_value_kind kind;
	const char *text;
	const char *expected; /* or NULL: wrong */
} names[] = {
	{ AST_WORD, "nginx.service", "/nginx.service" },
	{ AST_LITERAL, "a*.service", "/a*.service" },
	{ AST_PATTERN, "ci@*.service", "/ci@<*>.service" },
	{ AST_PATTERN, "{a,b}.scope", "/a.scope /b.scope" },
	{ AST_PATTERN, "a/b", NULL },
	{ AST_PATTERN, "a**", NULL },
	{ AST_PATTERN, "%i.service", NULL },
	{ AST_PATTERN, "", NULL },
	{ AST_PATTERN, "{a,}", NULL },
};

START_TEST(glob_parse_name_wants_one_component)
{
	struct ast_value value = { .kind = names[_i].kind,
				   .text = (char *)(uintptr_t)names[_i].text };
	struct glob *glob = NULL;
	char *dumped;

	if (!names[_i].expected) {
		ck_assert_msg(glob_parse_name(&value, NULL, &glob) == -EINVAL, "%s",
			      names[_i].text);
		return;
	}
	ck_assert_msg(glob_parse_name(&value, NULL, &glob) == 0, "%s", names[_i].text);
	dumped = dump(glob);
	ck_assert_msg(strcmp(dumped, names[_i].expected) == 0, "%s: %s", names[_i].text, dumped);
	free(dumped);
	glob_free(glob);
}
END_TEST

/* A pattern with @n times @piece after "/x": at, and one past, each limit. */
static int parse_repeated(const char *piece, size_t n)
{
	size_t len = strlen(piece);
	struct ast_path path = { .kind = AST_PATH_PATTERN, .text = malloc(n * len + 3) };
	struct glob *glob = NULL;
	int r;

	strcpy(path.text, "/x");
	for (size_t i = 0; i < n; i++)
		memcpy(path.text + 2 + i * len, piece, len + 1);
	r = glob_parse(&path, NULL, &glob);
	glob_free(glob);
	free(path.text);
	return r;
}

static const struct {
	const char *piece;
	size_t max;
} limits[] = {
	{ "*a", GLOB_WILDCARDS_MAX },
	{ "?", GLOB_WILDCARDS_MAX },
	{ "[ab]", GLOB_WILDCARDS_MAX },
	{ "/**/a", GLOB_DEEP_MAX },
	{ "{a,b}", 6 },
	{ "y", GLOB_TEXT_MAX - 2 },
};

START_TEST(glob_bounds_what_a_pattern_costs)
{
	ck_assert_int_eq(parse_repeated(limits[_i].piece, limits[_i].max - 1), 0);
	ck_assert_int_eq(parse_repeated(limits[_i].piece, limits[_i].max), 0);
	ck_assert_int_eq(parse_repeated(limits[_i].piece, limits[_i].max + 1), -EINVAL);
}
END_TEST

START_TEST(glob_literal_is_one_decoded_path)
{
	struct ast_value value = { .kind = AST_PATTERN, .text = (char[]){ "/usr/\\x62in/%%" } };
	struct ast_value wild = { .kind = AST_PATTERN, .text = (char[]){ "/usr/*" } };
	char *path;

	ck_assert_int_eq(glob_literal(&value, NULL, &path), 0);
	ck_assert_str_eq(path, "/usr/bin/%");
	free(path);
	ck_assert_int_eq(glob_literal(&wild, NULL, &path), -EINVAL);
}
END_TEST

START_TEST(glob_string_decodes_escapes_only)
{
	struct ast_value value = { .kind = AST_PATTERN,
				   .text = (char[]){ "50% of {a} \\\"*\\\"" } };
	char *string;

	ck_assert_int_eq(glob_string(&value, NULL, &string), 0);
	ck_assert_str_eq(string, "50% of {a} \"*\"");
	free(string);
}
END_TEST

START_TEST(glob_uses_finds_a_specifier)
{
	struct ast_path path = { .kind = AST_PATH_PATTERN, .text = (char[]){ "%h/{a,%i}" } };
	struct glob *glob;

	ck_assert_int_eq(glob_parse(&path, NULL, &glob), 0);
	ck_assert(glob_uses(glob, 'h'));
	ck_assert(glob_uses(glob, 'i'));
	ck_assert(!glob_uses(glob, 'u'));
	glob_free(glob);
}
END_TEST

/* Any bytes at all: an answer, and no more than that. */
START_TEST(glob_survives_any_text)
{
	static const char bytes[] = "/*?[]{},%\\x41ab-^!h@.\xc3\xa4";
	char text[24];
	struct ast_path path = { .kind = AST_PATH_PATTERN, .text = text };

	srand(4711);
	for (int i = 0; i < 200000; i++) {
		struct glob *glob = NULL;
		size_t len = (size_t)rand() % (sizeof(text) - 1);

		for (size_t j = 0; j < len; j++)
			text[j] = bytes[(size_t)rand() % (sizeof(bytes) - 1)];
		text[len] = '\0';
		ck_assert_int_le(glob_parse(&path, NULL, &glob), 0);
		glob_free(glob);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("glob");
	TCase *tcase = suite_case(suite, "glob");

	tcase_add_loop_test(tcase, glob_takes_a_pattern_apart, 0, ELEMENTSOF(patterns));
	tcase_add_test(tcase, glob_leaves_a_literal_alone);
	tcase_add_loop_test(tcase, glob_parse_name_wants_one_component, 0, ELEMENTSOF(names));
	tcase_add_loop_test(tcase, glob_bounds_what_a_pattern_costs, 0, ELEMENTSOF(limits));
	tcase_add_test(tcase, glob_literal_is_one_decoded_path);
	tcase_add_test(tcase, glob_string_decodes_escapes_only);
	tcase_add_test(tcase, glob_uses_finds_a_specifier);
	tcase_add_test(tcase, glob_survives_any_text);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/parsed.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/check.h"
#include "policy/parser.h"

char *parsed_file(const char *path, size_t *ret_size)
{
	const char *srcdir = getenv("srcdir");
	size_t room = 1U << 20;
	char *text = malloc(room);
	char full[4096];
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", srcdir ? srcdir : ".", path);
	file = fopen(full, "re");
	ck_assert_msg(file && text, "%s: %m", full);
	*ret_size = fread(text, 1, room - 1, file);
	text[*ret_size] = '\0';
	fclose(file);
	return text;
}

struct parsed parsed_text(const char *name, const char *text, size_t size)
{
	struct parsed parsed = { 0 };

	ck_assert_int_eq(source_new(&parsed.source, name, text, size, SOURCE_ADMIN), 0);
	ck_assert_int_eq(parser_parse(parsed.source, &parsed.diags, &parsed.ast), 0);
	ck_assert(!parsed.diags.failed);
	return parsed;
}

struct parsed parsed_string(const char *text)
{
	return parsed_text("test.fdp", text, strlen(text));
}

struct parsed parsed_checked(const char *name, const char *text, size_t size)
{
	struct parsed parsed = parsed_text(name, text, size);
	size_t errors = parsed.diags.n_errors;

	check_tree(parsed.ast, &parsed.diags);
	if (errors == 0)
		check_trees((const struct ast *const *)&parsed.ast, 1, &parsed.diags);
	ck_assert(!parsed.diags.failed);
	diags_sort(&parsed.diags);
	return parsed;
}

char *parsed_render(const struct parsed *parsed)
{
	struct text text = TEXT_EMPTY;
	char *string;

	for (size_t i = 0; i < parsed->diags.n; i++)
		diag_render(&parsed->diags.items[i], false, &text);
	ck_assert_int_eq(text_finish(&text, &string), 0);
	return string;
}

char *parsed_print(const struct ast *ast)
{
	struct text text = TEXT_EMPTY;
	char *string;

	ast_print(ast, &text);
	ck_assert_int_eq(text_finish(&text, &string), 0);
	return string;
}

void parsed_done(struct parsed *parsed)
{
	diags_done(&parsed->diags);
	parsed->ast = ast_free(parsed->ast);
	parsed->source = source_free(parsed->source);
}

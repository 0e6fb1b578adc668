/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/parsed.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/check.h"
#include "policy/floor.h"
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

void parsed_check_trees(const struct ast *const *trees, size_t n, struct diags *diags)
{
	struct floor floor;

	ck_assert_int_eq(floor_parse(&floor, diags), 0);
	check_trees(trees, n, &floor, diags);
	floor_done(&floor);
}

struct parsed parsed_checked(const char *name, const char *text, size_t size)
{
	struct parsed parsed = parsed_text(name, text, size);
	size_t errors = parsed.diags.n_errors;

	check_tree(parsed.ast, &parsed.diags);
	if (errors == 0)
		parsed_check_trees((const struct ast *const *)&parsed.ast, 1, &parsed.diags);
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

static int is_policy(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && strcmp(entry->d_name + len - 4, ".fdp") == 0;
}

int parsed_list(const char *directory, struct dirent ***ret)
{
	const char *srcdir = getenv("srcdir");
	char path[4096];
	int n;

	snprintf(path, sizeof(path), "%s/%s", srcdir ? srcdir : ".", directory);
	n = scandir(path, ret, is_policy, alphasort);
	ck_assert_msg(n > 0, "%s: %m", path);
	return n;
}

void parsed_list_done(struct dirent **names, int n)
{
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

char *parsed_expected(const char *directory, const char *name)
{
	char path[4096];
	size_t size;

	snprintf(path, sizeof(path), "%s/%.*s.expected", directory, (int)strlen(name) - 4, name);
	return parsed_file(path, &size);
}

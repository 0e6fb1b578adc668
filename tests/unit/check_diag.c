/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/diag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "policy/source.h"
#include "tests/support/suite.h"

static struct source *source_of(const char *path, const char *text, size_t size)
{
	struct source *source;

	ck_assert_int_eq(source_new(&source, path, text, size, SOURCE_ADMIN), 0);
	return source;
}

static char *render(const struct diag *diag, bool colour)
{
	struct text out = TEXT_EMPTY;
	char *string;

	diag_render(diag, colour, &out);
	ck_assert_int_eq(text_finish(&out, &string), 0);
	return string;
}

static const struct {
	const char *name;
	const char *text;
	size_t size;
	struct place place;
	const char *expected; /* after the first line */
} carets[] = {
	{ "first column", "abc\n", 4, { NULL, 1, 1, 3 }, "    1 | abc\n      | ^~\n" },
	{ "second line", "a\nbcd\n", 6, { NULL, 2, 2, 3 }, "    2 | bcd\n      |  ^\n" },
	{ "tab", "\tab\n", 4, { NULL, 1, 2, 4 }, "    1 |  ab\n      |  ^~\n" },
	{ "past the end of the line", "ab\n", 3, { NULL, 1, 3, 4 }, "    1 | ab\n      |   ^\n" },
	{ "past the end of the file", "ab\n", 3, { NULL, 2, 1, 2 }, "    2 | \n      | ^\n" },
	{ "characters of several bytes",
	  "\xc3\xa4\xe2\x82\xac"
	  "x\n",
	  7,
	  { NULL, 1, 3, 4 },
	  "    1 | \xc3\xa4\xe2\x82\xac"
	  "x\n      |   ^\n" },
	{ "an escape sequence",
	  "\033[2Jx\n",
	  6,
	  { NULL, 1, 5, 6 },
	  "    1 | \\x1b[2Jx\n      |        ^\n" },
	{ "nul", "a\0b\n", 4, { NULL, 1, 3, 4 }, "    1 | a\\x00b\n      |      ^\n" },
	{ "backslash stays one", "a\\b\n", 4, { NULL, 1, 3, 4 }, "    1 | a\\b\n      |   ^\n" },
};

START_TEST(diag_points_at_what_the_reader_sees)
{
	struct source *source = source_of("t.fdp", carets[_i].text, carets[_i].size);
	struct diags diags = DIAGS_EMPTY;
	struct place place = carets[_i].place;
	char *string;

	place.source = source;
	string = render(diag_add(&diags, DIAG_ERROR, "E001", place, "m"), false);
	ck_assert_msg(strcmp(strchr(string, '\n') + 1, carets[_i].expected) == 0, "%s:\n%s",
		      carets[_i].name, string);
	free(string);
	diags_done(&diags);
	source_free(source);
}
END_TEST

START_TEST(diag_shows_place_severity_detail_and_help)
{
	struct source *source = source_of("a.fdp", "x y;\n", 5);
	struct place place = { source, 1, 3, 4 };
	struct diags diags = DIAGS_EMPTY;
	struct diag *diag = diag_add(&diags, DIAG_WARNING, "W101", place, "no '%s'", "y");
	char *string;

	diag_detail(&diags, diag, "first");
	diag_more(&diags, diag, "second");
	diag_help(&diags, diag, "write z");
	string = render(diag, false);
	ck_assert_str_eq(string, "a.fdp:1:3: warning[W101]: no 'y'\n    1 | x y;\n      |   ^\n"
				 "      = first\n        second\n      = help: write z\n");
	free(string);
	diags_done(&diags);
	source_free(source);
}
END_TEST

START_TEST(diag_names_the_file_alone_where_there_is_no_line)
{
	struct source *source = source_of("a.fdp", "", 0);
	struct diags diags = DIAGS_EMPTY;
	char *of_file =
		render(diag_add(&diags, DIAG_NOTE, "N104", (struct place){ source, 0, 0, 0 }, "m"),
		       false);
	char *of_none =
		render(diag_add(&diags, DIAG_ERROR, "E010", (struct place){ 0 }, "m"), false);

	ck_assert_str_eq(of_file, "a.fdp: note[N104]: m\n");
	ck_assert_str_eq(of_none, "error[E010]: m\n");
	free(of_file);
	free(of_none);
	diags_done(&diags);
	source_free(source);
}
END_TEST

START_TEST(diag_colours_when_asked_and_only_then)
{
	struct source *source = source_of("a.fdp", "x;\n", 3);
	struct diags diags = DIAGS_EMPTY;
	struct diag *diag =
		diag_add(&diags, DIAG_ERROR, "E001", (struct place){ source, 1, 1, 2 }, "m");
	char *coloured = render(diag, true), *plain = render(diag, false);

	ck_assert_ptr_nonnull(strstr(coloured, "\033[1;31merror[E001]"));
	ck_assert_ptr_null(strchr(plain, '\033'));
	free(coloured);
	free(plain);
	diags_done(&diags);
	source_free(source);
}
END_TEST

/* What a file or its name holds never reaches the terminal as it is. */
START_TEST(diag_escapes_names_and_messages)
{
	struct source *source = source_of("a\033[2J\n.fdp", "x\n", 2);
	struct place place = { source, 1, 1, 2 };
	struct diags diags = DIAGS_EMPTY;
	struct diag *diag =
		diag_add(&diags, DIAG_ERROR, "E002", place, "'%s'", "\033]0;\xe2\x80\xae");
	struct text gcc = TEXT_EMPTY;
	char *string;

	diag_detail(&diags, diag, "%s", "/srv/a\nforged: error[E001]: b");
	diag_more(&diags, diag, "%s", "\n");
	diag_help(&diags, diag, "%s", "\x9b\n");
	string = render(diag, false);
	diag_render_gcc(diag, &gcc);
	for (const char *p = string; *p; p++)
		ck_assert_msg(*p == '\n' || (*p >= ' ' && *p < 0x7f), "%s", string);
	ck_assert_ptr_null(strstr(string, "\nforged"));
	ck_assert_ptr_nonnull(strstr(string, "      = /srv/a\\nforged"));
	ck_assert_str_eq(gcc.data,
			 "a\\x1b[2J\\n.fdp:1:1: error: '\\x1b]0;\\xe2\\x80\\xae' [E002]\n");
	text_done(&gcc);
	free(string);
	diags_done(&diags);
	source_free(source);
}
END_TEST

START_TEST(diag_crops_a_line_that_would_fill_the_screen)
{
	const size_t size = 100000;
	char *text = malloc(size), *string;
	struct source *source;
	struct diags diags = DIAGS_EMPTY;

	memset(text, 'a', size);
	text[70000] = 'X';
	source = source_of("a.fdp", text, size);
	string = render(diag_add(&diags, DIAG_ERROR, "E001",
				 (struct place){ source, 1, 70001, 90000 }, "m"),
			false);
	ck_assert_uint_lt(strlen(string), 600);
	/* The caret stands below the X. */
	ck_assert_uint_eq(strcspn(strchr(string, '\n') + 1, "X"),
			  strcspn(strchr(strchr(string, '\n') + 1, '\n') + 1, "^"));
	free(string);
	free(text);
	diags_done(&diags);
	source_free(source);
}
END_TEST

START_TEST(diags_sort_is_by_place_and_stable)
{
	struct source *a = source_of("a", "", 0), *b = source_of("b", "", 0);
	const struct place places[] = {
		{ b, 1, 1, 2 }, { a, 2, 1, 2 }, { a, 1, 9, 10 }, { a, 1, 2, 3 }, { a, 1, 2, 3 }
	};
	static const char expected[] = "34210";
	struct diags diags = DIAGS_EMPTY;

	for (size_t i = 0; i < ELEMENTSOF(places); i++)
		diag_add(&diags, DIAG_ERROR, "E001", places[i], "%zu", i);
	diags_sort(&diags);
	for (size_t i = 0; i < diags.n; i++)
		ck_assert_int_eq(diags.items[i].message[0], expected[i]);
	diags_done(&diags);
	source_free(a);
	source_free(b);
}
END_TEST

START_TEST(diags_keep_a_bounded_number_and_count_all)
{
	struct diags diags = DIAGS_EMPTY;

	for (size_t i = 0; i < DIAGS_MAX + 5; i++)
		diag_add(&diags, DIAG_NOTE, "N104", (struct place){ 0 }, "note");
	ck_assert_uint_eq(diags.n, DIAGS_MAX);
	ck_assert_uint_eq(diags.n_notes, DIAGS_MAX + 5);
	/* An error is never what is left out. */
	ck_assert_ptr_nonnull(diag_add(&diags, DIAG_ERROR, "E001", (struct place){ 0 }, "error"));
	ck_assert_uint_eq(diags.n, DIAGS_MAX);
	ck_assert_uint_eq(diags.n_errors, 1);
	diags_done(&diags);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diag");
	TCase *tcase = suite_case(suite, "diag");

	tcase_add_loop_test(tcase, diag_points_at_what_the_reader_sees, 0, ELEMENTSOF(carets));
	tcase_add_test(tcase, diag_shows_place_severity_detail_and_help);
	tcase_add_test(tcase, diag_names_the_file_alone_where_there_is_no_line);
	tcase_add_test(tcase, diag_colours_when_asked_and_only_then);
	tcase_add_test(tcase, diag_escapes_names_and_messages);
	tcase_add_test(tcase, diag_crops_a_line_that_would_fill_the_screen);
	tcase_add_test(tcase, diags_sort_is_by_place_and_stable);
	tcase_add_test(tcase, diags_keep_a_bounded_number_and_count_all);
	return suite_main(suite);
}

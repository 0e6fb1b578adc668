/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "tests/support/suite.h"

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	const char *expected;
} cases[] = {
	{ "nothing", "", 0, "" },
	{ "plain", "/srv/a b", 8, "/srv/a b" },
	{ "percent is no format", "%n%s", 4, "%n%s" },
	{ "newline and a forged record", "a\n<0>x", 6, "a\\n<0>x" },
	{ "terminal escape", "\033[2J", 4, "\\x1b[2J" },
	{ "c1 escape as utf-8",
	  "\xc2\x9b"
	  "2J",
	  4, "\\xc2\\x9b2J" },
	{ "delete", "\x7f", 1, "\\x7f" },
	{ "nul", "a\0b", 3, "a\\x00b" },
	{ "backslash", "a\\n", 3, "a\\\\n" },
	{ "utf-8", "\xc3\xa4\xe2\x82\xac", 5, "\xc3\xa4\xe2\x82\xac" },
	{ "right-to-left override", "\xe2\x80\xae", 3, "\\xe2\\x80\\xae" },
	{ "cut utf-8", "\xe2\x82", 2, "\\xe2\\x82" },
	{ "overlong slash", "\xc0\xaf", 2, "\\xc0\\xaf" },
	{ "surrogate", "\xed\xa0\x80", 3, "\\xed\\xa0\\x80" },
	{ "beyond unicode", "\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80" },
	{ "not utf-8", "\xff\xfe", 2, "\\xff\\xfe" },
};

START_TEST(text_escape_leaves_nothing_that_a_terminal_obeys)
{
	struct text t = TEXT_EMPTY;
	char *string;

	text_escape(&t, cases[_i].bytes, cases[_i].len);
	ck_assert_int_eq(text_finish(&t, &string), 0);
	ck_assert_msg(strcmp(string, cases[_i].expected) == 0, "%s: %s", cases[_i].name, string);
	free(string);
}
END_TEST

START_TEST(text_escape_lines_leaves_ends_of_lines_and_what_was_escaped)
{
	static const char bytes[] = "\n\x1b[2Jone\n\\x1b two\\\n\ttab\0nul\n\xe2\x82\xac";
	struct text t = TEXT_EMPTY;
	char *string;

	text_escape_lines(&t, bytes, sizeof(bytes) - 1);
	ck_assert_int_eq(text_finish(&t, &string), 0);
	ck_assert_str_eq(string, "\n\\x1b[2Jone\n\\x1b two\\\n\\ttab\\x00nul\n\xe2\x82\xac");
	free(string);
}
END_TEST

START_TEST(text_grows_past_any_first_size)
{
	struct text t = TEXT_EMPTY;
	char *string;

	for (int i = 0; i < 1000; i++)
		text_printf(&t, "%04d,", i);
	ck_assert_int_eq(text_finish(&t, &string), 0);
	ck_assert_uint_eq(strlen(string), 5000);
	ck_assert_str_eq(string + 4995, "0999,");
	free(string);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("text");
	TCase *tcase = suite_case(suite, "text");

	tcase_add_loop_test(tcase, text_escape_leaves_nothing_that_a_terminal_obeys, 0,
			    (int)ELEMENTSOF(cases));
	tcase_add_test(tcase, text_escape_lines_leaves_ends_of_lines_and_what_was_escaped);
	tcase_add_test(tcase, text_grows_past_any_first_size);
	return suite_main(suite);
}

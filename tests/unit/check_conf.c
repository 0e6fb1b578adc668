/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/conf.h"

#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "policy/source.h"
#include "tests/support/parsed.h"
#include "tests/support/suite.h"

static struct source *source_of(const char *text)
{
	struct source *source;

	ck_assert_int_eq(source_new(&source, "fdbroker.conf", text, strlen(text), SOURCE_ADMIN), 0);
	return source;
}

START_TEST(conf_gives_names_values_and_places)
{
	struct source *source =
		source_of("# limits\nversion 1;\nsettings {\n    max-clients 1024;\n"
			  "    audit-file '/var/log/x y';\n}\n");
	struct diags diags = DIAGS_EMPTY;
	struct conf conf;

	ck_assert_int_eq(conf_parse(source, &diags, &conf), 0);
	ck_assert_uint_eq(diags.n, 0);
	ck_assert_uint_eq(conf.n, 2);
	ck_assert_str_eq(conf.items[0].name, "max-clients");
	ck_assert_str_eq(conf.items[0].value.text, "1024");
	ck_assert_uint_eq(conf.items[0].place.line, 4);
	ck_assert_uint_eq(conf.items[0].value.place.column, 17);
	ck_assert_int_eq(conf.items[1].value.kind, AST_LITERAL);
	ck_assert_str_eq(conf.items[1].value.text, "/var/log/x y");
	conf_done(&conf);
	diags_done(&diags);
	source_free(source);
}
END_TEST

static const struct {
	const char *text;
	const char *id;
	unsigned int line, column;
	size_t n;	     /* settings that could be read */
	const char *message; /* or NULL: it says the same of a policy */
} wrong[] = {
	{ "", "E001", 1, 1, 0, NULL },
	{ "version 1;\n", "E001", 2, 1, 0, "expected 'settings { … }', found end of file" },
	{ "version 2;\nsettings { }\n", "E015", 1, 9, 0, NULL },
	{ "version 1;\nsettings { a 1 }\n", "E001", 2, 15, 1, NULL },
	{ "version 1;\nsettings { a; b 2; }\n", "E001", 2, 13, 1, NULL },
	{ "version 1;\nsettings { a 1; a 2; }\n", "E003", 2, 17, 2, "setting 'a' given twice" },
	{ "version 1;\nsettings { a 1;\n", "E001", 2, 16, 1, NULL },
	{ "version 1;\nsettings { a 1; }", "E001", 2, 18, 1, NULL },
	{ "version 1;\nsettings { a 1; } more\n", "E001", 2, 19, 1,
	  "expected the end of the file, found 'more'" },
	{ "version 1;\nsettings { \"a\" 1; b 2; }\n", "E001", 2, 12, 1,
	  "expected the name of a setting or '}', found '\"a\"'" },
	{ "version 1;\nsettings { a 1 2; b 2; }\n", "E001", 2, 16, 2, NULL },
	{ "version 1;\n# \xe4\nsettings { a 1; }\n", "E018", 2, 3, 1, NULL },
	{ "version 1;\nsettings {\nallow\nallow 1; }\n", "E001", 4, 7, 1, NULL },
};

START_TEST(conf_reads_the_example_of_the_manual)
{
	struct source *source;
	struct diags diags = DIAGS_EMPTY;
	struct conf conf;
	size_t size;
	char *text = parsed_file("examples/fdbroker.conf", &size);

	source = source_of(text);
	ck_assert_int_eq(conf_parse(source, &diags, &conf), 0);
	ck_assert_uint_eq(diags.n, 0);
	ck_assert_uint_eq(conf.n, 2);
	ck_assert_str_eq(conf.items[1].name, "max-per-uid");
	ck_assert_str_eq(conf.items[1].value.text, "128");
	conf_done(&conf);
	diags_done(&diags);
	source_free(source);
	free(text);
}
END_TEST

START_TEST(conf_reports_what_is_wrong_and_reads_the_rest)
{
	struct source *source = source_of(wrong[_i].text);
	struct diags diags = DIAGS_EMPTY;
	struct conf conf;

	ck_assert_int_eq(conf_parse(source, &diags, &conf), 0);
	ck_assert_msg(diags.n >= 1, "%s", wrong[_i].text);
	ck_assert_msg(strcmp(diags.items[0].id, wrong[_i].id) == 0 &&
			      diags.items[0].place.line == wrong[_i].line &&
			      diags.items[0].place.column == wrong[_i].column,
		      "%s: %s %u:%u", wrong[_i].text, diags.items[0].id, diags.items[0].place.line,
		      diags.items[0].place.column);
	if (wrong[_i].message)
		ck_assert_str_eq(diags.items[0].message, wrong[_i].message);
	ck_assert_msg(conf.n == wrong[_i].n, "%s: %zu", wrong[_i].text, conf.n);
	conf_done(&conf);
	diags_done(&diags);
	source_free(source);
}
END_TEST

START_TEST(conf_unknown_suggests_the_nearest_name)
{
	static const char *const names[] = { "max-clients", "max-per-uid" };
	struct source *source = source_of("version 1;\nsettings { max-client 1; }\n");
	struct diags diags = DIAGS_EMPTY;
	struct conf conf;

	ck_assert_int_eq(conf_parse(source, &diags, &conf), 0);
	conf_unknown(&conf.items[0], names, ELEMENTSOF(names), &diags);
	ck_assert_str_eq(diags.items[0].id, "E002");
	ck_assert_str_eq(diags.items[0].message, "unknown setting 'max-client'");
	ck_assert_str_eq(diags.items[0].help, "did you mean 'max-clients'?");
	conf_done(&conf);
	diags_done(&diags);
	source_free(source);
}
END_TEST

START_TEST(conf_bounds_the_number_of_settings)
{
	struct text text = TEXT_EMPTY;
	struct diags diags = DIAGS_EMPTY;
	struct source *source;
	struct conf conf;

	text_puts(&text, "version 1;\nsettings {\n");
	for (unsigned int i = 0; i <= CONF_MAX; i++)
		text_printf(&text, "a%u 1;\n", i);
	text_puts(&text, "}\n");
	source = source_of(text.data);
	ck_assert_int_eq(conf_parse(source, &diags, &conf), 0);
	ck_assert_uint_eq(diags.n_errors, 1);
	ck_assert_str_eq(diags.items[0].id, "E016");
	ck_assert_str_eq(diags.items[0].message, "more than 256 settings");
	text_done(&text);
	conf_done(&conf);
	diags_done(&diags);
	source_free(source);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf");
	TCase *tcase = suite_case(suite, "conf");

	tcase_add_test(tcase, conf_gives_names_values_and_places);
	tcase_add_test(tcase, conf_reads_the_example_of_the_manual);
	tcase_add_loop_test(tcase, conf_reports_what_is_wrong_and_reads_the_rest, 0,
			    ELEMENTSOF(wrong));
	tcase_add_test(tcase, conf_unknown_suggests_the_nearest_name);
	tcase_add_test(tcase, conf_bounds_the_number_of_settings);
	return suite_main(suite);
}

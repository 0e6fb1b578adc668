/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The diagnostics, as data: tests/policy/bad/ID-what.fdp and the screen that it gives. */
#include "policy/check.h"
#include "policy/references.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "tests/support/parsed.h"
#include "tests/support/suite.h"

#define BAD "tests/policy/bad"

static struct parsed check_file(const char *directory, const char *name)
{
	struct parsed parsed;
	char path[4096];
	size_t size;
	char *text;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	text = parsed_file(path, &size);
	parsed = parsed_checked(name, text, size);
	diags_sort(&parsed.diags);
	free(text);
	return parsed;
}

START_TEST(check_shows_each_diagnostic_as_written_in_tests_policy_bad)
{
	struct dirent **names;
	int n = parsed_list(BAD, &names);

	for (int i = 0; i < n; i++) {
		struct parsed parsed = check_file(BAD, names[i]->d_name);
		char *shown = parsed_render(&parsed),
		     *expected = parsed_expected(BAD, names[i]->d_name);

		ck_assert_msg(strcmp(shown, expected) == 0, "%s:1: shows\n%s", names[i]->d_name,
			      shown);
		free(shown);
		free(expected);
		parsed_done(&parsed);
	}
	parsed_list_done(names, n);
}
END_TEST

START_TEST(check_finds_in_each_bad_policy_only_what_its_name_says)
{
	struct dirent **names;
	int n = parsed_list(BAD, &names);

	for (int i = 0; i < n; i++) {
		struct parsed parsed = check_file(BAD, names[i]->d_name);

		ck_assert_msg(parsed.diags.n_errors > 0, "%s", names[i]->d_name);
		for (size_t j = 0; j < parsed.diags.n; j++)
			ck_assert_msg(strncmp(parsed.diags.items[j].id, names[i]->d_name, 4) == 0,
				      "%s: %s", names[i]->d_name, parsed.diags.items[j].id);
		parsed_done(&parsed);
	}
	parsed_list_done(names, n);
}
END_TEST

static const char *const ids[] = {
	"E001", "E002", "E003", "E004", "E005", "E006", "E007", "E008",
	"E011", "E012", "E014", "E015", "E016", "E017", "E018",
};

START_TEST(check_has_three_cases_for_each_diagnostic)
{
	struct dirent **names;
	int n = parsed_list(BAD, &names), found = 0;

	for (int i = 0; i < n; i++)
		found += strncmp(names[i]->d_name, ids[_i], 4) == 0;
	ck_assert_msg(found >= 3, "%s: %d", ids[_i], found);
	parsed_list_done(names, n);
}
END_TEST

START_TEST(check_shows_the_twelve_mistakes_of_bad_fdp)
{
	struct parsed parsed = check_file("tests/policy", "bad.fdp");
	char *shown = parsed_render(&parsed),
	     *expected = parsed_expected("tests/policy", "bad.fdp");

	ck_assert_uint_eq(parsed.diags.n_errors, 12);
	ck_assert_str_eq(shown, expected);
	free(shown);
	free(expected);
	parsed_done(&parsed);
}
END_TEST

/* The same file a line lower, and a column to the right in every line. */
START_TEST(check_moves_every_message_with_the_text)
{
	struct parsed plain = check_file("tests/policy", "bad.fdp");
	const char *from = plain.source->text;
	char *text = calloc(2, plain.source->size + 2), *to = text;
	struct parsed moved;

	*to++ = '\n';
	for (*to++ = ' '; *from; from++) {
		*to++ = *from;
		if (*from == '\n' && from[1])
			*to++ = ' ';
	}
	moved = parsed_checked("bad.fdp", text, (size_t)(to - text));
	ck_assert_uint_eq(moved.diags.n, plain.diags.n);
	for (size_t i = 0; i < plain.diags.n; i++) {
		const struct diag *a = &plain.diags.items[i], *b = &moved.diags.items[i];

		ck_assert_str_eq(a->message, b->message);
		ck_assert_uint_eq(a->place.line + 1, b->place.line);
		ck_assert_uint_eq(a->place.column + 1, b->place.column);
		ck_assert_uint_eq(a->place.end_column + 1, b->place.end_column);
	}
	free(text);
	parsed_done(&plain);
	parsed_done(&moved);
}
END_TEST

START_TEST(check_accepts_the_examples_together)
{
	struct dirent **names;
	int n = parsed_list("examples/policy", &names);
	struct parsed parsed[32];
	const struct ast *trees[32];
	struct diags diags = DIAGS_EMPTY;

	ck_assert_int_le(n, 32);
	for (int i = 0; i < n; i++) {
		char path[4096];
		size_t size;
		char *text;

		snprintf(path, sizeof(path), "examples/policy/%s", names[i]->d_name);
		text = parsed_file(path, &size);
		parsed[i] = parsed_text(names[i]->d_name, text, size);
		check_tree(parsed[i].ast, &parsed[i].diags);
		ck_assert_msg(parsed[i].diags.n == 0, "%s", names[i]->d_name);
		trees[i] = parsed[i].ast;
		free(text);
	}
	parsed_check_trees(trees, (size_t)n, &diags);
	ck_assert_msg(diags.n == 0, "%s", diags.n ? diags.items[0].message : "");
	for (int i = 0; i < n; i++)
		parsed_done(&parsed[i]);
	diags_done(&diags);
	parsed_list_done(names, n);
}
END_TEST

START_TEST(check_shows_both_files_when_a_set_is_defined_in_two)
{
	struct parsed a = parsed_text("/usr/lib/fdbroker/policy.d/a.fdp",
				      "version 1;\nlet @x = \"/a\";\n", 26);
	struct parsed b =
		parsed_text("/etc/fdbroker/policy.d/b.fdp", "version 1;\n\nlet @x = \"/b\";\n", 27);
	const struct ast *trees[] = { a.ast, b.ast };

	parsed_check_trees(trees, 2, &b.diags);
	ck_assert_uint_eq(b.diags.n_errors, 1);
	ck_assert_str_eq(b.diags.items[0].id, "E003");
	ck_assert_uint_eq(b.diags.items[0].place.line, 3);
	ck_assert_str_eq(b.diags.items[0].detail, "first at /usr/lib/fdbroker/policy.d/a.fdp:2:5");
	parsed_done(&a);
	parsed_done(&b);
}
END_TEST

START_TEST(check_refuses_disable_in_a_file_of_the_vendor)
{
	struct parsed p = parsed_string("version 1;\nx: deny any \"/a\";\ndisable \"test.x\";\n");

	parsed_check_trees((const struct ast *const *)&p.ast, 1, &p.diags);
	ck_assert_uint_eq(p.diags.n_errors, 0);
	p.source->origin = SOURCE_VENDOR;
	parsed_check_trees((const struct ast *const *)&p.ast, 1, &p.diags);
	ck_assert_uint_eq(p.diags.n_errors, 1);
	ck_assert_str_eq(p.diags.items[0].id, "E014");
	ck_assert_str_eq(p.diags.items[0].message, "'disable' in a file of the vendor");
	ck_assert_str_eq(p.diags.items[0].help,
			 "rules are disabled from /etc/fdbroker or /run/fdbroker only");
	parsed_done(&p);
}
END_TEST

/* A chain of names longer than any stack would bear, closed to a circle. */
START_TEST(check_follows_chains_of_any_length)
{
	const unsigned int n = 20000;
	char *text = malloc(n * 40), *end = text;
	struct parsed p;

	end += sprintf(end, "version 1;\n");
	for (unsigned int i = 0; i < n; i++)
		end += sprintf(end, "let @s%u = @s%u;\n", i, (i + 1) % n);
	p = parsed_checked("test.fdp", text, (size_t)(end - text));
	ck_assert_uint_eq(p.diags.n_errors, 2);
	ck_assert_str_eq(p.diags.items[0].id, "E016");
	ck_assert_str_eq(p.diags.items[1].id, "E008");
	free(text);
	parsed_done(&p);
}
END_TEST

/* Subjects s0, s1, … of which each names the next; spelled up or down, whichever is sorted first. */
static size_t errors_of_nesting(unsigned int n, bool backwards)
{
	char text[100 * 40], *end = text + sprintf(text, "version 1;\n");
	struct parsed p;
	size_t errors;

	for (unsigned int i = 0; i < n; i++)
		end += sprintf(end, "subject s%u = subject s%u;\n", backwards ? 99 - i : 10 + i,
			       backwards ? 98 - i : 11 + i);
	end += sprintf(end, "subject s%u = user 1;\n", backwards ? 99 - n : 10 + n);
	p = parsed_checked("test.fdp", text, (size_t)(end - text));
	errors = p.diags.n_errors;
	parsed_done(&p);
	return errors;
}

START_TEST(check_limits_the_depth_of_names_however_they_are_spelled)
{
	ck_assert_uint_eq(errors_of_nesting(REFERENCES_NEST_MAX - 1, _i), 0);
	ck_assert_uint_eq(errors_of_nesting(REFERENCES_NEST_MAX, _i), 0);
	ck_assert_uint_eq(errors_of_nesting(REFERENCES_NEST_MAX + 1, _i), 1);
	ck_assert_uint_eq(errors_of_nesting(REFERENCES_NEST_MAX + 2, _i), 1);
}
END_TEST

START_TEST(check_has_nothing_against_the_words_of_the_language)
{
	struct parsed p = parsed_string(
		"version 1;\n"
		"let @a = \"/a\";\nextend @a += \"/b\";\nsubject s = user 0 and not group 5 and "
		"apparmor \"a/**\" and\n"
		"    selinux \"u:r:t\";\n"
		"for subject s and unit \"a@*.service\" and slice \"b.slice\" mode enforce {\n"
		"    x: allow read, write, append, truncate, create, tmpfile, list as root @a "
		"except\n"
		"        \"@a/%i\" { type { regular, directory }; owner root; file-group 5;\n"
		"        mode-max 0640; links any; max-size 1M; until 2027-01-01; audit all; note "
		"\"n\";\n        create-mode 0640; create-owner \"0:0\"; rate 1/s burst 2 per uid; "
		"inflight 1; }\n"
		"}\n"
		"for user 1 and user-unit \"a.scope\" or exe \"/bin/a\" or anyone {\n"
		"    allow read \"/dev/x\" { type char; device 1:*; }\n}\n"
		"deny any \"/c\" { hide; }\n"
		"expect deny read '/c' as user 0;\ndisable \"test.x\";\n");

	check_tree(p.ast, &p.diags);
	ck_assert_msg(p.diags.n == 0, "%s", p.diags.n ? p.diags.items[0].message : "");
	parsed_done(&p);
}
END_TEST

/* fdbroker.policy(5): what the object is, until when, and what is written, said or shown of it. */
static const char *const on_deny[] = {
	"type socket;", "owner root;",	"file-group 0;", "mode-max 0644;",	 "links 1;",
	"links any;",	"max-size 4K;", "device 8:*;",	 "until 2027-01-31;",	 "fs proc;",
	"fs any;",	"mount nodev;", "audit none;",	 "note \"for nobody\";", "hide;",
};

START_TEST(check_accepts_on_a_deny_what_says_which_object_is_meant)
{
	char text[256];
	struct parsed p;

	snprintf(text, sizeof(text), "version 1;\ndeny any \"/a\" { %s }\n", on_deny[_i]);
	p = parsed_checked("test.fdp", text, strlen(text));
	ck_assert_msg(p.diags.n == 0, "%s", on_deny[_i]);
	parsed_done(&p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("check");
	TCase *tcase = suite_case(suite, "check");

	tcase_add_test(tcase, check_shows_each_diagnostic_as_written_in_tests_policy_bad);
	tcase_add_test(tcase, check_finds_in_each_bad_policy_only_what_its_name_says);
	tcase_add_loop_test(tcase, check_has_three_cases_for_each_diagnostic, 0,
			    (int)ELEMENTSOF(ids));
	tcase_add_test(tcase, check_shows_the_twelve_mistakes_of_bad_fdp);
	tcase_add_test(tcase, check_moves_every_message_with_the_text);
	tcase_add_test(tcase, check_accepts_the_examples_together);
	tcase_add_test(tcase, check_shows_both_files_when_a_set_is_defined_in_two);
	tcase_add_test(tcase, check_refuses_disable_in_a_file_of_the_vendor);
	tcase_add_test(tcase, check_follows_chains_of_any_length);
	tcase_add_loop_test(tcase, check_limits_the_depth_of_names_however_they_are_spelled, 0, 2);
	tcase_add_test(tcase, check_has_nothing_against_the_words_of_the_language);
	tcase_add_loop_test(tcase, check_accepts_on_a_deny_what_says_which_object_is_meant, 0,
			    (int)ELEMENTSOF(on_deny));
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/decide.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "policy/compiled.h"
#include "tests/support/policy.h"
#include "tests/support/suite.h"

DEFINE_CLEANUP(struct policy *, policy_free)
DEFINE_CLEANUP(struct policy_caller *, policy_caller_free)
DEFINE_CLEANUP(struct candidates *, candidates_free)

/* A policy, one caller, and room for answers. */
struct fixture {
	struct policy *policy;
	struct policy_caller *caller;
	struct candidates *answer;
};

static struct fixture fixture_of(const char *text, const char *conj)
{
	struct fixture f = { .policy = policy_of(text) };

	f.caller = caller_of(f.policy, conj);
	ck_assert_int_eq(candidates_new(&f.answer, f.policy), 0);
	return f;
}

static void fixture_done(struct fixture *f)
{
	candidates_free(f->answer);
	policy_caller_free(f->caller);
	policy_free(f->policy);
}

static void ask(struct fixture *f, const char *modes, const char *path)
{
	struct policy_query query = {
		.caller = f->caller,
		.path = path,
		.modes = modes_of(modes),
	};

	decide_name(f->policy, &query, f->answer);
	candidates_add_standing(f->answer, &query);
}

/* Policies as data: the same files are asked through fdbrokerctl. */

static glob_t case_files;

static void find_case_files(void)
{
	char pattern[4096];
	const char *srcdir = getenv("srcdir");

	snprintf(pattern, sizeof(pattern), "%s/tests/policy/*.cases", srcdir ? srcdir : ".");
	if (glob(pattern, 0, NULL, &case_files) != 0 || case_files.gl_pathc == 0) {
		fprintf(stderr, "no %s\n", pattern);
		exit(EXIT_FAILURE);
	}
}

static struct policy *policy_beside(const char *cases)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	struct policy *policy = NULL;
	char path[4096];
	const char *const files[] = { path };
	struct load_options options = {
		.files = files,
		.n_files = 1,
		.only_files = true,
		.trust = LOAD_TRUST_NOTE,
	};

	snprintf(path, sizeof(path), "%.*s.fdp", (int)(strlen(cases) - strlen(".cases")), cases);
	ck_assert_int_eq(load_policy(&options, &diags, &policy), 0);
	ck_assert_msg(policy != NULL, "%s", findings_text(&diags));
	return policy;
}

static void check_row(const struct policy *policy, const char *file, unsigned int number,
		      char *line)
{
	char expected[16], modes[128], path[1024];
	const char *conj = strstr(line, " as "), *answer;

	line[strcspn(line, "\n")] = '\0';
	ck_assert_msg(conj && sscanf(line, "%15s %127s %1023s", expected, modes, path) == 3,
		      "%s:%u: not a row: %s", file, number, line);
	answer = answer_of(policy, conj + strlen(" as "), modes, path);
	ck_assert_msg(strcmp(answer, expected) == 0, "%s:%u: %s: %s", file, number, answer, line);
}

START_TEST(decide_answers_as_the_rows_say)
{
	const char *file = case_files.gl_pathv[_i];
	_cleanup_(policy_freep) struct policy *policy = policy_beside(file);
	FILE *rows = fopen(file, "re");
	unsigned int number = 0;
	char line[2048];

	ck_assert_msg(rows != NULL, "%s", file);
	while (fgets(line, sizeof(line), rows)) {
		number++;
		if (line[0] != '#' && line[0] != '\n')
			check_row(policy, file, number, line);
	}
	fclose(rows);
}
END_TEST

/* P66 */
START_TEST(decide_deny_beats_allow)
{
	static const char *const orders[] = {
		"version 1;\nfor anyone { allow read '/x'; }\ndeny read '/x';\n",
		"version 1;\ndeny read '/x';\nfor anyone { allow read '/x'; }\n",
		"version 1;\nfor anyone { deny read \"/*\"; allow read '/x'; allow read '/x'; }\n",
	};

	for (size_t i = 0; i < ELEMENTSOF(orders); i++)
		ck_assert_str_eq(answer_by(orders[i], "user 1", "read", "/x"), "deny");
}
END_TEST

START_TEST(decide_permissions_of_two_rules_are_not_added_up)
{
	static const char text[] = "version 1;\n"
				   "for anyone { allow read '/x'; allow write '/x'; }\n";

	ck_assert_str_eq(answer_by(text, "user 1", "read", "/x"), "allow");
	ck_assert_str_eq(answer_by(text, "user 1", "write", "/x"), "allow");
	ck_assert_str_eq(answer_by(text, "user 1", "read,write", "/x"), "deny");
}
END_TEST

/* P60 */
START_TEST(decide_without_rules_refuses)
{
	_cleanup_(fixture_done) struct fixture f = fixture_of("version 1;\n", "user 0");

	ask(&f, "read", "/x");
	ck_assert_int_eq(f.answer->reason, POLICY_REASON_DEFAULT);
	ck_assert_ptr_null(f.answer->rule);
	ck_assert_ptr_null(f.answer->undecided);
}
END_TEST

START_TEST(decide_names_the_deny_that_decided)
{
	_cleanup_(fixture_done) struct fixture f =
		fixture_of("version 1;\ndeny read \"/**\";\nhere: deny write '/x';\n", "user 1");

	ask(&f, "write", "/x");
	ck_assert_int_eq(f.answer->reason, POLICY_REASON_RULE);
	ck_assert_str_eq(f.answer->rule->id, "test.here");
	ck_assert_uint_eq(f.answer->rule->line, 3);
	ck_assert_uint_eq(f.answer->n_allows, 0);
}
END_TEST

START_TEST(decide_hide_is_not_undone_by_another_deny)
{
	static const char *const orders[] = {
		"version 1;\na: deny read '/x';\nb: deny read \"/*\" { hide; }\n",
		"version 1;\nb: deny read \"/*\" { hide; }\na: deny read '/x';\n",
	};

	for (size_t i = 0; i < ELEMENTSOF(orders); i++) {
		_cleanup_(fixture_done) struct fixture f = fixture_of(orders[i], "user 1");

		ask(&f, "read", "/x");
		ck_assert_str_eq(f.answer->rule->id, "test.b");
		ck_assert(f.answer->rule->hide);
	}
}
END_TEST

START_TEST(decide_orders_allows_by_how_specific_they_are)
{
	static const char *const expected[] = {
		"test.literal", "test.deep", "test.fewer", "test.narrow",
		"test.a",	"test.b",    "test.wide",
	};
	_cleanup_(fixture_done) struct fixture f = fixture_of(
		"version 1;\n"
		"for anyone { wide: allow read \"/**\"; b: allow read \"/a/b/*?\"; }\n"
		"for anyone { a: allow read \"/a/b/*?\"; fewer: allow read \"/a/b/*\"; }\n"
		"for user 1 { narrow: allow read \"/a/b/*?\"; literal: allow read '/a/b/c'; }\n"
		"for user 1 and group 2 { deep: allow read \"/a/b/*\"; }\n",
		"user 1 and group 2");

	ask(&f, "read", "/a/b/c");
	ck_assert_int_eq(f.answer->reason, POLICY_REASON_OK);
	ck_assert_uint_eq(f.answer->n_allows, ELEMENTSOF(expected));
	for (size_t i = 0; i < ELEMENTSOF(expected); i++)
		ck_assert_str_eq(f.answer->allows[i].rule->id, expected[i]);
}
END_TEST

START_TEST(decide_takes_a_rule_by_its_most_specific_pattern)
{
	_cleanup_(fixture_done) struct fixture f =
		fixture_of("version 1;\n"
			   "for anyone { a: allow read \"/s/*/c\"; b: allow read \"/**\", "
			   "\"/s/b/*\"; }\n",
			   "user 1");

	ask(&f, "read", "/s/b/c");
	ck_assert_str_eq(f.answer->allows[0].rule->id, "test.b");
	ck_assert_uint_eq(f.answer->allows[0].prefix_len, strlen("/s/b"));
}
END_TEST

static bool keeps(const struct fixture *f, const char *id)
{
	for (size_t i = 0; i < f->answer->n_denies; i++)
		if (strcmp(f->answer->denies[i].rule->id, id) == 0)
			return true;
	return false;
}

START_TEST(decide_keeps_conditional_denies_for_the_object)
{
	_cleanup_(fixture_done) struct fixture f =
		fixture_of("version 1;\nfor anyone { allow read '/x'; }\nc: deny read '/x' { owner "
			   "5; }\n",
			   "user 1");

	ask(&f, "read", "/x");
	ck_assert_int_eq(f.answer->reason, POLICY_REASON_OK);
	ck_assert_msg(keeps(&f, "test.c"), "test.c is not among them");
}
END_TEST

START_TEST(decide_keeps_a_deny_of_all_below_the_root_for_all_but_the_root)
{
	_cleanup_(fixture_done) struct fixture f =
		fixture_of("version 1;\nfor anyone { allow list, read '/', '/x'; }\n"
			   "for user 1 { c: deny list \"/**\" { owner 5; } }\n"
			   "for user 2 { d: deny list \"/**\" { owner 5; } }\n",
			   "user 1");

	ask(&f, "list", "/x");
	ck_assert(keeps(&f, "test.c") && !keeps(&f, "test.d"));
	ask(&f, "read", "/x");
	ck_assert(!keeps(&f, "test.c"));
	ask(&f, "list", "/");
	ck_assert_int_eq(f.answer->reason, POLICY_REASON_OK);
	ck_assert_uint_eq(f.answer->n_denies, 0);
}
END_TEST

static const struct {
	const char *attrs;
	uint64_t now;
	enum policy_reason expected;
} times[] = {
	{ "until 2027-01-31T18:00Z;", 1801418399, POLICY_REASON_OK },
	{ "until 2027-01-31T18:00Z;", 1801418400, POLICY_REASON_DEFAULT },
	{ "until 2027-01-31;", 1801439999, POLICY_REASON_OK },
	{ "until 2027-01-31;", 1801440000, POLICY_REASON_DEFAULT },
	{ "until 2027-01-31;", UINT64_MAX, POLICY_REASON_DEFAULT },
};

START_TEST(decide_forgets_a_rule_when_its_time_is_over)
{
	_cleanup_(fixture_done) struct fixture f = { 0 };
	struct policy_query query = {
		.path = "/x",
		.modes = POLICY_READ,
		.now_sec = times[_i].now,
	};
	char text[256];

	snprintf(text, sizeof(text), "version 1;\nfor anyone { allow read '/x' { %s } }\n",
		 times[_i].attrs);
	f = fixture_of(text, "user 1");
	query.caller = f.caller;
	decide_name(f.policy, &query, f.answer);
	ck_assert_msg(f.answer->reason == times[_i].expected, "%s at %lu", times[_i].attrs,
		      (unsigned long)times[_i].now);
}
END_TEST

START_TEST(decide_a_deny_with_an_end_touches_nothing_before_it)
{
	_cleanup_(fixture_done) struct fixture f =
		fixture_of("version 1;\nfor anyone { allow read '/x'; }\n"
			   "deny read '/x' { until 2027-01-31; }\n",
			   "user 1");

	ask(&f, "read", "/x");
	ck_assert_int_eq(f.answer->reason, POLICY_REASON_RULE);
}
END_TEST

static const struct {
	uint32_t modes;
	size_t len;
	enum policy_reason expected;
} bad[] = {
	{ POLICY_READ, 4095, POLICY_REASON_OK },
	{ POLICY_READ, 4096, POLICY_REASON_BAD_PATH }, /* P56 */
	{ POLICY_READ, 5000, POLICY_REASON_BAD_PATH },
	{ 0, 10, POLICY_REASON_BAD_PATH },
	{ POLICY_ANY + 1, 10, POLICY_REASON_BAD_PATH },
};

START_TEST(decide_refuses_what_is_no_request)
{
	_cleanup_(fixture_done) struct fixture f =
		fixture_of("version 1;\nfor anyone { allow read \"/**\"; }\n", "user 1");
	struct policy_query query = { .caller = f.caller, .modes = bad[_i].modes };
	char path[5001];

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[bad[_i].len] = '\0';
	query.path = path;
	decide_name(f.policy, &query, f.answer);
	ck_assert_int_eq(f.answer->reason, bad[_i].expected);
}
END_TEST

/* A fact that only shows in a path. */
START_TEST(decide_is_not_certain_of_a_path_with_an_unknown_value)
{
	_cleanup_(fixture_done) struct fixture f =
		fixture_of("version 1;\nfor anyone { allow read \"/**\"; }\ndeny read "
			   "\"/home/%U/*\";\n",
			   "anyone");

	ask(&f, "read", "/home/7/x");
	ck_assert_int_eq(f.answer->reason, POLICY_REASON_RULE);
	ck_assert_ptr_nonnull(f.answer->undecided);
	ck_assert_str_eq(f.answer->undecided_fact, "user");
	ask(&f, "read", "/home/7/x/y");
	ck_assert_int_eq(f.answer->reason, POLICY_REASON_OK);
	ck_assert_ptr_null(f.answer->undecided);
}
END_TEST

/* The home directory of many system users is the whole machine. */
START_TEST(decide_takes_a_home_of_slash_for_none)
{
	static const struct known_user users[] = { { .uid = 7, .name = "a", .home = "/home/a" },
						   { .uid = 8, .name = "b", .home = "/" } };
	_cleanup_(fixture_done) struct fixture f =
		fixture_of("version 1;\nfor anyone { allow read \"%h/**\", \"%h\"; }\n", "user 7");

	f.policy->users = users;
	f.policy->n_users = ELEMENTSOF(users);
	policy_caller_free(f.caller);
	f.caller = caller_of(f.policy, "user 7");
	ask(&f, "read", "/home/a/x");
	ck_assert_int_eq(f.answer->reason, POLICY_REASON_OK);
	policy_caller_free(f.caller);
	f.caller = caller_of(f.policy, "user 8");
	ask(&f, "read", "/home/a/x");
	ck_assert_int_eq(f.answer->reason, POLICY_REASON_DEFAULT);
	ask(&f, "read", "/");
	ck_assert_int_eq(f.answer->reason, POLICY_REASON_DEFAULT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decide");
	TCase *tcase = suite_case(suite, "decide");

	find_case_files();
	tcase_add_loop_test(tcase, decide_answers_as_the_rows_say, 0, (int)case_files.gl_pathc);
	tcase_add_test(tcase, decide_deny_beats_allow);
	tcase_add_test(tcase, decide_permissions_of_two_rules_are_not_added_up);
	tcase_add_test(tcase, decide_without_rules_refuses);
	tcase_add_test(tcase, decide_names_the_deny_that_decided);
	tcase_add_test(tcase, decide_hide_is_not_undone_by_another_deny);
	tcase_add_test(tcase, decide_orders_allows_by_how_specific_they_are);
	tcase_add_test(tcase, decide_takes_a_rule_by_its_most_specific_pattern);
	tcase_add_test(tcase, decide_keeps_conditional_denies_for_the_object);
	tcase_add_test(tcase, decide_keeps_a_deny_of_all_below_the_root_for_all_but_the_root);
	tcase_add_loop_test(tcase, decide_forgets_a_rule_when_its_time_is_over, 0,
			    ELEMENTSOF(times));
	tcase_add_test(tcase, decide_a_deny_with_an_end_touches_nothing_before_it);
	tcase_add_loop_test(tcase, decide_refuses_what_is_no_request, 0, ELEMENTSOF(bad));
	tcase_add_test(tcase, decide_is_not_certain_of_a_path_with_an_unknown_value);
	tcase_add_test(tcase, decide_takes_a_home_of_slash_for_none);
	return suite_main(suite);
}

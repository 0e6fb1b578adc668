/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "policy/compiled.h"
#include "tests/support/policy.h"
#include "tests/support/suite.h"

DEFINE_CLEANUP(struct policy *, policy_free)

/* The patterns of `allow read PATHS`, written as in the language. */
static struct policy *pattern_policy(const char *paths)
{
	char text[8192];

	snprintf(text, sizeof(text),
		 "version 1;\nfor unit \"a@b.service\" { test: allow read %s; }\n", paths);
	return policy_of(text);
}

static const struct pattern *only_pattern(const struct policy *policy)
{
	const struct rule *rule = &policy->rules[policy->n_rules - 1];

	ck_assert_uint_eq(rule->n_paths, 1);
	return rule->paths[0];
}

static bool any_matches(const struct policy *policy, const char *path,
			const struct match_values *values)
{
	const struct rule *rule = &policy->rules[policy->n_rules - 1];

	for (size_t i = 0; i < rule->n_paths; i++)
		if (match_path(rule->paths[i], path, values, NULL) == TRUTH_YES)
			return true;
	return false;
}

static const struct {
	const char *paths;
	const char *path;
	bool expected;
} cases[] = {
	{ "\"/a/*\"", "/a/b", true },
	{ "\"/a/*\"", "/a/.b", true },
	{ "\"/a/*\"", "/a", false },
	{ "\"/a/*\"", "/a/b/c", false },
	{ "\"/a/*.key\"", "/a/x.key", true },
	{ "\"/a/*.key\"", "/a/.key", true },
	{ "\"/a/*.key\"", "/a/x.key.bak", false },
	{ "\"/a/*.key\"", "/a/.key.key", true },
	{ "\"/a/**\"", "/a/b", true },
	{ "\"/a/**\"", "/a/b/c/d", true },
	{ "\"/a/**\"", "/a", false },
	{ "\"/a/**\"", "/ab", false },
	{ "\"/a/**/b\"", "/a/b", true },
	{ "\"/a/**/b\"", "/a/x/y/b", true },
	{ "\"/a/**/b\"", "/a/b/c", false },
	{ "\"/a/**/b\"", "/a/b/b", true },
	{ "\"/a/**/b/**\"", "/a/b", false },
	{ "\"/a/**/b/**\"", "/a/b/c", true },
	{ "\"/a/**/b/**\"", "/a/b/b", true },
	{ "\"/a/**/b/**/c\"", "/a/c/b/b/x/c", true },
	{ "\"/**/.*/**\"", "/home/.ssh/key", true },
	{ "\"/**/.*/**\"", "/.ssh/key", true },
	{ "\"/**/.*/**\"", "/home/ssh/.key", false },
	{ "\"/**\"", "/", false },
	{ "\"/**\"", "/x", true },
	{ "\"/\"", "/", true },
	{ "\"/\"", "/x", false },
	{ "\"/*\"", "/", false },
	{ "\"/dev/tty[0-9]\"", "/dev/tty7", true },
	{ "\"/dev/tty[0-9]\"", "/dev/ttyS", false },
	{ "\"/dev/tty[0-9]\"", "/dev/tty10", false },
	{ "\"/a/{x,y}/c\"", "/a/y/c", true },
	{ "\"/a/{x,y}/c\"", "/a/z/c", false },
	{ "\"/a/?\"", "/a/b", true },
	{ "\"/a/?\"", "/a/bc", false },
	{ "\"/a/?b\"", "/a/b", false },
	{ "\"/a/?*\"", "/a/b", true },
	{ "\"/a/*b*c\"", "/a/bbcbc", true },
	{ "\"/a/*b*c\"", "/a/cb", false },
	{ "\"/a/*[a-c]?\"", "/a/zzcz", true },
	{ "\"/a/*[a-c]?\"", "/a/zzz", false },
	{ "\"/a/\\*\"", "/a/*", true },
	{ "\"/a/\\*\"", "/a/b", false },
	{ "'/a/*'", "/a/*", true },
	{ "'/a/*'", "/a/b", false },
	{ "\"/a/\\xff\"", "/a/\xff", true },
	{ "\"/a/[\\x80-\\xff]\"", "/a/\xe4", true },
	{ "\"/A\"", "/a", false },
	/* Specifiers: the values are below. */
	{ "\"/t/%i\"", "/t/b", true },
	{ "\"/t/%i.token\"", "/t/b.token", true },
	{ "\"/t/%i.token\"", "/t/c.token", false },
	{ "\"/t/*%i\"", "/t/abab", true },
	{ "\"/t/%p-%i\"", "/t/a-b", true },
	/* A value is bytes, not a pattern. */
	{ "\"/t/%n\"", "/t/*", true },
	{ "\"/t/%n\"", "/t/b", false },
	{ "\"/t/%n/x\"", "/t/a/x", false },
	/* A value that is not there. */
	{ "\"/t/%s\"", "/t/", false },
	{ "\"/t/%s\"", "/t/x", false },
	{ "\"/t/x%s\"", "/t/x", false },
	{ "\"%h/f\"", "/home/u/f", true },
	{ "\"%h/**\"", "/home/u/f/g", true },
	{ "\"%h/**\"", "/home/u", false },
	{ "\"%h/**\"", "/home/u2/f", false },
	{ "\"%h\"", "/home/u", true },
	{ "\"%h\"", "/home", false },
};

static const struct match_values values = {
	.text = {
		[SPECIFIER_UNIT] = "*",
		[SPECIFIER_PREFIX] = "a",
		[SPECIFIER_INSTANCE] = "b",
		[SPECIFIER_HOME] = "/home/u",
	},
};

START_TEST(match_is_bytewise_and_exact)
{
	_cleanup_(policy_freep) struct policy *policy = pattern_policy(cases[_i].paths);

	ck_assert_msg(any_matches(policy, cases[_i].path, &values) == cases[_i].expected,
		      "%s on %s", cases[_i].paths, cases[_i].path);
}
END_TEST

static const struct {
	const char *path;
	const char *name;
	enum truth expected;
} unknowns[] = {
	{ "\"/t/%i.x\"", "/t/b.x", TRUTH_UNKNOWN }, { "\"/t/%i.x\"", "/t/b.y", TRUTH_NO },
	{ "\"/t/%i/x\"", "/t/b/c/x", TRUTH_NO },    { "\"%h/x\"", "/home/a/x", TRUTH_UNKNOWN },
	{ "\"%h/x\"", "/home/a/y", TRUTH_NO },	    { "\"%h/**\"", "/", TRUTH_NO },
	{ "\"/t/x\"", "/t/x", TRUTH_YES },
};

START_TEST(match_by_a_value_that_is_not_known_is_unknown)
{
	const struct match_values unknown = { .unknown = (1U << SPECIFIER_MAX) - 1 };
	_cleanup_(policy_freep) struct policy *policy = pattern_policy(unknowns[_i].path);

	ck_assert_msg(match_path(only_pattern(policy), unknowns[_i].name, &unknown, NULL) ==
			      unknowns[_i].expected,
		      "%s on %s", unknowns[_i].path, unknowns[_i].name);
}
END_TEST

static const struct {
	const char *path;
	const char *name;
	size_t expected;
} prefixes[] = {
	{ "\"/srv/www/**\"", "/srv/www/a/b", 8 }, { "\"/srv/*/a\"", "/srv/www/a", 4 },
	{ "'/srv/www'", "/srv/www", 8 },	  { "\"/**\"", "/srv", 0 },
	{ "\"/srv/%i/*\"", "/srv/b/x", 6 },	  { "\"%h/x/*\"", "/home/u/x/y", 9 },
	{ "\"%h/*\"", "/home/u/x", 7 },
};

START_TEST(match_says_how_much_of_the_name_is_literal)
{
	_cleanup_(policy_freep) struct policy *policy = pattern_policy(prefixes[_i].path);
	size_t prefix;

	ck_assert(match_path(only_pattern(policy), prefixes[_i].name, &values, &prefix) ==
		  TRUTH_YES);
	ck_assert_msg(prefix == prefixes[_i].expected, "%s: %zu", prefixes[_i].path, prefix);
}
END_TEST

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What takes long does not take as long as it would. */
static void limit_seconds(void)
{
	static const struct rlimit limit = { 5, 6 };

	ck_assert_int_eq(setrlimit(RLIMIT_CPU, &limit), 0);
}

static const char *const bombs[] = {
	"\"/*a*a*a*a*a*a*a*b\"",
	"\"/*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b\"",
	"\"/*?*?*?*?*?*?*?*b\"",
	/* The last byte does not tell. */
	"\"/*a*a*a*a*a*a*a*b*\"",
	"\"/*a*a*a*a*a*a*a*[bc]\"",
	"\"/*?*?*?*?*?*?*?*b*\"",
};

/* P51 */
START_TEST(match_takes_no_time_for_a_pattern_made_to_take_long)
{
	_cleanup_(policy_freep) struct policy *policy = pattern_policy(bombs[_i]);
	char path[4096] = "/";
	double before;

	limit_seconds();
	memset(path + 1, 'a', sizeof(path) - 2);
	path[sizeof(path) - 1] = '\0';
	before = seconds();
	for (int i = 0; i < 10; i++)
		ck_assert(match_path(only_pattern(policy), path, &values, NULL) == TRUTH_NO);
	/* A millisecond each, and ten times that under sanitizers; others do not count. */
	ck_assert_msg(seconds() - before < 0.1, "%g s for ten", seconds() - before);
}
END_TEST

/* P51 */
START_TEST(match_takes_no_time_for_many_components)
{
	_cleanup_(policy_freep) struct policy *policy = pattern_policy("\"/**/a/**/a/**/a/**/b\"");
	char path[4096];
	double before;

	limit_seconds();
	for (size_t i = 0; i < sizeof(path) - 1; i++)
		path[i] = i % 2 ? 'a' : '/';
	path[sizeof(path) - 2] = '\0';
	before = seconds();
	for (int i = 0; i < 10; i++)
		ck_assert(match_path(only_pattern(policy), path, &values, NULL) == TRUTH_NO);
	ck_assert_msg(seconds() - before < 0.1, "%g s for ten", seconds() - before);
}
END_TEST

static const struct {
	const char *path;
	bool expected;
} clean[] = {
	{ "/", true },	    { "/a", true },	{ "/a/.b", true },   { "/a/..b", true },
	{ "/a/...", true }, { "", false },	{ "a", false },	     { "//", false },
	{ "/a/", false },   { "/a//b", false }, { "/a/./b", false }, { "/a/../b", false },
	{ "/..", false },   { "/.", false },	{ "/a/..", false },
};

START_TEST(match_knows_a_clean_name)
{
	ck_assert_msg(match_is_clean(clean[_i].path) == clean[_i].expected, "%s", clean[_i].path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("match");
	TCase *tcase = suite_case(suite, "match");

	tcase_add_loop_test(tcase, match_is_bytewise_and_exact, 0, ELEMENTSOF(cases));
	tcase_add_loop_test(tcase, match_by_a_value_that_is_not_known_is_unknown, 0,
			    ELEMENTSOF(unknowns));
	tcase_add_loop_test(tcase, match_says_how_much_of_the_name_is_literal, 0,
			    ELEMENTSOF(prefixes));
	tcase_add_loop_test(tcase, match_takes_no_time_for_a_pattern_made_to_take_long, 0,
			    ELEMENTSOF(bombs));
	tcase_add_test(tcase, match_takes_no_time_for_many_components);
	tcase_add_loop_test(tcase, match_knows_a_clean_name, 0, ELEMENTSOF(clean));
	return suite_main(suite);
}

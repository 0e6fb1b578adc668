/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/reach.h"

#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "tests/support/policy.h"
#include "tests/support/suite.h"

/* What is reached, as words: "directory modes" each, with a semicolon behind it. */
static int write_down(void *context, const struct policy_reach *reach)
{
	char *out = context, line[512];

	snprintf(line, sizeof(line), "%s %#x%s%s%s;", reach->directory, reach->modes,
		 reach->as_root ? " root" : "", reach->devices ? " devices" : "",
		 reach->personal ? " personal" : "");
	strcat(out, line);
	return 0;
}

static const struct {
	const char *name, *rules, *expected;
} cases[] = {
	{ "no rule", "", "" },
	{ "a deny", "for anyone { deny read \"/a/b\"; }", "" },
	{ "a file is found in its directory", "for anyone { allow read '/a/b/c'; }", "/a/b 0x1;" },
	{ "a file of the root", "for anyone { allow read '/a'; }", "/ 0x1;" },
	{ "a directory is itself", "for anyone { allow list '/a/b'; }", "/a/b 0x40;" },
	{ "a file without a name is made in it", "for anyone { allow tmpfile '/a/b'; }",
	  "/a/b 0x20;" },
	{ "a wildcard ends it", "for anyone { allow read \"/a/b*/c\"; }", "/a 0x1;" },
	{ "a subtree", "for anyone { allow read \"/a/b/**\"; }", "/a/b 0x1;" },
	{ "everything", "for anyone { allow read \"/**\"; }", "/ 0x1;" },
	{ "the root itself", "for anyone { allow list '/'; }", "/ 0x40;" },
	{ "a value of the caller ends it", "for anyone { allow read \"/a/%u/c\"; }", "/a 0x1;" },
	{ "what mode follows from another", "for anyone { allow write '/a/b'; }", "/a 0x6;" },
	{ "root's authority", "for anyone { allow read as root '/a/b'; }", "/a 0x1 root;" },
	{ "devices", "for anyone { allow read '/dev/x' { type char; } }", "/dev 0x1 devices;" },
	{ "block devices", "for anyone { allow read '/dev/x' { type {regular, block}; } }",
	  "/dev 0x1 devices;" },
	{ "alternatives each", "for anyone { allow read \"/{a,b}/c\"; }", "/a 0x1;/b 0x1;" },
	{ "sets", "let @s = '/a/x', '/b/x'; for anyone { allow read @s; }", "/a 0x1;/b 0x1;" },
	{ "complaining reaches everywhere", "for user 0 mode complain { }", "/ 0xbff;" },
};

START_TEST(reach_is_what_the_rules_begin_with)
{
	char text[512], got[4096] = "";
	struct policy *policy;

	snprintf(text, sizeof(text), "version 1;\n%s\n", cases[_i].rules);
	policy = policy_of(text);
	ck_assert_int_eq(policy_reaches(policy, write_down, got), 0);
	ck_assert_msg(strcmp(got, cases[_i].expected) == 0, "%s: %s", cases[_i].name, got);
	policy_free(policy);
}
END_TEST

START_TEST(reach_has_the_home_of_everybody)
{
	struct policy *policy =
		policy_of("version 1;\nfor anyone { allow read \"%h/.config/*\"; }\n");
	char got[65536] = "";

	ck_assert_int_eq(policy_reaches(policy, write_down, got), 0);
	ck_assert_msg(strstr(got, "/root/.config 0x1 personal;"), "%s", got);
	policy_free(policy);
}
END_TEST

static int give_up(void *context, const struct policy_reach *reach)
{
	(void)reach;
	++*(int *)context;
	return -42;
}

START_TEST(reach_ends_with_the_first_error)
{
	struct policy *policy =
		policy_of("version 1;\nfor anyone { allow read '/a/b', '/c/d'; }\n");
	int n = 0;

	ck_assert_int_eq(policy_reaches(policy, give_up, &n), -42);
	ck_assert_int_eq(n, 1);
	policy_free(policy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reach");
	TCase *tcase = suite_case(suite, "reach");

	tcase_add_loop_test(tcase, reach_is_what_the_rules_begin_with, 0, ELEMENTSOF(cases));
	tcase_add_test(tcase, reach_has_the_home_of_everybody);
	tcase_add_test(tcase, reach_ends_with_the_first_error);
	return suite_main(suite);
}

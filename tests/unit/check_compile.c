/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "policy/compiled.h"
#include "policy/floor.h"
#include "tests/support/policy.h"
#include "tests/support/suite.h"

DEFINE_CLEANUP(struct policy *, policy_free)

static const struct policy_rule *rule_of(const struct policy *policy, const char *id)
{
	for (size_t i = 0; i < policy_n_rules(policy); i++)
		if (strcmp(policy_rule(policy, i)->id, id) == 0)
			return policy_rule(policy, i);
	return NULL;
}

START_TEST(compile_puts_the_floor_first)
{
	_cleanup_(policy_freep) struct policy *policy = policy_of("version 1;\n");

	ck_assert_uint_gt(policy_n_rules(policy), 5);
	for (size_t i = 0; i < policy_n_rules(policy); i++) {
		const struct policy_rule *rule = policy_rule(policy, i);

		ck_assert(strncmp(rule->id, FLOOR_STEM ".", strlen(FLOOR_STEM) + 1) == 0);
		ck_assert_str_eq(rule->file, "builtin");
		ck_assert(!rule->allow);
	}
	ck_assert_ptr_nonnull(rule_of(policy, FLOOR_SET_ID));
	ck_assert_uint_eq(policy_summary(policy)->n_rules, 0);
}
END_TEST

START_TEST(compile_names_rules_by_label_or_line)
{
	_cleanup_(policy_freep) struct policy *policy = policy_of("version 1;\n"
								  "for user 1 {\n"
								  "  named: allow read '/a';\n"
								  "  allow\n    read '/b';\n"
								  "}\n"
								  "deny read '/c';\n");

	ck_assert_ptr_nonnull(rule_of(policy, "test.named"));
	ck_assert_ptr_nonnull(rule_of(policy, "test.L4"));
	ck_assert_ptr_nonnull(rule_of(policy, "test.L7"));
	ck_assert_uint_eq(rule_of(policy, "test.named")->line, 3);
	ck_assert_str_eq(rule_of(policy, "test.named")->file, "test.fdp");
}
END_TEST

START_TEST(compile_gives_defaults_by_authority)
{
	_cleanup_(policy_freep) struct policy *policy =
		policy_of("version 1;\n"
			  "for user 1 {\n"
			  "  c: allow read '/a';\n"
			  "  r: allow read as root '/b' { audit all; note \"why\"; }\n"
			  "}\n"
			  "h: deny read '/c' { hide; audit none; }\n");
	const struct policy_rule *caller = rule_of(policy, "test.c");
	const struct policy_rule *root = rule_of(policy, "test.r");
	const struct policy_rule *hide = rule_of(policy, "test.h");

	ck_assert(!caller->as_root && caller->symlinks == POLICY_SYMLINKS_FOLLOW);
	ck_assert(!caller->mounts_stay && !caller->parents_trusted);
	ck_assert_int_eq(caller->audit, POLICY_AUDIT_DENY);
	ck_assert_ptr_null(caller->note);
	ck_assert(root->as_root && root->symlinks == POLICY_SYMLINKS_REFUSE);
	ck_assert(root->mounts_stay && root->parents_trusted);
	ck_assert_int_eq(root->audit, POLICY_AUDIT_ALL);
	ck_assert_str_eq(root->note, "why");
	ck_assert(hide->hide && hide->audit == POLICY_AUDIT_NONE);
}
END_TEST

START_TEST(compile_sums_up)
{
	_cleanup_(policy_freep) struct policy *policy =
		policy_of("version 1;\n"
			  "for user 1 { allow read as root '/a'; allow write '/b'; }\n"
			  "deny read '/c';\n"
			  "expect allow read '/a' as user 1;\n");
	const struct policy_summary *summary = policy_summary(policy);

	ck_assert_uint_eq(summary->n_files, 1);
	ck_assert_uint_eq(summary->n_rules, 3);
	ck_assert_uint_eq(summary->n_as_root, 1);
	ck_assert_uint_eq(summary->n_expects, 1);
	ck_assert(summary->as_root_reads && !summary->as_root_writes);
	ck_assert(!summary->delivers);
	ck_assert_uint_eq(strlen(summary->sha256), 64);
}
END_TEST

START_TEST(compile_sees_what_lends_no_file_itself)
{
	static const struct {
		const char *obligations;
		bool delivers;
	} rules[] = { { "deliver fd;", false }, { "deliver pipe;", true } };

	for (size_t i = 0; i < ELEMENTSOF(rules); i++) {
		_cleanup_(policy_freep) struct policy *policy = NULL;
		char text[128];

		snprintf(text, sizeof(text),
			 "version 1;\nfor user 1 { allow append '/a' { %s } }\n",
			 rules[i].obligations);
		policy = policy_of(text);
		ck_assert_int_eq(policy_summary(policy)->delivers, rules[i].delivers);
	}
}
END_TEST

START_TEST(compile_lists_each_exe_once)
{
	_cleanup_(policy_freep) struct policy *policy = policy_of(
		"version 1;\n"
		"subject s = exe \"/usr/bin/a\";\n"
		"for exe { \"/usr/bin/a\", '/usr/bin/b' } or subject s { allow read '/x'; }\n");

	ck_assert_str_eq(policy_exe_path(policy, 0), "/usr/bin/a");
	ck_assert_str_eq(policy_exe_path(policy, 1), "/usr/bin/b");
	ck_assert_ptr_null(policy_exe_path(policy, 2));
}
END_TEST

/* P64 */
static const struct {
	const char *who;
	const char *id;
	bool loads;
} names[] = {
	{ "user no-such-user", "W310", true },
	{ "group no-such-group", "W310", true },
	{ "user { root, no-such-user }", "W310", true },
	{ "not user no-such-user", "E006", false },
	{ "not group no-such-group", "E006", false },
	{ "user 0day", "E006", false },
	{ "user \"\"", "E006", false },
	{ "user 4294967295", "E006", false },
	{ "user 1-0", "E006", false },
	{ "user 00", "E006", false },
};

START_TEST(compile_takes_no_name_for_another)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	char text[256];

	snprintf(text, sizeof(text), "version 1;\nfor %s { allow read '/x'; }\n", names[_i].who);
	ck_assert_int_eq(load_text("test.fdp", text, strlen(text), &diags, &policy), 0);
	ck_assert_msg(!!policy == names[_i].loads, "%s: %s", names[_i].who, findings_text(&diags));
	ck_assert_msg(count_findings(&diags, names[_i].id) == 1, "%s: %s", names[_i].who,
		      findings_text(&diags));
}
END_TEST

/* P64: systemd's CVE-2017-1000082 made root of a name that it could not read. */
START_TEST(compile_makes_nobody_of_a_user_that_does_not_exist)
{
	static const char text[] = "version 1;\nfor user no-such-user { allow read '/x'; }\n";

	ck_assert_str_eq(answer_by(text, "user 0", "read", "/x"), "deny");
	ck_assert_str_eq(answer_by(text, "user no-such-user", "read", "/x"), "deny");
}
END_TEST

/* Sets that multiply: 16 to the power of 6 patterns (P51). */
START_TEST(compile_bounds_what_sets_multiply_to)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	struct text text = TEXT_EMPTY;
	char *string;

	text_puts(&text, "version 1;\nlet @s0 = \"/{a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p}\";\n");
	for (int i = 1; i < 7; i++)
		text_printf(&text, "let @s%d = \"@s%d/{a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p}\";\n", i,
			    i - 1);
	text_puts(&text, "for user 1 { allow read @s6; }\n");
	ck_assert_int_eq(text_finish(&text, &string), 0);
	diags = findings_of(string);
	free(string);
	ck_assert_msg(count_findings(&diags, "E016") > 0, "%s", findings_text(&diags));
}
END_TEST

START_TEST(compile_counts_the_wildcards_of_set_and_rest_together)
{
	_cleanup_(diags_done) struct diags diags =
		findings_of("version 1;\n"
			    "let @s = \"/**/a/**/b/**/c\";\n"
			    "for user 1 { allow read \"@s/**/d/**\"; }\n");

	ck_assert_msg(count_findings(&diags, "E016") == 1, "%s", findings_text(&diags));
}
END_TEST

/* As long as a name may be, and a byte longer. */
START_TEST(compile_counts_the_bytes_of_set_and_rest_together)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	char text[5000];

	snprintf(text, sizeof(text),
		 "version 1;\nlet @s = \"/%0*d\";\nfor user 1 { allow read \"@s/%0*d\"; }\n", 2000,
		 0, 2093 + _i, 0);
	ck_assert_int_eq(load_text("test.fdp", text, strlen(text), &diags, &policy), 0);
	ck_assert(!!policy == (_i == 0));
	ck_assert_uint_eq(count_findings(&diags, "E016"), (unsigned int)_i);
}
END_TEST

/* As deep as it may be, and one deeper. */
static char *chain(unsigned int n)
{
	struct text text = TEXT_EMPTY;
	char *string;

	text_puts(&text, "version 1;\nlet @s0 = '/x';\nsubject t0 = user 1;\n");
	for (unsigned int i = 1; i <= n; i++)
		text_printf(&text, "let @s%u = @s%u;\nsubject t%u = subject t%u;\n", i, i - 1, i,
			    i - 1);
	text_printf(&text, "for subject t%u { allow read @s%u; }\n", n, n);
	ck_assert_int_eq(text_finish(&text, &string), 0);
	return string;
}

START_TEST(compile_follows_names_only_so_far)
{
	_cleanup_(freep) char *shallow = chain(50), *deep = chain(5000);
	_cleanup_(diags_done) struct diags diags = findings_of(deep);

	ck_assert_str_eq(answer_by(shallow, "user 1", "read", "/x"), "allow");
	ck_assert_msg(count_findings(&diags, "E016") > 0, "%s", findings_text(&diags));
}
END_TEST

START_TEST(compile_keeps_accounts_only_for_specifiers_that_need_them)
{
	_cleanup_(policy_freep) struct policy *without =
		policy_of("version 1;\nfor user 1 { allow read \"/a/%U\"; }\n");
	_cleanup_(policy_freep) struct policy *with =
		policy_of("version 1;\nfor user 0 { allow read \"%h/a\", \"/g/%g/%u\"; }\n");

	ck_assert_uint_eq(without->n_users, 0);
	ck_assert_uint_gt(with->n_users, 0);
	ck_assert_str_eq(answer_of(with, "user root", "read", "/root/a"), "allow");
	ck_assert_str_eq(answer_of(with, "user root", "read", "/g/root/root"), "allow");
	ck_assert_str_eq(answer_of(with, "user root", "read", "/g/root/bin"), "deny");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compile");
	TCase *tcase = suite_case(suite, "compile");

	tcase_add_test(tcase, compile_puts_the_floor_first);
	tcase_add_test(tcase, compile_names_rules_by_label_or_line);
	tcase_add_test(tcase, compile_gives_defaults_by_authority);
	tcase_add_test(tcase, compile_sums_up);
	tcase_add_test(tcase, compile_sees_what_lends_no_file_itself);
	tcase_add_test(tcase, compile_lists_each_exe_once);
	tcase_add_loop_test(tcase, compile_takes_no_name_for_another, 0, ELEMENTSOF(names));
	tcase_add_test(tcase, compile_makes_nobody_of_a_user_that_does_not_exist);
	tcase_add_test(tcase, compile_bounds_what_sets_multiply_to);
	tcase_add_test(tcase, compile_counts_the_wildcards_of_set_and_rest_together);
	tcase_add_loop_test(tcase, compile_counts_the_bytes_of_set_and_rest_together, 0, 2);
	tcase_add_test(tcase, compile_follows_names_only_so_far);
	tcase_add_test(tcase, compile_keeps_accounts_only_for_specifiers_that_need_them);
	return suite_main(suite);
}

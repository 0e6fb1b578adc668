/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/who.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "tests/support/policy.h"
#include "tests/support/suite.h"

DEFINE_CLEANUP(struct policy *, policy_free)
DEFINE_CLEANUP(struct policy_caller *, policy_caller_free)
DEFINE_CLEANUP(struct candidates *, candidates_free)

/* For an allow: yes is allow, unknown is undecided. */
static const struct {
	const char *who, *caller, *expected;
} cases[] = {
	{ "anyone", "anyone", "allow" },
	{ "user 0", "user 0", "allow" },
	{ "user 0", "user 1", "deny" },
	{ "user root", "user 0", "allow" },
	{ "user { daemon, root }", "user root", "allow" },
	{ "user 1000-1999", "user 1000", "allow" },
	{ "user 1000-1999", "user 1999", "allow" },
	{ "user 1000-1999", "user 999", "deny" },
	{ "user 1000-1999", "user 2000", "deny" },
	{ "user 0-4294967294", "user 65534", "deny" },
	{ "user 0", "anyone", "undecided" },
	{ "not user 0", "anyone", "undecided" },
	{ "not user 0", "user 0", "deny" },
	{ "not user 0", "user 1", "allow" },
	{ "group 0", "user root", "allow" },
	{ "group 4242", "user root", "deny" },
	{ "group 4242", "user root and group 4242", "allow" },
	{ "group 4242", "group 4242", "allow" },
	{ "group 4242", "group 4243", "undecided" },
	{ "group 4242", "user 4244", "undecided" },
	{ "not group 4242", "group 4242", "deny" },
	{ "unit \"a.service\"", "unit \"a.service\"", "allow" },
	{ "unit \"a.service\"", "unit \"b.service\"", "deny" },
	{ "unit \"a@*.service\"", "unit \"a@x.service\"", "allow" },
	{ "unit \"a@*.service\"", "unit 'a@*.service'", "allow" },
	{ "unit 'a@*.service'", "unit \"a@x.service\"", "deny" },
	{ "unit { \"a.service\", \"b.service\" }", "unit \"b.service\"", "allow" },
	{ "unit \"a.service\"", "user 0", "undecided" },
	{ "user 0 and user-unit \"app-*.scope\"", "user 0 and user-unit \"app-x.scope\"", "allow" },
	{ "user 0 and user-unit \"app-*.scope\"", "user 0 and user-unit \"x.scope\"", "deny" },
	{ "slice \"user.slice\"", "slice \"user.slice\"", "allow" },
	{ "slice \"user.slice\"", "slice \"user-1000.slice\"", "allow" },
	{ "slice \"user.slice\"", "slice \"user-1000-a.slice\"", "allow" },
	{ "slice \"user.slice\"", "slice \"users.slice\"", "deny" },
	{ "slice \"user-1000.slice\"", "slice \"user.slice\"", "deny" },
	{ "slice \"-.slice\"", "slice \"system.slice\"", "allow" },
	{ "exe \"/usr/bin/a\"", "exe \"/usr/bin/a\"", "allow" },
	{ "exe \"/usr/bin/a\"", "exe \"/usr/bin/b\"", "deny" },
	{ "exe \"/usr/bin/a\"", "unit \"a.service\"", "undecided" },
	/* Conjunctions: false wins over unknown. */
	{ "user 0 and unit \"a.service\"", "user 1", "deny" },
	{ "user 0 and unit \"a.service\"", "user 0", "undecided" },
	{ "user 0 and unit \"a.service\"", "user 0 and unit \"a.service\"", "allow" },
	/* Alternatives: true wins over unknown. */
	{ "user 0 or unit \"a.service\"", "user 0", "allow" },
	{ "user 0 or unit \"a.service\"", "user 1", "undecided" },
	{ "user 0 or unit \"a.service\"", "user 1 and unit \"b.service\"", "deny" },
	/* traits */
	{ "userns host", "userns host", "allow" },
	{ "userns host", "userns other", "deny" },
	{ "userns other", "userns other", "allow" },
	{ "not userns other", "userns other", "deny" },
	{ "userns host", "mntns host", "undecided" },
	{ "mntns other", "mntns host", "deny" },
	{ "mntns { host, other }", "mntns host", "allow" },
	{ "pidns host", "pidns host", "allow" },
	{ "pidns host and mntns other", "pidns host and mntns host", "deny" },
	{ "nnp yes", "nnp yes", "allow" },
	{ "not nnp yes", "nnp yes", "deny" },
	{ "nnp yes", "seccomp filter", "undecided" },
	{ "seccomp filter", "seccomp filter", "allow" },
	{ "user 0 and nnp yes", "user 0", "undecided" },
	{ "user 0 and not nnp yes", "user 0", "undecided" },
};

START_TEST(who_accepts_in_three_values)
{
	char text[512];

	snprintf(text, sizeof(text), "version 1;\nfor %s { allow read '/x'; }\n", cases[_i].who);
	ck_assert_msg(strcmp(answer_by(text, cases[_i].caller, "read", "/x"), cases[_i].expected) ==
			      0,
		      "for %s as %s", cases[_i].who, cases[_i].caller);
}
END_TEST

/* The same subjects under a deny: what is not known to spare the caller holds. */
START_TEST(who_that_is_unknown_denies)
{
	char text[512];
	const char *answer, *expected = cases[_i].expected;

	snprintf(text, sizeof(text),
		 "version 1;\nfor anyone { allow read '/x'; }\nfor %s { deny read '/x'; }\n",
		 cases[_i].who);
	answer = answer_by(text, cases[_i].caller, "read", "/x");
	if (strcmp(expected, "undecided") != 0)
		expected = strcmp(expected, "allow") == 0 ? "deny" : "allow";
	ck_assert_msg(strcmp(answer, expected) == 0, "for %s as %s: %s", cases[_i].who,
		      cases[_i].caller, answer);
}
END_TEST

/* By the kernel, of a caller of whom these traits could be taken and are so. */
static const struct {
	const char *who;
	uint32_t taken, traits;
	bool allows, denies;
} attested[] = {
	{ "nnp yes", POLICY_TRAITS, POLICY_FACT_NNP, true, true },
	{ "nnp yes", POLICY_TRAITS, 0, false, false },
	{ "not nnp yes", POLICY_TRAITS, 0, true, true },
	/* A fact that could not be taken grants nothing and takes nothing back. */
	{ "nnp yes", 0, 0, false, false },
	{ "not nnp yes", 0, 0, false, true },
	{ "not seccomp filter", 0, 0, false, true },
	{ "userns host", 0, 0, false, false },
	{ "not userns host", 0, 0, false, true },
	{ "userns other", 0, 0, false, true },
	{ "not userns other", 0, 0, false, false },
	{ "user 7 and not nnp yes", 0, 0, false, true },
	{ "user 8 and not nnp yes", 0, 0, false, false },
	{ "user 7 or nnp yes", 0, 0, true, true },
	/* So does a label. */
	{ "apparmor \"a\"", 0, 0, false, false },
	{ "not apparmor \"a\"", 0, 0, false, true },
};

START_TEST(who_takes_what_was_not_attested_for_the_worse)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(policy_caller_freep) struct policy_caller *caller = NULL;
	_cleanup_(candidates_freep) struct candidates *answer = NULL;
	struct policy_subject subject = {
		.known = (POLICY_FACT_ALL & ~(uint32_t)(POLICY_TRAITS | POLICY_LABELS)) |
			 attested[_i].taken,
		.attested = true,
		.traits = attested[_i].traits,
		.uid = 7,
		.gid = 7,
	};
	struct policy_query query = { .modes = POLICY_READ };
	char text[512];

	snprintf(text, sizeof(text),
		 "version 1;\nfor %s { allow read '/a'; }\nfor anyone { allow read '/d'; }\n"
		 "for %s { deny read '/d'; }\n",
		 attested[_i].who, attested[_i].who);
	policy = policy_of(text);
	ck_assert_int_eq(policy_caller_new(&caller, policy, &subject), 0);
	ck_assert_int_eq(candidates_new(&answer, policy), 0);
	query.caller = caller;
	query.path = "/a";
	decide_name(policy, &query, answer);
	ck_assert_msg((answer->reason == POLICY_REASON_OK) == attested[_i].allows, "allow for %s",
		      attested[_i].who);
	ck_assert_ptr_null(answer->undecided);
	query.path = "/d";
	decide_name(policy, &query, answer);
	ck_assert_msg((answer->reason == POLICY_REASON_RULE) == attested[_i].denies, "deny for %s",
		      attested[_i].who);
	ck_assert_ptr_null(answer->undecided);
}
END_TEST

/* By the kernel, of a caller with this label. A profile that does not bind is nobody: it opens no
 * allow, and every deny that could be about it. */
static const struct {
	const char *who, *profile, *context;
	bool doubtful, allows, denies;
} labelled[] = {
	{ "apparmor \"a\"", "a", NULL, false, true, true },
	{ "not apparmor \"a\"", "a", NULL, false, false, false },
	{ "apparmor \"a\"", "b", NULL, false, false, false },
	{ "apparmor \"a\"", NULL, NULL, false, false, false },
	{ "not apparmor \"**\"", NULL, NULL, false, true, true },
	{ "apparmor \"a\"", "a", NULL, true, false, true },
	{ "not apparmor \"a\"", "a", NULL, true, false, true },
	{ "apparmor \"a\"", "b", NULL, true, false, false },
	{ "not apparmor \"a\"", "b", NULL, true, true, true },
	{ "not not_a", "a", NULL, true, false, true },
	{ "selinux \"u:r:t\"", NULL, "u:r:t:s0", false, true, true },
	{ "selinux \"u:r:t\"", NULL, "u:r:t:s0", true, false, true },
	{ "not selinux \"u:r:t\"", NULL, "u:r:t:s0", true, false, true },
	/* A kernel without levels: nobody has one. */
	{ "selinux \"u:r:t:*\"", NULL, "u:r:t", false, false, false },
	{ "not selinux \"u:r:t:*\"", NULL, "u:r:t", false, true, true },
	/* The other module's word. */
	{ "selinux \"u:r:t\"", "a", NULL, false, false, false },
	{ "not selinux \"u:r:t\"", "a", NULL, false, false, true },
};

static struct policy *allow_and_deny(const char *who)
{
	const char *subject = strstr(who, "not_a") ? "not subject other" : who;
	char text[512];

	snprintf(text, sizeof(text),
		 "version 1;\nsubject other = not apparmor \"a\";\n"
		 "for %s { allow read '/a'; }\nfor anyone { allow read '/d'; }\n"
		 "for %s { deny read '/d'; }\n",
		 subject, subject);
	return policy_of(text);
}

START_TEST(who_takes_a_label_that_does_not_bind_for_the_worse)
{
	_cleanup_(policy_freep) struct policy *policy = allow_and_deny(labelled[_i].who);
	_cleanup_(policy_caller_freep) struct policy_caller *caller = NULL;
	_cleanup_(candidates_freep) struct candidates *answer = NULL;
	uint32_t module = labelled[_i].context ? POLICY_FACT_SELINUX : POLICY_FACT_APPARMOR;
	const struct policy_subject subject = {
		.known = (POLICY_FACT_ALL & ~(uint32_t)POLICY_LABELS) | module,
		.attested = true,
		.uid = 7,
		.gid = 7,
		.apparmor = labelled[_i].profile,
		.selinux = labelled[_i].context,
		.doubtful = labelled[_i].doubtful ? module : 0,
	};
	struct policy_query query = { .path = "/a", .modes = POLICY_READ };

	ck_assert_int_eq(policy_caller_new(&caller, policy, &subject), 0);
	ck_assert_int_eq(candidates_new(&answer, policy), 0);
	query.caller = caller;
	decide_name(policy, &query, answer);
	ck_assert_msg((answer->reason == POLICY_REASON_OK) == labelled[_i].allows, "allow for %s",
		      labelled[_i].who);
	query.path = "/d";
	decide_name(policy, &query, answer);
	ck_assert_msg((answer->reason == POLICY_REASON_RULE) == labelled[_i].denies, "deny for %s",
		      labelled[_i].who);
}
END_TEST

START_TEST(who_knows_which_facts_a_rule_hinges_on)
{
	_cleanup_(policy_freep) struct policy *policy =
		policy_of("version 1;\nsubject s = not nnp yes or user 1;\n"
			  "for subject s and userns host { allow read '/a'; }\n");
	size_t last = policy_n_rules(policy) - 1;

	ck_assert_uint_eq(policy_rule_facts(policy, last),
			  POLICY_FACT_NNP | POLICY_FACT_USER | POLICY_FACT_USERNS);
}
END_TEST

static const char named[] = "version 1;\n"
			    "subject inner = unit \"a.service\" and user 1;\n"
			    "subject outer = subject inner or user 2;\n"
			    "subject others = not subject outer;\n"
			    "for subject outer { allow read '/outer'; }\n"
			    "for subject others { allow read '/others'; }\n";

static const struct {
	const char *caller, *outer, *others;
} subjects[] = {
	{ "user 2", "allow", "deny" },
	{ "user 1 and unit \"a.service\"", "allow", "deny" },
	{ "user 1 and unit \"b.service\"", "deny", "allow" },
	{ "user 1", "undecided", "undecided" },
	{ "user 3", "deny", "allow" },
};

START_TEST(who_may_name_subjects_in_subjects)
{
	_cleanup_(policy_freep) struct policy *policy = policy_of(named);

	ck_assert_str_eq(answer_of(policy, subjects[_i].caller, "read", "/outer"),
			 subjects[_i].outer);
	ck_assert_str_eq(answer_of(policy, subjects[_i].caller, "read", "/others"),
			 subjects[_i].others);
}
END_TEST

/* Each line doubles the work of whoever would answer a name each time it is met (P51). */
START_TEST(who_answers_each_named_subject_once)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct text text = TEXT_EMPTY;
	char *string;

	text_puts(&text, "version 1;\nsubject s0 = user 1;\n");
	for (int i = 1; i < 60; i++)
		text_printf(&text, "subject s%d = subject s%d or subject s%d;\n", i, i - 1, i - 1);
	text_puts(&text, "for subject s59 { allow read '/x'; }\n");
	ck_assert_int_eq(text_finish(&text, &string), 0);
	policy = policy_of(string);
	free(string);
	ck_assert_str_eq(answer_of(policy, "user 1", "read", "/x"), "allow");
	ck_assert_str_eq(answer_of(policy, "user 2", "read", "/x"), "deny");
}
END_TEST

static const struct {
	const char *who, *caller, *expected;
} hinges[] = {
	{ "unit \"a.service\"", "user 0", "unit" },
	{ "user 0 and exe \"/a\"", "user 0", "exe" },
	{ "not group 7", "user 4242", "group" },
};

START_TEST(who_says_which_fact_is_missing)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(policy_caller_freep) struct policy_caller *caller = NULL;
	_cleanup_(candidates_freep) struct candidates *candidates = NULL;
	struct policy_query query = { .path = "/x", .modes = POLICY_READ };
	char text[512];

	snprintf(text, sizeof(text), "version 1;\nfor %s { a: allow read '/x'; }\n",
		 hinges[_i].who);
	policy = policy_of(text);
	caller = caller_of(policy, hinges[_i].caller);
	query.caller = caller;
	ck_assert_int_eq(candidates_new(&candidates, policy), 0);
	decide_name(policy, &query, candidates);
	ck_assert_ptr_nonnull(candidates->undecided);
	ck_assert_str_eq(candidates->undecided->id, "test.a");
	ck_assert_str_eq(candidates->undecided_fact, hinges[_i].expected);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("who");
	TCase *tcase = suite_case(suite, "who");

	tcase_add_loop_test(tcase, who_accepts_in_three_values, 0, ELEMENTSOF(cases));
	tcase_add_loop_test(tcase, who_that_is_unknown_denies, 0, ELEMENTSOF(cases));
	tcase_add_loop_test(tcase, who_may_name_subjects_in_subjects, 0, ELEMENTSOF(subjects));
	tcase_add_test(tcase, who_answers_each_named_subject_once);
	tcase_add_loop_test(tcase, who_takes_what_was_not_attested_for_the_worse, 0,
			    ELEMENTSOF(attested));
	tcase_add_loop_test(tcase, who_takes_a_label_that_does_not_bind_for_the_worse, 0,
			    ELEMENTSOF(labelled));
	tcase_add_test(tcase, who_knows_which_facts_a_rule_hinges_on);
	tcase_add_loop_test(tcase, who_says_which_fact_is_missing, 0, ELEMENTSOF(hinges));
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/labels.h"

#include <string.h>
#include <unistd.h>

#include "base/macro.h"
#include "policy/subject.h"
#include "tests/support/suite.h"

#define SECURITYFS "/sys/kernel/security/lsm"

static const struct {
	uint32_t module;
	const char *bytes, *kept;
	bool attested;
} labels[] = {
	{ POLICY_FACT_APPARMOR, "nginx (enforce)", "nginx (enforce)", true },
	{ POLICY_FACT_APPARMOR, "nginx (complain)\n", "nginx (complain)", true },
	{ POLICY_FACT_APPARMOR, "unconfined", "unconfined", true },
	/* Not a label of this module: for the audit, but nobody's identity. */
	{ POLICY_FACT_APPARMOR, "u:r:t:s0", "u:r:t:s0", false },
	{ 0, "nginx (enforce)", "nginx (enforce)", false },
	{ 0, "_", "_", false },
	{ POLICY_FACT_APPARMOR, "", "", false },
};

START_TEST(labels_attest_what_their_module_says)
{
	struct facts facts = { .label = "before" };

	labels_take(labels[_i].module, labels[_i].bytes, strlen(labels[_i].bytes), &facts);
	ck_assert_str_eq(facts.label, labels[_i].kept);
	ck_assert_uint_eq(facts.attested, labels[_i].attested ? labels[_i].module : 0);
}
END_TEST

START_TEST(labels_are_taken_with_and_without_a_nul)
{
	struct facts facts = { .attested = 0 };

	labels_take(POLICY_FACT_APPARMOR, "a (kill)\0", 9, &facts);
	ck_assert_str_eq(facts.label, "a (kill)");
	labels_take(POLICY_FACT_APPARMOR, "b (kill)\0x", 10, &facts);
	ck_assert_str_eq(facts.label, "");
}
END_TEST

START_TEST(labels_that_do_not_fit_attest_nothing)
{
	struct facts facts = { .attested = 0 };
	char bytes[LABEL_MAX + 1];

	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes + LABEL_MAX - 9, " (enforce)", 10);
	labels_take(POLICY_FACT_APPARMOR, bytes, LABEL_MAX + 1, &facts);
	ck_assert_str_eq(facts.label, "");
	ck_assert_uint_eq(facts.attested, 0);
	memmove(bytes, bytes + 1, LABEL_MAX);
	labels_take(POLICY_FACT_APPARMOR, bytes, LABEL_MAX, &facts);
	ck_assert_uint_eq(facts.attested, POLICY_FACT_APPARMOR);
}
END_TEST

/* Nothing here says that contexts bind, so they do not. */
START_TEST(labels_of_a_permissive_machine_say_so)
{
	struct facts facts = { .attested = 0 };

	if (access("/sys/fs/selinux/enforce", F_OK) == 0)
		return;
	labels_take(POLICY_FACT_SELINUX, "u:r:t:s0", 9, &facts);
	ck_assert_str_eq(facts.label, "u:r:t:s0" LABEL_PERMISSIVE);
	ck_assert_uint_eq(facts.attested, POLICY_FACT_SELINUX);
}
END_TEST

START_TEST(labels_are_nobodys_where_the_kernel_does_not_say)
{
	if (access(SECURITYFS, F_OK) < 0)
		ck_assert_uint_eq(labels_module(), 0);
	ck_assert_uint_eq(labels_module() & ~(uint32_t)POLICY_LABELS, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("labels");
	TCase *tcase = suite_case(suite, "labels");

	tcase_add_loop_test(tcase, labels_attest_what_their_module_says, 0, ELEMENTSOF(labels));
	tcase_add_test(tcase, labels_are_taken_with_and_without_a_nul);
	tcase_add_test(tcase, labels_that_do_not_fit_attest_nothing);
	tcase_add_test(tcase, labels_of_a_permissive_machine_say_so);
	tcase_add_test(tcase, labels_are_nobodys_where_the_kernel_does_not_say);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/rooted.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/suite.h"

#define NOW 1700000000U

static struct rooted rooted;

static void forget(void)
{
	rooted = (struct rooted){ 0 };
}

static void add(const char *name)
{
	rooted_add(&rooted, name, strlen(name), NOW);
}

static bool knows(const char *name, uint64_t second)
{
	return rooted_knows(&rooted, name, strlen(name), second);
}

START_TEST(rooted_knows_what_was_added_in_that_second)
{
	ck_assert(!knows("/etc/hosts", NOW));
	add("/etc/hosts");
	ck_assert(knows("/etc/hosts", NOW));
	ck_assert(!knows("/etc/hosts", NOW + 1));
	ck_assert(!knows("/etc/hosts", NOW - 1));
	ck_assert(!knows("/etc/host", NOW));
	ck_assert(!knows("/etc/hosts/", NOW));
	rooted_drop(&rooted, "/etc/hosts", strlen("/etc/hosts"));
	ck_assert(!knows("/etc/hosts", NOW));
}
END_TEST

/* Far more names than there are places: whatever shares one is another name. */
START_TEST(rooted_takes_no_name_for_another)
{
	char name[32];

	for (unsigned int i = 0; i < 16 * ROOTED_PLACES; i++) {
		snprintf(name, sizeof(name), "/srv/%u", i);
		ck_assert_msg(!knows(name, NOW), "%s", name);
		add(name);
		ck_assert_msg(knows(name, NOW), "%s", name);
	}
}
END_TEST

START_TEST(rooted_knows_no_name_that_it_has_no_room_for)
{
	char name[ROOTED_NAME_MAX + 1];

	memset(name, 'a', sizeof(name));
	rooted_add(&rooted, name, ROOTED_NAME_MAX, NOW);
	ck_assert(rooted_knows(&rooted, name, ROOTED_NAME_MAX, NOW));
	rooted_add(&rooted, name, ROOTED_NAME_MAX + 1, NOW);
	ck_assert(!rooted_knows(&rooted, name, ROOTED_NAME_MAX + 1, NOW));
	ck_assert(!rooted_is_worth_a_look(&rooted, name, ROOTED_NAME_MAX + 1, NOW));
	rooted_drop(&rooted, name, ROOTED_NAME_MAX + 1);
}
END_TEST

START_TEST(rooted_is_worth_one_look_a_second)
{
	for (uint64_t second = NOW; second < NOW + 3; second++) {
		unsigned int looks = 0;

		ck_assert(!rooted_is_worth_a_look(&rooted, "/etc/", 5, second));
		for (unsigned int i = 0; i < 1000; i++)
			looks += rooted_is_worth_a_look(&rooted, "/etc/", 5, second);
		ck_assert_uint_eq(looks, 1);
		ck_assert(!rooted_knows(&rooted, "/etc/", 5, second));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rooted");
	TCase *tcase = suite_case(suite, "rooted");

	tcase_add_checked_fixture(tcase, forget, NULL);
	tcase_add_test(tcase, rooted_knows_what_was_added_in_that_second);
	tcase_add_test(tcase, rooted_takes_no_name_for_another);
	tcase_add_test(tcase, rooted_knows_no_name_that_it_has_no_room_for);
	tcase_add_test(tcase, rooted_is_worth_one_look_a_second);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/quota.h"

#include <errno.h>

#include "tests/support/suite.h"

/* P46 */
START_TEST(quota_bounds_each_uid_and_all_together)
{
	struct quota quota;

	ck_assert_int_eq(quota_init(&quota, 5, 3), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(quota_take(&quota, 1000), 0);
	ck_assert_int_eq(quota_take(&quota, 1000), -EUSERS);
	ck_assert_int_eq(quota_take(&quota, 0), 0);
	ck_assert_int_eq(quota_take(&quota, 4294967294U), 0);
	ck_assert_int_eq(quota_take(&quota, 1001), -ENOSPC);
	quota_return(&quota, 1000);
	ck_assert_int_eq(quota_take(&quota, 1001), 0);
	ck_assert_uint_eq(quota_of(&quota, 1000), 2);
	quota_done(&quota);
}
END_TEST

/* P46: one human may have 65536 uids. */
START_TEST(quota_keeps_places_for_newcomers_and_for_root)
{
	struct quota quota;

	ck_assert_int_eq(quota_init(&quota, 100, 50), 0);
	for (int i = 0; i < 84; i++)
		ck_assert_int_eq(quota_take(&quota, 1000 + i % 2), 0);
	ck_assert_int_eq(quota_take(&quota, 1000), -ENOSPC);
	for (uid_t uid = 100000; uid < 100008; uid++)
		ck_assert_int_eq(quota_take(&quota, uid), 0);
	ck_assert_int_eq(quota_take(&quota, 100008), -ENOSPC);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(quota_take(&quota, 0), 0);
	ck_assert_int_eq(quota_take(&quota, 0), -ENOSPC);
	quota_done(&quota);
}
END_TEST

START_TEST(quota_takes_many_places_at_once_or_none)
{
	struct quota quota;

	ck_assert_int_eq(quota_init(&quota, 10, 6), 0);
	ck_assert_int_eq(quota_take_many(&quota, 1000, 7), -EUSERS);
	ck_assert_int_eq(quota_take_many(&quota, 1000, SIZE_MAX), -EUSERS);
	ck_assert_int_eq(quota_take_many(&quota, 1000, 5), 0);
	ck_assert_int_eq(quota_take_many(&quota, 1000, 2), -EUSERS);
	ck_assert_int_eq(quota_take_many(&quota, 1000, 1), 0);
	ck_assert_int_eq(quota_take_many(&quota, 0, 5), -ENOSPC);
	ck_assert_int_eq(quota_take_many(&quota, 0, 4), 0);
	ck_assert_uint_eq(quota.taken, 10);
	quota_return_many(&quota, 1000, 6);
	ck_assert_uint_eq(quota_of(&quota, 1000), 0);
	ck_assert_uint_eq(quota.taken, 4);
	quota_done(&quota);
}
END_TEST

START_TEST(quota_forgets_a_uid_without_places)
{
	struct quota quota;

	ck_assert_int_eq(quota_init(&quota, 2, 2), 0);
	for (uid_t uid = 0; uid < 1000; uid++) {
		ck_assert_int_eq(quota_take(&quota, uid), 0);
		quota_return(&quota, uid);
	}
	ck_assert_uint_eq(quota.n_uids, 0);
	quota_done(&quota);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("quota");
	TCase *quota = suite_case(suite, "quota");

	tcase_add_test(quota, quota_bounds_each_uid_and_all_together);
	tcase_add_test(quota, quota_keeps_places_for_newcomers_and_for_root);
	tcase_add_test(quota, quota_takes_many_places_at_once_or_none);
	tcase_add_test(quota, quota_forgets_a_uid_without_places);
	return suite_main(suite);
}

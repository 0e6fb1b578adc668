/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/flood.h"

#include <stdio.h>

#include "policy/ast.h"
#include "tests/support/suite.h"
#include "wire/proto.h"

#define SECOND UINT64_C(1000000)

/* Borrowed until the next. */
static struct record refusal(uid_t uid, unsigned int n)
{
	static char who[RECORD_WHO_MAX], path[32];
	int size =
		record_write_who(&(const struct record_who){ .facts.uid = uid }, who, sizeof(who));

	ck_assert_int_gt(size, 0);
	snprintf(path, sizeof(path), "/x/%u", n);
	return (struct record){ .outcome = RECORD_DENY,
				.reason = WIRE_REASON_DEFAULT,
				.modes = POLICY_READ,
				.who = { who, (size_t)size },
				.decision = n,
				.path = record_text(path) };
}

/* How many of @n at one moment are written. */
static unsigned int offer(struct flood *flood, uid_t uid, unsigned int n, uint64_t now_usec)
{
	unsigned int written = 0;

	for (unsigned int i = 1; i <= n; i++) {
		struct record record = refusal(uid, i);

		written += flood_admits(flood, &record, now_usec);
	}
	return written;
}

/* P80 */
START_TEST(flood_of_one_uid_is_cut_and_another_is_written_whole)
{
	struct flood flood;

	ck_assert_int_eq(flood_init(&flood), 0);
	ck_assert_uint_eq(offer(&flood, 1000, 100000, SECOND), FLOOD_BURST);
	ck_assert_uint_eq(offer(&flood, 1001, FLOOD_BURST, SECOND), FLOOD_BURST);
	ck_assert_uint_eq(offer(&flood, 1000, 100000, 2 * SECOND), 50);
	ck_assert_uint_eq(offer(&flood, 1000, 100000, 1000 * SECOND), FLOOD_BURST);
	flood_done(&flood);
}
END_TEST

START_TEST(flood_says_how_many_are_missing)
{
	struct record record;
	struct flood flood;

	ck_assert_int_eq(flood_init(&flood), 0);
	offer(&flood, 1000, FLOOD_BURST + 7, SECOND);
	record = refusal(1000, 1);
	ck_assert(flood_admits(&flood, &record, 2 * SECOND));
	ck_assert_uint_eq(record.lost, 7);
	ck_assert_uint_eq(flood_next_usec(&flood), UINT64_MAX);
	flood_done(&flood);
}
END_TEST

START_TEST(flood_that_ended_leaves_its_last_record)
{
	struct record record;
	struct flood flood;

	ck_assert_int_eq(flood_init(&flood), 0);
	offer(&flood, 1000, FLOOD_BURST + 7, SECOND);
	ck_assert_uint_eq(flood_next_usec(&flood), 5 * SECOND);
	ck_assert(!flood_take(&flood, 5 * SECOND - 1, &record));
	ck_assert(flood_take(&flood, 5 * SECOND, &record));
	ck_assert_uint_eq(record.decision, FLOOD_BURST + 7);
	ck_assert_uint_eq(record.lost, 6);
	ck_assert(!flood_take(&flood, 5 * SECOND, &record));
	flood_done(&flood);
}
END_TEST

/* What a broker says is lost may be as many as it likes. */
START_TEST(flood_counts_no_further_than_there_is_room)
{
	struct record record = refusal(1000, 1);
	struct flood flood;

	ck_assert_int_eq(flood_init(&flood), 0);
	offer(&flood, 1000, FLOOD_BURST, SECOND);
	record.lost = UINT32_MAX;
	ck_assert(!flood_admits(&flood, &record, SECOND));
	ck_assert(flood_take(&flood, 5 * SECOND, &record));
	ck_assert_uint_eq(record.lost, UINT32_MAX - 1);
	flood_done(&flood);
}
END_TEST

START_TEST(flood_never_hides_what_was_opened_as_root)
{
	struct record record;
	struct flood flood;

	ck_assert_int_eq(flood_init(&flood), 0);
	offer(&flood, 1000, 2 * FLOOD_BURST, SECOND);
	record = refusal(1000, 1);
	record.outcome = RECORD_ALLOW;
	record.as_root = 1;
	ck_assert(flood_admits(&flood, &record, SECOND));
	flood_done(&flood);
}
END_TEST

START_TEST(flood_of_uids_is_bounded_too)
{
	struct flood flood;
	unsigned int written = 0;

	ck_assert_int_eq(flood_init(&flood), 0);
	for (uid_t uid = 0; uid < 2 * FLOOD_UIDS; uid++)
		written += offer(&flood, uid, 1, SECOND);
	ck_assert_uint_eq(flood.n, FLOOD_UIDS);
	ck_assert_uint_eq(written, FLOOD_UIDS - 1 + FLOOD_BURST);
	ck_assert_uint_eq(offer(&flood, 5000, 1, 100 * SECOND), 1);
	ck_assert_uint_le(flood.n, 2);
	flood_done(&flood);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flood");
	TCase *flood = suite_case(suite, "flood");

	tcase_add_test(flood, flood_of_one_uid_is_cut_and_another_is_written_whole);
	tcase_add_test(flood, flood_says_how_many_are_missing);
	tcase_add_test(flood, flood_that_ended_leaves_its_last_record);
	tcase_add_test(flood, flood_counts_no_further_than_there_is_room);
	tcase_add_test(flood, flood_never_hides_what_was_opened_as_root);
	tcase_add_test(flood, flood_of_uids_is_bounded_too);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fold.h"

#include "base/macro.h"
#include "policy/ast.h"
#include "tests/support/suite.h"
#include "wire/proto.h"

#define SECOND UINT64_C(1000000)

static struct record refusal(void)
{
	return (struct record){
		.outcome = RECORD_DENY,
		.reason = WIRE_REASON_RULE,
		.modes = POLICY_READ,
		.lost = 3,
		.rule = "00-floor.secrets",
		.path = "/etc/shadow",
		.path_len = 11,
	};
}

START_TEST(fold_writes_the_first_and_counts_the_rest)
{
	struct record record = refusal(), folded;
	struct fold fold;
	uint32_t repeat;

	ck_assert_int_eq(fold_init(&fold), 0);
	ck_assert(fold_add(&fold, &record, 0));
	for (uint64_t i = 1; i <= 36; i++) {
		record.decision = i;
		ck_assert(!fold_add(&fold, &record, i));
	}
	ck_assert_uint_eq(fold_next_usec(&fold), 10 * SECOND);
	ck_assert(!fold_take(&fold, 10 * SECOND - 1, &folded, &repeat));
	ck_assert(fold_take(&fold, 10 * SECOND, &folded, &repeat));
	ck_assert_uint_eq(repeat, 36);
	ck_assert_uint_eq(folded.decision, 36);
	ck_assert_uint_eq(folded.lost, 36 * 3);
	ck_assert(!fold_take(&fold, UINT64_MAX, &folded, &repeat));
	ck_assert_uint_eq(fold_next_usec(&fold), UINT64_MAX);
	fold_done(&fold);
}
END_TEST

START_TEST(fold_says_nothing_more_of_what_came_once)
{
	struct record record = refusal();
	struct fold fold;
	uint32_t repeat;

	ck_assert_int_eq(fold_init(&fold), 0);
	ck_assert(fold_add(&fold, &record, 0));
	ck_assert(!fold_take(&fold, UINT64_MAX, &record, &repeat));
	ck_assert(fold_add(&fold, &record, 11 * SECOND));
	fold_done(&fold);
}
END_TEST

static void change_path(struct record *r)
{
	r->path[r->path_len - 1] = 'z';
}
static void change_outcome(struct record *r)
{
	r->outcome = RECORD_ALLOW;
}
static void change_rule(struct record *r)
{
	r->rule[0] = 'z';
}
static void change_connection(struct record *r)
{
	r->who.connection++;
}
static void change_modes(struct record *r)
{
	r->modes = POLICY_APPEND;
}

static void (*const changes[])(struct record *r) = { change_path, change_outcome, change_rule,
						     change_connection, change_modes };

START_TEST(fold_keeps_apart_what_differs)
{
	struct record record = refusal();
	struct fold fold;

	ck_assert_int_eq(fold_init(&fold), 0);
	ck_assert(fold_add(&fold, &record, 0));
	changes[_i](&record);
	ck_assert(fold_add(&fold, &record, 1));
	fold_done(&fold);
}
END_TEST

/* More different records than it keeps: written, not dropped, and not forgotten. P80 */
START_TEST(fold_writes_everything_when_it_is_full)
{
	struct record record = refusal();
	struct fold fold;

	ck_assert_int_eq(fold_init(&fold), 0);
	for (uint64_t i = 0; i < FOLD_ENTRIES + 1; i++) {
		record.who.connection = i;
		ck_assert(fold_add(&fold, &record, 0));
	}
	ck_assert(fold_add(&fold, &record, 0));
	record.who.connection = 0;
	ck_assert(!fold_add(&fold, &record, 0));
	fold_done(&fold);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fold");
	TCase *fold = suite_case(suite, "fold");

	tcase_add_test(fold, fold_writes_the_first_and_counts_the_rest);
	tcase_add_test(fold, fold_says_nothing_more_of_what_came_once);
	tcase_add_loop_test(fold, fold_keeps_apart_what_differs, 0, ELEMENTSOF(changes));
	tcase_add_test(fold, fold_writes_everything_when_it_is_full);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/turns.h"

#include "tests/support/suite.h"

#define ALICE 1000
#define BOB   1001
#define ALL   6

struct scene {
	struct turns turns;
	struct session sessions[ALL]; /* all Alice's but the last one, which is Bob's */
	struct session *ready[ALL];
};

static struct scene s;

static void begin(void)
{
	s = (struct scene){ .turns = { .n = 0 } };
	for (size_t i = 0; i < ALL; i++) {
		s.sessions[i].facts.uid = i + 1 < ALL ? ALICE : BOB;
		s.ready[i] = &s.sessions[i];
	}
}

/* Which of them has the next turn, or -1. */
static int take(void)
{
	const struct session *session = turns_take(&s.turns);

	return session ? (int)(session - s.sessions) : -1;
}

START_TEST(turns_are_taken_one_by_one)
{
	begin();
	ck_assert(turns_are_over(&s.turns));
	ck_assert_int_eq(take(), -1);
	turns_choose(&s.turns, s.ready, 3);
	for (int i = 0; i < 3; i++) {
		ck_assert(!turns_are_over(&s.turns));
		ck_assert_int_eq(take(), i);
	}
	ck_assert(turns_are_over(&s.turns));
	ck_assert_int_eq(take(), -1);
}
END_TEST

START_TEST(turns_are_as_many_as_there_may_be)
{
	static struct session many[TURNS_MAX];
	struct session *ready[TURNS_MAX];

	begin();
	for (size_t i = 0; i < TURNS_MAX; i++)
		ready[i] = &many[i];
	turns_choose(&s.turns, ready, TURNS_MAX);
	for (size_t i = 0; i < TURNS_MAX; i++)
		ck_assert_ptr_eq(turns_take(&s.turns), &many[i]);
	ck_assert(turns_are_over(&s.turns));
}
END_TEST

START_TEST(turns_of_who_is_gone_are_nobodys)
{
	begin();
	turns_choose(&s.turns, s.ready, ALL);
	ck_assert_int_eq(take(), 0);
	turns_forget(&s.turns, &s.sessions[0]);
	turns_forget(&s.turns, &s.sessions[1]);
	turns_forget(&s.turns, &s.sessions[3]);
	turns_forget(&s.turns, &s.sessions[ALL - 1]);
	ck_assert_int_eq(take(), 2);
	ck_assert_int_eq(take(), 4);
	ck_assert_int_eq(take(), -1);
	ck_assert_uint_eq(s.sessions[1].turn, 0);
}
END_TEST

/* P50: of Alice's whoever has waited longest. */
START_TEST(turns_are_one_of_each_uid_where_there_are_several)
{
	begin();
	turns_choose(&s.turns, s.ready, ALL);
	ck_assert(!turns_are_mixed(&s.turns));
	for (int i = 0; i < ALL; i++)
		ck_assert_int_eq(take(), i);
	ck_assert(turns_are_mixed(&s.turns));
	for (int i = 0; i < 2 * (ALL - 1); i++) {
		turns_choose(&s.turns, s.ready, ALL);
		ck_assert_int_eq(take(), i % (ALL - 1));
		ck_assert_int_eq(take(), ALL - 1);
		ck_assert(turns_are_over(&s.turns));
	}
}
END_TEST

START_TEST(turns_are_everybodys_again_when_the_others_are_long_gone)
{
	begin();
	turns_choose(&s.turns, s.ready, ALL);
	while (take() >= 0)
		continue;
	for (int i = 0; i < 1000 && turns_are_mixed(&s.turns); i++) {
		turns_choose(&s.turns, s.ready, ALL - 1);
		ck_assert_int_eq(take(), i % (ALL - 1));
		ck_assert(turns_are_over(&s.turns));
	}
	ck_assert(!turns_are_mixed(&s.turns));
	turns_choose(&s.turns, s.ready, ALL - 1);
	for (int i = 0; i < ALL - 1; i++)
		ck_assert_int_eq(take(), i);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("turns");
	TCase *turns = suite_case(suite, "turns");

	tcase_add_test(turns, turns_are_taken_one_by_one);
	tcase_add_test(turns, turns_are_as_many_as_there_may_be);
	tcase_add_test(turns, turns_of_who_is_gone_are_nobodys);
	tcase_add_test(turns, turns_are_one_of_each_uid_where_there_are_several);
	tcase_add_test(turns, turns_are_everybodys_again_when_the_others_are_long_gone);
	return suite_main(suite);
}

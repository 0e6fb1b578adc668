/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/turns.h"

#include <sys/epoll.h>

#include "base/macro.h"
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
		s.sessions[i].watched = EPOLLIN;
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

/* The first one, so many times. */
static void be_alone(unsigned int looks)
{
	for (unsigned int i = 0; i < looks; i++) {
		turns_choose(&s.turns, s.ready, 1);
		ck_assert_int_eq(take(), 0);
	}
}

/* P50: and nobody who comes meanwhile waits for long. */
START_TEST(turns_are_repeated_a_few_times_for_who_is_always_alone)
{
	begin();
	be_alone(TURNS_ALONE);
	ck_assert(!turns_repeat(&s.turns, 1));
	for (int look = 0; look < 3; look++) {
		be_alone(1);
		for (unsigned int i = 0; i < TURNS_REPEATS; i++) {
			ck_assert(turns_repeat(&s.turns, 1));
			ck_assert(!turns_are_over(&s.turns));
			ck_assert_int_eq(take(), 0);
			ck_assert(turns_are_over(&s.turns));
		}
		ck_assert(!turns_repeat(&s.turns, 1));
	}
}
END_TEST

/* P50: not even if those few take long. */
START_TEST(turns_are_repeated_within_a_tick)
{
	begin();
	be_alone(2 * TURNS_ALONE);
	for (int i = 0; i < 2; i++) {
		ck_assert(turns_repeat(&s.turns, 1));
		ck_assert_int_eq(take(), 0);
	}
	ck_assert(!turns_repeat(&s.turns, 2));
	be_alone(1);
	ck_assert(turns_repeat(&s.turns, 2));
}
END_TEST

static void guess(void)
{
	ck_assert(turns_repeat(&s.turns, 1));
	ck_assert_int_eq(take(), 0);
}

START_TEST(turns_are_repeated_soon_after_a_wrong_guess_and_later_after_more)
{
	begin();
	be_alone(2 * TURNS_ALONE);
	for (int again = 0; again < 2; again++) {
		guess();
		for (unsigned int looks = 2; looks <= 2 * TURNS_ALONE; looks *= 2) {
			guess();
			turns_waste(&s.turns);
			be_alone((looks < TURNS_ALONE ? looks : TURNS_ALONE) - 1);
			ck_assert(!turns_repeat(&s.turns, 1));
			be_alone(1);
		}
	}
}
END_TEST

static void another_is_ready(void)
{
	turns_choose(&s.turns, s.ready, 2);
	while (take() >= 0)
		continue;
}

static void it_is_another(void)
{
	turns_choose(&s.turns, s.ready + 1, 1);
	ck_assert_int_eq(take(), 1);
}

static void nothing_was_there(void)
{
	turns_waste(&s.turns);
	be_alone(TURNS_ALONE - 1);
}

static void it_is_gone(void)
{
	turns_forget(&s.turns, &s.sessions[0]);
}

static void it_is_in_work(void)
{
	s.sessions[0].watched = 0;
}

static void it_has_no_room(void)
{
	s.sessions[0].watched = EPOLLOUT;
}

static void another_uid_asks_too(void)
{
	turns_choose(&s.turns, s.ready + ALL - 1, 1);
	ck_assert_int_eq(take(), ALL - 1);
	be_alone(2 * TURNS_ALONE);
}

static const struct {
	const char *name;
	void (*happens)(void);
} reasons[] = {
	{ "another is ready", another_is_ready },   { "it is another", it_is_another },
	{ "nothing was there", nothing_was_there }, { "it is gone", it_is_gone },
	{ "it is in work", it_is_in_work },	    { "it has no room", it_has_no_room },
	{ "another uid", another_uid_asks_too },
};

START_TEST(turns_are_not_repeated_where_there_is_a_reason)
{
	begin();
	be_alone(2 * TURNS_ALONE);
	reasons[_i].happens();
	ck_assert_msg(!turns_repeat(&s.turns, 1), "%s", reasons[_i].name);
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
	tcase_add_test(turns, turns_are_repeated_a_few_times_for_who_is_always_alone);
	tcase_add_test(turns, turns_are_repeated_within_a_tick);
	tcase_add_test(turns, turns_are_repeated_soon_after_a_wrong_guess_and_later_after_more);
	tcase_add_loop_test(turns, turns_are_not_repeated_where_there_is_a_reason, 0,
			    ELEMENTSOF(reasons));
	return suite_main(suite);
}

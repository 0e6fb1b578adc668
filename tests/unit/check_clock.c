/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"

#include <stdlib.h>

#include "base/macro.h"
#include "tests/support/suite.h"

/* Microseconds from now; 0 is not among them, by which the clock stands still or not. */
static const int64_t others[] = {
	-(int64_t)(3600 * USEC_PER_SEC), -(int64_t)USEC_PER_SEC,
	-(int64_t)(11 * USEC_PER_MSEC),	 (int64_t)USEC_PER_SEC,
	(int64_t)(3600 * USEC_PER_SEC),
};

START_TEST(clock_is_asked_for_what_is_not_of_this_tick)
{
	uint64_t before = clock_realtime_usec();
	uint64_t told = clock_realtime_as_of(before + (uint64_t)others[_i]);

	ck_assert_uint_ge(told, before);
	ck_assert_uint_le(told, clock_realtime_usec());
}
END_TEST

START_TEST(clock_is_asked_where_nothing_is_known)
{
	uint64_t before = clock_realtime_usec();

	ck_assert_uint_ge(clock_realtime_as_of(0), before);
}
END_TEST

START_TEST(clock_stands_still_until_the_next_tick)
{
	uint64_t known, told, same = 0;

	for (unsigned int i = 0; i < 1000; i++) {
		known = clock_realtime_usec();
		told = clock_realtime_as_of(known);
		ck_assert_uint_ge(told, known);
		ck_assert_uint_le(told, clock_realtime_usec());
		same += told == known;
	}
	ck_assert_uint_gt(same, 0);
}
END_TEST

/* However long it is asked, what it told first is not what it tells for ever. */
START_TEST(clock_goes_on)
{
	uint64_t began = clock_monotonic_usec(), known = clock_realtime_usec();

	while (clock_realtime_as_of(known) == known)
		ck_assert_uint_lt(clock_monotonic_usec() - began, 10 * USEC_PER_SEC);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("clock");
	TCase *tcase = suite_case(suite, "as of");

	tcase_add_loop_test(tcase, clock_is_asked_for_what_is_not_of_this_tick, 0,
			    (int)ELEMENTSOF(others));
	tcase_add_test(tcase, clock_is_asked_where_nothing_is_known);
	tcase_add_test(tcase, clock_stands_still_until_the_next_tick);
	tcase_add_test(tcase, clock_goes_on);
	return suite_main(suite);
}

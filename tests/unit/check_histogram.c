/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/histogram.h"

#include <errno.h>

#include "base/macro.h"
#include "tests/support/suite.h"

START_TEST(a_value_is_in_the_bucket_that_begins_at_or_below_it)
{
	for (uint64_t value = 0; value < 100000; value++) {
		size_t bucket = histogram_bucket(value);

		ck_assert_uint_lt(bucket, HISTOGRAM_BUCKETS);
		ck_assert_uint_le(histogram_low(bucket), value);
		ck_assert_uint_gt(histogram_low(bucket + 1), value);
	}
}
END_TEST

START_TEST(what_is_too_large_is_in_the_last_bucket)
{
	uint64_t low = histogram_low(HISTOGRAM_BUCKETS - 1);

	ck_assert_uint_eq(histogram_bucket(low - 1), HISTOGRAM_BUCKETS - 2);
	ck_assert_uint_eq(histogram_bucket(low), HISTOGRAM_BUCKETS - 1);
	ck_assert_uint_eq(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}
END_TEST

START_TEST(nothing_has_no_quantile)
{
	static const struct histogram nothing;
	double value;

	ck_assert_int_eq(histogram_quantile(&nothing, 0.5, &value), -ENODATA);
}
END_TEST

/* 1 to 1000, each once. */
static const struct {
	double share, least, most;
} quantiles[] = {
	{ 0, 0, 2 },	    { 0.1, 70, 130 },	 { 0.5, 350, 650 },
	{ 0.9, 630, 1170 }, { 0.99, 760, 1290 }, { 1, 1000, 1024 },
};

START_TEST(a_quantile_is_off_by_less_than_a_third)
{
	struct histogram histogram = { 0 };
	double value;

	for (uint64_t i = 1; i <= 1000; i++)
		histogram_add(&histogram, i, 1);
	ck_assert_int_eq(histogram_quantile(&histogram, quantiles[_i].share, &value), 0);
	ck_assert_double_ge(value, quantiles[_i].least);
	ck_assert_double_le(value, quantiles[_i].most);
}
END_TEST

START_TEST(one_slow_request_among_a_hundred_is_seen_at_99_of_100)
{
	struct histogram histogram = { 0 };
	double value;

	for (int i = 0; i < 98; i++)
		histogram_add(&histogram, 10, 1);
	histogram_add(&histogram, 5000, 2);
	ck_assert_int_eq(histogram_quantile(&histogram, 0.5, &value), 0);
	ck_assert_double_lt(value, 13);
	ck_assert_int_eq(histogram_quantile(&histogram, 0.99, &value), 0);
	ck_assert_double_gt(value, 4000);
}
END_TEST

START_TEST(forged_counts_do_not_overflow)
{
	struct histogram histogram, sum = { 0 };
	double value;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		histogram.counts[i] = UINT64_MAX;
	histogram_sum(&sum, &histogram);
	histogram_sum(&sum, &histogram);
	ck_assert_uint_eq(sum.counts[0], UINT64_MAX);
	ck_assert_int_eq(histogram_quantile(&sum, 1, &value), 0);
	ck_assert_double_le(value, (double)histogram_low(HISTOGRAM_BUCKETS));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("histogram");
	TCase *tcase = suite_case(suite, "histogram");

	tcase_add_test(tcase, a_value_is_in_the_bucket_that_begins_at_or_below_it);
	tcase_add_test(tcase, what_is_too_large_is_in_the_last_bucket);
	tcase_add_test(tcase, nothing_has_no_quantile);
	tcase_add_loop_test(tcase, a_quantile_is_off_by_less_than_a_third, 0,
			    (int)ELEMENTSOF(quantiles));
	tcase_add_test(tcase, one_slow_request_among_a_hundred_is_seen_at_99_of_100);
	tcase_add_test(tcase, forged_counts_do_not_overflow);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/rate.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "daemon/limits.h"
#include "tests/support/policy.h"
#include "tests/support/suite.h"

DEFINE_CLEANUP(struct policy *, policy_free)

#define START (1000 * USEC_PER_SEC) /* of the clock in these tests */

/* A policy of one rule after the floor's. */
static struct policy *with(const char *attributes)
{
	char text[256];

	snprintf(text, sizeof(text), "version 1;\nfor user 0 { allow read \"/a\" { %s; } }\n",
		 attributes);
	return policy_of(text);
}

static const struct policy_rule *last_rule(const struct policy *policy)
{
	return policy_rule(policy, policy_n_rules(policy) - 1);
}

/* How many of @n grants at once there are at @usec. */
static unsigned int ask(struct rates *rates, const struct policy_rule *rule,
			const struct rate_caller *caller, uint64_t usec, unsigned int n)
{
	unsigned int granted = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (rates_begin(rates, rule, caller, usec) < 0)
			continue;
		rates_end(rates, rule);
		granted++;
	}
	return granted;
}

static const struct {
	const char *attributes;
	uint64_t wait_usec; /* after everything was taken */
	unsigned int burst, later;
} drips[] = {
	{ "rate 20/s burst 40 per rule", 0, 40, 0 },
	{ "rate 20/s burst 40 per rule", 49999, 40, 0 },
	{ "rate 20/s burst 40 per rule", 50000, 40, 1 },
	{ "rate 20/s burst 40 per rule", 100 * USEC_PER_SEC, 40, 40 },
	{ "rate 20/s per rule", 500000, 20, 10 },
	{ "rate 6/min burst 3 per rule", 9999999, 3, 0 },
	{ "rate 6/min burst 3 per rule", 10 * USEC_PER_SEC, 3, 1 },
	{ "rate 1/h burst 1 per rule", 3599 * USEC_PER_SEC, 1, 0 },
	{ "rate 1/h burst 1 per rule", 3600 * USEC_PER_SEC, 1, 1 },
	{ "rate 1/h burst 4294967294 per rule", 0, 100, 100 },
	{ "rate 4294967294/s burst 1 per rule", 0, 100, 100 },
	{ "note \"none\"", 0, 100, 100 },
};

START_TEST(rate_gives_a_burst_and_then_what_drips_in)
{
	_cleanup_(policy_freep) struct policy *policy = with(drips[_i].attributes);
	_cleanup_(rates_done) struct rates rates = { 0 };
	const struct rate_caller caller = { .uid = 1 };
	unsigned int n;

	ck_assert_int_eq(rates_init(&rates, policy), 0);
	n = ask(&rates, last_rule(policy), &caller, START, 100);
	ck_assert_msg(n == drips[_i].burst, "%s: %u at once", drips[_i].attributes, n);
	n = ask(&rates, last_rule(policy), &caller, START + drips[_i].wait_usec, 100);
	ck_assert_msg(n == drips[_i].later, "%s: then %u", drips[_i].attributes, n);
}
END_TEST

static const struct {
	const char *attributes;
	bool uids_differ, units_differ; /* have buckets of their own */
} kinds[] = {
	{ "rate 1/h per rule", false, false },
	{ "rate 1/h per uid", true, false },
	{ "rate 1/h per unit", false, true },
};

START_TEST(rate_counts_together_what_the_rule_says)
{
	_cleanup_(policy_freep) struct policy *policy = with(kinds[_i].attributes);
	_cleanup_(rates_done) struct rates rates = { 0 };
	const struct rate_caller one = { 1, "a.service" }, uid = { 2, "a.service" },
				 unit = { 1, "b.service" }, none = { 1, NULL };
	const struct policy_rule *rule = last_rule(policy);

	ck_assert_int_eq(rates_init(&rates, policy), 0);
	ck_assert_uint_eq(ask(&rates, rule, &one, START, 2), 1);
	ck_assert_uint_eq(ask(&rates, rule, &uid, START, 2), kinds[_i].uids_differ);
	ck_assert_uint_eq(ask(&rates, rule, &unit, START, 2), kinds[_i].units_differ);
	ck_assert_uint_eq(ask(&rates, rule, &none, START, 2), kinds[_i].units_differ);
}
END_TEST

/* A crowd makes old buckets go, and nobody, new or old, is kept from having one. */
START_TEST(rate_of_a_crowd_locks_nobody_out)
{
	_cleanup_(policy_freep) struct policy *policy = with("rate 1/h burst 2 per uid");
	_cleanup_(rates_done) struct rates rates = { 0 };
	const struct policy_rule *rule = last_rule(policy);
	struct rate_caller caller = { 0 };

	ck_assert_int_eq(rates_init(&rates, policy), 0);
	for (caller.uid = 0; caller.uid < 3 * LIMIT_BUCKETS; caller.uid++)
		ck_assert_uint_eq(ask(&rates, rule, &caller, START, 3), 2);
}
END_TEST

START_TEST(rate_bounds_what_is_in_flight)
{
	_cleanup_(policy_freep) struct policy *policy = policy_of(
		"version 1;\nfor user 0 {\n allow read \"/a\" { inflight 2; rate 3/h per rule; }\n"
		" allow read \"/b\" { inflight 1; }\n}\n");
	_cleanup_(rates_done) struct rates rates = { 0 };
	const struct policy_rule *b = last_rule(policy),
				 *a = policy_rule(policy, policy_n_rules(policy) - 2);
	const struct rate_caller caller = { 0 };

	ck_assert_int_eq(rates_init(&rates, policy), 0);
	ck_assert_int_eq(rates_begin(&rates, a, &caller, START), 0);
	ck_assert_int_eq(rates_begin(&rates, a, &caller, START), 0);
	ck_assert_int_eq(rates_begin(&rates, a, &caller, START), -EAGAIN);
	ck_assert_int_eq(rates_begin(&rates, b, &caller, START), 0);
	rates_end(&rates, a);
	/* The refusal has cost no token. */
	ck_assert_int_eq(rates_begin(&rates, a, &caller, START), 0);
	rates_end(&rates, a);
	ck_assert_int_eq(rates_begin(&rates, a, &caller, START), -EAGAIN);
	/* And this one has left nothing in flight. */
	ck_assert_int_eq(rates_begin(&rates, a, &caller, START + 3600 * USEC_PER_SEC), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rate");
	TCase *tcase = suite_case(suite, "rate");

	tcase_add_loop_test(tcase, rate_gives_a_burst_and_then_what_drips_in, 0,
			    (int)ELEMENTSOF(drips));
	tcase_add_loop_test(tcase, rate_counts_together_what_the_rule_says, 0,
			    (int)ELEMENTSOF(kinds));
	tcase_add_test(tcase, rate_of_a_crowd_locks_nobody_out);
	tcase_add_test(tcase, rate_bounds_what_is_in_flight);
	return suite_main(suite);
}

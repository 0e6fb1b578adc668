/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/rate.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/facts.h"
#include "daemon/limits.h"

/*
 * Token buckets, each as one point in time: when it will be full again. A
 * grant moves that by what one token takes to drip in, and must not move it
 * further ahead than the whole burst does. A bucket that is full again says as
 * much as none, so that forgetting needs no clock of its own.
 *
 * The table is as large as it is from the start. A key has a few places where it may be; if
 * all are taken, the one that is full soonest makes room. Whoever commands many uids can so have
 * a bucket forgotten early, and never keep another caller from having one.
 */

#define WAYS 16U /* places where one key may be */

struct bucket {
	const struct policy_rule *rule; /* NULL: never used */
	uint64_t full_nsec;		/* CLOCK_MONOTONIC */
	uid_t uid;
	char unit[FACTS_NAME_MAX + 1];
};

#define NSEC_PER_SEC UINT64_C(1000000000)

int rates_init(struct rates *rates, const struct policy *policy)
{
	const struct policy_summary *summary = policy_summary(policy);
	struct rates new = { 0 };

	new.in_flight = calloc(summary->n_in_flight + 1, sizeof(*new.in_flight));
	if (summary->n_rates > 0)
		new.buckets = calloc(LIMIT_BUCKETS, sizeof(*new.buckets));
	if (!new.in_flight || (summary->n_rates > 0 && !new.buckets)) {
		rates_done(&new);
		return -ENOMEM;
	}
	*rates = new;
	pthread_mutex_init(&rates->lock, NULL);
	return 0;
}

void rates_done(struct rates *rates)
{
	free(rates->buckets);
	free(rates->in_flight);
	*rates = (struct rates){ 0 };
}

/* FNV-1a, for spreading only: what is found is compared whole. */
static uint64_t hash(uint64_t h, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

static void key_of(const struct policy_rule *rule, const struct rate_caller *caller,
		   struct bucket *ret)
{
	*ret = (struct bucket){ .rule = rule };
	if (rule->obligations->rate_per == POLICY_PER_UID)
		ret->uid = caller->uid;
	if (rule->obligations->rate_per == POLICY_PER_UNIT && caller->unit)
		snprintf(ret->unit, sizeof(ret->unit), "%s", caller->unit);
}

static bool is_same(const struct bucket *a, const struct bucket *b)
{
	return a->rule == b->rule && a->uid == b->uid && strcmp(a->unit, b->unit) == 0;
}

static struct bucket *find(struct rates *rates, const struct bucket *key)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	struct bucket *set, *oldest;

	h = hash(h, &key->rule, sizeof(key->rule));
	h = hash(h, &key->uid, sizeof(key->uid));
	h = hash(h, key->unit, strlen(key->unit));
	set = oldest = &rates->buckets[h % (LIMIT_BUCKETS / WAYS) * WAYS];
	for (size_t i = 0; i < WAYS; i++) {
		if (is_same(&set[i], key))
			return &set[i];
		if (set[i].full_nsec < oldest->full_nsec)
			oldest = &set[i];
	}
	*oldest = *key;
	return oldest;
}

static uint64_t nsec_each(const struct policy_obligations *o)
{
	return o->rate_period_sec * NSEC_PER_SEC / o->rate;
}

static int take_token(struct rates *rates, const struct policy_rule *rule,
		      const struct rate_caller *caller, uint64_t now_nsec)
{
	const struct policy_obligations *o = rule->obligations;
	uint64_t each = nsec_each(o), room = UINT64_MAX / 2, full;
	struct bucket key, *bucket;

	if (each > 0 && o->rate_burst < room / each)
		room = o->rate_burst * each;
	key_of(rule, caller, &key);
	bucket = find(rates, &key);
	full = (bucket->full_nsec > now_nsec ? bucket->full_nsec : now_nsec) + each;
	if (full - now_nsec > room)
		return -EAGAIN;
	bucket->full_nsec = full;
	return 0;
}

static int begin(struct rates *rates, const struct policy_rule *rule,
		 const struct rate_caller *caller, uint64_t now_usec)
{
	const struct policy_obligations *o = rule->obligations;
	uint32_t *in_flight = &rates->in_flight[o->in_flight_index];

	if (o->in_flight > 0 && *in_flight >= o->in_flight)
		return -EAGAIN;
	if (o->rate > 0 &&
	    take_token(rates, rule, caller, now_usec * (NSEC_PER_SEC / USEC_PER_SEC)) < 0)
		return -EAGAIN;
	if (o->in_flight > 0)
		++*in_flight;
	return 0;
}

int rates_begin(struct rates *rates, const struct policy_rule *rule,
		const struct rate_caller *caller, uint64_t now_usec)
{
	int r;

	if (!rates_limit(rule))
		return 0;
	pthread_mutex_lock(&rates->lock);
	r = begin(rates, rule, caller, now_usec);
	pthread_mutex_unlock(&rates->lock);
	return r;
}

void rates_end(struct rates *rates, const struct policy_rule *rule)
{
	uint32_t *in_flight = &rates->in_flight[rule->obligations->in_flight_index];

	if (rule->obligations->in_flight == 0)
		return;
	pthread_mutex_lock(&rates->lock);
	assert(*in_flight > 0);
	--*in_flight;
	pthread_mutex_unlock(&rates->lock);
}

/* At most what it was full by: another caller may have his place by now. */
static void put_back(struct rates *rates, const struct policy_rule *rule,
		     const struct rate_caller *caller)
{
	uint64_t each = nsec_each(rule->obligations);
	struct bucket key, *bucket;

	key_of(rule, caller, &key);
	bucket = find(rates, &key);
	bucket->full_nsec -= bucket->full_nsec < each ? bucket->full_nsec : each;
}

void rates_return(struct rates *rates, const struct policy_rule *rule,
		  const struct rate_caller *caller)
{
	rates_end(rates, rule);
	if (rule->obligations->rate == 0)
		return;
	pthread_mutex_lock(&rates->lock);
	put_back(rates, rule, caller);
	pthread_mutex_unlock(&rates->lock);
}

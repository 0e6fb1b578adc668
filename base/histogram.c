/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/histogram.h"

#include <errno.h>

/*
 * Above 3 the highest bit of a value and the one below it are the bucket: one
 * instruction to find it, and no table. Sums are floating-point, because counts that somebody
 * forged must not overflow them.
 */

size_t histogram_bucket(uint64_t value)
{
	unsigned int top;
	size_t bucket;

	if (value < 4)
		return value;
	top = 63U - (unsigned int)__builtin_clzll(value);
	bucket = 2 * top + (value >> (top - 1) & 1);
	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

uint64_t histogram_low(size_t bucket)
{
	return bucket < 4 ? bucket : (UINT64_C(2) + bucket % 2) << (bucket / 2 - 1);
}

void histogram_add(struct histogram *histogram, uint64_t value, uint64_t n)
{
	uint64_t *count = &histogram->counts[histogram_bucket(value)];

	__atomic_store_n(count, *count + n, __ATOMIC_RELAXED);
}

void histogram_sum(struct histogram *sum, const struct histogram *histogram)
{
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (__builtin_add_overflow(sum->counts[i], histogram->counts[i], &sum->counts[i]))
			sum->counts[i] = UINT64_MAX;
}

int histogram_quantile(const struct histogram *histogram, double share, double *ret)
{
	double all = 0, before = 0, wanted;
	size_t last = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		all += (double)histogram->counts[i];
		if (histogram->counts[i] > 0)
			last = i;
	}
	if (all <= 0)
		return -ENODATA;
	wanted = share * all;
	for (size_t i = 0; i <= last; i++) {
		double here = (double)histogram->counts[i], low = (double)histogram_low(i);

		if (here > 0 && (before + here >= wanted || i == last)) {
			double part = wanted > before ? (wanted - before) / here : 0;

			*ret = low + (part < 1 ? part : 1) * ((double)histogram_low(i + 1) - low);
			return 0;
		}
		before += here;
	}
	return -ENODATA;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BASE_HISTOGRAM_H
#define FDB_BASE_HISTOGRAM_H

/*
 * How often which value came, on a logarithmic scale: two buckets to each
 * doubling, so that a quantile read from it is off by less than a third. Values
 * below 4 have a bucket each; the last bucket takes all from 12.6 million on.
 */

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS 48U

struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS];
};

/* The bucket of @value, and the smallest value of a bucket; that of HISTOGRAM_BUCKETS is where the
 * last one would end if it did. */
size_t histogram_bucket(uint64_t value);
uint64_t histogram_low(size_t bucket);

/* Count @value, which came @n times. One thread at a time; others may look on meanwhile. */
void histogram_add(struct histogram *histogram, uint64_t value, uint64_t n);

/* Add what @histogram counts to *sum; a count that cannot grow stays at its largest. */
void histogram_sum(struct histogram *sum, const struct histogram *histogram);

/**
 * histogram_quantile() - the value below which @share of all lie
 * @share:	0 to 1: 0.5 is the median
 * @ret:	interpolated within its bucket
 *
 * Return: 0; -ENODATA nothing was counted. Any counts will do, forged ones too.
 */
int histogram_quantile(const struct histogram *histogram, double share, double *ret);

#endif

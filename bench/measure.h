/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_MEASURE_H
#define FDB_BENCH_MEASURE_H

/* Rounds, medians and rows. */

#include <stdbool.h>
#include <stddef.h>

#define MEASURE_ROUNDS_MAX 101U

/* Processor time of this thread: what other processes take is not in it. */
double measure_now_usec(void);

/* What has been measured of one thing, a number for each round. */
struct series {
	double items[MEASURE_ROUNDS_MAX];
	size_t n;
};

void series_add(struct series *series, double value);
double series_median(struct series *series);

/* What else the machine does can only add to it. */
double series_least(struct series *series);

/* Stay on the processor that this is. 0 or -errno. */
int measure_on_one_processor(void);

/* Bytes that malloc(3) has given out. */
size_t measure_heap(void);

/* One line; true if @value is within @limit or there is none (0). @note may be NULL. */
bool measure_row(const char *name, double value, double limit, const char *unit, const char *note);

#endif

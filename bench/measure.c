/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/measure.h"

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double measure_now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

void series_add(struct series *series, double value)
{
	if (series->n < MEASURE_ROUNDS_MAX)
		series->items[series->n++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double series_median(struct series *series)
{
	qsort(series->items, series->n, sizeof(series->items[0]), compare);
	return series->n > 0 ? series->items[series->n / 2] : 0;
}

double series_least(struct series *series)
{
	qsort(series->items, series->n, sizeof(series->items[0]), compare);
	return series->n > 0 ? series->items[0] : 0;
}

int measure_on_one_processor(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0 ? 0 : -errno;
}

size_t measure_heap(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

bool measure_row(const char *name, double value, double limit, const char *unit, const char *note)
{
	bool within = limit <= 0 || value <= limit;

	printf("%-44s %10.3f", name, value);
	if (limit > 0)
		printf(" <= %8.3f", limit);
	else
		printf("            ");
	printf(" %-6s %-4s %s\n", unit, within ? "" : "OVER", note ? note : "");
	fflush(stdout);
	return within;
}

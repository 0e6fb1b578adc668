/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_CROWD_H
#define FDB_BENCH_CROWD_H

/* Many clients at once, each with a connection of its own, that ask again as soon as they are answered. */

#include <stddef.h>

#include "bench/measure.h"

#define CROWD_MAX 1000U

struct crowd_host {
	const char *name;
	void *context;
	size_t threads; /* of a process, a client each; 0: one */
	/* In each client, which is the caller: connect. What ask() takes; it dies on failure. */
	void *(*join)(void *context);
	int (*ask)(void *client); /* -errno ends the benchmark */
};

struct crowd_result {
	double rate;	 /* requests in a second, of all */
	double fairness; /* of the fastest client, by those of the slowest */
	double p50, p99; /* microseconds */
};

/* Let @n clients ask for @usec, a multiple of host->threads. On all processors. */
void crowd_run(const struct crowd_host *host, size_t n, unsigned int usec,
	       struct crowd_result *ret);

#endif

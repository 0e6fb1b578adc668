/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_RACE_H
#define FDB_BENCH_RACE_H

/*
 * Several ways to the same end, timed in turn, round after round: whatever else the machine does
 * meanwhile, it does to all of them. What is said of a lane is the median of its rounds, and what
 * is said of two of them is the median of the ratios within a round.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/measure.h"

#define RACE_PIDS 5U

struct lane {
	const char *name;
	int (*once)(void *context); /* one request; -errno ends the benchmark */
	void *context;
	void (*reset)(void *context); /* before each round, untimed; or NULL */
	unsigned int files;	      /* of one request; 0: one */
	unsigned int slow;	      /* makes so many times fewer requests in a round; 0: 1 */
	pid_t servers[RACE_PIDS];     /* whose context switches count besides ours; 0: no more */
	/* what came out; time is of one file */
	struct series usec;	/* the median of each round */
	struct series switches; /* of one request */
	struct series rate;	/* files in a second */
	uint32_t *nsec;		/* of each request; owned, of measure_share() */
	size_t n;
};

struct race {
	struct lane *lanes;
	size_t n;
	unsigned int rounds, requests; /* of a round */
};

/* Have room for what comes out, then run all of them, once: also in a child, if the lanes are in memory that
 * is shared with it. It dies if one fails. */
void race_prepare(struct race *race);
void race_run(struct race *race);
void race_done(struct race *race);

/* The median over all rounds of @lane's time by @other's in the same round. */
double race_ratio(const struct lane *lane, const struct lane *other);

/* Microseconds that @share (0.5, 0.99) of all requests of @lane took at most. */
double race_quantile(struct lane *lane, double share);

#endif

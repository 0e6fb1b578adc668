/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_BENCH_OPEN_H
#define FDB_BENCH_BENCH_OPEN_H

/* The parts of bench_open, and what they have in common. */

#include <stdbool.h>
#include <stdio.h>

#include "bench/stage.h"

struct bench {
	struct stage stage;
	bool smoke;		       /* little of each, for the test that it works */
	bool over;		       /* some row is */
	unsigned int rounds, requests; /* of a race */
	FILE *results; /* for bench/report, lines of words with tabs between; or NULL */
};

/* A row of the budget; @note may be NULL. */
void bench_row(struct bench *bench, const char *name, double value, double limit, const char *unit,
	       const char *note);

/* The same for a value that must not be less than @limit. */
void bench_row_least(struct bench *bench, const char *name, double value, double limit,
		     const char *unit, const char *note);

/* A point of a plot, for the results alone. */
void bench_point(struct bench *bench, const char *plot, const char *line, double x, double y);

/* What one client of one daemon pays for the kinds of open that there are. */
void bench_kinds(struct bench *bench);

/* The same of what is rarer: names that are not cached, new files, copies. */
void bench_others(struct bench *bench);

/* What else there is to have a file opened by somebody else. */
void bench_peers(struct bench *bench);

/* System calls, memory, and the time of the start. */
void bench_costs(struct bench *bench);

/* What grows with the rules, the path, and who asks. */
void bench_growth(struct bench *bench);

/* Many clients at once. */
void bench_crowds(struct bench *bench);

#endif

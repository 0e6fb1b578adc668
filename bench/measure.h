/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_MEASURE_H
#define FDB_BENCH_MEASURE_H

/* Rounds, medians and rows. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MEASURE_ROUNDS_MAX 101U

/* What the benchmarks have in common: see HACKING.md. */
struct measure_options {
	bool budget, smoke;
};

/*
 * The command line: --budget, --smoke, and --alone for a machine that has other work. From here on this
 * program stays on one processor, if it can. What cannot be understood ends it.
 */
struct measure_options measure_begin(int argc, char **argv);

/* Processor time of this thread: what other processes take is not in it. */
double measure_now_usec(void);

/* Time that passes, whoever has the processor. */
uint64_t measure_wall_nsec(void);

/* Say that @what went wrong by @r, -errno, and exit(3). */
_Noreturn void measure_die(const char *what, int r);

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
/* Run wherever it was let when the program began. */
int measure_on_all_processors(void);

/* How often @pid, in all its threads, left the processor so far; 0 if it is not there. */
uint64_t measure_switches(pid_t pid);

/* What the first line of @path says that begins with @key: a part of @line, or "?" if there is none. */
const char *measure_line(const char *path, const char *key, char *line, size_t size);

/* fork(2), of a child that ends with us; 0 in it. It dies on failure. */
pid_t measure_fork(void);

/* Zeros, which children of fork(2) write to as we do. It dies on failure; munmap(2). */
void *measure_share(size_t size);

/* Bytes that malloc(3) has given out. */
size_t measure_heap(void);

/* One line; true if @value is within @limit or there is none (0). @note may be NULL. */
bool measure_row(const char *name, double value, double limit, const char *unit, const char *note);

/* The same for a value that must not be less than @limit. */
bool measure_row_least(const char *name, double value, double limit, const char *unit,
		       const char *note);

#endif

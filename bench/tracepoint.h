/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_TRACEPOINT_H
#define FDB_BENCH_TRACEPOINT_H

/*
 * How many system calls a process makes, in all its threads. The kernel counts them and stops
 * nobody; which they are bench/syscalls.h says.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TRACEPOINT_THREADS_MAX 16U

struct tracepoint {
	int fds[TRACEPOINT_THREADS_MAX]; /* each for a thread that was there, and all that it starts */
	size_t n;
};

/* As root. 0; or -errno if it cannot be had, and then there is nothing to close. */
int tracepoint_open(struct tracepoint *ret, pid_t pid);
void tracepoint_close(struct tracepoint *tracepoint);

/* Since it was opened. It dies on failure. */
uint64_t tracepoint_count(const struct tracepoint *tracepoint);

#endif

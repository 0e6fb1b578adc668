/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_SYSCALLS_H
#define FDB_BENCH_SYSCALLS_H

/*
 * How often a process, in all its threads, makes which system call. It is stopped at each of them,
 * so that nothing else may be measured meanwhile.
 */

#include <stdint.h>
#include <sys/types.h>

#define SYSCALLS_MAX 512U

struct syscalls {
	uint64_t *counts; /* by number; they grow */
	pid_t tracer;
};

/* As root; it dies on failure. */
void syscalls_start(struct syscalls *ret, pid_t pid);
void syscalls_stop(struct syscalls *syscalls);

/* The call's name; static, until it is asked again. */
const char *syscalls_name(unsigned int number);

#endif

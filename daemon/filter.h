/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_FILTER_H
#define FDB_DAEMON_FILTER_H

/* The system calls that each confined process may make. For confine.c and its tests. */

#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

/* One system call, allowed if all its conditions hold. */
struct filter_rule {
	int syscall;
	unsigned int n;
	struct scmp_arg_cmp args[2];
};

/*
 * What becomes of everything else, and what the build adds: filter-strict.c or, in builds
 * with sanitizers or coverage, filter-instrumented.c.
 */
extern const uint32_t filter_default_action;
extern const struct filter_rule filter_extra[];
extern const size_t filter_n_extra;

/* What the build has to do while it still may: nothing, or opening where sanitizers report. */
void filter_prepare(void);

/* 0 or -errno; no_new_privs must be set. @modes: POLICY_* that the loaded policy allows. */
int filter_load_broker(uint32_t modes);
int filter_load_audit(void);
int filter_load_pump(void);
/* With 0 for the number of the process itself. */
int filter_print_broker(int fd, uint32_t modes);

#endif

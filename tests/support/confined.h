/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_CONFINED_H
#define FDB_TESTS_CONFINED_H

/*
 * For tests of the sandbox: children that enter it, and filters that were there before. Every test
 * enters it in a forked child and judges how the child ends.
 */

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#define CONFINED_BROKER 37 /* the connection's descriptor; any number with set and clear bits */

/* What forked_run() gives for the child: an errno, or one of these. */
#define CONFINED_ALLOWED    0
#define CONFINED_NO_SANDBOX 255

/* To write a filter by hand: libseccomp is under test, and remembers what the kernel can do. */
#define FILTER_LOAD(offset)	   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define FILTER_UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (skip))
#define FILTER_RETURN(value)	   BPF_STMT(BPF_RET | BPF_K, (value))
#define FILTER_ARGUMENT(n)	   (offsetof(struct seccomp_data, args) + 8 * (n))

/* In a child: get a connection of that number, enter the sandbox, or exit. */
void confined_connect(void);
void confined_enter(void);

/* In a child: load a filter. 0 or -errno. */
int confined_load(struct sock_filter *program, size_t size);

/* 0 for a result >= 0, else errno */
int confined_errno(long r);

#endif

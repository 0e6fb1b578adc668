/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BASE_CODE_H
#define FDB_BASE_CODE_H

/*
 * For a process that has started, and goes on for months with a small part of what it ran for that:
 * pages of code and constants, its own and its libraries', are mapped no more, until one is used
 * again. That is a minor fault and no reading, for as long as the kernel keeps the file in memory.
 *
 * Only of segments that nobody may write to, and nobody could: nothing is lost by it, but what a
 * debugger wrote into them, as a breakpoint is, or a probe of perf(1)'s. It makes one system call for
 * each such segment, and no other.
 */
void code_release(void);

#endif

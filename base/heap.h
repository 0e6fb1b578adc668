/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BASE_HEAP_H
#define FDB_BASE_HEAP_H

/*
 * For a process that is done with what it needed memory for only once, and goes on for months: what is free
 * goes back, of the heap and of the stack below the caller, and no more is taken from now on than is asked
 * for. So tables of which little is ever used get pages that are untouched, which calloc(3) does not clear.
 *
 * For the main thread: another one's stack has a neighbour.
 *
 * Source: malloc_trim(3); mallopt(3), M_TOP_PAD, M_MMAP_THRESHOLD; glibc's calloc clears what it had got
 * before.
 */
void heap_settle(void);

#endif

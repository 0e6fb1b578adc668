/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BASE_MEMORY_H
#define FDB_BASE_MEMORY_H

/*
 * For a process that is done with what it needed memory for only once, and goes on for months.
 *
 * Source: malloc_trim(3); mallopt(3), M_TOP_PAD, M_MMAP_THRESHOLD; glibc's calloc clears what it had got
 * before.
 */

/* What is free goes back, of the heap and of the stack below the caller. For the main thread: another
 * one's stack has a neighbour. */
void memory_release(void);

/* From now on hardly more is taken than is asked for. So tables of which little is ever used get pages that
 * are untouched, which calloc(3) does not clear; and what is large is mapped each time. */
void memory_be_frugal(void);

#endif

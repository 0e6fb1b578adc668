/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BASE_ARENA_H
#define FDB_BASE_ARENA_H

/*
 * Memory that is freed all at once: for something large that is built once,
 * never changed, and dropped as a whole.
 */

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* newest first */
};

#define ARENA_EMPTY ((struct arena){ 0 })

/* Zeroed memory for @n objects of @size bytes, aligned for pointers and for integers of 64
 * bits; NULL if there is none. */
void *arena_alloc(struct arena *arena, size_t n, size_t size);

/* A copy with a NUL behind it, or NULL. */
char *arena_copy(struct arena *arena, const char *bytes, size_t len);
char *arena_string(struct arena *arena, const char *string);

void arena_done(struct arena *arena);

#endif

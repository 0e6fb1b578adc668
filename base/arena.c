/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Chunks of memory handed out from the front. An object that does not fit into
 * what is left of the newest chunk starts a new one; large objects get a chunk
 * of their own size.
 */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Bytes. Each chunk is twice as large as the one before: most arenas hold next to nothing. */
#define CHUNK_MIN ((size_t)1 << 10)
#define CHUNK_MAX ((size_t)64 << 10)
#define ALIGNMENT sizeof(uint64_t)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size; /* bytes of data */
	max_align_t data[];
};

static struct arena_chunk *chunk_new(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->chunks;
	size_t room = chunk ? 2 * chunk->size : CHUNK_MIN;

	if (room > CHUNK_MAX)
		room = CHUNK_MAX;
	if (size < room)
		size = room;
	if (size > SIZE_MAX - sizeof(*chunk))
		return NULL;
	chunk = calloc(1, sizeof(*chunk) + size);
	if (!chunk)
		return NULL;
	chunk->size = size;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	return chunk;
}

/* @alignment: a power of two. */
static void *take(struct arena *arena, size_t size, size_t alignment)
{
	struct arena_chunk *chunk = arena->chunks;
	size_t at = chunk ? (chunk->used + alignment - 1) & ~(alignment - 1) : 0;

	if (!chunk || at > chunk->size || chunk->size - at < size) {
		chunk = chunk_new(arena, size);
		at = 0;
	}
	if (!chunk)
		return NULL;
	chunk->used = at + size;
	return (char *)chunk->data + at;
}

void *arena_alloc(struct arena *arena, size_t n, size_t size)
{
	size_t total;

	return __builtin_mul_overflow(n, size, &total) ? NULL : take(arena, total, ALIGNMENT);
}

char *arena_copy(struct arena *arena, const char *bytes, size_t len)
{
	char *copy = len < SIZE_MAX ? take(arena, len + 1, 1) : NULL;

	if (copy && len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

char *arena_string(struct arena *arena, const char *string)
{
	return arena_copy(arena, string, strlen(string));
}

void arena_done(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
}

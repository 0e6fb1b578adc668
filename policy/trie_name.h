/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_TRIE_NAME_H
#define FDB_POLICY_TRIE_NAME_H

/*
 * A name made ready for a walk: copied to where eight bytes may be read from
 * anywhere in it, checked, and cut at its slashes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/trie.h"
#include "policy/trie_hash.h"

#define TRIE_PARTS_MAX	(TRIE_NAME_MAX / 2 + 1) /* a slash and a byte each */
#define TRIE_NAME_BLOCK 64U			/* bytes whose slashes are found at once */

/* A component. */
struct trie_part {
	uint16_t start, end;
};

struct trie_name {
	size_t len, n_parts; /* of "/": 1 and 0 */
	struct trie_part parts[TRIE_PARTS_MAX];
	size_t n_marked;
	uint16_t marked[TRIE_PARTS_MAX]; /* parts whose end is as far from the front as asked for */
	size_t hashed_from;
	uint64_t hashes[TRIE_NAME_MAX / 8 + 2]; /* of all from there on before each eight bytes */
	char padded[TRIE_HASH_PAD + TRIE_NAME_MAX + 1 + TRIE_HASH_PAD];
};

/* False: @path is too long or not clean. What @name holds otherwise must have been zeroed once.
 * @lens: of what beginnings to mark, modulo 64, a bit for each. */
bool trie_name_read(struct trie_name *name, const char *path, uint64_t lens);

/* Hash what is behind the first @n_above components instead, and mark beginnings of that. */
void trie_name_below(struct trie_name *name, size_t n_above, uint64_t lens);

static inline const char *trie_name_text(const struct trie_name *name)
{
	return name->padded + TRIE_HASH_PAD;
}

/* The key of all that is before @end, from where hashing began: as trie_hash_text() makes it. */
static inline uint64_t trie_name_key(const struct trie_name *name, size_t end)
{
	size_t len = end - name->hashed_from;
	const char *rest = trie_name_text(name) + end - len % 8;

	return trie_mix(name->hashes[len / 8], trie_load_some(rest, len % 8));
}

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_TRIE_NAME_H
#define FDB_POLICY_TRIE_NAME_H

/*
 * A name made ready for a walk: copied to where eight bytes may be read from
 * anywhere in it, checked, hashed, and the ends of its components marked. It is
 * cut into them only where something looks at one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/trie.h"
#include "policy/trie_hash.h"

#define TRIE_PARTS_MAX	(TRIE_NAME_MAX / 2 + 1) /* a slash and a byte each */
#define TRIE_NAME_BLOCK 64U			/* bytes whose slashes are found at once */

struct trie_name {
	size_t len;
	size_t n_parts; /* once it is cut; of "/": 0 */
	bool is_cut;
	size_t hashed_from;
	/* Where components end: of each block a bit for each byte, and for the end of the name. */
	uint64_t ends[TRIE_NAME_MAX / TRIE_NAME_BLOCK + 1];
	uint64_t hashes[TRIE_NAME_MAX / 8 + 2]; /* of all from there on before each eight bytes */
	char padded[TRIE_HASH_PAD + TRIE_NAME_MAX + 1 + TRIE_HASH_PAD];
	uint16_t stops[TRIE_PARTS_MAX +
		       1]; /* where components end; the first is the slash at the front */
};

/* A component. */
struct trie_part {
	const char *text;
	size_t len;
};

/* False: @path is too long or not clean. What @name holds otherwise must have been zeroed once. */
bool trie_name_read(struct trie_name *name, const char *path);

/* Find the components, if that has not been done. */
void trie_name_cut(struct trie_name *name);

/* Hash what is behind the first @from bytes instead, and forget the ends before: it has been cut. */
void trie_name_below(struct trie_name *name, size_t from);

static inline const char *trie_name_text(const struct trie_name *name)
{
	return name->padded + TRIE_HASH_PAD;
}

/* The component at @i. It has been cut. */
static inline struct trie_part trie_name_part(const struct trie_name *name, size_t i)
{
	size_t start = name->stops[i] + 1U;

	return (struct trie_part){ trie_name_text(name) + start, name->stops[i + 1] - start };
}

/* Does it end with the @n bytes, eight at most, of @tail? */
static inline bool trie_name_ends(const struct trie_name *name, uint64_t tail, size_t n)
{
	return n == 0 || trie_load(trie_name_text(name) + name->len - 8) >> 8 * (8 - n) == tail;
}

/* Are the bytes from @start on those of @text? That is read by eight too. */
static inline bool trie_name_has(const struct trie_name *name, size_t start, const char *text,
				 size_t len)
{
	const char *bytes = trie_name_text(name) + start;

	for (; len >= 8; bytes += 8, text += 8, len -= 8)
		if (trie_load(bytes) != trie_load(text))
			return false;
	return trie_load_some(bytes, len) == trie_load_some(text, len);
}

/* The key of all that is before @end, from where hashing began: as trie_text_key() makes it. */
static inline uint64_t trie_name_key(const struct trie_name *name, size_t end)
{
	size_t len = end - name->hashed_from;
	const char *rest = trie_name_text(name) + end - len % 8;

	return trie_mix(name->hashes[len / 8], trie_load_some(rest, len % 8));
}

#endif

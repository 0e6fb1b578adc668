/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_TRIE_NAME_H
#define FDB_POLICY_TRIE_NAME_H

/*
 * A name made ready for a walk: checked, and the ends of its components marked.
 * It stays where it is, and no byte outside of it is read, until something looks
 * at a component: then it is cut, and copied to where eight bytes may be read
 * from anywhere in it. A short one is copied at once.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/trie.h"
#include "policy/trie_hash.h"

#define TRIE_PARTS_MAX	(TRIE_NAME_MAX / 2 + 1) /* a slash and a byte each */
#define TRIE_NAME_BLOCK 64U			/* bytes whose slashes are found at once */
#define TRIE_NAME_SHORT 16U			/* bytes; what has less is copied at once */

struct trie_name {
	const char *text; /* as it was given, and borrowed, or the copy; of "/" it is "" */
	size_t len;
	size_t n_parts; /* once it is cut */
	bool is_cut;
	/* Where components end: of each block a bit for each byte, and for the end of the name. */
	uint64_t ends[TRIE_NAME_MAX / TRIE_NAME_BLOCK + 1];
	char padded[TRIE_HASH_PAD + TRIE_NAME_MAX + 1 + TRIE_HASH_PAD]; /* the copy */
	uint16_t stops[TRIE_PARTS_MAX +
		       1]; /* where components end; the first is the slash at the front */
};

/* A component. */
struct trie_part {
	const char *text;
	size_t len;
};

/* False: @path is too long or not clean. Borrowed as long as @name is used. What that holds otherwise must
 * have been zeroed once. */
bool trie_name_read(struct trie_name *name, const char *path);
/* What comes behind some components of a name that has been read. */
void trie_name_read_rest(struct trie_name *name, const char *rest);

/* How many components end in the first @len bytes, or there. */
size_t trie_name_count(const struct trie_name *name, size_t len);

/* Find the components, if that has not been done. */
void trie_name_cut(struct trie_name *name);

/* The component at @i. It has been cut. */
static inline struct trie_part trie_name_part(const struct trie_name *name, size_t i)
{
	size_t start = name->stops[i] + 1U;

	return (struct trie_part){ name->text + start, name->stops[i + 1] - start };
}

/* Does it end with the @n bytes, eight at most, of @tail? */
static inline bool trie_name_ends(const struct trie_name *name, uint64_t tail, size_t n)
{
	return n == 0 || trie_load(name->text + name->len - 8) >> 8 * (8 - n) == tail;
}

/* Are its first @len bytes this text? */
static inline bool trie_name_begins(const struct trie_name *name, const char *text, size_t len)
{
	if (len < 8)
		return trie_load_some(name->text, len) == trie_load_some(text, len);
	for (size_t i = 0; i + 8 < len; i += 8)
		if (trie_load(name->text + i) != trie_load(text + i))
			return false;
	return trie_load(name->text + len - 8) == trie_load(text + len - 8);
}

#endif

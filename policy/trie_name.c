/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every request pays for this, whatever the policy. The name is copied and
 * hashed by eight bytes, looked through by sixteen, and in it as little depends
 * on a branch or on what was written a moment ago as can be: the slashes of 64
 * bytes are bits of one word, so are the dots, and whether all is clean is asked
 * of those words; what is written is read again by the same eight.
 */
#include "policy/trie_name.h"

#include <endian.h>
#include <string.h>

#include "policy/trie_marks.h"

/* Of the last byte before a block: is it a slash, a dot behind one, a dot behind that? */
struct carries {
	uint64_t slash, dot, dots;
};

/* The last bytes, which are not eight, and zeroes. */
static uint64_t load_rest(const char *path, size_t len)
{
	uint64_t rest = 0;

	if (len >= 8)
		return trie_load(path + len - 8) >> 8 * (7 - len % 8) >> 8;
	while (len > 0)
		rest = rest << 8 | (unsigned char)path[--len];
	return rest;
}

static inline void put(struct trie_name *name, size_t i, uint64_t word)
{
	word = htole64(word);
	memcpy(name->padded + TRIE_HASH_PAD + 8 * i, &word, sizeof(word));
}

/* Copy all of it, and hash what is before each eight bytes. */
static inline void copy(struct trie_name *name, const char *path)
{
	size_t n = name->len / 8;
	uint64_t hash = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t word = trie_load(path + 8 * i);

		put(name, i, word);
		name->hashes[i + 1] = hash = trie_mix(hash, word);
	}
	put(name, n, load_rest(path, name->len));
}

/* @n times sixteen bytes, at most 64. */
static inline struct trie_marks marks_of_pairs(const char *bytes, size_t n)
{
	struct trie_marks all = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct trie_marks marks = trie_marks_of_two(bytes + 16 * i);

		all.slashes |= marks.slashes << 16 * i;
		all.dots |= marks.dots << 16 * i;
	}
	return all;
}

/* Of a name of less than sixteen bytes. */
static struct trie_marks marks_of_short(const struct trie_name *name)
{
	struct trie_marks low = trie_marks_of(trie_load(trie_name_text(name))), high = { 0 };

	if (name->len >= 8)
		high = trie_marks_of(trie_load(trie_name_text(name) + 8));
	return (struct trie_marks){ low.slashes | high.slashes << 8, low.dots | high.dots << 8 };
}

/* The end of the name, its last @left bytes, less than 64. Sixteen are taken at once where some of
 * them were taken before, or are of the block before and fall out. */
static inline struct trie_marks marks_of_last(const struct trie_name *name, const char *path,
					      size_t left)
{
	const char *end = path + name->len;
	struct trie_marks all, last;

	if (name->len < 16)
		return marks_of_short(name);
	all = marks_of_pairs(end - left, left / 16);
	last = trie_marks_of_two(end - 16);
	all.slashes |= last.slashes << 48 >> (63 - left) >> 1;
	all.dots |= last.dots << 48 >> (63 - left) >> 1;
	return all;
}

/* The bytes behind those that are marked, here and in the block before. */
static inline uint64_t behind(uint64_t bits, uint64_t *carry)
{
	uint64_t moved = bits << 1 | *carry;

	*carry = bits >> 63;
	return moved;
}

/* Does a component end here that is none: empty, `.` or `..`? */
static inline bool is_clean(const struct trie_marks *marks, uint64_t ends, struct carries *carries)
{
	uint64_t empty = behind(marks->slashes, &carries->slash);
	uint64_t dot = behind(marks->dots & empty, &carries->dot);
	uint64_t dots = behind(marks->dots & dot, &carries->dots);

	return !(ends & (empty | dot | dots));
}

/* Mark the ends of components, by blocks. The slash at the front ends nothing. */
static inline bool mark(struct trie_name *name, const char *path)
{
	struct carries carries = { 0 };
	uint64_t front = 1;

	for (size_t at = 0; at <= name->len; at += TRIE_NAME_BLOCK) {
		size_t left = name->len - at;
		struct trie_marks marks = left >= TRIE_NAME_BLOCK
						  ? marks_of_pairs(path + at, TRIE_NAME_BLOCK / 16)
						  : marks_of_last(name, path, left);
		uint64_t ends = marks.slashes & ~front;

		if (left < TRIE_NAME_BLOCK)
			ends |= UINT64_C(1) << left;
		if (!is_clean(&marks, ends, &carries))
			return false;
		name->ends[at / TRIE_NAME_BLOCK] = ends;
		front = 0;
	}
	return true;
}

bool trie_name_read(struct trie_name *name, const char *path)
{
	size_t len = strlen(path);

	if (len > TRIE_NAME_MAX || path[0] != '/')
		return false;
	name->len = len;
	name->is_cut = false;
	name->hashed_from = 0;
	name->hashes[0] = 0;
	copy(name, path);
	if (len > 1)
		return mark(name, path);
	name->ends[0] = 0;
	return true;
}

/* Without two slashes in a row there are at most TRIE_PARTS_MAX. */
void trie_name_cut(struct trie_name *name)
{
	size_t n = 0;

	if (name->is_cut)
		return;
	for (size_t at = 0; at <= name->len; at += TRIE_NAME_BLOCK)
		for (uint64_t ends = name->ends[at / TRIE_NAME_BLOCK]; ends; ends &= ends - 1)
			name->stops[++n] = (uint16_t)(at + (size_t)__builtin_ctzll(ends));
	name->n_parts = n;
	name->is_cut = true;
}

void trie_name_below(struct trie_name *name, size_t from)
{
	const char *text = trie_name_text(name) + from;

	name->hashed_from = from;
	name->hashes[0] = 0;
	for (size_t i = 0; i < (name->len - from) / 8; i++)
		name->hashes[i + 1] = trie_mix(name->hashes[i], trie_load(text + 8 * i));
	memset(name->ends, 0, from / TRIE_NAME_BLOCK * sizeof(*name->ends));
	name->ends[from / TRIE_NAME_BLOCK] &= UINT64_MAX << from % TRIE_NAME_BLOCK << 1;
}

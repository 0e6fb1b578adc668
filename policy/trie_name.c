/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every request pays for this, whatever the policy. The name is gone through
 * once, by eight bytes, and in it as little depends on a branch or on what was
 * written a moment ago as can be: the slashes of 64 bytes are bits of one word,
 * so are the dots, and whether all is clean is asked of those words; what is
 * written is read again by the same eight.
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
	char rest[8] = { 0 };

	if (len >= 8)
		return trie_load(path + len - 8) >> 8 * (7 - len % 8) >> 8;
	memcpy(rest, path, len);
	return trie_load(rest);
}

static inline void put(struct trie_name *name, size_t i, uint64_t word)
{
	word = htole64(word);
	memcpy(name->padded + TRIE_HASH_PAD + 8 * i, &word, sizeof(word));
}

/* Copy the eight bytes from the one at 8 * @i on, and hash them behind @hash. */
static inline uint64_t take_word(struct trie_name *name, const char *path, size_t i, uint64_t hash)
{
	uint64_t word = trie_load(path + 8 * i);

	put(name, i, word);
	return name->hashes[i + 1] = trie_mix(hash, word);
}

/* @n times sixteen bytes, at most 64. */
static inline struct trie_marks take_pairs(struct trie_name *name, const char *path, size_t first,
					   size_t n)
{
	struct trie_marks all = { 0 };
	uint64_t hash = name->hashes[first];

	for (size_t i = 0; i < n; i++) {
		struct trie_marks marks = trie_marks_of_two(path + 8 * first + 16 * i);

		hash = take_word(name, path, first + 2 * i, hash);
		hash = take_word(name, path, first + 2 * i + 1, hash);
		all.slashes |= marks.slashes << 16 * i;
		all.dots |= marks.dots << 16 * i;
	}
	return all;
}

/* The end of the name, @left bytes from the one at 8 * @first on, less than 64. */
static inline struct trie_marks take_last(struct trie_name *name, const char *path, size_t first,
					  size_t left)
{
	struct trie_marks all = take_pairs(name, path, first, left / 16), marks;
	uint64_t rest = load_rest(path, name->len);
	size_t last = name->len / 8;

	if (left & 8) {
		marks = trie_marks_of(trie_load(path + 8 * (last - 1)));
		take_word(name, path, last - 1, name->hashes[last - 1]);
		all.slashes |= marks.slashes << left / 16 * 16;
		all.dots |= marks.dots << left / 16 * 16;
	}
	marks = trie_marks_of(rest);
	put(name, last, rest);
	all.slashes |= marks.slashes << left / 8 * 8;
	all.dots |= marks.dots << left / 8 * 8;
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

/* Take all of it, by blocks. The slash at the front ends nothing. */
static bool take(struct trie_name *name, const char *path)
{
	struct carries carries = { 0 };

	for (size_t at = 0; at <= name->len; at += TRIE_NAME_BLOCK) {
		size_t left = name->len - at;
		struct trie_marks marks =
			left >= TRIE_NAME_BLOCK
				? take_pairs(name, path, at / 8, TRIE_NAME_BLOCK / 16)
				: take_last(name, path, at / 8, left);
		uint64_t ends = marks.slashes;

		if (left < TRIE_NAME_BLOCK)
			ends |= UINT64_C(1) << left;
		if (at == 0)
			ends &= ~UINT64_C(1);
		if (!is_clean(&marks, ends, &carries))
			return false;
		name->ends[at / TRIE_NAME_BLOCK] = ends;
	}
	return true;
}

bool trie_name_read(struct trie_name *name, const char *path)
{
	size_t len = strnlen(path, TRIE_NAME_MAX + 1);

	if (len > TRIE_NAME_MAX || path[0] != '/')
		return false;
	name->len = len;
	name->is_cut = false;
	name->hashed_from = 0;
	name->hashes[0] = 0;
	if (len > 1)
		return take(name, path);
	put(name, 0, '/');
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

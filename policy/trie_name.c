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

/* Of up to 64 bytes of the name, a bit for each. */
struct marks {
	uint64_t slashes, dots;
};

/* Of the last byte before a block: is it a slash, a dot behind one, a dot behind that? */
struct carries {
	uint64_t slash, dot, dots;
};

/* The highest bits of eight bytes, side by side: moved by a different number each, they meet in the
 * highest byte of the product. */
static inline uint64_t gather(uint64_t highest)
{
	return highest * UINT64_C(0x0002040810204081) >> 56;
}

/* The byte of a slash is 0x2f, that of a dot 0x2e: the lowest bit tells them apart, the others tell
 * them from all else, without a carry from one byte to the next. */
static inline struct marks marks_of(uint64_t word)
{
	const uint64_t highest = UINT64_C(0x8080808080808080);
	uint64_t differs = word ^ UINT64_C(0x2f2f2f2f2f2f2f2f);
	uint64_t other = ((differs & UINT64_C(0x7e7e7e7e7e7e7e7e)) + ~highest) | differs;
	uint64_t dot = differs << 7;

	return (struct marks){ gather(~(other | dot) & highest), gather(~other & dot & highest) };
}

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

/* Copy and hash @n times eight bytes from the one at 8 * @first on, at most 64. */
static inline struct marks take_words(struct trie_name *name, const char *path, size_t first,
				      size_t n)
{
	struct marks all = { 0 };
	uint64_t hash = name->hashes[first];

	for (size_t i = 0; i < n; i++) {
		uint64_t word = trie_load(path + 8 * (first + i));
		struct marks marks = marks_of(word);

		put(name, first + i, word);
		all.slashes |= marks.slashes << 8 * i;
		all.dots |= marks.dots << 8 * i;
		name->hashes[first + i + 1] = hash = trie_mix(hash, word);
	}
	return all;
}

/* The same with the end of the name, @left bytes from the one at 8 * @first on. */
static inline struct marks take_last(struct trie_name *name, const char *path, size_t first,
				     size_t left)
{
	struct marks all = take_words(name, path, first, left / 8), marks;
	uint64_t rest = load_rest(path, name->len);

	marks = marks_of(rest);
	put(name, name->len / 8, rest);
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
static inline bool is_clean(const struct marks *marks, uint64_t ends, struct carries *carries)
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
		struct marks marks = left >= TRIE_NAME_BLOCK
					     ? take_words(name, path, at / 8, TRIE_NAME_BLOCK / 8)
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

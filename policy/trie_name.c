/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every request pays for this, whatever the policy. The name is gone through
 * once, by eight bytes, and in it as little depends on a branch or on what was
 * written a moment ago as can be: the slashes of 64 bytes are bits of one word,
 * and what is written is read again by the same eight.
 */
#include "policy/trie_name.h"

#include <endian.h>
#include <string.h>

#include "policy/match.h"

/* Which of eight bytes are slashes: a bit for each. The highest bits of the bytes, moved by a
 * different number each, meet in the highest byte of the product. */
static inline uint64_t slashes_of(uint64_t word)
{
	const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
	uint64_t other = word ^ UINT64_C(0x2f2f2f2f2f2f2f2f);
	uint64_t highest = ~(((other & low) + low) | other | low);

	return (highest >> 7) * UINT64_C(0x0102040810204080) >> 56;
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

/* Copy and hash @n times eight bytes from the one at 8 * @first on, at most 64: which are slashes? */
static inline uint64_t take_block(struct trie_name *name, const char *path, size_t first, size_t n)
{
	uint64_t hash = name->hashes[first], slashes = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t word = trie_load(path + 8 * (first + i));

		put(name, first + i, word);
		slashes |= slashes_of(word) << 8 * i;
		name->hashes[first + i + 1] = hash = trie_mix(hash, word);
	}
	return slashes;
}

/* Where components of the block of 64 bytes at @at end. */
static inline uint64_t take_ends(struct trie_name *name, const char *path, size_t at)
{
	size_t left = name->len - at;
	uint64_t found, rest;

	if (left >= TRIE_NAME_BLOCK) {
		found = take_block(name, path, at / 8, TRIE_NAME_BLOCK / 8);
	} else {
		found = take_block(name, path, at / 8, left / 8);
		rest = load_rest(path, name->len);
		put(name, name->len / 8, rest);
		found |= slashes_of(rest) << left / 8 * 8 | UINT64_C(1) << left;
	}
	return at == 0 ? found & ~UINT64_C(1) : found;
}

/* Without two slashes in a row there are at most TRIE_PARTS_MAX. */
static bool cut(struct trie_name *name, const char *path, uint64_t lens)
{
	const char *text = trie_name_text(name);
	size_t n = 0, n_marked = 0, start = 1;

	for (size_t at = 0; at <= name->len; at += TRIE_NAME_BLOCK)
		for (uint64_t ends = take_ends(name, path, at); ends; ends &= ends - 1) {
			size_t end = at + (size_t)__builtin_ctzll(ends);

			if ((end == start || text[start] == '.') &&
			    match_is_no_name(text + start, end - start))
				return false;
			name->parts[n] = (struct trie_part){ (uint16_t)start, (uint16_t)end };
			name->marked[n_marked] = (uint16_t)n++;
			n_marked += lens >> end % 64 & 1;
			start = end + 1;
		}
	name->n_parts = n;
	name->n_marked = n_marked;
	return true;
}

bool trie_name_read(struct trie_name *name, const char *path, uint64_t lens)
{
	size_t len = strnlen(path, TRIE_NAME_MAX + 1);

	name->n_parts = 0;
	name->n_marked = 0;
	if (len > TRIE_NAME_MAX || path[0] != '/')
		return false;
	name->len = len;
	name->hashed_from = 0;
	name->hashes[0] = 0;
	if (len > 1)
		return cut(name, path, lens);
	put(name, 0, '/');
	return true;
}

static void hash_from(struct trie_name *name, size_t from)
{
	const char *text = trie_name_text(name) + from;

	name->hashed_from = from;
	name->hashes[0] = 0;
	for (size_t i = 0; i < (name->len - from) / 8; i++)
		name->hashes[i + 1] = trie_mix(name->hashes[i], trie_load(text + 8 * i));
}

void trie_name_below(struct trie_name *name, size_t n_above, uint64_t lens)
{
	size_t from = n_above > 0 ? name->parts[n_above - 1].end : 0;

	hash_from(name, from);
	name->n_marked = 0;
	for (size_t i = n_above; i < name->n_parts; i++)
		if (lens >> (name->parts[i].end - from) % 64 & 1)
			name->marked[name->n_marked++] = (uint16_t)i;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_TRIE_HASH_H
#define FDB_POLICY_TRIE_HASH_H

/*
 * Hashes of the bytes at the front or at the end of something, eight at a time
 * and without a branch for the length of what is short. For that, eight bytes
 * must be readable from where a short one begins, or ends; what they are makes
 * no difference.
 *
 * Nobody can make names collide for long: what is in the table is the policy's
 * alone, and bytes are compared.
 */

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TRIE_HASH_PAD 8U /* bytes on either side */

/* Of ascending lengths, one after the other, of the same bytes. */
struct trie_hash {
	uint64_t state;
	size_t done;
};

static inline uint64_t trie_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static inline uint64_t trie_load(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return le64toh(word);
}

/* The first @len bytes, less than eight. */
static inline uint64_t trie_load_some(const char *bytes, size_t len)
{
	return trie_load(bytes) & ((UINT64_C(1) << 8 * len) - 1);
}

/* Of the first @len bytes; no others are read where they are eight or more. */
static inline uint64_t trie_hash_head(struct trie_hash *hash, const char *text, size_t len)
{
	if (len < 8)
		return trie_mix(0, trie_load_some(text, len));
	for (; hash->done + 8 < len; hash->done += 8)
		hash->state = trie_mix(hash->state, trie_load(text + hash->done));
	return trie_mix(hash->state, trie_load(text + len - 8));
}

/* Of the last @len bytes before @end. */
static inline uint64_t trie_hash_tail(struct trie_hash *hash, const char *end, size_t len)
{
	if (len == 0)
		return trie_mix(0, 0);
	if (len < 8)
		return trie_mix(0, trie_load(end - 8) >> 8 * (8 - len));
	for (; hash->done + 8 < len; hash->done += 8)
		hash->state = trie_mix(hash->state, trie_load(end - hash->done - 8));
	return trie_mix(hash->state, trie_load(end - len));
}

/* The key of a whole text. */
static inline uint64_t trie_hash_all(const char *text, size_t len)
{
	struct trie_hash hash = { 0 };

	return trie_hash_head(&hash, text, len);
}

/* The key of a component, or of one of its ends. */
static inline uint64_t trie_key(uint32_t owner, uint64_t hash)
{
	return trie_mix((uint32_t)hash, (uint64_t)owner << 32);
}

#endif

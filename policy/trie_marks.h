/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_TRIE_MARKS_H
#define FDB_POLICY_TRIE_MARKS_H

/* Slashes and dots, many at once and without a branch. */

#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "policy/trie_hash.h"

/* Of a few bytes, a bit for each, the first one lowest. */
struct trie_marks {
	uint64_t slashes, dots;
};

/* The highest bits of eight bytes, side by side: moved by a different number each, they meet in the
 * highest byte of the product. */
static inline uint64_t trie_gather(uint64_t highest)
{
	return highest * UINT64_C(0x0002040810204081) >> 56;
}

/* The byte of a slash is 0x2f, that of a dot 0x2e: the lowest bit tells them apart, the others tell
 * them from all else, without a carry from one byte to the next. Of eight bytes. */
static inline struct trie_marks trie_marks_of(uint64_t word)
{
	const uint64_t highest = UINT64_C(0x8080808080808080);
	uint64_t differs = word ^ UINT64_C(0x2f2f2f2f2f2f2f2f);
	uint64_t other = ((differs & UINT64_C(0x7e7e7e7e7e7e7e7e)) + ~highest) | differs;
	uint64_t dot = differs << 7;

	return (struct trie_marks){ trie_gather(~(other | dot) & highest),
				    trie_gather(~other & dot & highest) };
}

#ifdef __SSE2__
/* Of sixteen bytes. */
static inline struct trie_marks trie_marks_of_two(const char *bytes)
{
	__m128i all = _mm_loadu_si128((const __m128i *)(const void *)bytes);
	__m128i slashes = _mm_cmpeq_epi8(all, _mm_set1_epi8('/'));
	__m128i dots = _mm_cmpeq_epi8(all, _mm_set1_epi8('.'));

	return (struct trie_marks){ (uint32_t)_mm_movemask_epi8(slashes),
				    (uint32_t)_mm_movemask_epi8(dots) };
}
#else
static inline struct trie_marks trie_marks_of_two(const char *bytes)
{
	struct trie_marks low = trie_marks_of(trie_load(bytes)),
			  high = trie_marks_of(trie_load(bytes + 8));

	return (struct trie_marks){ low.slashes | high.slashes << 8, low.dots | high.dots << 8 };
}
#endif

#endif

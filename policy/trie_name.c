/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every request pays for this, whatever the policy. The name is looked through
 * by sixteen bytes, and as little as can be depends on a branch: the slashes of
 * 64 bytes are bits of one word, so are the dots, and whether all is clean is
 * asked of those words. The last sixteen bytes are taken together with some of
 * those before them, so that none behind the name is read.
 */
#include "policy/trie_name.h"

#include <string.h>

#include "policy/trie_marks.h"

/* Of the last byte before a block: is it a slash, a dot behind one, a dot behind that? */
struct carries {
	uint64_t slash, dot, dots;
};

static void copy(struct trie_name *name)
{
	char *text = name->padded + TRIE_HASH_PAD;

	memcpy(text, name->text, name->len + 1);
	name->text = text;
}

static inline void add(struct trie_marks *all, const char *bytes, size_t at)
{
	struct trie_marks marks = trie_marks_of_two(bytes + at);

	all->slashes |= marks.slashes << at;
	all->dots |= marks.dots << at;
}

/* Of sixteen bytes, or up to a block. */
static inline struct trie_marks marks_of(const char *bytes, size_t len)
{
	struct trie_marks all = { 0 };

	for (size_t at = 0; at < len - 16; at += 16)
		add(&all, bytes, at);
	add(&all, bytes, len - 16);
	return all;
}

/* Of a short name, which has been copied. */
static struct trie_marks marks_of_short(const struct trie_name *name)
{
	struct trie_marks all = marks_of(name->text, 16);
	uint64_t in_it = (UINT64_C(1) << name->len) - 1;

	return (struct trie_marks){ all.slashes & in_it, all.dots & in_it };
}

/* Of the last @left bytes of a long name, less than a block: of its last block, but for what was looked
 * at before. */
static struct trie_marks marks_of_last(const struct trie_name *name, size_t left)
{
	const char *end = name->text + name->len;
	struct trie_marks all = marks_of(end - TRIE_NAME_BLOCK, TRIE_NAME_BLOCK);

	return (struct trie_marks){ all.slashes >> (63 - left) >> 1, all.dots >> (63 - left) >> 1 };
}

/* The bytes behind those that are marked, here and in the block before. */
static inline uint64_t behind(uint64_t bits, uint64_t *carry)
{
	uint64_t moved = bits << 1 | *carry;

	*carry = bits >> 63;
	return moved;
}

/* Of the block @at: mark the ends of components, of which the slash at the front is none. False: a
 * component ends here that is none: empty, `.` or `..`. */
static inline bool mark(struct trie_name *name, size_t at, struct trie_marks marks,
			struct carries *carries)
{
	uint64_t ends = marks.slashes;
	uint64_t empty = behind(marks.slashes, &carries->slash);
	uint64_t dot = behind(marks.dots & empty, &carries->dot);
	uint64_t dots = behind(marks.dots & dot, &carries->dots);

	if (name->len - at < TRIE_NAME_BLOCK)
		ends |= UINT64_C(1) << (name->len - at);
	if (at == 0)
		ends &= ~UINT64_C(1);
	name->ends[at / TRIE_NAME_BLOCK] = ends;
	return !(ends & (empty | dot | dots));
}

static bool mark_long(struct trie_name *name)
{
	struct carries carries = { 0 };
	size_t at = 0;

	for (; name->len - at >= TRIE_NAME_BLOCK; at += TRIE_NAME_BLOCK)
		if (!mark(name, at, marks_of(name->text + at, TRIE_NAME_BLOCK), &carries))
			return false;
	return mark(name, at, marks_of_last(name, name->len - at), &carries);
}

static bool mark_short(struct trie_name *name)
{
	struct carries none = { 0 };

	/* The root is what has no components. */
	if (name->len == 1) {
		name->text++;
		name->len = 0;
	}
	copy(name);
	return mark(name, 0, marks_of_short(name), &none);
}

static inline bool begin(struct trie_name *name, const char *text, size_t len)
{
	struct carries none = { 0 };

	name->text = text;
	name->len = len;
	name->is_cut = false;
	if (len < TRIE_NAME_SHORT)
		return mark_short(name);
	if (len >= TRIE_NAME_BLOCK)
		return mark_long(name);
	return mark(name, 0, marks_of(text, len), &none);
}

bool trie_name_read(struct trie_name *name, const char *path)
{
	size_t len = strlen(path);

	if (len > TRIE_NAME_MAX || path[0] != '/')
		return false;
	return begin(name, path, len);
}

void trie_name_read_rest(struct trie_name *name, const char *rest)
{
	begin(name, rest, strlen(rest));
}

size_t trie_name_count(const struct trie_name *name, size_t len)
{
	size_t n = 0, last = len / TRIE_NAME_BLOCK;

	for (size_t i = 0; i < last; i++)
		n += (size_t)__builtin_popcountll(name->ends[i]);
	return n + (size_t)__builtin_popcountll(name->ends[last] << (63 - len % TRIE_NAME_BLOCK));
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
	if (name->len >= TRIE_NAME_SHORT)
		copy(name);
}

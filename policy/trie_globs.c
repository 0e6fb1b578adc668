/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Partial globs that go on from one node are found by the literal bytes that
 * they begin with, then by those that they end with: one look-up for each
 * length of such bytes that there is, and no more than the component is long.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"
#include "policy/trie_build.h"
#include "policy/trie_hash.h"

enum end { HEAD, TAIL };

/* The literal bytes at one end of a partial glob, if any. */
struct bytes {
	const char *bytes;
	uint32_t len;
};

static struct bytes end_of(const struct component *component, enum end end)
{
	const struct atom *atom = component->atoms + (end == TAIL ? component->n - 1 : 0);

	if (atom->kind != ATOM_BYTES)
		return (struct bytes){ .bytes = "" };
	return (struct bytes){ atom->bytes, atom->len };
}

static int compare_ends(const struct trie_range *a, const struct trie_range *b, enum end end)
{
	struct bytes x = end_of(a->component, end), y = end_of(b->component, end);

	if (x.len != y.len)
		return x.len < y.len ? -1 : 1;
	return memcmp(x.bytes, y.bytes, x.len);
}

/* By length, so that the lengths of a range are ascending. */
static int compare_globs(const void *a, const void *b)
{
	int order = compare_ends(a, b, HEAD);

	return order ? order : compare_ends(a, b, TAIL);
}

static uint64_t key_of(struct bytes bytes, enum end end, uint32_t owner)
{
	char padded[TRIE_NAME_MAX + 2 * TRIE_HASH_PAD] = { 0 };
	char *start = padded + TRIE_HASH_PAD;
	struct trie_hash hash = { 0 };

	memcpy(start, bytes.bytes, bytes.len);
	return trie_key(owner, end == HEAD ? trie_hash_head(&hash, start, bytes.len)
					   : trie_hash_tail(&hash, start + bytes.len, bytes.len));
}

/* How many of the first ones have the same end. */
static size_t count_alike(const struct trie_range *globs, size_t n, enum end end)
{
	size_t alike = 1;

	while (alike < n && compare_ends(globs, globs + alike, end) == 0)
		alike++;
	return alike;
}

/* All lengths that this end has, once. */
static int add_lengths(struct trie *trie, const struct trie_range *globs, size_t n, enum end end)
{
	size_t first = trie->n_lengths;

	for (size_t i = 0; i < n; i++) {
		uint32_t len = end_of(globs[i].component, end).len;
		uint16_t *length;

		if (trie->n_lengths > first && trie->lengths[trie->n_lengths - 1] == len)
			continue;
		length = ARRAY_ADD(trie->lengths, trie->n_lengths);
		if (!length)
			return -ENOMEM;
		*length = (uint16_t)len;
	}
	return 0;
}

static int new_group(struct trie *trie, uint32_t first, size_t n, uint32_t *ret)
{
	struct trie_group *group = ARRAY_ADD(trie->groups, trie->n_groups);

	if (!group)
		return -ENOMEM;
	*group = (struct trie_group){ first, (uint32_t)n };
	*ret = (uint32_t)(trie->n_groups - 1) | TRIE_GROUP;
	return 0;
}

/* Globs that differ in the middle alone are children to be tried one after the other. */
static int add_middles(struct trie_builder *b, uint32_t node, const struct trie_range *globs,
		       size_t n, uint32_t *ret)
{
	struct trie *trie = b->trie;
	uint32_t first = (uint32_t)trie->n_children;

	if (n == 1)
		return trie_build_child(b, node, globs, ret);
	for (size_t i = 0; i < n; i++) {
		uint32_t *child = ARRAY_ADD(trie->children, trie->n_children);
		int r = child ? trie_build_child(b, node, &globs[i], child) : -ENOMEM;

		if (r < 0)
			return r;
	}
	return new_group(trie, first, n, ret);
}

/* Globs that begin alike. */
static int add_tails(struct trie_builder *b, uint32_t node, const struct trie_range *globs,
		     size_t n, uint32_t *ret)
{
	struct trie *trie = b->trie;
	uint32_t length = (uint32_t)trie->n_lengths, first = length;
	size_t alike;
	int r;

	if (n == 1)
		return trie_build_child(b, node, globs, ret);
	r = add_lengths(trie, globs, n, TAIL);
	if (r == 0)
		r = new_group(trie, first, trie->n_lengths - first, ret);
	for (size_t i = 0; r == 0 && i < n; i += alike) {
		struct bytes tail = end_of(globs[i].component, TAIL);
		uint32_t child;

		length += trie->lengths[length] != tail.len;
		alike = count_alike(globs + i, n - i, TAIL);
		r = add_middles(b, node, globs + i, alike, &child);
		if (r == 0)
			r = trie_build_entry(b, key_of(tail, TAIL, trie_length_owner(length)),
					     trie_length_owner(length), child);
	}
	return r;
}

int trie_build_globs(struct trie_builder *b, uint32_t node, struct trie_range *globs, size_t n)
{
	struct trie *trie = b->trie;
	uint32_t length = (uint32_t)trie->n_lengths;
	size_t alike;
	int r;

	if (n == 0)
		return 0;
	qsort(globs, n, sizeof(*globs), compare_globs);
	r = add_lengths(trie, globs, n, HEAD);
	trie->nodes[node].heads = length;
	trie->nodes[node].n_heads = (uint16_t)(trie->n_lengths - length);
	for (size_t i = 0; r == 0 && i < n; i += alike) {
		struct bytes head = end_of(globs[i].component, HEAD);
		uint32_t child;

		length += trie->lengths[length] != head.len;
		alike = count_alike(globs + i, n - i, HEAD);
		r = add_tails(b, node, globs + i, alike, &child);
		if (r == 0)
			r = trie_build_entry(b, key_of(head, HEAD, trie_length_owner(length)),
					     trie_length_owner(length), child);
	}
	return r;
}

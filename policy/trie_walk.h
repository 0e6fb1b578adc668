/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_TRIE_WALK_H
#define FDB_POLICY_TRIE_WALK_H

/* What a walk works with. For the modules that walk: trie_walk.c from the roots to what the name
 * begins with, trie_nodes.c from there on. */

#include "policy/trie_name.h"
#include "policy/trie_parts.h"

/* A beginning of the name, of which the table may know. */
struct trie_text {
	uint64_t key;
	size_t end;
};

struct trie_walk {
	const struct trie *trie;
	/* Of one search. */
	const struct match_values *values;
	trie_found *found;
	void *arg;
	size_t n_above, above_len; /* components and bytes above the root: the home directory's */
	uint32_t *current, *next; /* nodes that the name has led to, and will after one part more */
	size_t n_current, n_next;
	uint32_t *staying;    /* those after `**` */
	uint32_t *staying_at; /* of a node: its index in `staying`, if that is it */
	size_t n_staying;
	struct trie_text texts[TRIE_PARTS_MAX];
	struct trie_name name;
};

/* trie_nodes.c: the name's first @i components have led to the node. */

/* Find all from @node on. */
void trie_nodes_find(struct trie_walk *walk, uint32_t node, size_t i);
/* What comes after the components of @node, or is all of it, is this item alone. */
void trie_nodes_try_leaf(struct trie_walk *walk, const struct trie_node *node, uint32_t leaf,
			 size_t i);

static inline const char *trie_walk_text(const struct trie_walk *walk)
{
	return trie_name_text(&walk->name);
}

/* Bytes of the name up to the end of its first @n components; it is cut, or they are the root's. */
static inline size_t trie_walk_len(const struct trie_walk *walk, size_t n)
{
	return n == walk->n_above ? walk->above_len : walk->name.stops[n];
}

/* @item matches, by values that are known. */
static inline void trie_walk_tell(const struct trie_walk *walk, const struct trie_item *item)
{
	const struct pattern *pattern = &item->pattern;
	size_t n_leading = walk->n_above + pattern->n_leading;
	size_t prefix_len = pattern->n_leading == pattern->n_plain
				    ? walk->above_len + pattern->plain_len
				    : walk->name.stops[n_leading];

	if (!(pattern->specifiers & walk->values->unknown))
		walk->found(walk->arg, item, TRUTH_YES, n_leading, prefix_len);
}

#endif

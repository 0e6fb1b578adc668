/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_TRIE_WALK_H
#define FDB_POLICY_TRIE_WALK_H

/* What a walk works with. For the modules that walk: trie_walk.c from the roots to what the name
 * begins with, trie_nodes.c from there on. */

#include "policy/trie_name.h"
#include "policy/trie_parts.h"

/* A beginning of the name, of which the table may know. */
struct trie_text {
	const struct trie_slot *slot;
	uint32_t tag;
	uint32_t len;
};

struct trie_walk {
	const struct trie *trie;
	/* Of one search. */
	const struct match_values *values;
	/* Components and bytes above the root, of which the name here has none: the home directory's, or
	 * the slash that is all of "/". */
	size_t n_above, above_len;
	uint32_t *current, *next; /* nodes that the name has led to, and will after one part more */
	size_t n_current, n_next;
	uint32_t *staying;    /* those after `**` */
	uint32_t *staying_at; /* of a node: its index in `staying`, if that is it */
	size_t n_staying;
	struct trie_match *matches; /* found so far; there is room for each item */
	size_t n_matches;
	struct trie_text texts[TRIE_PARTS_MAX];
	struct trie_name name;
};

/* trie_nodes.c: the name's first @i components have led to the node. */

/* Find all from @node on. */
void trie_nodes_find(struct trie_walk *walk, uint32_t node, size_t i);
/* What comes after the components of @node, or is all of it, is this item alone. */
void trie_nodes_try_leaf(struct trie_walk *walk, const struct trie_node *node, uint32_t leaf,
			 size_t i);

/* trie_unknown.c: tell of the items that trie_walk_tell() leaves out. */
void trie_unknown_find(struct trie_walk *walk, const char *path);

/* @item matches, by values that are known. */
static inline void trie_walk_tell(struct trie_walk *walk, const struct trie_item *item)
{
	const struct pattern *pattern = &item->pattern;
	size_t len = pattern->n_leading == pattern->n_plain ? pattern->plain_len
							    : walk->name.stops[pattern->n_leading];

	if (!(pattern->specifiers & walk->values->unknown))
		walk->matches[walk->n_matches++] = (struct trie_match){
			.item = item,
			.n_leading = (uint16_t)(walk->n_above + pattern->n_leading),
			.prefix_len = (uint16_t)(walk->above_len + len),
			.matches = TRUTH_YES,
		};
}

#endif

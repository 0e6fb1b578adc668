/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_TRIE_PARTS_H
#define FDB_POLICY_TRIE_PARTS_H

/* What a trie is made of. For the module that builds it and the one that walks it. */

#include "policy/affix.h"
#include "policy/trie.h"

#define TRIE_LEAF (UINT32_C(1) << 31) /* of a child: not a node but one item */

/* The patterns that begin with the same components. */
struct trie_node {
	uint32_t depth;	   /* how many components those are */
	uint32_t first, n; /* items whose other components are looked at one by one, from here on */
	uint32_t star, deep;	 /* nodes after `*` and `**`, or 0: the root comes after nothing */
	uint32_t heads, n_heads; /* in trie.affixes: of the children after a partial glob */
	bool is_deep;		 /* its last component is `**` */
	bool below_deep;	 /* another is; then no item here has one more */
	bool has_edges;
};

/* After a plain component. The table is keyed by both; a free slot has no component. */
struct trie_edge {
	const struct component *component;
	uint32_t node, child;
};

/* After any other component. */
struct trie_glob {
	const struct component *component;
	uint32_t child;
};

enum { TRIE_ROOT, TRIE_ROOT_HOME, TRIE_ROOTS }; /* from "/", and from the home directory */

struct trie {
	struct trie_item *items; /* patterns that begin alike stand together */
	size_t n_items;
	bool has_home; /* some pattern begins there */
	struct trie_use *uses;
	size_t n_uses;
	struct trie_node *nodes;
	size_t n_nodes;
	struct trie_edge *edges;
	size_t n_edges, edges_room; /* a power of two, or 0 */
	struct affix *affixes;	    /* heads, each with its tails, each with its globs */
	size_t n_affixes;
	struct trie_glob *globs;
	size_t n_globs;
};

static inline size_t trie_edge_slot(const struct trie *trie, uint32_t node,
				    const struct component *component)
{
	uint64_t key = ((uint64_t)(uintptr_t)component >> 3 ^ (uint64_t)node << 40) *
		       UINT64_C(0x9e3779b97f4a7c15);

	return (key ^ key >> 32) & (trie->edges_room - 1);
}

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_TRIE_PARTS_H
#define FDB_POLICY_TRIE_PARTS_H

/* What a trie is made of. For the module that builds it and the one that walks it. */

#include <string.h>

#include "policy/affix.h"
#include "policy/trie.h"

#define TRIE_LEAF (UINT32_C(1) << 31) /* of a child: not a node but one item */

/* The patterns that begin with the same components. */
struct trie_node {
	const struct component *component; /* the last of those; NULL: a root */
	uint32_t depth;			   /* how many components those are */
	uint32_t first, n; /* items whose other components are looked at one by one, from here on */
	uint32_t star, deep;	 /* nodes after `*` and `**`, or 0: the root comes after nothing */
	uint32_t heads, n_heads; /* in trie.affixes: of the children after a partial glob */
	bool is_deep;		 /* its last component is `**` */
	bool below_deep;	 /* another is; then no item here has one more */
	bool stays;		 /* once reached, later reaching adds nothing */
	bool has_edges, goes_on; /* has edges, or children after `*` or a glob */
};

/* After a plain component. The table is keyed by node and hash; the bytes are the child's to
 * compare. */
struct trie_edge {
	uint32_t hash; /* of the component; 0: free */
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

static inline uint64_t trie_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static inline uint64_t trie_load(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* Never 0. Eight bytes at a time, the last of them overlapping those before. */
static inline uint32_t trie_hash(const char *bytes, size_t len)
{
	uint64_t hash = len;
	uint32_t low, high;

	if (len >= 8) {
		for (size_t i = 0; i + 8 < len; i += 8)
			hash = trie_mix(hash, trie_load(bytes + i));
		return (uint32_t)trie_mix(hash, trie_load(bytes + len - 8)) | 1;
	}
	if (len >= 4) {
		memcpy(&low, bytes, 4);
		memcpy(&high, bytes + len - 4, 4);
		return (uint32_t)trie_mix(hash, low | (uint64_t)high << 32) | 1;
	}
	low = (unsigned char)bytes[0] | (uint32_t)(unsigned char)bytes[len / 2] << 8 |
	      (uint32_t)(unsigned char)bytes[len - 1] << 16;
	return (uint32_t)trie_mix(hash, low) | 1;
}

static inline size_t trie_edge_slot(const struct trie *trie, uint32_t node, uint32_t hash)
{
	return trie_mix(hash, (uint64_t)node << 32) & (trie->edges_room - 1);
}

#endif

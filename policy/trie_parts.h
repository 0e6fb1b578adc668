/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_TRIE_PARTS_H
#define FDB_POLICY_TRIE_PARTS_H

/* What a trie is made of. For the modules that build it and the one that walks it. */

#include "policy/trie.h"

/* A child is a node, but for these: the only pattern that goes on so, which needs no node, and for
 * partial globs those that begin, or begin and end, alike. 0: there is none. */
#define TRIE_LEAF  (UINT32_C(1) << 31) /* an item */
#define TRIE_GROUP (UINT32_C(1) << 30) /* one of trie.groups */

/* The patterns that begin with the same components. */
struct trie_node {
	uint32_t item;	     /* one of them */
	uint32_t ends;	     /* the one that has no more, or 0 */
	uint32_t star, deep; /* children after `*` and `**`, or 0 */
	uint32_t heads;	     /* in trie.lengths: of the bytes that partial globs begin with */
	uint16_t n_heads;
	uint16_t depth; /* components so far, those not counted that are text */
	bool is_deep;	/* its last component is `**` */
	bool below_deep; /* another is; then no pattern here has one more, unless there is a node for it */
	bool stays;		 /* once reached, later reaching adds nothing */
	bool has_edges, goes_on; /* has children after plain components; after anything but `**` */
};

/* Of partial globs: the lengths of the bytes that they end with; in the end, children. */
struct trie_group {
	uint32_t first, n; /* in trie.lengths, or in trie.children */
};

/* The child of @owner after some bytes. An owner is a node, for a whole component, or for one of the
 * roots for all the components of a text; or a length, for the ends of a partial glob. */
struct trie_slot {
	uint32_t owner; /* 0: free; with TRIE_MORE if the next slot is worth a look too */
	uint32_t tag;	/* of the bytes, which must be compared when they look the same */
	uint32_t child;
};

#define TRIE_MORE (UINT32_C(1) << 31)

enum {
	TRIE_NONE,
	TRIE_ROOT,
	TRIE_ROOT_HOME,
	TRIE_ROOTS
}; /* from "/", and from the home directory */

#define TRIE_LETTERS 32U

struct trie {
	uint64_t *block; /* all items, in order; each is named by its first word */
	size_t n_words;
	size_t n_items;
	bool has_home;	       /* some pattern begins there */
	struct trie_use *uses; /* of items with more than one */
	size_t n_uses;
	struct trie_use *standing;
	size_t n_standing;
	struct trie_node *nodes;
	size_t n_nodes;
	struct trie_slot *slots; /* a table, keyed by owner and bytes; in the order of the keys */
	uint8_t *
		filter; /* for each slot eight bits, some of which say that it may be worth a look */
	uint32_t n_slots; /* a power of two */
	uint8_t shift;	  /* what is left of a key behind it is a slot */
	/* Of the texts that begin with a letter: their lengths, modulo 64, a bit for each. */
	uint64_t text_lens[TRIE_LETTERS];
	uint16_t *lengths; /* ascending, for each node and group */
	size_t n_lengths;
	struct trie_group *groups;
	size_t n_groups;
	uint32_t *children;
	size_t n_children;
};

static inline const struct trie_item *trie_item(const struct trie *trie, uint32_t child)
{
	return (const struct trie_item *)(const void *)(trie->block + (child & ~TRIE_LEAF));
}

static inline uint32_t trie_node_owner(uint32_t node)
{
	return node << 1;
}

static inline uint32_t trie_length_owner(uint32_t length)
{
	return length << 1 | 1;
}

static inline size_t trie_slot_of(const struct trie *trie, uint64_t key)
{
	return key >> trie->shift;
}

/* Where in trie.text_lens what begins as @text does is, with a slash and a letter. */
static inline size_t trie_letter_of(const char *text)
{
	return (unsigned char)text[1] % TRIE_LETTERS;
}

static inline bool trie_may_have(const struct trie *trie, uint64_t key)
{
	return trie->filter[trie_slot_of(trie, key)] >> (key & 7) & 1;
}

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_TRIE_BUILD_H
#define FDB_POLICY_TRIE_BUILD_H

/* What the modules that build a trie share. Every function returns 0 or -ENOMEM. */

#include "policy/trie_parts.h"

/* Items that go on with the same component. */
struct trie_range {
	const struct component *component;
	uint32_t first, n; /* in builder.items */
};

struct trie_entry {
	uint64_t key;
	uint32_t owner, child;
};

struct trie_builder {
	struct trie *trie;
	uint32_t *items; /* of all items, in order: those that begin alike are neighbours */
	size_t n_items;
	struct trie_range *ranges; /* of each node: its items */
	size_t n_ranges;
	struct trie_entry *entries; /* what goes to the table */
	size_t n_entries;
};

/* The rules' patterns, equal ones once, to trie.block. */
int trie_build_items(struct trie_builder *b, struct policy *policy);

/* A child of @node, which is a node or an item. */
int trie_build_child(struct trie_builder *b, uint32_t node, const struct trie_range *range,
		     uint32_t *ret);

/* The children of @node after partial globs. */
int trie_build_globs(struct trie_builder *b, uint32_t node, struct trie_range *globs, size_t n);

int trie_build_entry(struct trie_builder *b, uint64_t key, uint32_t owner, uint32_t child);

/* All entries into the table, once all are there. */
int trie_build_table(struct trie_builder *b);

#endif

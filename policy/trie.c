/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a pattern begins with up to its first wildcard is one step from the
 * root, however many components that is: the name's beginnings are looked up,
 * not walked. From there on nodes are split in order of their depth, without
 * recursion. What goes on as one pattern alone needs no node: it is compared
 * as a whole.
 *
 * A `**` is always split off where another comes after it: of a pattern with
 * two, what stands between them need only be found once, as early as it fits,
 * and that is known at the node of the second.
 */
#include "policy/trie.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/array.h"
#include "policy/compiled.h"
#include "policy/trie_build.h"
#include "policy/trie_hash.h"

#define LEAF_ITEMS 1U /* that need no node */

DEFINE_CLEANUP(struct trie *, trie_free)

static const struct pattern *pattern_at(const struct trie_builder *b, uint32_t i)
{
	return &trie_item(b->trie, b->items[i])->pattern;
}

int trie_build_entry(struct trie_builder *b, uint64_t key, uint32_t owner, uint32_t child)
{
	struct trie_entry *entry = ARRAY_ADD(b->entries, b->n_entries);

	if (!entry)
		return -ENOMEM;
	*entry = (struct trie_entry){ key, owner, child };
	return 0;
}

static int add_node(struct trie_builder *b, struct trie_node node, struct trie_range range,
		    uint32_t *ret)
{
	struct trie_range *new_range = ARRAY_ADD(b->ranges, b->n_ranges);
	struct trie_node *new = ARRAY_ADD(b->trie->nodes, b->trie->n_nodes);

	if (!new || !new_range || b->trie->n_nodes >= TRIE_GROUP / 2)
		return -ENOMEM;
	*new_range = range;
	*new = node;
	*ret = (uint32_t)(b->trie->n_nodes - 1);
	return 0;
}

static bool has_deep(const struct pattern *pattern, uint32_t depth)
{
	for (uint32_t i = depth; i < pattern->n; i++)
		if (pattern->components[i]->deep)
			return true;
	return false;
}

static bool is_leaf(const struct trie_builder *b, const struct trie_node *parent,
		    const struct trie_range *range)
{
	return range->n <= LEAF_ITEMS &&
	       !(parent->below_deep && has_deep(pattern_at(b, range->first), parent->depth));
}

int trie_build_child(struct trie_builder *b, uint32_t node, const struct trie_range *range,
		     uint32_t *ret)
{
	const struct trie_node *parent = &b->trie->nodes[node];
	bool deep = range->component->deep;
	struct trie_node child = {
		.item = b->items[range->first],
		.depth = (uint16_t)(parent->depth + 1),
		.is_deep = deep,
		.below_deep = parent->below_deep || deep,
		.stays = parent->below_deep && deep,
	};

	if (!is_leaf(b, parent, range))
		return add_node(b, child, *range, ret);
	*ret = b->items[range->first] | TRIE_LEAF;
	return 0;
}

static bool is_bare_star(const struct component *component)
{
	return component->n == 1 && component->atoms->kind == ATOM_STAR;
}

static int add_edge(struct trie_builder *b, uint32_t node, const struct trie_range *range)
{
	const struct atom *bytes = range->component->atoms;
	char padded[TRIE_NAME_MAX + 2 * TRIE_HASH_PAD] = { 0 };
	uint32_t owner = trie_node_owner(node), child;
	int r = trie_build_child(b, node, range, &child);

	if (r < 0)
		return r;
	b->trie->nodes[node].has_edges = true;
	memcpy(padded + TRIE_HASH_PAD, bytes->bytes, bytes->len);
	return trie_build_entry(b,
				trie_key(owner, trie_hash_all(padded + TRIE_HASH_PAD, bytes->len)),
				owner, child);
}

/* The partial globs of one node. */
struct globs {
	struct trie_range *items;
	size_t n;
};

static void globs_done(struct globs *globs)
{
	free(globs->items);
}

/* Of what only rules have that stand, nothing need be found. */
static bool is_unused(const struct trie_builder *b, uint32_t child)
{
	return child & TRIE_LEAF && trie_item(b->trie, child)->n_uses == 0;
}

static int add_range(struct trie_builder *b, uint32_t node, const struct trie_range *range,
		     struct globs *globs)
{
	struct trie_range *glob;
	uint32_t child;
	int r;

	if (range->component->plain)
		return add_edge(b, node, range);
	if (!range->component->deep && !is_bare_star(range->component)) {
		glob = ARRAY_ADD(globs->items, globs->n);
		if (!glob)
			return -ENOMEM;
		*glob = *range;
		return 0;
	}
	r = trie_build_child(b, node, range, &child);
	if (r < 0)
		return r;
	if (!range->component->deep)
		b->trie->nodes[node].star = child;
	else if (!is_unused(b, child))
		b->trie->nodes[node].deep = child;
	return 0;
}

/* The items from @at on, before @end, that go on with the same component. */
static struct trie_range next_range(const struct trie_builder *b, uint32_t at, uint32_t end,
				    uint32_t depth)
{
	struct trie_range range = { pattern_at(b, at)->components[depth], at, 1 };

	while (at + range.n < end &&
	       pattern_at(b, at + range.n)->components[depth] == range.component)
		range.n++;
	return range;
}

/* Node @i keeps the item that ends with it, and the others go to its children. */
static int split(struct trie_builder *b, uint32_t i)
{
	_cleanup_(globs_done) struct globs globs = { 0 };
	struct trie_node *node = &b->trie->nodes[i];
	uint32_t at = b->ranges[i].first, end = at + b->ranges[i].n, depth = node->depth;
	int r = 0;

	if (at < end && pattern_at(b, at)->n == depth)
		node->ends = b->items[at++];
	while (r == 0 && at < end) {
		struct trie_range range = next_range(b, at, end, depth);

		at += range.n;
		r = add_range(b, i, &range, &globs);
	}
	if (r == 0)
		r = trie_build_globs(b, i, globs.items, globs.n);
	if (r < 0)
		return r;
	node = &b->trie->nodes[i];
	node->goes_on = node->has_edges || node->star != 0 || node->n_heads > 0;
	node->stays = node->stays || (node->is_deep && node->goes_on);
	return 0;
}

static uint64_t text_key(const char *text, size_t len)
{
	char padded[TRIE_NAME_MAX + 2 * TRIE_HASH_PAD] = { 0 };

	memcpy(padded, text, len);
	return trie_hash_all(padded, len);
}

static bool same_text(const struct pattern *a, const struct pattern *b)
{
	return a->home == b->home && a->plain_len == b->plain_len &&
	       memcmp(pattern_plain(a), pattern_plain(b), a->plain_len) == 0;
}

static int add_text(struct trie_builder *b, uint32_t root, struct trie_range range)
{
	const struct pattern *pattern = pattern_at(b, range.first);
	uint64_t key = text_key(pattern_plain(pattern), pattern->plain_len);
	struct trie_node node = { .item = b->items[range.first] };
	uint32_t child = node.item | TRIE_LEAF;
	int r = range.n > LEAF_ITEMS ? add_node(b, node, range, &child) : 0;

	b->trie->text_lens[trie_letter_of(pattern_plain(pattern))] |= UINT64_C(1)
								      << pattern->plain_len % 64;
	return r < 0 ? r : trie_build_entry(b, key, trie_node_owner(root), child);
}

/* Those without text are the root's own, and come first. */
static int add_root(struct trie_builder *b, uint32_t root, uint32_t first, uint32_t n)
{
	struct trie_range own = { .first = first };
	struct trie_node node = { 0 };
	uint32_t index;
	int r;

	while (own.n < n && pattern_at(b, first + own.n)->plain_len == 0)
		own.n++;
	if (own.n > 0)
		node.item = b->items[first];
	r = add_node(b, node, own, &index);
	return r < 0 || index == root ? r : -EINVAL;
}

static int add_texts(struct trie_builder *b, uint32_t root, uint32_t first, uint32_t n)
{
	uint32_t at = first + b->ranges[root].n, end = first + n;
	int r = 0;

	while (r == 0 && at < end) {
		struct trie_range range = { .first = at, .n = 1 };

		while (at + range.n < end &&
		       same_text(pattern_at(b, at), pattern_at(b, at + range.n)))
			range.n++;
		at += range.n;
		r = add_text(b, root, range);
	}
	return r;
}

static int add_roots(struct trie_builder *b)
{
	uint32_t n = 0, n_home, none;
	int r;

	while (n < b->n_items && !pattern_at(b, n)->home)
		n++;
	n_home = (uint32_t)b->n_items - n;
	b->trie->has_home = n_home > 0;
	r = add_node(b, (struct trie_node){ 0 }, (struct trie_range){ 0 }, &none);
	if (r == 0)
		r = add_root(b, TRIE_ROOT, 0, n);
	if (r == 0)
		r = add_root(b, TRIE_ROOT_HOME, n, n_home);
	if (r == 0)
		r = add_texts(b, TRIE_ROOT, 0, n);
	if (r == 0)
		r = add_texts(b, TRIE_ROOT_HOME, n, n_home);
	return r;
}

static int build(struct trie_builder *b, struct policy *policy)
{
	int r = trie_build_items(b, policy);

	if (r == 0)
		r = add_roots(b);
	for (uint32_t i = TRIE_ROOT; r == 0 && i < b->trie->n_nodes; i++)
		r = split(b, i);
	if (r == 0)
		r = trie_build_table(b);
	if (r < 0)
		return r;
	ARRAY_TRIM(b->trie->nodes, b->trie->n_nodes);
	ARRAY_TRIM(b->trie->lengths, b->trie->n_lengths);
	ARRAY_TRIM(b->trie->groups, b->trie->n_groups);
	ARRAY_TRIM(b->trie->children, b->trie->n_children);
	return 0;
}

static void builder_done(struct trie_builder *b)
{
	free(b->items);
	free(b->ranges);
	free(b->entries);
}

int trie_new(struct trie **ret, struct policy *policy)
{
	_cleanup_(trie_freep) struct trie *trie = calloc(1, sizeof(*trie));
	_cleanup_(builder_done) struct trie_builder b = { .trie = trie };
	int r;

	if (!trie)
		return -ENOMEM;
	r = build(&b, policy);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(trie);
	return 0;
}

struct trie *trie_free(struct trie *trie)
{
	if (trie) {
		free(trie->block);
		free(trie->uses);
		free(trie->standing);
		free(trie->nodes);
		free(trie->slots);
		free(trie->filter);
		free(trie->lengths);
		free(trie->groups);
		free(trie->children);
		free(trie);
	}
	return NULL;
}

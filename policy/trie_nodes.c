/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From one beginning of the name on, all nodes that the name leads to are kept
 * at once and go one component further together, so that nothing is ever tried
 * again. A node is reached from its parent only, hence at most once at each
 * place in the name; one after `**` stays from where it is first reached, and
 * reaching it again later would add nothing.
 *
 * The cost is that of the components times the nodes that the name leads to.
 */
#include <string.h>

#include "policy/trie_hash.h"
#include "policy/trie_walk.h"

static bool is_any(const struct component *component)
{
	return component->n == 1 && component->atoms->kind == ATOM_STAR;
}

static bool part_matches(const struct trie_walk *walk, const struct component *component, size_t i)
{
	struct trie_part part = trie_name_part(&walk->name, i);

	if (component->plain)
		return component->atoms->len == part.len &&
		       memcmp(component->atoms->bytes, part.text, part.len) == 0;
	return is_any(component) || match_component(component, part.text, part.len, walk->values);
}

/* Components without `**`, against as many parts. */
static bool parts_match(const struct trie_walk *walk, const struct pattern *pattern, uint32_t depth,
			size_t i)
{
	for (; depth < pattern->n; depth++, i++)
		if (!part_matches(walk, pattern->components[depth], i))
			return false;
	return true;
}

/* The `**` at @depth and all behind it. The end of a name can only be what the end of the pattern
 * matches; at the end of a pattern `**` wants a component. */
static bool deep_matches(const struct trie_walk *walk, const struct pattern *pattern,
			 uint32_t depth, size_t i)
{
	size_t n = pattern->n - depth - 1, left = walk->name.n_parts - i;

	if (n == 0)
		return left > 0;
	for (uint32_t j = depth + 1; j < pattern->n; j++)
		if (pattern->components[j]->deep)
			return match_components(pattern, depth, walk->name.text,
						walk->name.stops[i], walk->values);
	return left >= n && parts_match(walk, pattern, depth + 1, walk->name.n_parts - n);
}

/* The rest of the pattern, after @depth components, against the rest of the name. */
static bool rest_matches(const struct trie_walk *walk, const struct pattern *pattern,
			 uint32_t depth, size_t i)
{
	for (; depth < pattern->n; depth++, i++) {
		if (pattern->components[depth]->deep)
			return deep_matches(walk, pattern, depth, i);
		if (i == walk->name.n_parts || !part_matches(walk, pattern->components[depth], i))
			return false;
	}
	return i == walk->name.n_parts;
}

void trie_nodes_try_leaf(struct trie_walk *walk, const struct trie_node *node, uint32_t leaf,
			 size_t i)
{
	const struct trie_item *item = trie_item(walk->trie, leaf);
	const struct pattern *pattern = &item->pattern;

	if (!trie_name_ends(&walk->name, pattern->tail, pattern->tail_len))
		return;
	trie_name_cut(&walk->name);
	/* Below `**` it is found at one place only, the one that the end of the name leaves it. */
	if (node->below_deep && (size_t)(pattern->n - node->depth) != walk->name.n_parts - i)
		return;
	if (rest_matches(walk, pattern, node->depth, i))
		trie_walk_tell(walk, item);
}

/* @node has been reached, and an item ends with it. */
static void try_end(struct trie_walk *walk, const struct trie_node *node, size_t i)
{
	const struct trie_item *item = trie_item(walk->trie, node->ends);
	size_t left = walk->name.n_parts - i;

	if (node->is_deep ? left > 0 : left == 0)
		trie_walk_tell(walk, item);
}

/* False: it has been reached before. */
static bool stay(struct trie_walk *walk, uint32_t node)
{
	uint32_t at = walk->staying_at[node];

	if (at < walk->n_staying && walk->staying[at] == node)
		return false;
	walk->staying_at[node] = (uint32_t)walk->n_staying;
	walk->staying[walk->n_staying++] = node;
	return true;
}

/* The name's first @i components have led to @index, and so to the `**` that comes next. */
static void arrive(struct trie_walk *walk, uint32_t index, size_t i)
{
	for (;;) {
		const struct trie_node *node = &walk->trie->nodes[index];

		if (node->stays && !stay(walk, index))
			return;
		if (!node->is_deep && node->goes_on)
			walk->next[walk->n_next++] = index;
		if (node->ends)
			try_end(walk, node, i);
		if (node->deep & TRIE_LEAF)
			trie_nodes_try_leaf(walk, node, node->deep, i);
		if (node->deep == 0 || node->deep & TRIE_LEAF)
			return;
		index = node->deep;
	}
}

/* The child of @node for the component at @i, if its own one matches. */
static void try_child(struct trie_walk *walk, const struct trie_node *node, uint32_t child,
		      size_t i)
{
	const struct trie_node *next = &walk->trie->nodes[child];

	if (child & TRIE_LEAF)
		trie_nodes_try_leaf(walk, node, child, i);
	else if (part_matches(walk,
			      trie_item(walk->trie, next->item)->pattern.components[node->depth],
			      i))
		arrive(walk, child, i + 1);
}

typedef void try(struct trie_walk *walk, const struct trie_node *node, uint32_t child, size_t i);

/* Everything in the table that looks like what @key was made of. */
static inline void look_up(struct trie_walk *walk, uint64_t key, uint32_t owner, try *try_it,
			   const struct trie_node *node, size_t i)
{
	const struct trie_slot *slot = walk->trie->slots + trie_slot_of(walk->trie, key);

	for (;; slot++) {
		if (slot->tag == (uint32_t)key && (slot->owner & ~TRIE_MORE) == owner)
			try_it(walk, node, slot->child, i);
		if (!(slot->owner & TRIE_MORE))
			return;
	}
}

static void try_middles(struct trie_walk *walk, const struct trie_node *node, uint32_t child,
			size_t i)
{
	const struct trie *trie = walk->trie;
	const struct trie_group *group = &trie->groups[child & ~TRIE_GROUP];

	if (child & TRIE_LEAF || !(child & TRIE_GROUP)) {
		try_child(walk, node, child, i);
		return;
	}
	for (uint32_t at = group->first; at < group->first + group->n; at++)
		try_child(walk, node, trie->children[at], i);
}

/* Partial globs that begin as the component at @i does. */
static void try_tails(struct trie_walk *walk, const struct trie_node *node, uint32_t child,
		      size_t i)
{
	const struct trie *trie = walk->trie;
	struct trie_part part = trie_name_part(&walk->name, i);
	const char *end = part.text + part.len;
	const struct trie_group *group = &trie->groups[child & ~TRIE_GROUP];
	struct trie_hash hash = { 0 };

	if (child & TRIE_LEAF || !(child & TRIE_GROUP)) {
		try_child(walk, node, child, i);
		return;
	}
	for (uint32_t at = group->first;
	     at < group->first + group->n && trie->lengths[at] <= part.len; at++) {
		uint32_t owner = trie_length_owner(at);
		uint64_t key = trie_key(owner, trie_hash_tail(&hash, end, trie->lengths[at]));

		if (trie_may_have(trie, key))
			look_up(walk, key, owner, try_middles, node, i);
	}
}

static void follow_globs(struct trie_walk *walk, const struct trie_node *node, size_t i)
{
	const struct trie *trie = walk->trie;
	struct trie_part part = trie_name_part(&walk->name, i);
	struct trie_hash hash = { 0 };

	for (uint32_t at = node->heads;
	     at < node->heads + node->n_heads && trie->lengths[at] <= part.len; at++) {
		uint32_t owner = trie_length_owner(at);
		uint64_t key = trie_key(owner, trie_hash_head(&hash, part.text, trie->lengths[at]));

		if (trie_may_have(trie, key))
			look_up(walk, key, owner, try_tails, node, i);
	}
}

static void follow_edges(struct trie_walk *walk, const struct trie_node *node, uint32_t index,
			 size_t i)
{
	struct trie_part part = trie_name_part(&walk->name, i);
	uint32_t owner = trie_node_owner(index);
	uint64_t key = trie_key(owner, trie_hash_all(part.text, part.len));

	if (trie_may_have(walk->trie, key))
		look_up(walk, key, owner, try_child, node, i);
}

static void step(struct trie_walk *walk, uint32_t index, size_t i)
{
	const struct trie_node *node = &walk->trie->nodes[index];

	if (node->has_edges)
		follow_edges(walk, node, index, i);
	if (node->star & TRIE_LEAF)
		trie_nodes_try_leaf(walk, node, node->star, i);
	else if (node->star)
		arrive(walk, node->star, i + 1);
	if (node->n_heads > 0)
		follow_globs(walk, node, i);
}

static void take_next(struct trie_walk *walk)
{
	uint32_t *current = walk->current;

	walk->current = walk->next;
	walk->n_current = walk->n_next;
	walk->next = current;
	walk->n_next = 0;
}

void trie_nodes_find(struct trie_walk *walk, uint32_t node, size_t i)
{
	trie_name_cut(&walk->name);
	walk->n_next = 0;
	walk->n_staying = 0;
	arrive(walk, node, i);
	for (; i < walk->name.n_parts && walk->n_next + walk->n_staying > 0; i++) {
		size_t n_staying = walk->n_staying;

		take_next(walk);
		for (size_t j = 0; j < walk->n_current; j++)
			step(walk, walk->current[j], i);
		for (size_t j = 0; j < n_staying; j++)
			step(walk, walk->staying[j], i);
	}
}

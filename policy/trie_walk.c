/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All nodes that the name has led to so far are kept at once and go one
 * component further together, so that nothing is ever tried again. A node is
 * reached from its parent only, hence at most once at each place in the name;
 * one after `**` stays from where it is first reached, and reaching it again
 * later would add nothing.
 *
 * The cost is that of the components times the nodes that the name leads to,
 * and of those few items that a node was not split for.
 */
#include "policy/trie.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/trie_parts.h"

#define PARTS_MAX (TRIE_NAME_MAX / 2 + 1) /* a slash and a byte each */

DEFINE_CLEANUP(struct trie_walk *, trie_walk_free)

/* A component of the name. */
struct part {
	uint16_t start, len;
	uint32_t hash; /* 0: not asked for yet */
};

struct trie_walk {
	const struct trie *trie;
	const char *path;
	struct part parts[PARTS_MAX];
	size_t n_parts;
	/* Of one search. */
	const struct match_values *values;
	trie_found *found;
	void *arg;
	size_t n_above;
	uint32_t *current, *next; /* nodes that the name has led to, and will after one part more */
	size_t n_current, n_next;
	uint32_t *staying;    /* those after `**` */
	uint32_t *staying_at; /* of a node: its index in `staying`, if that is it */
	size_t n_staying;
};

int trie_walk_new(struct trie_walk **ret, const struct trie *trie)
{
	_cleanup_(trie_walk_freep) struct trie_walk *walk = calloc(1, sizeof(*walk));

	if (!walk)
		return -ENOMEM;
	walk->trie = trie;
	walk->current = calloc(trie->n_nodes, sizeof(*walk->current));
	walk->next = calloc(trie->n_nodes, sizeof(*walk->next));
	walk->staying = calloc(trie->n_nodes, sizeof(*walk->staying));
	walk->staying_at = calloc(trie->n_nodes, sizeof(*walk->staying_at));
	if (!walk->current || !walk->next || !walk->staying || !walk->staying_at)
		return -ENOMEM;
	*ret = TAKE_PTR(walk);
	return 0;
}

struct trie_walk *trie_walk_free(struct trie_walk *walk)
{
	if (walk) {
		free(walk->current);
		free(walk->next);
		free(walk->staying);
		free(walk->staying_at);
		free(walk);
	}
	return NULL;
}

/* Which of eight bytes are slashes: the highest bit of each. */
static uint64_t slashes(uint64_t word)
{
	const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
	uint64_t other = le64toh(word) ^ UINT64_C(0x2f2f2f2f2f2f2f2f);

	return ~(((other & low) + low) | other | low);
}

/* Of the bytes from @at on, eight or as many as there are. */
static uint64_t slashes_at(const char *path, size_t len, size_t at)
{
	uint64_t word = 0;

	if (len - at >= sizeof(word))
		return slashes(trie_load(path + at));
	if (len >= sizeof(word))
		return slashes(trie_load(path + len - sizeof(word))) >> 8 * (8 - (len - at));
	memcpy(&word, path + at, len - at);
	return slashes(word);
}

/* The component that ends at @end; the next one starts after the slash there. */
static bool add_part(struct trie_walk *walk, size_t *start, size_t end)
{
	size_t len = end - *start;

	if ((len <= 2 && match_is_no_name(walk->path + *start, len)) || walk->n_parts == PARTS_MAX)
		return false;
	walk->parts[walk->n_parts++] = (struct part){ (uint16_t)*start, (uint16_t)len, 0 };
	*start = end + 1;
	return true;
}

bool trie_walk_read(struct trie_walk *walk, const char *path, size_t len)
{
	size_t start = 1;

	walk->path = path;
	walk->n_parts = 0;
	if (path[0] != '/')
		return false;
	if (len == 1)
		return true;
	for (size_t at = 0; at < len; at += 8)
		for (uint64_t found = slashes_at(path, len, at); found; found &= found - 1) {
			size_t end = at + (size_t)__builtin_ctzll(found) / 8;

			if (end > 0 && !add_part(walk, &start, end))
				return false;
		}
	return add_part(walk, &start, len);
}

size_t trie_walk_len(const struct trie_walk *walk, size_t n)
{
	if (n == 0)
		return walk->path[1] ? 0 : 1;
	return walk->parts[n - 1].start + walk->parts[n - 1].len;
}

static bool part_matches(const struct trie_walk *walk, const struct component *component, size_t i)
{
	const struct part *part = &walk->parts[i];
	const char *text = walk->path + part->start;

	if (component->plain)
		return component->atoms->len == part->len &&
		       memcmp(component->atoms->bytes, text, part->len) == 0;
	return match_component(component, text, part->len, walk->values);
}

/* The rest of the pattern, after @depth components, against the rest of the name. */
static bool rest_matches(struct trie_walk *walk, const struct pattern *pattern, uint32_t depth,
			 size_t i)
{
	for (; depth < pattern->n; depth++, i++) {
		if (pattern->components[depth]->deep)
			return match_components(pattern, depth, walk->path, trie_walk_len(walk, i),
						walk->values);
		if (i == walk->n_parts || !part_matches(walk, pattern->components[depth], i))
			return false;
	}
	return i == walk->n_parts;
}

/* Here the rest is as long as it is; at the end of a pattern `**` wants a component. */
static bool rest_matches_somewhere(struct trie_walk *walk, const struct pattern *pattern,
				   uint32_t depth, size_t i)
{
	size_t n = pattern->n - depth, left = walk->n_parts - i;

	if (n == 0)
		return left > 0;
	return left >= n && rest_matches(walk, pattern, depth, walk->n_parts - n);
}

static uint32_t hash_of(struct trie_walk *walk, size_t i)
{
	struct part *part = &walk->parts[i];

	if (part->hash == 0)
		part->hash = trie_hash(walk->path + part->start, part->len);
	return part->hash;
}

/* False for most items that do not match, without a look at their patterns. */
static bool may_match(struct trie_walk *walk, const struct trie_item *item)
{
	size_t at = walk->n_above + item->where;

	return item->hash == 0 || (at < walk->n_parts && hash_of(walk, at) == item->hash);
}

static void ask_item(struct trie_walk *walk, const struct trie_node *node, uint32_t index, size_t i)
{
	const struct trie_item *item = &walk->trie->items[index];
	const struct pattern *pattern = item->pattern;
	bool matches;

	if (!may_match(walk, item) || (pattern->specifiers & walk->values->unknown))
		return;
	if (node->is_deep)
		matches = rest_matches_somewhere(walk, pattern, node->depth, i);
	else
		matches = (!node->below_deep || pattern->n - node->depth == walk->n_parts - i) &&
			  rest_matches(walk, pattern, node->depth, i);
	if (matches)
		walk->found(walk->arg, item, walk->n_above);
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
	do {
		const struct trie_node *node = &walk->trie->nodes[index];

		if (node->stays && !stay(walk, index))
			return;
		if (!node->is_deep && node->goes_on)
			walk->next[walk->n_next++] = index;
		for (uint32_t item = node->first; item < node->first + node->n; item++)
			ask_item(walk, node, item, i);
		index = node->deep;
	} while (index != 0);
}

/* The edge's child is the one of the component, or of another that has the same hash. */
static bool follow_edge(struct trie_walk *walk, const struct trie_node *node, uint32_t child,
			size_t i)
{
	struct trie_node leaf = { .depth = node->depth, .below_deep = node->below_deep };

	if (child & TRIE_LEAF) {
		ask_item(walk, &leaf, child & ~TRIE_LEAF, i);
		return false;
	}
	if (!part_matches(walk, walk->trie->nodes[child].component, i))
		return false;
	arrive(walk, child, i + 1);
	return true;
}

static void follow_edges(struct trie_walk *walk, uint32_t index, size_t i)
{
	const struct trie *trie = walk->trie;
	uint32_t hash = hash_of(walk, i);
	const struct trie_edge *edge;

	for (size_t slot = trie_edge_slot(trie, index, hash);;
	     slot = (slot + 1) & (trie->edges_room - 1)) {
		edge = &trie->edges[slot];
		if (edge->hash == 0)
			return;
		if (edge->hash == hash && edge->node == index &&
		    follow_edge(walk, &trie->nodes[index], edge->child, i))
			return;
	}
}

static void try_globs(struct trie_walk *walk, const struct affix *tail, size_t i)
{
	const struct part *part = &walk->parts[i];

	for (uint32_t glob = tail->first; glob < tail->first + tail->n; glob++)
		if (match_component(walk->trie->globs[glob].component, walk->path + part->start,
				    part->len, walk->values))
			arrive(walk, walk->trie->globs[glob].child, i + 1);
}

static void follow_globs(struct trie_walk *walk, const struct trie_node *node, size_t i)
{
	const struct affix *all = walk->trie->affixes;
	const char *text = walk->path + walk->parts[i].start;
	size_t len = walk->parts[i].len;
	uint32_t head, tail;

	for (head = affix_find(AFFIX_HEAD, all, node->heads, node->n_heads, text, len);
	     head != AFFIX_NONE; head = all[head].shorter)
		for (tail = affix_find(AFFIX_TAIL, all, all[head].first, all[head].n, text, len);
		     tail != AFFIX_NONE; tail = all[tail].shorter)
			try_globs(walk, &all[tail], i);
}

static void step(struct trie_walk *walk, uint32_t index, size_t i)
{
	const struct trie_node *node = &walk->trie->nodes[index];

	if (node->has_edges)
		follow_edges(walk, index, i);
	if (node->star)
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

/* From @root on, which the name's first @n_above components lead to. */
static void find_from(struct trie_walk *walk, uint32_t root, size_t n_above)
{
	walk->n_above = n_above;
	walk->n_next = 0;
	walk->n_staying = 0;
	arrive(walk, root, n_above);
	for (size_t i = n_above; i < walk->n_parts && walk->n_next + walk->n_staying > 0; i++) {
		size_t n_staying = walk->n_staying;

		take_next(walk);
		for (size_t j = 0; j < walk->n_current; j++)
			step(walk, walk->current[j], i);
		for (size_t j = 0; j < n_staying; j++)
			step(walk, walk->staying[j], i);
	}
}

void trie_walk_find(struct trie_walk *walk, const struct match_values *values, trie_found *found,
		    void *arg)
{
	size_t home, n_above = 0;

	walk->values = values;
	walk->found = found;
	walk->arg = arg;
	find_from(walk, TRIE_ROOT, 0);
	if (!walk->trie->has_home)
		return;
	home = match_home(walk->path, values);
	if (home == MATCH_NOT_THERE)
		return;
	while (trie_walk_len(walk, n_above) < home)
		n_above++;
	find_from(walk, TRIE_ROOT_HOME, n_above);
}

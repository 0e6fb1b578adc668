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

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/trie_parts.h"

#define PARTS_MAX (TRIE_NAME_MAX / 2 + 1) /* a slash and a byte each */

DEFINE_CLEANUP(struct trie_walk *, trie_walk_free)

/* A component of the name. */
struct part {
	uint32_t start, len;
	bool is_known;		      /* has been looked up */
	const struct component *word; /* the plain component of these bytes, or NULL */
};

struct trie_walk {
	const struct trie *trie;
	const struct vocabulary *vocabulary;
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

int trie_walk_new(struct trie_walk **ret, const struct trie *trie,
		  const struct vocabulary *vocabulary)
{
	_cleanup_(trie_walk_freep) struct trie_walk *walk = calloc(1, sizeof(*walk));

	if (!walk)
		return -ENOMEM;
	walk->trie = trie;
	walk->vocabulary = vocabulary;
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

bool trie_walk_read(struct trie_walk *walk, const char *path)
{
	const char *at = path, *start;

	walk->path = path;
	walk->n_parts = 0;
	if (path[0] != '/')
		return false;
	while (*at && path[1]) {
		start = at + 1;
		at = strchrnul(start, '/');
		if (match_is_no_name(start, (size_t)(at - start)) || walk->n_parts == PARTS_MAX)
			return false;
		walk->parts[walk->n_parts++] = (struct part){
			.start = (uint32_t)(start - path),
			.len = (uint32_t)(at - start),
		};
	}
	return true;
}

size_t trie_walk_len(const struct trie_walk *walk, size_t n)
{
	if (n == 0)
		return walk->path[1] ? 0 : 1;
	return walk->parts[n - 1].start + walk->parts[n - 1].len;
}

static const struct component *word(struct trie_walk *walk, size_t i)
{
	struct part *part = &walk->parts[i];

	if (!part->is_known) {
		part->is_known = true;
		part->word = vocabulary_find(walk->vocabulary, walk->path + part->start, part->len);
	}
	return part->word;
}

/* The rest of the pattern, after @depth components, against the rest of the name. */
static bool rest_matches(struct trie_walk *walk, const struct pattern *pattern, uint32_t depth,
			 size_t i)
{
	if (depth < pattern->n && pattern->components[depth]->plain &&
	    (i == walk->n_parts || pattern->components[depth] != word(walk, i)))
		return false;
	return match_components(pattern, depth, walk->path, trie_walk_len(walk, i), walk->values);
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

static void ask_item(struct trie_walk *walk, const struct trie_node *node, uint32_t item, size_t i)
{
	const struct pattern *pattern = walk->trie->items[item].pattern;
	bool matches;

	if (pattern->specifiers & walk->values->unknown)
		return;
	if (node->is_deep)
		matches = rest_matches_somewhere(walk, pattern, node->depth, i);
	else
		matches = (!node->below_deep || pattern->n - node->depth == walk->n_parts - i) &&
			  rest_matches(walk, pattern, node->depth, i);
	if (matches)
		walk->found(walk->arg, &walk->trie->items[item], walk->n_above);
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

		if (node->is_deep && !stay(walk, index))
			return;
		if (!node->is_deep && (node->has_edges || node->star || node->n_heads > 0))
			walk->next[walk->n_next++] = index;
		for (uint32_t item = node->first; item < node->first + node->n; item++)
			ask_item(walk, node, item, i);
		index = node->deep;
	} while (index != 0);
}

static void follow_edge(struct trie_walk *walk, uint32_t index, size_t i)
{
	const struct trie_node *node = &walk->trie->nodes[index];
	const struct trie *trie = walk->trie;
	const struct component *component = word(walk, i);
	struct trie_node leaf = { .depth = node->depth + 1, .below_deep = node->below_deep };
	size_t slot;

	if (!component)
		return;
	slot = trie_edge_slot(trie, index, component);
	while (trie->edges[slot].component != component || trie->edges[slot].node != index) {
		if (!trie->edges[slot].component)
			return;
		slot = (slot + 1) & (trie->edges_room - 1);
	}
	if (trie->edges[slot].child & TRIE_LEAF)
		ask_item(walk, &leaf, trie->edges[slot].child & ~TRIE_LEAF, i + 1);
	else
		arrive(walk, trie->edges[slot].child, i + 1);
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
		follow_edge(walk, index, i);
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

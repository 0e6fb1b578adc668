/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every beginning of the name is looked up among the texts that patterns begin
 * with. From each that is there, all nodes that the name leads to are kept at
 * once and go one component further together, so that nothing is ever tried
 * again. A node is reached from its parent only, hence at most once at each
 * place in the name; one after `**` stays from where it is first reached, and
 * reaching it again later would add nothing.
 *
 * The cost is that of the components times the nodes that the name leads to.
 */
#include "policy/trie.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/trie_hash.h"
#include "policy/trie_name.h"
#include "policy/trie_parts.h"

DEFINE_CLEANUP(struct trie_walk *, trie_walk_free)

/* The name's first components, of which the table may know. */
struct text {
	uint64_t key;
	uint32_t n_parts;
};

struct trie_walk {
	const struct trie *trie;
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
	struct text texts[TRIE_PARTS_MAX];
	struct trie_name name;
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

bool trie_walk_read(struct trie_walk *walk, const char *path)
{
	return trie_name_read(&walk->name, path, walk->trie->text_lens);
}

/* Bytes of the name up to the end of its first @n components. */
static inline size_t len_of(const struct trie_walk *walk, size_t n)
{
	if (n == 0)
		return walk->name.n_parts > 0 ? 0 : 1;
	return walk->name.parts[n - 1].end;
}

static const char *path_of(const struct trie_walk *walk)
{
	return trie_name_text(&walk->name);
}

static bool is_any(const struct component *component)
{
	return component->n == 1 && component->atoms->kind == ATOM_STAR;
}

static bool part_matches(const struct trie_walk *walk, const struct component *component, size_t i)
{
	const struct trie_part *part = &walk->name.parts[i];
	const char *text = path_of(walk) + part->start;
	size_t len = (size_t)(part->end - part->start);

	if (component->plain)
		return component->atoms->len == len &&
		       memcmp(component->atoms->bytes, text, len) == 0;
	return is_any(component) || match_component(component, text, len, walk->values);
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
			return match_components(pattern, depth, path_of(walk), len_of(walk, i),
						walk->values);
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

static inline void tell(const struct trie_walk *walk, const struct trie_item *item)
{
	size_t n_leading = walk->n_above + item->pattern.n_leading;

	walk->found(walk->arg, item, n_leading, len_of(walk, n_leading));
}

/* What comes after @depth components of @node, or is all of it, is this item alone. */
static void try_leaf(struct trie_walk *walk, const struct trie_node *node, uint32_t leaf, size_t i)
{
	const struct trie_item *item = trie_item(walk->trie, leaf);
	const struct pattern *pattern = &item->pattern;

	if (pattern->specifiers & walk->values->unknown)
		return;
	/* Below `**` it is found at one place only, the one that the end of the name leaves it. */
	if (node->below_deep && (size_t)(pattern->n - node->depth) != walk->name.n_parts - i)
		return;
	if (rest_matches(walk, pattern, node->depth, i))
		tell(walk, item);
}

/* @node has been reached, and an item ends with it. */
static void try_end(struct trie_walk *walk, const struct trie_node *node, size_t i)
{
	const struct trie_item *item = trie_item(walk->trie, node->ends);
	size_t left = walk->name.n_parts - i;

	if ((node->is_deep ? left > 0 : left == 0) &&
	    !(item->pattern.specifiers & walk->values->unknown))
		tell(walk, item);
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
			try_leaf(walk, node, node->deep, i);
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
		try_leaf(walk, node, child, i);
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
	const struct trie_part *part = &walk->name.parts[i];
	const char *end = path_of(walk) + part->end;
	const struct trie_group *group = &trie->groups[child & ~TRIE_GROUP];
	struct trie_hash hash = { 0 };

	if (child & TRIE_LEAF || !(child & TRIE_GROUP)) {
		try_child(walk, node, child, i);
		return;
	}
	for (uint32_t at = group->first;
	     at < group->first + group->n && trie->lengths[at] <= part->end - part->start; at++) {
		uint32_t owner = trie_length_owner(at);
		uint64_t key = trie_key(owner, trie_hash_tail(&hash, end, trie->lengths[at]));

		if (trie_may_have(trie, key))
			look_up(walk, key, owner, try_middles, node, i);
	}
}

static void follow_globs(struct trie_walk *walk, const struct trie_node *node, size_t i)
{
	const struct trie *trie = walk->trie;
	const struct trie_part *part = &walk->name.parts[i];
	const char *start = path_of(walk) + part->start;
	struct trie_hash hash = { 0 };

	for (uint32_t at = node->heads;
	     at < node->heads + node->n_heads && trie->lengths[at] <= part->end - part->start;
	     at++) {
		uint32_t owner = trie_length_owner(at);
		uint64_t key = trie_key(owner, trie_hash_head(&hash, start, trie->lengths[at]));

		if (trie_may_have(trie, key))
			look_up(walk, key, owner, try_tails, node, i);
	}
}

static void follow_edges(struct trie_walk *walk, const struct trie_node *node, uint32_t index,
			 size_t i)
{
	const struct trie_part *part = &walk->name.parts[i];
	uint32_t owner = trie_node_owner(index);
	uint64_t key = trie_key(owner, trie_hash_all(path_of(walk) + part->start,
						     (size_t)(part->end - part->start)));

	if (trie_may_have(walk->trie, key))
		look_up(walk, key, owner, try_child, node, i);
}

static void step(struct trie_walk *walk, uint32_t index, size_t i)
{
	const struct trie_node *node = &walk->trie->nodes[index];

	if (node->has_edges)
		follow_edges(walk, node, index, i);
	if (node->star & TRIE_LEAF)
		try_leaf(walk, node, node->star, i);
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

/* From @node on, which the name's first @i components lead to. */
static void find_from(struct trie_walk *walk, uint32_t node, size_t i)
{
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

/* @child may begin with the name's components before @i, but for those above the root. */
static void try_text(struct trie_walk *walk, const struct trie_node *root, uint32_t child, size_t i)
{
	const struct trie *trie = walk->trie;
	uint32_t item = child & TRIE_LEAF ? child : trie->nodes[child].item;
	const struct pattern *pattern = &trie_item(trie, item)->pattern;
	size_t start = walk->n_above > 0 ? len_of(walk, walk->n_above) : 0;

	if (len_of(walk, i) - start != pattern->plain_len ||
	    memcmp(path_of(walk) + start, pattern_plain(pattern), pattern->plain_len) != 0)
		return;
	if (child & TRIE_LEAF)
		try_leaf(walk, root, child, i);
	else
		find_from(walk, child, i);
}

/* Beginnings of the name that the table may have. All keys are made before any is looked up, so that
 * nothing comes between. */
static struct text *find_texts(struct trie_walk *walk)
{
	const struct trie_name *name = &walk->name;
	struct text *text = walk->texts;

	for (size_t i = 0; i < name->n_marked; i++) {
		uint64_t key = trie_name_key(name, name->parts[name->marked[i]].end);

		*text = (struct text){ key, name->marked[i] + 1U };
		text += trie_may_have(walk->trie, key);
	}
	return text;
}

/* From @root on, which the name's first @n_above components lead to. */
static void find_all(struct trie_walk *walk, uint32_t root, size_t n_above)
{
	uint32_t owner = trie_node_owner(root);
	const struct text *end = find_texts(walk);

	walk->n_above = n_above;
	find_from(walk, root, n_above);
	for (const struct text *text = walk->texts; text < end; text++)
		look_up(walk, text->key, owner, try_text, &walk->trie->nodes[root], text->n_parts);
}

void trie_walk_find(struct trie_walk *walk, const struct match_values *values, trie_found *found,
		    void *arg)
{
	size_t home, n_above = 0;

	walk->values = values;
	walk->found = found;
	walk->arg = arg;
	find_all(walk, TRIE_ROOT, 0);
	if (!walk->trie->has_home)
		return;
	home = match_home(path_of(walk), values);
	if (home == MATCH_NOT_THERE)
		return;
	while (len_of(walk, n_above) < home)
		n_above++;
	trie_name_below(&walk->name, n_above, walk->trie->text_lens);
	find_all(walk, TRIE_ROOT_HOME, n_above);
}

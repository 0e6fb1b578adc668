/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The patterns are put in order, so that those that begin alike are neighbours
 * and a node is a range of them; nodes are then split from the roots on, in
 * order of their depth, without recursion. A range of a few is not split: it
 * costs less memory, and less time to compare the hash of each, which stands in
 * the range itself, than to follow the pointers of a deeper tree.
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
#include "policy/trie_parts.h"

#define FEW 16U /* items that a node may have without being split */

DEFINE_CLEANUP(struct trie *, trie_free)

/* A pattern of a rule, before equal ones are put together. */
struct entry {
	const struct pattern *pattern;
	struct trie_use use;
};

/* A range of items that go on with the same component. */
struct group {
	const struct component *component;
	uint32_t first, n;
};

static int compare_patterns(const struct pattern *a, const struct pattern *b)
{
	if (a == b)
		return 0;
	if (a->home != b->home)
		return a->home ? 1 : -1;
	for (uint32_t i = 0; i < a->n && i < b->n; i++)
		if (a->components[i] != b->components[i])
			return a->components[i] < b->components[i] ? -1 : 1;
	return (a->n > b->n) - (a->n < b->n);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = compare_patterns(x->pattern, y->pattern);

	if (order)
		return order;
	return (x->use.rule > y->use.rule) - (x->use.rule < y->use.rule);
}

static size_t count_entries(const struct policy *policy)
{
	size_t n = 0;

	for (size_t i = 0; i < policy->n_rules; i++)
		n += policy->rules[i].n_paths + policy->rules[i].n_except;
	return n;
}

static struct entry *add_entries(struct entry *at, const struct pattern *const *patterns, size_t n,
				 struct trie_use use)
{
	for (size_t i = 0; i < n; i++)
		*at++ = (struct entry){ patterns[i], use };
	return at;
}

static struct entry *collect(const struct policy *policy, size_t n)
{
	struct entry *entries = calloc(n + 1, sizeof(*entries)), *at = entries;

	for (size_t i = 0; entries && i < policy->n_rules; i++) {
		const struct rule *rule = &policy->rules[i];
		struct trie_use use = { .rule = (uint32_t)i & INT32_MAX };

		at = add_entries(at, rule->paths, rule->n_paths, use);
		use.except = true;
		at = add_entries(at, rule->except, rule->n_except, use);
	}
	if (entries)
		qsort(entries, n, sizeof(*entries), compare_entries);
	return entries;
}

static size_t count_distinct(const struct entry *entries, size_t n)
{
	size_t distinct = 0;

	for (size_t i = 0; i < n; i++)
		distinct +=
			i == 0 || compare_patterns(entries[i - 1].pattern, entries[i].pattern) != 0;
	return distinct;
}

/* What a name can be held to without looking at the pattern. */
static void set_hash(struct trie_item *item)
{
	const struct pattern *pattern = item->pattern;

	for (uint32_t i = 0; i < pattern->n && !pattern->components[i]->deep; i++) {
		const struct component *component = pattern->components[i];

		if (!component->plain)
			continue;
		item->hash = trie_hash(component->atoms->bytes, component->atoms->len);
		item->where = i;
	}
}

static int make_items(struct trie *trie, const struct policy *policy)
{
	size_t n = count_entries(policy);
	_cleanup_(freep) struct entry *entries = collect(policy, n);

	if (!entries)
		return -ENOMEM;
	trie->items = calloc(count_distinct(entries, n) + 1, sizeof(*trie->items));
	trie->uses = calloc(n + 1, sizeof(*trie->uses));
	if (!trie->items || !trie->uses)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || compare_patterns(entries[i - 1].pattern, entries[i].pattern) != 0)
			trie->items[trie->n_items++] = (struct trie_item){
				.pattern = entries[i].pattern,
				.first_use = (uint32_t)i,
			};
		trie->items[trie->n_items - 1].n_uses++;
		trie->uses[trie->n_uses++] = entries[i].use;
	}
	for (size_t i = 0; i < trie->n_items; i++)
		set_hash(&trie->items[i]);
	return 0;
}

/* Nodes. A new one has the range of its items and is split when its turn comes. */

static int add_node(struct trie *trie, struct trie_node node, uint32_t *ret)
{
	struct trie_node *new;

	if (trie->n_nodes >= TRIE_LEAF)
		return -ENOMEM;
	new = ARRAY_ADD(trie->nodes, trie->n_nodes);
	if (!new)
		return -ENOMEM;
	*new = node;
	if (ret)
		*ret = (uint32_t)(trie->n_nodes - 1);
	return 0;
}

static int add_roots(struct trie *trie)
{
	uint32_t n = 0;
	int r;

	while (n < trie->n_items && !trie->items[n].pattern->home)
		n++;
	trie->has_home = n < trie->n_items;
	r = add_node(trie, (struct trie_node){ .n = n }, NULL);
	if (r < 0)
		return r;
	return add_node(trie, (struct trie_node){ .first = n, .n = (uint32_t)trie->n_items - n },
			NULL);
}

static bool has_deep(const struct pattern *pattern, uint32_t depth)
{
	for (uint32_t i = depth; i < pattern->n; i++)
		if (pattern->components[i]->deep)
			return true;
	return false;
}

static bool is_split(const struct trie *trie, const struct trie_node *node)
{
	if (node->n > FEW)
		return true;
	for (uint32_t i = 0; node->below_deep && i < node->n; i++)
		if (has_deep(trie->items[node->first + i].pattern, node->depth))
			return true;
	return false;
}

static struct trie_node child_of(const struct trie_node *node, const struct group *group)
{
	return (struct trie_node){
		.component = group->component,
		.depth = node->depth + 1,
		.first = group->first,
		.n = group->n,
		.is_deep = group->component->deep,
		.below_deep = node->below_deep || group->component->deep,
		.stays = node->below_deep && group->component->deep,
	};
}

static int add_edge(struct trie *trie, uint32_t i, const struct group *group)
{
	struct trie_node child = child_of(&trie->nodes[i], group);
	struct trie_edge *edge = ARRAY_ADD(trie->edges, trie->n_edges);

	if (!edge)
		return -ENOMEM;
	*edge = (struct trie_edge){
		.hash = trie_hash(group->component->atoms->bytes, group->component->atoms->len),
		.node = i,
		.child = group->first | TRIE_LEAF,
	};
	trie->nodes[i].has_edges = true;
	return group->n == 1 && !is_split(trie, &child) ? 0 : add_node(trie, child, &edge->child);
}

static bool is_bare_star(const struct component *component)
{
	return component->n == 1 && component->atoms->kind == ATOM_STAR;
}

/* The globs of one node, as a list to be sorted. */
struct globs {
	struct group *items;
	size_t n;
};

static int add_child(struct trie *trie, uint32_t i, const struct group *group, struct globs *globs)
{
	struct trie_node child = child_of(&trie->nodes[i], group);
	struct group *glob;
	uint32_t index;
	int r;

	if (group->component->plain)
		return add_edge(trie, i, group);
	if (!group->component->deep && !is_bare_star(group->component)) {
		glob = ARRAY_ADD(globs->items, globs->n);
		if (!glob)
			return -ENOMEM;
		*glob = *group;
		return 0;
	}
	r = add_node(trie, child, &index);
	if (r < 0)
		return r;
	if (child.is_deep)
		trie->nodes[i].deep = index;
	else
		trie->nodes[i].star = index;
	return 0;
}

/* The literal bytes that everything which a partial glob matches begins or ends with. */
static struct affix affix_of(enum affix_end end, const struct component *component)
{
	const struct atom *atom = component->atoms;

	if (end == AFFIX_TAIL)
		atom += component->n - 1;
	if (atom->kind != ATOM_BYTES)
		return (struct affix){ .bytes = "" };
	return (struct affix){ .bytes = atom->bytes, .len = atom->len };
}

static int compare_ends(enum affix_end end, const struct component *a, const struct component *b)
{
	struct affix x = affix_of(end, a), y = affix_of(end, b);

	return affix_compare(end, x.bytes, x.len, y.bytes, y.len);
}

static int compare_globs(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	int order = compare_ends(AFFIX_HEAD, x->component, y->component);

	return order ? order : compare_ends(AFFIX_TAIL, x->component, y->component);
}

/* Those of trie.globs[first, first + n) that have the same end, as one affix each. */
static int add_affixes(struct trie *trie, enum affix_end end, uint32_t first, uint32_t n)
{
	uint32_t start = (uint32_t)trie->n_affixes;
	struct affix *affix = NULL;

	for (uint32_t i = first; i < first + n; i++) {
		const struct component *component = trie->globs[i].component;

		if (!affix || compare_ends(end, component, trie->globs[i - 1].component) != 0) {
			affix = ARRAY_ADD(trie->affixes, trie->n_affixes);
			if (!affix)
				return -ENOMEM;
			*affix = affix_of(end, component);
			affix->first = i;
		}
		affix->n++;
	}
	affix_link(end, trie->affixes, start, (uint32_t)trie->n_affixes - start);
	return 0;
}

static int add_tails(struct trie *trie, uint32_t head)
{
	uint32_t first = (uint32_t)trie->n_affixes;
	int r = add_affixes(trie, AFFIX_TAIL, trie->affixes[head].first, trie->affixes[head].n);

	trie->affixes[head].first = first;
	trie->affixes[head].n = (uint32_t)trie->n_affixes - first;
	return r;
}

static int add_globs(struct trie *trie, uint32_t i, struct globs *globs)
{
	uint32_t first = (uint32_t)trie->n_globs, heads = (uint32_t)trie->n_affixes, n_heads;
	int r = 0;

	if (globs->n == 0)
		return 0;
	qsort(globs->items, globs->n, sizeof(*globs->items), compare_globs);
	for (size_t j = 0; r == 0 && j < globs->n; j++) {
		struct trie_glob *glob = ARRAY_ADD(trie->globs, trie->n_globs);

		if (!glob)
			return -ENOMEM;
		glob->component = globs->items[j].component;
		r = add_node(trie, child_of(&trie->nodes[i], &globs->items[j]), &glob->child);
	}
	if (r == 0)
		r = add_affixes(trie, AFFIX_HEAD, first, (uint32_t)globs->n);
	n_heads = (uint32_t)trie->n_affixes - heads;
	for (uint32_t head = heads; r == 0 && head < heads + n_heads; head++)
		r = add_tails(trie, head);
	trie->nodes[i].heads = heads;
	trie->nodes[i].n_heads = n_heads;
	return r;
}

static void globs_done(struct globs *globs)
{
	free(globs->items);
}

static const struct component *next_of(const struct trie *trie, uint32_t item, uint32_t depth)
{
	return trie->items[item].pattern->components[depth];
}

/* Node @i keeps the items that end with it, and the others go to its children. */
static int split(struct trie *trie, uint32_t i)
{
	_cleanup_(globs_done) struct globs globs = { 0 };
	struct trie_node node = trie->nodes[i];
	uint32_t end = node.first + node.n, at = node.first;
	int r = 0;

	while (at < end && trie->items[at].pattern->n == node.depth)
		at++;
	trie->nodes[i].n = at - node.first;
	while (r == 0 && at < end) {
		struct group group = { next_of(trie, at, node.depth), at, 0 };

		for (; at < end && next_of(trie, at, node.depth) == group.component; at++)
			group.n++;
		r = add_child(trie, i, &group, &globs);
	}
	if (r == 0)
		r = add_globs(trie, i, &globs);
	if (r < 0)
		return r;
	node = trie->nodes[i];
	trie->nodes[i].goes_on = node.has_edges || node.star != 0 || node.n_heads > 0;
	trie->nodes[i].stays = node.stays || (node.is_deep && trie->nodes[i].goes_on);
	return 0;
}

/* The list of edges to a table. */
static int make_table(struct trie *trie)
{
	_cleanup_(freep) struct trie_edge *list = TAKE_PTR(trie->edges);
	size_t room = 2;

	while (room / 4 * 3 <= trie->n_edges)
		room *= 2;
	trie->edges = calloc(room, sizeof(*trie->edges));
	if (!trie->edges)
		return -ENOMEM;
	trie->edges_room = room;
	for (size_t i = 0; i < trie->n_edges; i++) {
		size_t slot = trie_edge_slot(trie, list[i].node, list[i].hash);

		while (trie->edges[slot].hash)
			slot = (slot + 1) & (room - 1);
		trie->edges[slot] = list[i];
	}
	return 0;
}

/* Give back the room that growing took in advance. */
#define TRIM(items, n)                                                                             \
	({                                                                                         \
		void *_trimmed = (n) > 0 ? realloc((items), (n) * sizeof(*(items))) : NULL;        \
		if (_trimmed)                                                                      \
			(items) = _trimmed;                                                        \
	})

int trie_new(struct trie **ret, const struct policy *policy)
{
	_cleanup_(trie_freep) struct trie *trie = calloc(1, sizeof(*trie));
	int r;

	if (!trie)
		return -ENOMEM;
	r = make_items(trie, policy);
	if (r == 0)
		r = add_roots(trie);
	for (uint32_t i = 0; r == 0 && i < trie->n_nodes; i++)
		if (is_split(trie, &trie->nodes[i]))
			r = split(trie, i);
	if (r == 0)
		r = make_table(trie);
	if (r < 0)
		return r;
	TRIM(trie->nodes, trie->n_nodes);
	TRIM(trie->affixes, trie->n_affixes);
	TRIM(trie->globs, trie->n_globs);
	*ret = TAKE_PTR(trie);
	return 0;
}

struct trie *trie_free(struct trie *trie)
{
	if (trie) {
		free(trie->items);
		free(trie->uses);
		free(trie->nodes);
		free(trie->edges);
		free(trie->affixes);
		free(trie->globs);
		free(trie);
	}
	return NULL;
}

const struct trie_use *trie_uses(const struct trie *trie, const struct trie_item *item)
{
	return trie->uses + item->first_use;
}

const struct trie_item *trie_next_special(const struct trie *trie, const struct trie_item *after)
{
	size_t i = after ? (size_t)(after - trie->items) + 1 : 0;

	while (i < trie->n_items && !trie->items[i].pattern->specifiers)
		i++;
	return i < trie->n_items ? &trie->items[i] : NULL;
}

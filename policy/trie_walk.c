/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every beginning of the name is looked up among the texts that patterns begin
 * with. What most patterns are, a text, or a text and all below it, is decided
 * by that alone; only for others the name is cut into components, and those are
 * held to what comes behind the text.
 */
#include "policy/trie_walk.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

DEFINE_CLEANUP(struct trie_walk *, trie_walk_free)

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

/* What comes after the text that ends at @end, or is all of it, is this item alone. */
static inline void try_item(struct trie_walk *walk, const struct trie_node *root, uint32_t leaf,
			    size_t end)
{
	const struct trie_item *item = trie_item(walk->trie, leaf);
	const struct pattern *pattern = &item->pattern;

	if (!pattern_is_text(pattern))
		trie_nodes_try_leaf(walk, root, leaf, walk->n_above + pattern->n_plain);
	else if ((end < walk->name.len) == pattern->below)
		trie_walk_tell(walk, item);
}

/* @child may begin as the name does before @end, but for what is above the root. */
static inline void try_text(struct trie_walk *walk, const struct trie_node *root, uint32_t child,
			    size_t end)
{
	const struct trie *trie = walk->trie;
	uint32_t item = child & TRIE_LEAF ? child : trie->nodes[child].item;
	const struct pattern *pattern = &trie_item(trie, item)->pattern;
	size_t start = walk->name.hashed_from;

	if (end - start != pattern->plain_len ||
	    !trie_name_has(&walk->name, start, pattern_plain(pattern), pattern->plain_len))
		return;
	if (child & TRIE_LEAF)
		try_item(walk, root, child, end);
	else
		trie_nodes_find(walk, child, walk->n_above + pattern->n_plain);
}

/* Bit @i becomes bit @i + @n, modulo 64. */
static inline uint64_t turn(uint64_t bits, size_t n)
{
	return bits << n % 64 | bits >> -n % 64;
}

/* Beginnings of the name that the table may have. All keys are made before any is looked up, so that
 * nothing comes between. */
static inline const struct trie_text *find_texts(struct trie_walk *walk)
{
	const struct trie_name *name = &walk->name;
	/* A length is counted from where hashing began. */
	const char *start = trie_name_text(name) + name->hashed_from;
	uint64_t lens = turn(walk->trie->text_lens[trie_letter_of(start)], name->hashed_from);
	struct trie_text *text = walk->texts;

	for (size_t i = name->hashed_from / TRIE_NAME_BLOCK; i <= name->len / TRIE_NAME_BLOCK; i++)
		for (uint64_t ends = name->ends[i] & lens; ends; ends &= ends - 1) {
			size_t end = i * TRIE_NAME_BLOCK + (size_t)__builtin_ctzll(ends);
			uint64_t key = trie_name_key(name, end);

			*text = (struct trie_text){ key, end };
			text += trie_may_have(walk->trie, key);
		}
	return text;
}

/* Everything in the table that looks like @text. */
static inline void look_up(struct trie_walk *walk, const struct trie_text *text,
			   const struct trie_node *root, uint32_t owner)
{
	const struct trie_slot *slot = walk->trie->slots + trie_slot_of(walk->trie, text->key);

	for (;; slot++) {
		if (slot->tag == (uint32_t)text->key && (slot->owner & ~TRIE_MORE) == owner)
			try_text(walk, root, slot->child, text->end);
		if (!(slot->owner & TRIE_MORE))
			return;
	}
}

/* What has no text. */
static inline void find_at_root(struct trie_walk *walk, const struct trie_node *root,
				uint32_t index)
{
	if (root->goes_on || root->ends || (root->deep && !(root->deep & TRIE_LEAF)))
		trie_nodes_find(walk, index, walk->n_above);
	else if (root->deep)
		try_item(walk, root, root->deep, walk->above_len);
}

static inline void find_all(struct trie_walk *walk, uint32_t index)
{
	const struct trie_node *root = &walk->trie->nodes[index];
	const struct trie_text *end = find_texts(walk);

	find_at_root(walk, root, index);
	for (const struct trie_text *text = walk->texts; text < end; text++)
		look_up(walk, text, root, trie_node_owner(index));
}

/* To the caller's home directory, if the name is below. */
static bool go_home(struct trie_walk *walk)
{
	size_t home = match_home(trie_walk_text(walk), walk->values);

	if (home == MATCH_NOT_THERE)
		return false;
	trie_name_cut(&walk->name);
	while (walk->name.stops[walk->n_above] < home)
		walk->n_above++;
	walk->above_len = home;
	trie_name_below(&walk->name, home);
	return true;
}

bool trie_walk_find(struct trie_walk *walk, const char *path, const struct match_values *values,
		    trie_found *found, void *arg)
{
	if (!trie_name_read(&walk->name, path))
		return false;
	walk->values = values;
	walk->found = found;
	walk->arg = arg;
	walk->n_above = 0;
	walk->above_len = walk->name.len == 1;
	for (uint32_t root = TRIE_ROOT; root < TRIE_ROOTS; root++)
		if (root == TRIE_ROOT || (walk->trie->has_home && go_home(walk)))
			find_all(walk, root);
	return true;
}

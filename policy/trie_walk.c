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
#include "base/macro.h"

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
	walk->matches = calloc(trie->n_items + 1, sizeof(*walk->matches));
	if (!walk->current || !walk->next || !walk->staying || !walk->staying_at || !walk->matches)
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
		free(walk->matches);
		free(walk);
	}
	return NULL;
}

/* What comes after the first @len bytes, or is all of it, is this item alone. */
static inline void try_item(struct trie_walk *walk, const struct trie_node *root, uint32_t leaf,
			    size_t len)
{
	const struct trie_item *item = trie_item(walk->trie, leaf);
	const struct pattern *pattern = &item->pattern;

	if (!pattern_is_text(pattern))
		trie_nodes_try_leaf(walk, root, leaf, pattern->n_plain);
	else if ((len < walk->name.len) == pattern->below)
		trie_walk_tell(walk, item);
}

/* @child may begin as the name does. */
static inline void try_text(struct trie_walk *walk, const struct trie_node *root, uint32_t child,
			    size_t len)
{
	const struct trie *trie = walk->trie;
	uint32_t item = child & TRIE_LEAF ? child : trie->nodes[child].item;
	const struct pattern *pattern = &trie_item(trie, item)->pattern;

	if (len != pattern->plain_len ||
	    !trie_name_begins(&walk->name, pattern_plain(pattern), len))
		return;
	if (child & TRIE_LEAF)
		try_item(walk, root, child, len);
	else
		trie_nodes_find(walk, child, pattern->n_plain);
}

/* Beginnings of the name that the table may have. All are found before any is looked up, so that nothing
 * comes between. */
static inline const struct trie_text *find_texts(struct trie_walk *walk)
{
	const struct trie *trie = walk->trie;
	const struct trie_name *name = &walk->name;
	uint64_t lens = trie->text_lens[trie_letter_of(name->text)];
	struct trie_text *text = walk->texts;
	struct trie_hash hash = { 0 };

	for (size_t at = 0; at <= name->len; at += TRIE_NAME_BLOCK)
		for (uint64_t ends = name->ends[at / TRIE_NAME_BLOCK] & lens; ends;
		     ends &= ends - 1) {
			size_t len = at + (unsigned int)__builtin_ctzll(ends);
			uint64_t key = trie_hash_head(&hash, name->text, len);
			size_t slot = trie_slot_of(trie, key);

			*text = (struct trie_text){ trie->slots + slot, (uint32_t)key,
						    (uint32_t)len };
			text += trie->filter[slot] >> (key & 7) & 1;
		}
	return text;
}

/* Everything in the table that looks like @text. */
static inline void look_up(struct trie_walk *walk, const struct trie_text *text,
			   const struct trie_node *root, uint32_t owner)
{
	for (const struct trie_slot *slot = text->slot;; slot++) {
		if (slot->tag == text->tag && (slot->owner & ~TRIE_MORE) == owner)
			try_text(walk, root, slot->child, text->len);
		if (!(slot->owner & TRIE_MORE))
			return;
	}
}

/* What has no text. */
static _noinline_ void find_at_root(struct trie_walk *walk, const struct trie_node *root,
				    uint32_t index)
{
	if (root->goes_on || root->ends || !(root->deep & TRIE_LEAF))
		trie_nodes_find(walk, index, 0);
	else
		try_item(walk, root, root->deep, 0);
}

static _always_inline_ void find_all(struct trie_walk *walk, uint32_t index)
{
	const struct trie_node *root = &walk->trie->nodes[index];
	const struct trie_text *end = find_texts(walk);

	if (root->goes_on || root->ends || root->deep)
		find_at_root(walk, root, index);
	for (const struct trie_text *text = walk->texts; text < end; text++)
		look_up(walk, text, root, trie_node_owner(index));
}

/* What begins with the caller's home directory, if @path does. */
static _noinline_ void find_at_home(struct trie_walk *walk, const char *path)
{
	size_t home = match_home(path, walk->values);

	if (home == MATCH_NOT_THERE)
		return;
	walk->n_above = trie_name_count(&walk->name, home);
	walk->above_len = home;
	trie_name_read_rest(&walk->name, path + home);
	find_all(walk, TRIE_ROOT_HOME);
}

struct trie_matches trie_walk_find(struct trie_walk *walk, const char *path,
				   const struct match_values *values)
{
	if (!trie_name_read(&walk->name, path))
		return (struct trie_matches){ 0 };
	walk->values = values;
	walk->n_matches = 0;
	walk->n_above = 0;
	walk->above_len = walk->name.len == 0;
	find_all(walk, TRIE_ROOT);
	if (walk->trie->has_home)
		find_at_home(walk, path);
	if (values->unknown)
		trie_unknown_find(walk, path);
	return (struct trie_matches){ walk->matches, walk->n_matches };
}

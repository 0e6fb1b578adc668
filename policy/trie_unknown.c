/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patterns with a value that is not known, which the daemon never has, are not
 * for the walk: they are asked one by one.
 */
#include "policy/trie_walk.h"

static size_t count_components(const char *path, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += path[i] == '/' && path[i + 1];
	return n;
}

static void ask(struct trie_walk *walk, const struct trie_item *item, const char *path)
{
	size_t prefix_len;
	enum truth matches = match_path(&item->pattern, path, walk->values, &prefix_len);

	if (matches != TRUTH_NO)
		walk->matches[walk->n_matches++] = (struct trie_match){
			.item = item,
			.n_leading = (uint16_t)count_components(path, prefix_len),
			.prefix_len = (uint16_t)prefix_len,
			.matches = matches,
		};
}

void trie_unknown_find(struct trie_walk *walk, const char *path)
{
	const struct trie_item *item = NULL;

	while ((item = trie_next_special(walk->trie, item)))
		if (item->pattern.specifiers & walk->values->unknown)
			ask(walk, item, path);
}

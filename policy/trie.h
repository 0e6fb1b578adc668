/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_TRIE_H
#define FDB_POLICY_TRIE_H

/*
 * All patterns of a policy as one tree of components, so that a name is held to
 * all of them in one walk. Built once, never changed; a walk allocates nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/match.h"

#define TRIE_NAME_MAX 4095U /* bytes of a name */

struct policy;
struct trie;
struct trie_walk;

/* A pattern, and which rules have it: equal patterns of several rules are one. */
struct trie_item {
	const struct pattern *pattern;
	uint32_t first_use, n_uses;
	uint32_t hash;	/* of its last plain component before any `**`; 0: it has none */
	uint32_t where; /* which that is */
};

/* One rule's use of a pattern, in the order of the rules. */
struct trie_use {
	uint32_t rule : 31;
	uint32_t except : 1;
};

/* Of everything that @policy's rules have. 0 or -ENOMEM. */
int trie_new(struct trie **ret, const struct policy *policy);
struct trie *trie_free(struct trie *trie);

/* The uses of @item, item->n_uses of them. */
const struct trie_use *trie_uses(const struct trie *trie, const struct trie_item *item);

/* The patterns with a specifier: what is not known of the caller is outside of what a walk finds. */
const struct trie_item *trie_next_special(const struct trie *trie, const struct trie_item *after);

/* Room for one walk at a time. */
int trie_walk_new(struct trie_walk **ret, const struct trie *trie);
struct trie_walk *trie_walk_free(struct trie_walk *walk);

/* What a walk is told of each pattern that matches: @n_above components, those of the home
 * directory, stand before it. */
typedef void trie_found(void *arg, const struct trie_item *item, size_t n_above);

/* Cut a name of at most TRIE_NAME_MAX bytes at its slashes. False: it is not clean. */
bool trie_walk_read(struct trie_walk *walk, const char *path, size_t len);

/* Bytes of the name up to the end of its first @n components. */
size_t trie_walk_len(const struct trie_walk *walk, size_t n);

/* Find the patterns that match the name that was read, but for those that would need a value that
 * is not known. */
void trie_walk_find(struct trie_walk *walk, const struct match_values *values, trie_found *found,
		    void *arg);

#endif

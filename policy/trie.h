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

/* One rule's use of a pattern, and with it what tells most rules apart from those that a request
 * is about: rules are many, and to look at one costs more than all the rest. */
struct trie_use {
	uint32_t rule;
	uint32_t scope;
	uint16_t effect; /* POLICY_*: as rule.effect */
	uint8_t allow;
	uint8_t flags; /* TRIE_USE_* */
};

#define TRIE_USE_EXCEPT	       (1U << 0) /* the rule excepts it */
#define TRIE_USE_UNCONDITIONAL (1U << 1) /* as rule.unconditional */
#define TRIE_USE_ENDS	       (1U << 2) /* the rule has an `until` */
#define TRIE_USE_ONLY	       (1U << 3) /* the rule has no other pattern */

/* A pattern, and which rules have it: equal patterns of several rules are one. */
struct trie_item {
	uint32_t n_uses;
	union {
		struct trie_use only; /* n_uses is 1 */
		uint32_t first_use;
	};
	struct pattern pattern; /* last, because it goes on behind its end */
};

/* Of everything that @policy's rules have. From then on the patterns of the rules are the trie's:
 * those that they had are not needed any more. 0 or -ENOMEM. */
int trie_new(struct trie **ret, struct policy *policy);
struct trie *trie_free(struct trie *trie);

struct trie_uses {
	const struct trie_use *items; /* in the order of the rules */
	size_t n;
};

struct trie_uses trie_shared_uses(const struct trie *trie, const struct trie_item *item);

static inline struct trie_uses trie_uses(const struct trie *trie, const struct trie_item *item)
{
	return item->n_uses == 1 ? (struct trie_uses){ &item->only, 1 }
				 : trie_shared_uses(trie, item);
}

/* Conditional denies of every name, as the floor has some: they have no part in the tree, so that only
 * who asks about an object need ask for them. Of every name but "/". */
struct trie_uses trie_standing(const struct trie *trie);

/* The patterns with a specifier, one after the other; NULL: the first, or no more. */
const struct trie_item *trie_next_special(const struct trie *trie, const struct trie_item *after);

/* Room for one walk at a time. */
int trie_walk_new(struct trie_walk **ret, const struct trie *trie);
struct trie_walk *trie_walk_free(struct trie_walk *walk);

/* A pattern that matches, or may match, by a value that is not known. Its literal components at the
 * front, with those of the home directory, are @n_leading, and end at @prefix_len. */
struct trie_match {
	const struct trie_item *item;
	uint16_t n_leading, prefix_len;
	enum truth matches;
};

/* Each once. Valid until the next walk. */
struct trie_matches {
	const struct trie_match *items; /* NULL: the name is too long or not clean */
	size_t n;
};

/* Find the patterns that match @path. */
struct trie_matches trie_walk_find(struct trie_walk *walk, const char *path,
				   const struct match_values *values);

#endif

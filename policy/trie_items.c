/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All that a decision looks at of a pattern is put side by side, in the order
 * of the patterns: what is far apart in memory is what a decision among many
 * rules takes its time for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/compiled.h"
#include "policy/trie_build.h"

_Static_assert(POLICY_ANY <= UINT16_MAX, "trie_use.effect has room for all modes");

/* A pattern of a rule, before equal ones are put together. */
struct mention {
	const struct pattern **pattern; /* where the rule has it */
	struct trie_use use;
	bool stands; /* it is for trie.standing */
};

static int compare_patterns(const struct pattern *a, const struct pattern *b)
{
	size_t len = a->plain_len < b->plain_len ? a->plain_len : b->plain_len;
	int order;

	if (a == b)
		return 0;
	if (a->home != b->home)
		return a->home ? 1 : -1;
	order = memcmp(pattern_plain(a), pattern_plain(b), len);
	if (order || a->plain_len != b->plain_len)
		return order ? order
			     : (a->plain_len > b->plain_len) - (a->plain_len < b->plain_len);
	for (uint32_t i = 0; i < a->n && i < b->n; i++)
		if (a->components[i] != b->components[i])
			return a->components[i] < b->components[i] ? -1 : 1;
	return (a->n > b->n) - (a->n < b->n);
}

static int compare_mentions(const void *a, const void *b)
{
	const struct mention *x = a, *y = b;
	int order = compare_patterns(*x->pattern, *y->pattern);

	if (order)
		return order;
	return (x->use.rule > y->use.rule) - (x->use.rule < y->use.rule);
}

static size_t count_mentions(const struct policy *policy)
{
	size_t n = 0;

	for (size_t i = 0; i < policy->n_rules; i++)
		n += policy->rules[i].n_paths + policy->rules[i].n_except;
	return n;
}

/* A conditional deny of every name. */
static bool stands(const struct rule *rule)
{
	const struct pattern *only = rule->n_paths == 1 ? rule->paths[0] : NULL;

	return !rule->shown.allow && !rule->unconditional && rule->n_except == 0 && only &&
	       only->below && only->plain_len == 0 && !only->home;
}

static struct trie_use use_of(const struct policy *policy, size_t i)
{
	const struct rule *rule = &policy->rules[i];
	struct trie_use use = {
		.rule = (uint32_t)i,
		.scope = rule->scope,
		.effect = (uint16_t)rule->effect,
		.allow = rule->shown.allow,
	};

	if (rule->unconditional)
		use.flags |= TRIE_USE_UNCONDITIONAL;
	if (rule->until_sec != UINT64_MAX)
		use.flags |= TRIE_USE_ENDS;
	if (rule->n_paths == 1 && rule->n_except == 0)
		use.flags |= TRIE_USE_ONLY;
	return use;
}

static struct mention *add_mentions(struct mention *at, const struct pattern **patterns, size_t n,
				    struct trie_use use, bool stands)
{
	for (size_t i = 0; i < n; i++)
		*at++ = (struct mention){ &patterns[i], use, stands };
	return at;
}

static struct mention *collect(const struct policy *policy, size_t n)
{
	struct mention *mentions = calloc(n + 1, sizeof(*mentions)), *at = mentions;

	for (size_t i = 0; mentions && i < policy->n_rules; i++) {
		const struct rule *rule = &policy->rules[i];
		struct trie_use use = use_of(policy, i);

		at = add_mentions(at, rule->paths, rule->n_paths, use, stands(rule));
		use.flags |= TRIE_USE_EXCEPT;
		at = add_mentions(at, rule->except, rule->n_except, use, false);
	}
	if (mentions)
		qsort(mentions, n, sizeof(*mentions), compare_mentions);
	return mentions;
}

/* How many from @at on have the same pattern. */
static size_t count_alike(const struct mention *mentions, size_t n, size_t at)
{
	size_t alike = 1;

	while (at + alike < n &&
	       compare_patterns(*mentions[at].pattern, *mentions[at + alike].pattern) == 0)
		alike++;
	return alike;
}

static size_t words_of(const struct pattern *pattern)
{
	size_t size = offsetof(struct trie_item, pattern) + pattern_size(pattern);

	return (size + sizeof(uint64_t) - 1) / sizeof(uint64_t);
}

/* Word 0 names no item, and the last is there because texts are read by eight bytes. */
static int make_room(struct trie_builder *b, const struct mention *mentions, size_t n)
{
	size_t n_words = 2, n_uses = 0, n_standing = 0, alike;

	for (size_t i = 0; i < n; i += alike) {
		alike = count_alike(mentions, n, i);
		n_words += words_of(*mentions[i].pattern);
		n_uses += alike > 1 ? alike : 0;
		b->n_items++;
	}
	for (size_t i = 0; i < n; i++)
		n_standing += mentions[i].stands;
	if (n_words >= TRIE_GROUP)
		return -ENOMEM;
	b->trie->block = calloc(n_words, sizeof(*b->trie->block));
	b->trie->uses = calloc(n_uses + 1, sizeof(*b->trie->uses));
	b->trie->standing = calloc(n_standing + 1, sizeof(*b->trie->standing));
	b->items = calloc(b->n_items + 1, sizeof(*b->items));
	return b->trie->block && b->trie->uses && b->trie->standing && b->items ? 0 : -ENOMEM;
}

/* The first @n mentions are of one pattern: from now on, this item's. */
static void make_item(struct trie *trie, struct trie_item *item, const struct mention *mentions,
		      size_t n)
{
	const struct pattern *pattern = *mentions->pattern;
	size_t first = trie->n_uses;

	memcpy(&item->pattern, pattern, pattern_size(pattern));
	for (size_t i = 0; i < n; i++) {
		*mentions[i].pattern = &item->pattern;
		if (mentions[i].stands)
			trie->standing[trie->n_standing++] = mentions[i].use;
		else
			trie->uses[trie->n_uses++] = mentions[i].use;
	}
	item->n_uses = (uint32_t)(trie->n_uses - first);
	if (item->n_uses == 1)
		item->only = trie->uses[--trie->n_uses];
	else
		item->first_use = (uint32_t)first;
}

int trie_build_items(struct trie_builder *b, struct policy *policy)
{
	size_t n = count_mentions(policy), at = 1, alike, words;
	_cleanup_(freep) struct mention *mentions = collect(policy, n);
	int r;

	if (!mentions)
		return -ENOMEM;
	r = make_room(b, mentions, n);
	if (r < 0)
		return r;
	b->n_items = 0;
	for (size_t i = 0; i < n; i += alike, at += words) {
		alike = count_alike(mentions, n, i);
		words = words_of(*mentions[i].pattern);
		make_item(b->trie, (struct trie_item *)(void *)(b->trie->block + at), mentions + i,
			  alike);
		b->items[b->n_items++] = (uint32_t)at;
	}
	b->trie->n_words = at;
	b->trie->n_items = b->n_items;
	return 0;
}

struct trie_uses trie_shared_uses(const struct trie *trie, const struct trie_item *item)
{
	return (struct trie_uses){ trie->uses + item->first_use, item->n_uses };
}

struct trie_uses trie_standing(const struct trie *trie)
{
	return (struct trie_uses){ trie->standing, trie->n_standing };
}

const struct trie_item *trie_next_special(const struct trie *trie, const struct trie_item *after)
{
	size_t at = 1;

	if (after)
		at = (size_t)((const uint64_t *)(const void *)after - trie->block) +
		     words_of(&after->pattern);
	while (at < trie->n_words && !trie_item(trie, (uint32_t)at)->pattern.specifiers)
		at += words_of(&trie_item(trie, (uint32_t)at)->pattern);
	return at < trie->n_words ? trie_item(trie, (uint32_t)at) : NULL;
}

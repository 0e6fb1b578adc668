/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>

#include "policy/array.h"
#include "policy/trie_build.h"
#include "policy/trie_hash.h"

#define SMALL_TABLE 4096U /* entries */

static int compare_entries(const void *a, const void *b)
{
	const struct trie_entry *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

/* Each in its slot or in the first one behind that is free. What comes in the order of the slots
 * leaves nothing to look at behind the first that stands in its own. Returns how many slots it took,
 * or could have. */
static size_t fill_table(struct trie *trie, const struct trie_entry *entries, size_t n)
{
	size_t next = 0;

	for (size_t i = 0; i < n; i++) {
		size_t slot = trie_slot_of(trie, entries[i].key);

		trie->filter[slot] |= (uint8_t)(1U << (entries[i].key & 7));
		if (slot < next)
			trie->slots[next - 1].owner |= TRIE_MORE;
		else
			next = slot;
		trie->slots[next++] = (struct trie_slot){
			.owner = entries[i].owner,
			.tag = (uint32_t)entries[i].key,
			.child = entries[i].child,
		};
	}
	return next > trie->n_slots ? next : trie->n_slots;
}

/* At most a quarter full, so that what is there is nearly always in its own slot; a large one, which
 * would not stay in a cache, half. There is room for those that would come behind the end. */
int trie_build_table(struct trie_builder *b)
{
	struct trie *trie = b->trie;
	size_t n, least = b->n_entries < SMALL_TABLE ? b->n_entries * 4 + 4 : b->n_entries * 2;

	for (trie->n_slots = 1, trie->shift = 64; trie->n_slots < least; trie->n_slots *= 2)
		trie->shift--;
	trie->slots = calloc(trie->n_slots + b->n_entries, sizeof(*trie->slots));
	trie->filter = calloc(trie->n_slots, sizeof(*trie->filter));
	if (!trie->slots || !trie->filter)
		return -ENOMEM;
	if (b->n_entries > 0)
		qsort(b->entries, b->n_entries, sizeof(*b->entries), compare_entries);
	n = fill_table(trie, b->entries, b->n_entries);
	ARRAY_TRIM(trie->slots, n);
	return 0;
}

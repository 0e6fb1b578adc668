/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/order.h"

#include <string.h>

/* Rules of one id, two on one line, keep the order they have there. */
bool order_is_before(const struct candidate *a, const struct candidate *b)
{
	int order;

	/* What is only complained of comes after all that is allowed. */
	if (a->rule->complain != b->rule->complain)
		return b->rule->complain;
	if (a->n_leading != b->n_leading)
		return a->n_leading > b->n_leading;
	if (a->n_wildcards != b->n_wildcards)
		return a->n_wildcards < b->n_wildcards;
	if (a->n_terms != b->n_terms)
		return a->n_terms > b->n_terms;
	order = strcmp(a->rule->id, b->rule->id);
	return order ? order < 0 : a->rule < b->rule;
}

/* As the rules were written. */
static bool is_earlier(const struct candidate *a, const struct candidate *b)
{
	return a->rule < b->rule;
}

typedef bool order(const struct candidate *a, const struct candidate *b);

/* Let the item at @i sink to where no child comes after it. */
static void sink(struct candidate *items, size_t n, size_t i, order *before_other)
{
	for (;;) {
		struct candidate item = items[i];
		size_t child = 2 * i + 1;

		if (child >= n)
			return;
		if (child + 1 < n && before_other(&items[child], &items[child + 1]))
			child++;
		if (!before_other(&item, &items[child]))
			return;
		items[i] = items[child];
		items[child] = item;
		i = child;
	}
}

/* Heap sort, because qsort(3) may allocate and deciding may not. */
static void sort(struct candidate *items, size_t n, order *before_other)
{
	for (size_t i = n / 2; i-- > 0;)
		sink(items, n, i, before_other);
	while (n > 1) {
		struct candidate last = items[--n];

		items[n] = items[0];
		items[0] = last;
		sink(items, n, 0, before_other);
	}
}

void order_allows(struct candidate *items, size_t n)
{
	sort(items, n, order_is_before);
}

void order_denies(struct candidate *items, size_t n)
{
	sort(items, n, is_earlier);
}

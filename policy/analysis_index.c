/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Rules that may name the same, without comparing each with each: two patterns
 * can meet only if the literal components that one begins with are the beginning
 * of the other's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/analysis_parts.h"
#include "policy/array.h"

/* Slashes before everything, so that what is below a directory follows it at once. */
static int compare_leading(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char x = (unsigned char)a[i], y = (unsigned char)b[i];

		if (x == y && x == '\0')
			return 0;
		if (x == y)
			continue;
		if (x == '\0' || y == '\0')
			return x == '\0' ? -1 : 1;
		if (x == '/' || y == '/')
			return x == '/' ? -1 : 1;
		return x < y ? -1 : 1;
	}
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct index_entry *x = a, *y = b;
	int order = compare_leading(x->pattern->leading, y->pattern->leading, SIZE_MAX);

	return order ? order : (x->rule > y->rule) - (x->rule < y->rule);
}

int analysis_index(struct analysis *a)
{
	for (size_t i = 0; i < a->n_rules; i++) {
		const struct language_list *paths = &a->rules[i].area.paths;

		for (size_t j = 0; j < paths->n; j++) {
			struct index_entry *entry = ARRAY_ADD(a->index, a->n_index);

			if (!entry)
				return -ENOMEM;
			*entry = (struct index_entry){ .pattern = paths->items[j], .rule = i };
		}
	}
	if (a->n_index > 0)
		qsort(a->index, a->n_index, sizeof(*a->index), compare_entries);
	return 0;
}

/* What is found for one rule. */
struct found {
	struct analysis *analysis;
	size_t rule;
	bool *is_found; /* owned; of each rule */
	size_t *items;	/* owned */
	size_t n;
};

static int add_entry(struct found *found, const struct language_pattern *pattern,
		     const struct index_entry *entry)
{
	size_t *added;

	if (entry->rule == found->rule || found->is_found[entry->rule] ||
	    language_apart(pattern, entry->pattern))
		return 0;
	added = ARRAY_ADD(found->items, found->n);
	if (!added)
		return -ENOMEM;
	*added = entry->rule;
	found->is_found[entry->rule] = true;
	return 0;
}

/* The first entry whose leading components are not before the first @len bytes of @leading. */
static size_t first_entry(const struct analysis *a, const char *leading, size_t len)
{
	size_t low = 0, high = a->n_index;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *other = a->index[middle].pattern->leading;
		int order = strncmp(other, leading, len) == 0
				    ? 0
				    : compare_leading(other, leading, len);

		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Entries that begin with exactly the first @len bytes of @leading, or also those below. */
static int add_range(struct found *found, const struct language_pattern *pattern, size_t len,
		     bool below)
{
	struct analysis *a = found->analysis;
	int r = 0;

	for (size_t i = first_entry(a, pattern->leading, len); r == 0 && i < a->n_index; i++) {
		const char *other = a->index[i].pattern->leading;

		if (strncmp(other, pattern->leading, len) != 0 ||
		    (other[len] != '\0' && (other[len] != '/' || !below)))
			break;
		if (!analysis_spend(a, 1))
			return 0;
		r = add_entry(found, pattern, &a->index[i]);
	}
	return r;
}

static int add_pattern(struct found *found, const struct language_pattern *pattern)
{
	size_t len = strlen(pattern->leading);
	int r = add_range(found, pattern, len, !pattern->literal);

	while (r == 0 && len > 0) {
		while (len > 0 && pattern->leading[--len] != '/')
			;
		r = add_range(found, pattern, len, false);
	}
	return r;
}

static int compare_numbers(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* In the order of the rules. The caller frees *ret. */
int analysis_neighbours(struct analysis *a, size_t rule, size_t **ret, size_t *ret_n)
{
	const struct language_list *paths = &a->rules[rule].area.paths;
	struct found found = { .analysis = a, .rule = rule };
	int r;

	found.is_found = calloc(a->n_rules, sizeof(*found.is_found));
	r = found.is_found ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < paths->n; i++)
		r = add_pattern(&found, paths->items[i]);
	free(found.is_found);
	if (r < 0) {
		free(found.items);
		return r;
	}
	if (found.n > 0)
		qsort(found.items, found.n, sizeof(*found.items), compare_numbers);
	*ret = found.items;
	*ret_n = found.n;
	return 0;
}

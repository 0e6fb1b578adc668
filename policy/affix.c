/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whatever a text begins with stands, in order, before the text, and everything
 * between the two begins with it as well. So all that fit a text are found from
 * the last one that is not after it, by following what it begins with itself:
 * at most one step for each byte.
 */
#include "policy/affix.h"

#include <string.h>

static int compare_tails(const char *a, size_t a_len, const char *b, size_t b_len)
{
	while (a_len > 0 && b_len > 0) {
		unsigned char x = (unsigned char)a[--a_len], y = (unsigned char)b[--b_len];

		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a_len > b_len) - (a_len < b_len);
}

int affix_compare(enum affix_end end, const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t len = a_len < b_len ? a_len : b_len;
	int order;

	if (end == AFFIX_TAIL)
		return compare_tails(a, a_len, b, b_len);
	order = len > 0 ? memcmp(a, b, len) : 0;
	return order ? order : (a_len > b_len) - (a_len < b_len);
}

static bool fits(enum affix_end end, const struct affix *affix, const char *text, size_t len)
{
	if (affix->len > len)
		return false;
	if (end == AFFIX_TAIL)
		text += len - affix->len;
	return affix->len == 0 || memcmp(text, affix->bytes, affix->len) == 0;
}

/* From @i on, the first that fits. */
static uint32_t follow(enum affix_end end, const struct affix *all, uint32_t i, const char *text,
		       size_t len)
{
	while (i != AFFIX_NONE && !fits(end, &all[i], text, len))
		i = all[i].shorter;
	return i;
}

void affix_link(enum affix_end end, struct affix *all, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct affix *affix = &all[first + i];

		affix->shorter = i == 0 ? AFFIX_NONE
					: follow(end, all, first + i - 1, affix->bytes, affix->len);
	}
}

uint32_t affix_find(enum affix_end end, const struct affix *all, uint32_t first, uint32_t n,
		    const char *text, size_t len)
{
	uint32_t low = 0, high = n;

	/* The first that stands after the text. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct affix *affix = &all[first + middle];

		if (affix_compare(end, affix->bytes, affix->len, text, len) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? AFFIX_NONE : follow(end, all, first + low - 1, text, len);
}

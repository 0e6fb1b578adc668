/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_AFFIX_H
#define FDB_POLICY_AFFIX_H

/*
 * The literal heads of partial globs ("tool-1-" of "tool-1-*"), or their tails,
 * in order, so that those that fit a text are found without asking the others.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AFFIX_NONE UINT32_MAX

enum affix_end { AFFIX_HEAD, AFFIX_TAIL };

struct affix {
	const char *bytes; /* borrowed */
	uint32_t len;
	uint32_t shorter; /* index of the longest other one that fits wherever this does, or NONE */
	uint32_t first, n; /* what has this affix, wherever that is kept */
};

/* Order: from the head on, or from the tail back; a shorter one before those that begin with it. */
int affix_compare(enum affix_end end, const char *a, size_t a_len, const char *b, size_t b_len);

/* Fill in `shorter` of @all[first] to @all[first + n - 1], which are in order and distinct. */
void affix_link(enum affix_end end, struct affix *all, uint32_t first, uint32_t n);

/* The longest of them that @text begins (ends) with, or NONE; all others that do follow by
 * `shorter`. */
uint32_t affix_find(enum affix_end end, const struct affix *all, uint32_t first, uint32_t n,
		    const char *text, size_t len);

#endif

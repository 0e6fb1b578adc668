/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_KEYWORDS_H
#define FDB_POLICY_KEYWORDS_H

/* Every word that the language gives a meaning to, once; the index is the enum's value or bit. */

#include <stddef.h>

struct keyword_table {
	const char *const *words;
	size_t n;
};

extern const struct keyword_table keyword_statements; /* at top level */
extern const struct keyword_table keyword_actions;    /* allow, deny */
extern const struct keyword_table keyword_modes;      /* bit number of enum policy_mode, then any */
extern const struct keyword_table keyword_keys;	      /* enum ast_key, then anyone, subject */
extern const struct keyword_table keyword_attrs;      /* enum ast_attr_name */

/* Index of @word, or -1. */
int keyword_find(const struct keyword_table *table, const char *word);

/* The word that was most likely meant, or NULL if none is near. */
const char *keyword_nearest(const struct keyword_table *table, const char *word);

/* The distance of two words: insertions, deletions, replacements and swaps of neighbours; a large
 * number if one of them is longer than any word of ours. */
size_t keyword_distance(const char *a, const char *b);

#endif

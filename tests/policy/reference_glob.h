/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_POLICY_REFERENCE_GLOB_H
#define FDB_TESTS_POLICY_REFERENCE_GLOB_H

/* Patterns as the text that they are, matched by trying everything. */

#include <stdbool.h>
#include <stddef.h>

/* A value that is not known, as a byte of a pattern. */
#define UNKNOWN_BYTE '\1'

struct strings {
	char **items;
	size_t n;
};

void strings_add(struct strings *strings, char *take);
void strings_done(struct strings *strings);

/* "abc" as "\x61\x62\x63", slashes as they are. */
char *escape_bytes(const char *bytes);

/* Add all that @text becomes when its braces are multiplied out. */
void expand_braces(const char *text, struct strings *out);

bool component_matches(const char *pattern, const char *name);
bool pattern_matches(const char *pattern, const char *path);

/* Leading components without wildcards, and how many wildcards there are. */
size_t count_leading(const char *pattern);
size_t count_wildcards(const char *pattern);

#endif

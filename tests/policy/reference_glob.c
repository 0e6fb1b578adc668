/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/policy/reference_glob.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMPONENTS_MAX 64
#define TEXT_SIZE      1024

void strings_add(struct strings *strings, char *take)
{
	strings->items = realloc(strings->items, (strings->n + 1) * sizeof(char *));
	if (!strings->items || !take)
		abort();
	strings->items[strings->n++] = take;
}

void strings_done(struct strings *strings)
{
	for (size_t i = 0; i < strings->n; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct strings){ 0 };
}

char *escape_bytes(const char *bytes)
{
	char *text = calloc(strlen(bytes) * 4 + 1, 1), *end = text;

	if (!text)
		abort();
	for (; *bytes; bytes++) {
		if (*bytes == '/')
			*end++ = '/';
		else
			end += sprintf(end, "\\x%02x", (unsigned char)*bytes);
	}
	return text;
}

/* The end of one byte of the text as it is written. */
static const char *after(const char *p)
{
	if (*p != '\\')
		return p + 1;
	return p[1] == 'x' ? p + 4 : p + 2;
}

void expand_braces(const char *text, struct strings *out)
{
	const char *open = text, *close, *part;
	char *joined;

	while (*open && *open != '{')
		open = after(open);
	if (!*open) {
		strings_add(out, strdup(text));
		return;
	}
	for (close = open; *close != '}'; close = after(close))
		;
	for (part = open; *part != '}';) {
		const char *from = part + 1;

		for (part = from; *part != ',' && *part != '}'; part = after(part))
			;
		if (asprintf(&joined, "%.*s%.*s%s", (int)(open - text), text, (int)(part - from),
			     from, close + 1) < 0)
			abort();
		expand_braces(joined, out);
		free(joined);
	}
}

/* The byte that is written at *p, and on to the next. */
static unsigned char byte_at(const char **p)
{
	const char *at = *p;
	unsigned int byte;

	*p = after(at);
	if (*at != '\\')
		return (unsigned char)*at;
	if (at[1] != 'x')
		return (unsigned char)at[1];
	if (sscanf(at + 2, "%2x", &byte) != 1)
		abort();
	return (unsigned char)byte;
}

/* *p stands behind the bracket; leaves it behind the closing one. */
static bool class_has(const char **p, unsigned char byte)
{
	bool found = false;

	while (**p != ']') {
		unsigned char first = byte_at(p), last = first;

		if (**p == '-' && (*p)[1] != ']') {
			++*p;
			last = byte_at(p);
		}
		found = found || (byte >= first && byte <= last);
	}
	++*p;
	return found;
}

bool component_matches(const char *p, const char *s)
{
	if (!*p)
		return !*s;
	if (*p == '*' || *p == UNKNOWN_BYTE)
		return component_matches(p + 1, s) || (*s && component_matches(p, s + 1));
	if (!*s)
		return false;
	if (*p == '?')
		return component_matches(p + 1, s + 1);
	if (*p == '[') {
		p++;
		return class_has(&p, (unsigned char)*s) && component_matches(p, s + 1);
	}
	return byte_at(&p) == (unsigned char)*s && component_matches(p, s + 1);
}

/* Between the slashes. */
static size_t split(const char *text, char *buffer, char **components)
{
	size_t n = 0;

	if (strlen(text) >= TEXT_SIZE)
		abort();
	strcpy(buffer, text);
	for (char *p = buffer; *p; p++) {
		if (*p == '/')
			*p = '\0';
		if (!*p && p[1] && p[1] != '/')
			components[n++] = p + 1;
		if (n == COMPONENTS_MAX)
			abort();
	}
	return n;
}

static bool all_match(char **patterns, size_t n_patterns, char **names, size_t n_names)
{
	if (n_patterns == 0)
		return n_names == 0;
	if (strcmp(patterns[0], "**") != 0)
		return n_names > 0 && component_matches(patterns[0], names[0]) &&
		       all_match(patterns + 1, n_patterns - 1, names + 1, n_names - 1);
	if (n_patterns == 1)
		return n_names > 0;
	for (size_t skipped = 0; skipped <= n_names; skipped++)
		if (all_match(patterns + 1, n_patterns - 1, names + skipped, n_names - skipped))
			return true;
	return false;
}

bool pattern_matches(const char *pattern, const char *path)
{
	char pattern_buffer[TEXT_SIZE], path_buffer[TEXT_SIZE], *patterns[COMPONENTS_MAX],
		*names[COMPONENTS_MAX];
	size_t n_patterns = split(pattern, pattern_buffer, patterns);
	size_t n_names = split(path, path_buffer, names);

	return all_match(patterns, n_patterns, names, n_names);
}

size_t count_wildcards(const char *pattern)
{
	size_t n = 0;

	for (const char *p = pattern; *p; p = after(p)) {
		if (p[0] == '*' && p[1] == '*')
			p++;
		if (*p == '[')
			for (; *p != ']'; p = after(p))
				;
		n += *p == '*' || *p == '?' || *p == ']';
	}
	return n;
}

size_t count_leading(const char *pattern)
{
	char buffer[TEXT_SIZE], *components[COMPONENTS_MAX];
	size_t n = split(pattern, buffer, components), leading = 0;

	while (leading < n && count_wildcards(components[leading]) == 0)
		leading++;
	return leading;
}

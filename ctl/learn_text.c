/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "ctl/learn.h"

/* Of what may not stand in a policy's text as it is (E018), and of what a terminal might take amiss. */
static bool is_plain(const char *bytes, size_t len, bool unicode)
{
	uint32_t rune;

	if (len == 1)
		return *bytes >= ' ' && *bytes < 0x7f;
	return unicode && text_character(bytes, len, &rune) == len && !text_is_deceptive(rune);
}

/* The bytes of the character at @bytes, or 1. */
static size_t step(const char *bytes, size_t len)
{
	uint32_t rune;
	size_t n = text_character(bytes, len, &rune);

	return n > 0 ? n : 1;
}

void learn_add_escaped(struct text *out, const char *bytes, size_t len, bool unicode)
{
	size_t n;

	for (; len > 0; bytes += n, len -= n) {
		n = step(bytes, len);
		if (!is_plain(bytes, n, unicode)) {
			for (size_t i = 0; i < n; i++)
				text_printf(out, "\\x%02x", (unsigned char)bytes[i]);
			continue;
		}
		if (n == 1 && strchr("\"\\*?[{%", *bytes))
			text_puts(out, "\\");
		text_add(out, bytes, n);
	}
}

/* Between single quotes nothing is special, so nothing can be escaped there either. */
static bool fits_literal(const char *string, bool unicode)
{
	size_t len = strlen(string), n;

	for (; len > 0; string += n, len -= n) {
		n = step(string, len);
		if (*string == '\'' || !is_plain(string, n, unicode))
			return false;
	}
	return true;
}

void learn_add_quoted(struct text *out, const char *string, bool unicode)
{
	if (fits_literal(string, unicode)) {
		text_printf(out, "'%s'", string);
		return;
	}
	text_puts(out, "\"");
	learn_add_escaped(out, string, strlen(string), unicode);
	text_puts(out, "\"");
}

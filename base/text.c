/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Why not open_memstream(): its buffer's failure is easy to miss, and half of
 * what is added here is bytes with a length, not strings.
 */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Make room for len more bytes and a NUL. */
static bool reserve(struct text *t, size_t len)
{
	size_t wanted = t->capacity ? t->capacity : 64;
	char *data;

	if (t->failed)
		return false;
	while (wanted < t->len + len + 1)
		wanted *= 2;
	if (wanted == t->capacity)
		return true;
	data = realloc(t->data, wanted);
	if (!data) {
		t->failed = true;
		return false;
	}
	t->data = data;
	t->capacity = wanted;
	return true;
}

void text_add(struct text *t, const char *bytes, size_t len)
{
	if (!reserve(t, len))
		return;
	if (len > 0)
		memcpy(t->data + t->len, bytes, len);
	t->len += len;
	t->data[t->len] = '\0';
}

void text_puts(struct text *t, const char *string)
{
	text_add(t, string, strlen(string));
}

void text_printf(struct text *t, const char *format, ...)
{
	va_list args, again;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		t->failed = true;
	else if (reserve(t, (size_t)len)) {
		vsnprintf(t->data + t->len, (size_t)len + 1, format, again);
		t->len += (size_t)len;
	}
	va_end(again);
}

size_t text_character(const char *string, size_t len, uint32_t *ret_rune)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *bytes = (const unsigned char *)string;
	uint32_t rune;
	size_t n;

	if (bytes[0] < 0x80)
		n = 1, rune = bytes[0];
	else if ((bytes[0] & 0xe0) == 0xc0)
		n = 2, rune = bytes[0] & 0x1f;
	else if ((bytes[0] & 0xf0) == 0xe0)
		n = 3, rune = bytes[0] & 0x0f;
	else if ((bytes[0] & 0xf8) == 0xf0)
		n = 4, rune = bytes[0] & 0x07;
	else
		return 0;
	if (n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		rune = rune << 6 | (bytes[i] & 0x3f);
	}
	if (rune < smallest[n] || rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
		return 0;
	*ret_rune = rune;
	return n;
}

bool text_is_deceptive(uint32_t rune)
{
	if (rune < 0x7f)
		return rune < 0x20;
	return rune < 0xa0 || rune == 0xad || rune == 0x61c || (rune >= 0x200b && rune <= 0x200f) ||
	       (rune >= 0x2028 && rune <= 0x202e) || (rune >= 0x2060 && rune <= 0x206f) ||
	       rune == 0xfeff || (rune >= 0xfff9 && rune <= 0xfffb) ||
	       (rune >= 0xe0000 && rune <= 0xe0fff);
}

void text_escape(struct text *t, const char *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		uint32_t rune = 0;
		size_t n = text_character(at, len, &rune);

		if (n > 0 && !text_is_deceptive(rune) && rune != '\\') {
			text_add(t, at, n);
		} else {
			n = 1;
			if (*at == '\\')
				text_puts(t, "\\\\");
			else if (*at == '\n')
				text_puts(t, "\\n");
			else if (*at == '\t')
				text_puts(t, "\\t");
			else
				text_printf(t, "\\x%02x", (unsigned char)*at);
		}
		at += n;
		len -= n;
	}
}

void text_escape_lines(struct text *t, const char *bytes, size_t len)
{
	const char *at = bytes, *end = bytes + len;

	while (at < end) {
		const char *from = at;

		while (at < end && *at != '\n' && *at != '\\')
			at++;
		text_escape(t, from, (size_t)(at - from));
		if (at < end)
			text_add(t, at++, 1);
	}
}

int text_finish(struct text *t, char **ret_string)
{
	text_add(t, "", 0);
	if (t->failed) {
		text_done(t);
		return -ENOMEM;
	}
	*ret_string = TAKE_PTR(t->data);
	*t = TEXT_EMPTY;
	return 0;
}

void text_done(struct text *t)
{
	free(t->data);
	*t = TEXT_EMPTY;
}

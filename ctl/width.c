/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/width.h"

#include <string.h>
#include <wchar.h>

/* Terminal columns of one character of @len bytes; what is not UTF-8's own is shown as \xHH. */
static size_t of_character(const struct screen *screen, uint32_t rune, size_t len)
{
	int width = wcwidth((wchar_t)rune);

	if (!screen->unicode && rune >= 0x80)
		return 4 * len;
	return width > 0 ? (size_t)width : 0;
}

size_t width_of(const struct screen *screen, const char *string)
{
	size_t width = 0, left = strlen(string);

	while (left > 0) {
		uint32_t rune;
		size_t len = text_character(string, left, &rune);

		if (len == 0)
			return width;
		width += of_character(screen, rune, len);
		string += len;
		left -= len;
	}
	return width;
}

/* As much of @string as fits into @room, and "…" if that is not all. */
void width_cut(const struct screen *screen, struct text *out, const char *string, size_t room)
{
	size_t width = 0, left = strlen(string), sign = screen->unicode ? 1 : 3;

	if (width_of(screen, string) <= room) {
		text_puts(out, string);
		return;
	}
	while (left > 0) {
		uint32_t rune;
		size_t len = text_character(string, left, &rune);
		size_t wide = len > 0 ? of_character(screen, rune, len) : 0;

		if (len == 0 || width + wide + sign > room)
			break;
		text_add(out, string, len);
		width += wide;
		string += len;
		left -= len;
	}
	text_puts(out, "…");
}

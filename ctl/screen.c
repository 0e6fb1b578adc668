/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Everything that fdbrokerctl shows passes screen_show(). What came from outside
 * has passed text_escape() before, so that no path, unit or journal field can
 * move the cursor, colour a DENY green or forge a line (P79). In a locale that is
 * not UTF-8 the signs of our own become ASCII and other bytes \xHH: a terminal
 * that takes bytes 0x80 to 0x9f for control characters is never sent one.
 */
#include "ctl/screen.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/exit.h"

static const char *const paints[] = {
	[PAINT_PLAIN] = "",	      [PAINT_ALLOW] = "\033[32m", [PAINT_DENY] = "\033[31m",
	[PAINT_WARNING] = "\033[33m", [PAINT_RULE] = "\033[1m",	  [PAINT_HINT] = "\033[2m",
};

static const struct {
	const char *sign;
	const char *ascii;
} signs[] = {
	{ "…", "..." }, { "→", "->" }, { "←", "<-" }, { "●", "*" },  { "≠", "!=" }, { "×", "x" },
	{ "−", "-" },	{ "—", "--" }, { "“", "\"" }, { "”", "\"" }, { "µ", "u" },
};

static bool wants_colour(FILE *file)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no_color && *no_color)
		return false;
	return isatty(fileno(file)) && term && strcmp(term, "dumb") != 0;
}

void screen_init(struct screen *screen, FILE *file, enum screen_colour colour)
{
	screen->file = file;
	screen->unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	screen->colour = colour == SCREEN_COLOUR_ALWAYS ||
			 (colour == SCREEN_COLOUR_AUTO && wants_colour(file));
}

void screen_paint(const struct screen *screen, struct text *out, enum paint paint,
		  const char *string)
{
	bool coloured = screen->colour && paint != PAINT_PLAIN;

	if (coloured)
		text_puts(out, paints[paint]);
	screen_add(out, string);
	if (coloured)
		text_puts(out, "\033[0m");
}

void screen_add(struct text *out, const char *string)
{
	text_escape(out, string, strlen(string));
}

void screen_add_text(struct text *out, const char *bytes, size_t len)
{
	const char *end = bytes + len;

	while (bytes < end) {
		const char *from = bytes;

		while (bytes < end && *bytes != '\n' && *bytes != '\t' && *bytes != '\\')
			bytes++;
		text_escape(out, from, (size_t)(bytes - from));
		if (bytes < end)
			text_add(out, bytes++, 1);
	}
}

void screen_time(struct text *out, uint64_t unix_sec)
{
	time_t seconds = (time_t)unix_sec;
	struct tm tm;
	char shown[32];

	if (!localtime_r(&seconds, &tm) || strftime(shown, sizeof(shown), "%d %b %T", &tm) == 0)
		return;
	text_puts(out, shown);
}

/* One character of UTF-8 in ASCII; how many bytes of it were read. */
static size_t put_ascii(FILE *file, const char *bytes)
{
	for (size_t i = 0; i < ELEMENTSOF(signs); i++)
		if (strncmp(bytes, signs[i].sign, strlen(signs[i].sign)) == 0) {
			fputs(signs[i].ascii, file);
			return strlen(signs[i].sign);
		}
	fprintf(file, "\\x%02x", (unsigned char)*bytes);
	return 1;
}

static void write_ascii(FILE *file, const char *string)
{
	while (*string) {
		size_t plain = 0;

		while (string[plain] && (unsigned char)string[plain] < 0x80)
			plain++;
		fwrite(string, 1, plain, file);
		string += plain;
		if (*string)
			string += put_ascii(file, string);
	}
}

void screen_show(const struct screen *screen, struct text *take_text)
{
	char *string;

	if (text_finish(take_text, &string) < 0) {
		fputs("fdbrokerctl: out of memory\n", stderr);
		exit(EXIT_IO);
	}
	if (screen->unicode)
		fputs(string, screen->file);
	else
		write_ascii(screen->file, string);
	free(string);
}

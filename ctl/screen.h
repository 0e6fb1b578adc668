/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_SCREEN_H
#define FDB_CTL_SCREEN_H

/*
 * Where text goes: a stream, whether it takes colours, whether it takes more
 * than ASCII. Text is composed in UTF-8 and colour never carries meaning alone.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/text.h"

enum screen_colour { SCREEN_COLOUR_AUTO, SCREEN_COLOUR_ALWAYS, SCREEN_COLOUR_NEVER };

struct screen {
	FILE *file;
	bool colour;
	bool unicode;
};

enum paint { PAINT_PLAIN, PAINT_ALLOW, PAINT_DENY, PAINT_WARNING, PAINT_RULE, PAINT_HINT };

/* AUTO: colours on a terminal that is not dumb, unless NO_COLOR is set (no-color.org). */
void screen_init(struct screen *screen, FILE *file, enum screen_colour colour);

/* Add @string, escaped, in colour if this screen has colours. */
void screen_paint(const struct screen *screen, struct text *out, enum paint paint,
		  const char *string);

/* Add untrusted bytes, escaped. */
void screen_add(struct text *out, const char *string);

/* Add untrusted text of several lines: line ends, tabs and backslashes are its own. */
void screen_add_text(struct text *out, const char *bytes, size_t len);

/* Add "22 Nov 00:31:07", local time. */
void screen_time(struct text *out, uint64_t unix_sec);

/* Write @take_text and empty it; where the screen is ASCII, in ASCII. */
void screen_show(const struct screen *screen, struct text *take_text);

#endif

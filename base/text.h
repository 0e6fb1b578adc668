/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BASE_TEXT_H
#define FDB_BASE_TEXT_H

/*
 * Text that grows, and the one escaping that every untrusted byte passes
 * before it reaches a terminal or a log.
 *
 * Errors stick: after a failed allocation nothing more is added, and
 * text_finish() reports it once, at the end.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

struct text {
	char *data; /* NUL-terminated once anything was added; owned */
	size_t len; /* bytes without the NUL */
	size_t capacity;
	bool failed;
};

#define TEXT_EMPTY ((struct text){ 0 })

void text_add(struct text *t, const char *bytes, size_t len);
void text_puts(struct text *t, const char *string);
void text_printf(struct text *t, const char *format, ...) _printf_(2, 3);

/* Add untrusted bytes: printable ASCII as it is, well-formed UTF-8 beyond control and
 * format characters as it is, backslash as \\, the rest as \n, \t or \xHH. */
void text_escape(struct text *t, const char *bytes, size_t len);

/* The same for text of several lines that was escaped before, if its sender can be believed: ends
 * of lines and backslashes are left as they are. */
void text_escape_lines(struct text *t, const char *bytes, size_t len);

/* Length of the well-formed UTF-8 character at the start of @len > 0 bytes, or 0; *ret_rune is its
 * code point. */
size_t text_character(const char *bytes, size_t len, uint32_t *ret_rune);

/* Control, bidirectional and other invisible characters that can rewrite what a reader sees. */
bool text_is_deceptive(uint32_t rune);

/* 0 and *ret_string (the caller frees it, never NULL), or -ENOMEM. Empties @t either way. */
int text_finish(struct text *t, char **ret_string);

void text_done(struct text *t);

#endif

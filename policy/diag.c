/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A diagnostic quotes text that nobody has judged yet, so every byte of it
 * passes base/text's escaping on the way out, and the caret is placed by what
 * was really printed. What is kept and what one diagnostic prints are both
 * bounded: a hostile file can make neither memory nor a terminal overflow.
 */
#include "policy/diag.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/source.h"

#define EXCERPT_MAX    160U /* characters of a line that are shown */
#define EXCERPT_BEFORE 80U  /* of them before the caret, when the line is longer */

static const struct {
	const char *word;
	const char *colour;
} severities[] = {
	[DIAG_NOTE] = { "note", "\033[1;36m" },
	[DIAG_WARNING] = { "warning", "\033[1;33m" },
	[DIAG_ERROR] = { "error", "\033[1;31m" },
};
static const char bold[] = "\033[1m", green[] = "\033[32m", plain[] = "\033[0m";

static void count(struct diags *diags, enum diag_severity severity)
{
	switch (severity) {
	case DIAG_ERROR:
		diags->n_errors++;
		break;
	case DIAG_WARNING:
		diags->n_warnings++;
		break;
	case DIAG_NOTE:
		diags->n_notes++;
		break;
	}
}

static void diag_done(struct diag *diag)
{
	free(diag->message);
	free(diag->detail);
	free(diag->more);
	free(diag->help);
	free(diag->fix);
	source_free(diag->held);
	*diag = (struct diag){ 0 };
}

/* When all places are taken: that of the last diagnostic of less weight, or NULL. */
static struct diag *displace(struct diags *diags, enum diag_severity severity)
{
	for (size_t i = diags->n; i-- > 0;) {
		if (diags->items[i].severity < severity) {
			diag_done(&diags->items[i]);
			return &diags->items[i];
		}
	}
	return NULL;
}

static struct diag *place_for(struct diags *diags, enum diag_severity severity)
{
	struct diag *items;

	/* Past as many errors as there are places, each place holds one. */
	if (diags->n == DIAGS_MAX)
		return diags->n_errors > DIAGS_MAX ? NULL : displace(diags, severity);
	/* Room doubles at each power of two. */
	if ((diags->n & (diags->n - 1)) == 0) {
		items = realloc(diags->items, (diags->n ? diags->n * 2 : 1) * sizeof(*items));
		if (!items) {
			diags->failed = true;
			return NULL;
		}
		diags->items = items;
	}
	return &diags->items[diags->n++];
}

static char *format_string(struct diags *diags, const char *format, va_list args)
{
	char *string;

	if (vasprintf(&string, format, args) < 0) {
		diags->failed = true;
		return NULL;
	}
	return string;
}

struct diag *diag_add(struct diags *diags, enum diag_severity severity, const char *id,
		      struct place place, const char *format, ...)
{
	struct diag *diag;
	va_list args;

	count(diags, severity);
	diag = place_for(diags, severity);
	if (!diag)
		return NULL;
	*diag = (struct diag){ .severity = severity, .place = place };
	diag->held = source_ref(place.source);
	snprintf(diag->id, sizeof(diag->id), "%s", id);
	va_start(args, format);
	diag->message = format_string(diags, format, args);
	va_end(args);
	return diag;
}

void diag_detail(struct diags *diags, struct diag *diag, const char *format, ...)
{
	va_list args;

	if (!diag)
		return;
	free(diag->detail);
	va_start(args, format);
	diag->detail = format_string(diags, format, args);
	va_end(args);
}

void diag_more(struct diags *diags, struct diag *diag, const char *format, ...)
{
	va_list args;

	if (!diag)
		return;
	free(diag->more);
	va_start(args, format);
	diag->more = format_string(diags, format, args);
	va_end(args);
}

void diag_help(struct diags *diags, struct diag *diag, const char *format, ...)
{
	va_list args;

	if (!diag)
		return;
	free(diag->help);
	va_start(args, format);
	diag->help = format_string(diags, format, args);
	va_end(args);
}

void diag_fix(struct diags *diags, struct diag *diag, const char *replacement)
{
	if (!diag)
		return;
	free(diag->fix);
	diag->fix = strdup(replacement);
	if (!diag->fix)
		diags->failed = true;
}

static int compare(const struct diag *a, const struct diag *b)
{
	const struct place *p = &a->place, *q = &b->place;
	int order = strcmp(p->source ? p->source->path : "", q->source ? q->source->path : "");

	if (order != 0)
		return order;
	if (p->line != q->line)
		return p->line < q->line ? -1 : 1;
	return (p->column > q->column) - (p->column < q->column);
}

/* By insertion, which is stable; DIAGS_MAX bounds it. */
void diags_sort(struct diags *diags)
{
	for (size_t i = 1; i < diags->n; i++) {
		struct diag diag = diags->items[i];
		size_t at = i;

		while (at > 0 && compare(&diags->items[at - 1], &diag) > 0)
			at--;
		memmove(&diags->items[at + 1], &diags->items[at], (i - at) * sizeof(diag));
		diags->items[at] = diag;
	}
}

/* Our own text with quoted bytes in it: backslashes stay single. It is one line, whatever name
 * stands in it. */
static void add_prose(struct text *out, const char *string)
{
	while (*string) {
		size_t len = strcspn(string, "\\");

		text_escape(out, string, len);
		string += len;
		if (*string)
			text_add(out, string++, 1);
	}
}

static void add_line(struct text *out, const char *start, const char *string)
{
	if (!string)
		return;
	text_puts(out, start);
	add_prose(out, string);
	text_puts(out, "\n");
}

/* Bytes of the character at text[0], at most len; a byte that is none counts as one. */
static size_t character_len(const char *text, size_t len)
{
	uint32_t rune;
	size_t n = text_character(text, len, &rune);

	return n > 0 ? n : 1;
}

/* Print one character of a source line; the columns that it takes. A tab takes one. */
static size_t add_character(struct text *out, const char *text, size_t len)
{
	size_t before = out->len, columns = 0;

	if (*text == '\t' || *text == '\\')
		text_add(out, *text == '\t' ? " " : "\\", 1);
	else
		text_escape(out, text, len);
	for (size_t i = before; i < out->len; i++)
		columns += ((unsigned char)out->data[i] & 0xc0) != 0x80;
	return columns;
}

struct excerpt {
	const char *text;
	size_t len;
	uint32_t first; /* column of text[0] */
};

static struct excerpt find_line(const struct place *place)
{
	const char *text = place->source->text, *end = text + place->source->size;
	const char *newline;

	for (uint32_t line = 1; line < place->line && text < end; line++) {
		newline = memchr(text, '\n', (size_t)(end - text));
		text = newline ? newline + 1 : end;
	}
	newline = memchr(text, '\n', (size_t)(end - text));
	return (struct excerpt){ text, (size_t)((newline ? newline : end) - text), 1 };
}

/* The part of the line around the caret. */
static struct excerpt crop(struct excerpt line, const struct place *place)
{
	size_t len = 0;

	while (place->column > EXCERPT_MAX && line.first + EXCERPT_BEFORE < place->column &&
	       line.len > 0) {
		size_t n = character_len(line.text, line.len);

		line.text += n;
		line.len -= n;
		line.first++;
	}
	for (uint32_t n = 0; n < EXCERPT_MAX && len < line.len; n++)
		len += character_len(line.text + len, line.len - len);
	line.len = len;
	return line;
}

static void add_excerpt(const struct place *place, bool colour, struct text *out)
{
	struct excerpt line = crop(find_line(place), place);
	uint32_t column = line.first;
	size_t indent = 0, width = 0;

	text_printf(out, "%5u | %s", place->line, line.first > 1 ? "..." : "");
	indent = line.first > 1 ? 3 : 0;
	for (size_t at = 0; at < line.len; column++) {
		size_t n = character_len(line.text + at, line.len - at);
		size_t columns = add_character(out, line.text + at, n);

		if (column < place->column)
			indent += columns;
		else if (column < place->end_column)
			width += columns;
		at += n;
	}
	text_printf(out, "\n      | %*s%s^", (int)indent, "", colour ? green : "");
	for (size_t i = 1; i < width; i++)
		text_puts(out, "~");
	text_printf(out, "%s\n", colour ? plain : "");
}

static void add_location(const struct place *place, struct text *out)
{
	if (!place->source)
		return;
	text_escape(out, place->source->path, strlen(place->source->path));
	if (place->line > 0)
		text_printf(out, ":%u:%u", place->line, place->column);
	text_puts(out, ": ");
}

void diag_render(const struct diag *diag, bool colour, struct text *out)
{
	text_puts(out, colour ? bold : "");
	add_location(&diag->place, out);
	text_printf(out, "%s%s[%s]%s: ", colour ? severities[diag->severity].colour : "",
		    severities[diag->severity].word, diag->id, colour ? plain : "");
	add_prose(out, diag->message ? diag->message : "");
	text_puts(out, "\n");
	if (diag->place.source && diag->place.line > 0)
		add_excerpt(&diag->place, colour, out);
	add_line(out, "      = ", diag->detail);
	add_line(out, "        ", diag->more);
	add_line(out, "      = help: ", diag->help);
}

void diag_render_gcc(const struct diag *diag, struct text *out)
{
	add_location(&diag->place, out);
	text_printf(out, "%s: ", severities[diag->severity].word);
	add_prose(out, diag->message ? diag->message : "");
	text_printf(out, " [%s]\n", diag->id);
}

void diags_done(struct diags *diags)
{
	for (size_t i = 0; i < diags->n; i++)
		diag_done(&diags->items[i]);
	free(diags->items);
	*diags = DIAGS_EMPTY;
}

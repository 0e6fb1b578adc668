/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Whatever has a special meaning elsewhere and none here ([!x], [[:alpha:]],
 * nested braces, an escape we do not know) is an error, not itself: a pattern
 * that reads differently from what its author knows grants something else.
 */
#include "policy/glob_scan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/array.h"
#include "policy/glob.h"

/* One scan under way. */
struct reader {
	struct glob_scan *scan;
	size_t at;
	size_t n_deep, n_wildcards;
	struct glob_token *open; /* the brace we are in, or NULL */
};

static uint32_t characters(const char *text, size_t len)
{
	uint32_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

struct diag *glob_complain(const struct glob_scan *scan, const char *id, size_t offset, size_t len,
			   const char *format, ...)
{
	_cleanup_(freep) char *message = NULL;
	struct place place = scan->place;
	va_list args;
	int r;

	if (!scan->diags)
		return NULL;
	place.column += characters(scan->text, offset);
	place.end_column = place.column + characters(scan->text + offset, len);
	va_start(args, format);
	r = vasprintf(&message, format, args);
	va_end(args);
	if (r < 0) {
		message = NULL;
		scan->diags->failed = true;
	}
	return diag_add(scan->diags, DIAG_ERROR, id, place, "%s", message ? message : "");
}

static int add(struct reader *reader, enum glob_token_kind kind, size_t len, char byte)
{
	struct glob_scan *scan = reader->scan;

	scan->tokens[scan->n++] = (struct glob_token){
		.kind = kind,
		.offset = (uint32_t)reader->at,
		.len = (uint32_t)len,
		.byte = byte,
	};
	reader->at += len;
	return 0;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* The byte that the escape at text[at] stands for; its length, or -EINVAL. */
static int read_escape(const struct glob_scan *scan, size_t at, char *ret)
{
	const char *text = scan->text + at;
	size_t left = scan->len - at;
	int high, low;

	if (left >= 2 && strchr("\"\\*?[{%", text[1]) && text[1]) {
		*ret = text[1];
		return 2;
	}
	high = left >= 4 && text[1] == 'x' ? hex_digit(text[2]) : -1;
	low = high >= 0 ? hex_digit(text[3]) : -1;
	if (low < 0) {
		diag_help(scan->diags,
			  glob_complain(scan, "E004", at, left < 2 ? left : 2, "unknown escape"),
			  "known are \\\" \\\\ \\* \\? \\[ \\{ \\%% and \\xHH with two hex digits");
		return -EINVAL;
	}
	*ret = (char)(high << 4 | low);
	if (*ret == '\0' || *ret == '/') {
		diag_help(scan->diags,
			  glob_complain(scan, "E004", at, 4, "escape of a byte that no name holds"),
			  "a file name has neither NUL nor \"/\" in it");
		return -EINVAL;
	}
	return 4;
}

/* Refuse the thing at hand if it is the one too many. */
static int limit(struct reader *reader, size_t n, size_t max, const char *what)
{
	if (n <= max)
		return 0;
	diag_help(reader->scan->diags,
		  glob_complain(reader->scan, "E016", reader->at, 1,
				"more than %zu %s in one pattern", max, what),
		  "write several patterns");
	return -EINVAL;
}

static int scan_stars(struct reader *reader)
{
	size_t n = strspn(reader->scan->text + reader->at, "*");
	int r;

	if (n == 1)
		r = limit(reader, ++reader->n_wildcards, GLOB_WILDCARDS_MAX, "wildcards");
	else
		r = limit(reader, ++reader->n_deep, GLOB_DEEP_MAX, "\"**\"");
	if (r < 0)
		return r;
	return add(reader, n == 1 ? GLOB_TOKEN_STAR : GLOB_TOKEN_DEEP, n, '*');
}

static int scan_question(struct reader *reader)
{
	int r = limit(reader, ++reader->n_wildcards, GLOB_WILDCARDS_MAX, "wildcards");

	return r < 0 ? r : add(reader, GLOB_TOKEN_QUESTION, 1, '?');
}

/* One past the ] that ends the class at text[at], or the end of the text. */
static size_t class_end(const struct glob_scan *scan, size_t at)
{
	for (at++; at < scan->len && scan->text[at] != ']'; at++) {
		if (scan->text[at] == '\\')
			at++;
	}
	return at < scan->len ? at + 1 : scan->len;
}

static int class_wrong(struct reader *reader, size_t end, const char *message, const char *help)
{
	const struct glob_scan *scan = reader->scan;

	diag_help(scan->diags,
		  glob_complain(scan, "E004", reader->at, end - reader->at, "%s", message), "%s",
		  help);
	return -EINVAL;
}

/* One member of a class, at *at; its length, or -EINVAL. */
static int class_member(struct reader *reader, size_t at, size_t end, unsigned char *ret)
{
	const struct glob_scan *scan = reader->scan;
	char byte = scan->text[at];
	int len = 1;

	if (byte == '\\') {
		len = read_escape(scan, at, &byte);
		if (len < 0)
			return len;
	} else if (byte == '[') {
		return class_wrong(reader, end, "\"[\" in a character class",
				   "there are no named classes: write ranges, [a-z]; for the byte "
				   "itself \\[");
	} else if (byte == '/') {
		return class_wrong(reader, end, "\"/\" in a character class",
				   "a class matches one byte of a name; \"/\" separates names");
	} else if (byte == '%') {
		return class_wrong(reader, end, "\"%\" in a character class",
				   "no specifier can stand here; for the byte itself write \\%");
	} else if ((unsigned char)byte >= 0x80) {
		return class_wrong(reader, end, "character of several bytes in a character class",
				   "a class matches one byte; write an alternation, {a,b}");
	}
	*ret = (unsigned char)byte;
	return len;
}

/* What stands between the brackets, into @class. */
static int scan_class_members(struct reader *reader, size_t end, uint64_t class[static 4])
{
	const struct glob_scan *scan = reader->scan;
	size_t at = reader->at + 1, last = end - 1;
	unsigned char from, to;
	int r;

	while (at < last) {
		r = class_member(reader, at, end, &from);
		if (r < 0)
			return r;
		at += (size_t)r;
		to = from;
		if (at + 1 < last && scan->text[at] == '-') {
			r = class_member(reader, at + 1, end, &to);
			if (r < 0)
				return r;
			at += 1 + (size_t)r;
		}
		if (to < from)
			return class_wrong(reader, end, "range backwards in a character class",
					   "write the smaller byte first: [a-z]");
		for (unsigned int b = from; b <= to; b++)
			class[b / 64] |= UINT64_C(1) << (b % 64);
	}
	return 0;
}

static int scan_class(struct reader *reader)
{
	struct glob_scan *scan = reader->scan;
	size_t end = class_end(scan, reader->at);
	const char *text = scan->text + reader->at;
	uint64_t class[4] = { 0 }, (*kept)[4];
	int r;

	if (text[1] == '^' || text[1] == '!')
		return class_wrong(reader, end, "negated character class",
				   "write what is excluded instead:  except \"…\"");
	if (end - reader->at < 2 || scan->text[end - 1] != ']')
		return class_wrong(reader, end, "unterminated character class",
				   "close it with \"]\"; for the byte itself write \\[");
	if (end - reader->at == 2)
		return class_wrong(reader, end, "empty character class", "it can match nothing");
	r = limit(reader, ++reader->n_wildcards, GLOB_WILDCARDS_MAX, "wildcards");
	if (r < 0)
		return r;
	r = scan_class_members(reader, end, class);
	if (r < 0)
		return r;
	r = add(reader, GLOB_TOKEN_CLASS, end - reader->at, '[');
	kept = ARRAY_ADD(scan->classes, scan->n_classes);
	if (!kept)
		return -ENOMEM;
	memcpy(*kept, class, sizeof(class));
	scan->tokens[scan->n - 1].class = (uint32_t)(scan->n_classes - 1);
	return r;
}

static int scan_specifier(struct reader *reader)
{
	const struct glob_scan *scan = reader->scan;
	char letter = scan->text[reader->at + 1];
	size_t len = letter ? 2 : 1;

	if (letter == '%')
		return add(reader, GLOB_TOKEN_BYTE, 2, '%');
	if (!letter || !strchr("uUgGhnNpijs", letter)) {
		/* A character of several bytes is quoted whole. */
		while (len >= 2 && ((unsigned char)scan->text[reader->at + len] & 0xc0) == 0x80)
			len++;
		diag_help(scan->diags,
			  glob_complain(scan, "E005", reader->at, len, "unknown specifier '%.*s'",
					(int)len, scan->text + reader->at),
			  "known are %%u %%U %%g %%G %%h %%n %%N %%p %%i %%j %%s; for the byte "
			  "itself write %%%%");
		return -EINVAL;
	}
	if (scan->syntax == GLOB_SYNTAX_NAME) {
		diag_help(scan->diags,
			  glob_complain(scan, "E005", reader->at, 2, "specifier '%%%c' in a name",
					letter),
			  "specifiers stand for the caller's values in paths of rules only");
		return -EINVAL;
	}
	return add(reader, GLOB_TOKEN_SPECIFIER, 2, letter);
}

static int scan_open(struct reader *reader)
{
	const struct glob_scan *scan = reader->scan;

	if (reader->open) {
		diag_help(scan->diags,
			  glob_complain(scan, "E004", reader->at, 1, "braces inside braces"),
			  "write the alternatives out: {a,b1,b2}");
		return -EINVAL;
	}
	reader->open = &scan->tokens[scan->n];
	return add(reader, GLOB_TOKEN_OPEN, 1, 1);
}

static int scan_comma(struct reader *reader)
{
	if (!reader->open)
		return add(reader, GLOB_TOKEN_BYTE, 1, ',');
	/* Stays below 127: a brace alone must not exceed the limit of all of them. */
	if (reader->open->byte == (char)GLOB_PATHS_MAX)
		return limit(reader, GLOB_PATHS_MAX + 1, GLOB_PATHS_MAX, "alternatives");
	reader->open->byte++;
	return add(reader, GLOB_TOKEN_COMMA, 1, ',');
}

static int scan_close(struct reader *reader)
{
	const struct glob_scan *scan = reader->scan;
	const struct glob_token *open = TAKE_PTR(reader->open);

	if (!open)
		return add(reader, GLOB_TOKEN_BYTE, 1, '}');
	if (open->byte < 2) {
		diag_help(scan->diags,
			  glob_complain(scan, "E004", open->offset, reader->at + 1 - open->offset,
					"braces around a single alternative"),
			  "write it without them, or \\{ for the byte itself");
		return -EINVAL;
	}
	return add(reader, GLOB_TOKEN_CLOSE, 1, '}');
}

static int scan_escape(struct reader *reader)
{
	char byte;
	int len = read_escape(reader->scan, reader->at, &byte);

	return len < 0 ? len : add(reader, GLOB_TOKEN_BYTE, (size_t)len, byte);
}

static int scan_one(struct reader *reader)
{
	char c = reader->scan->text[reader->at];
	enum glob_syntax syntax = reader->scan->syntax;

	if (c == '/')
		return add(reader, GLOB_TOKEN_SLASH, 1, '/');
	if (syntax == GLOB_SYNTAX_LITERAL || (syntax == GLOB_SYNTAX_STRING && c != '\\'))
		return add(reader, GLOB_TOKEN_BYTE, 1, c);
	switch (c) {
	case '\\':
		return scan_escape(reader);
	case '*':
		return scan_stars(reader);
	case '?':
		return scan_question(reader);
	case '[':
		return scan_class(reader);
	case '%':
		return scan_specifier(reader);
	case '{':
		return scan_open(reader);
	case ',':
		return scan_comma(reader);
	case '}':
		return scan_close(reader);
	default:
		return add(reader, GLOB_TOKEN_BYTE, 1, c);
	}
}

int glob_scan_read(struct glob_scan *scan, size_t start)
{
	struct reader reader = { .scan = scan, .at = start };
	int r;

	if (scan->len > GLOB_TEXT_MAX) {
		glob_complain(scan, "E016", 0, scan->len, "longer than %u bytes", GLOB_TEXT_MAX);
		return -EINVAL;
	}
	scan->tokens = calloc(scan->len + 1, sizeof(*scan->tokens));
	if (!scan->tokens)
		return -ENOMEM;
	while (reader.at < scan->len) {
		r = scan_one(&reader);
		if (r < 0)
			return r;
	}
	if (reader.open) {
		diag_help(scan->diags,
			  glob_complain(scan, "E004", reader.open->offset, 1, "unterminated \"{\""),
			  "close it with \"}\"; for the byte itself write \\{");
		return -EINVAL;
	}
	return 0;
}

void glob_scan_done(struct glob_scan *scan)
{
	free(scan->tokens);
	free(scan->classes);
	scan->tokens = NULL;
	scan->classes = NULL;
	scan->n = scan->n_classes = 0;
}

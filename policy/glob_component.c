/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/glob_component.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MIN 16U /* room for literal bytes to start with; a power of two */

int glob_wrong(const struct glob_scan *scan, const char *id, const struct glob_token *token,
	       const char *message, const char *help)
{
	size_t offset = token ? token->offset : 0;
	size_t len = token ? token->len : scan->len;

	diag_help(scan->diags, glob_complain(scan, id, offset, len, "%s", message), "%s", help);
	return -EINVAL;
}

static bool is_bytes(const struct glob_line *line, const char *bytes)
{
	if (line->n != strlen(bytes))
		return false;
	for (size_t i = 0; i < line->n; i++) {
		if (line->tokens[i]->kind != GLOB_TOKEN_BYTE || line->tokens[i]->byte != bytes[i])
			return false;
	}
	return true;
}

int glob_component_check(const struct glob_scan *scan, const struct glob_line *part)
{
	if (is_bytes(part, "."))
		return glob_wrong(scan, "E004", part->tokens[0], "\".\" as a path component",
				  "leave it out: names are matched as they are, without \".\"");
	if (is_bytes(part, ".."))
		return glob_wrong(scan, "E004", part->tokens[0], "\"..\" as a path component",
				  "write the directory that is meant; no request with \"..\" "
				  "is ever matched");
	for (size_t i = 0; i < part->n; i++) {
		const struct glob_token *token = part->tokens[i];

		if (token->kind == GLOB_TOKEN_DEEP && (part->n > 1 || token->len > 2))
			return glob_wrong(scan, "E004", token,
					  "\"**\" must be a whole path component",
					  "use \"*\" inside a component, or \"/**/\" between "
					  "components");
		if (token->kind == GLOB_TOKEN_SPECIFIER && token->byte == 'h')
			return glob_wrong(scan, "E005", token, "'%h' inside a pattern",
					  "it is an absolute path: write it first, \"%h/…\"");
	}
	return 0;
}

static int add_byte(struct glob_piece *piece, char byte)
{
	/* Room doubles at each power of two; one more for the NUL. */
	if (piece->len == 0 || (piece->len >= BYTES_MIN && (piece->len & (piece->len - 1)) == 0)) {
		char *bytes = realloc(piece->bytes, (piece->len ? piece->len * 2 : BYTES_MIN) + 1);

		if (!bytes)
			return -ENOMEM;
		piece->bytes = bytes;
	}
	piece->bytes[piece->len++] = byte;
	piece->bytes[piece->len] = '\0';
	return 0;
}

static enum glob_piece_kind piece_kind(const struct glob_token *token)
{
	switch (token->kind) {
	case GLOB_TOKEN_STAR:
	case GLOB_TOKEN_DEEP:
		return GLOB_STAR;
	case GLOB_TOKEN_QUESTION:
		return GLOB_QUESTION;
	case GLOB_TOKEN_CLASS:
		return GLOB_CLASS;
	case GLOB_TOKEN_SPECIFIER:
		return GLOB_SPECIFIER;
	case GLOB_TOKEN_BYTE:
	case GLOB_TOKEN_SLASH:
	case GLOB_TOKEN_OPEN:
	case GLOB_TOKEN_COMMA:
	case GLOB_TOKEN_CLOSE:
		return GLOB_BYTES;
	}
	return GLOB_BYTES;
}

static int add_piece(const struct glob_scan *scan, struct glob_component *component,
		     const struct glob_token *token)
{
	enum glob_piece_kind kind = piece_kind(token);
	struct glob_piece *last = component->n > 0 ? &component->pieces[component->n - 1] : NULL;

	if (last && last->kind == GLOB_STAR && kind == GLOB_STAR)
		return 0;
	if (last && last->kind == GLOB_BYTES && kind == GLOB_BYTES)
		return add_byte(last, token->byte);
	last = &component->pieces[component->n++];
	last->kind = kind;
	if (kind == GLOB_BYTES)
		return add_byte(last, token->byte);
	last->specifier = kind == GLOB_SPECIFIER ? token->byte : '\0';
	if (kind == GLOB_CLASS)
		memcpy(last->class, scan->classes[token->class], sizeof(last->class));
	return 0;
}

static size_t count_pieces(const struct glob_line *part)
{
	size_t n = 0;

	for (size_t i = 0; i < part->n; i++)
		n += i == 0 || part->tokens[i]->kind != GLOB_TOKEN_BYTE ||
		     part->tokens[i - 1]->kind != GLOB_TOKEN_BYTE;
	return n;
}

int glob_component_build(const struct glob_scan *scan, struct glob_component *component,
			 const struct glob_line *part)
{
	int r;

	if (part->n == 1 && part->tokens[0]->kind == GLOB_TOKEN_DEEP) {
		component->deep = true;
		return 0;
	}
	component->pieces = calloc(count_pieces(part), sizeof(*component->pieces));
	if (!component->pieces)
		return -ENOMEM;
	for (size_t i = 0; i < part->n; i++) {
		r = add_piece(scan, component, part->tokens[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

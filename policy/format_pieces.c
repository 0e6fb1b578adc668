/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/format_pieces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "policy/array.h"
#include "policy/ast.h"
#include "policy/keywords.h"

bool piece_is_token(const struct piece *piece, enum token_kind kind)
{
	return piece->kind == PIECE_TOKEN && piece->token == kind;
}

bool piece_is_word(const struct piece *piece, const char *word)
{
	return piece_is_token(piece, TOKEN_WORD) && strlen(word) == piece->len &&
	       memcmp(piece->text, word, piece->len) == 0;
}

static bool add_comment(struct pieces *pieces, const char *text, size_t len, size_t n_newlines)
{
	struct piece *piece = ARRAY_ADD(pieces->items, pieces->n);

	if (!piece)
		return false;
	while (len > 0 && strchr(" \t", text[len - 1]))
		len--;
	*piece = (struct piece){
		.kind = n_newlines > 0 || pieces->n == 1 ? PIECE_COMMENT : PIECE_TRAILING,
		.text = text,
		.len = len,
		.blank_before = n_newlines > 1,
	};
	return true;
}

/* The comments between two tokens; how many lines ended after the last of them, or SIZE_MAX. */
static size_t read_gap(struct pieces *pieces, const char *from, const char *to)
{
	size_t n_newlines = 0;

	while (from < to) {
		const char *end = memchr(from, '\n', (size_t)(to - from));

		if (*from == '#') {
			if (!end)
				end = to;
			if (!add_comment(pieces, from, (size_t)(end - from), n_newlines))
				return SIZE_MAX;
			n_newlines = 0;
			from = end;
			continue;
		}
		n_newlines += *from++ == '\n';
	}
	return n_newlines;
}

static int read_all(struct pieces *pieces, const struct source *source)
{
	const char *from = source->text;
	struct lexer lexer;
	struct token token;

	lexer_init(&lexer, source, NULL);
	do {
		struct piece *piece;
		size_t n_newlines;

		token = lexer_next(&lexer);
		n_newlines = read_gap(pieces, from, token.text);
		piece = n_newlines == SIZE_MAX ? NULL : ARRAY_ADD(pieces->items, pieces->n);
		if (!piece)
			return -ENOMEM;
		*piece = (struct piece){
			.token = token.kind,
			.text = token.text,
			.len = token.len,
			.blank_before = n_newlines > 1,
		};
		from = token.text + token.len;
	} while (token.kind != TOKEN_END);
	pieces->n--; /* the end is no piece */
	return 0;
}

static bool starts_term(const struct piece *before)
{
	static const char *const words[] = { "for", "and", "or", "not", "as" };

	for (size_t i = 0; i < ELEMENTSOF(words); i++)
		if (piece_is_word(before, words[i]))
			return true;
	return piece_is_token(before, TOKEN_EQUALS);
}

static bool is_key(const struct piece *piece)
{
	for (size_t i = 0; i < AST_KEY_MAX; i++)
		if (piece_is_word(piece, keyword_keys.words[i]))
			return true;
	return false;
}

/* Tell the braces of values from those of blocks: no block stands in another but a rule's in a
 * scope's, and in a rule's there are only values. */
static void mark_braces(struct pieces *pieces)
{
	const struct piece none = { .token = TOKEN_END };
	const struct piece *last = &none, *before = &none;
	bool in_values = false, in_scope_head = false, in_attrs = false;

	for (size_t i = 0; i < pieces->n; i++) {
		struct piece *piece = &pieces->items[i];

		if (piece->kind != PIECE_TOKEN) {
			piece->in_braces = in_values;
			continue;
		}
		if (piece_is_word(piece, "for") && !in_attrs && !in_values)
			in_scope_head = true;
		if (piece_is_token(piece, TOKEN_OPEN) &&
		    (in_attrs || (is_key(last) && starts_term(before)))) {
			in_values = true;
		} else if (piece_is_token(piece, TOKEN_OPEN)) {
			in_attrs = !in_scope_head;
			in_scope_head = false;
		}
		piece->in_braces = in_values;
		if (piece_is_token(piece, TOKEN_CLOSE) && in_values)
			in_values = false;
		else if (piece_is_token(piece, TOKEN_CLOSE))
			in_attrs = false;
		before = last;
		last = piece;
	}
}

int pieces_read(struct pieces *ret, const struct source *source)
{
	int r = read_all(ret, source);

	if (r == 0)
		mark_braces(ret);
	return r;
}

void pieces_done(struct pieces *pieces)
{
	free(pieces->items);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_FORMAT_PIECES_H
#define FDB_POLICY_FORMAT_PIECES_H

/*
 * A text as what must be kept of it when its white space goes: tokens and
 * comments, in order. For policy/format.c, which lays them out.
 */

#include <stdbool.h>
#include <stddef.h>

#include "policy/lexer.h"
#include "policy/source.h"

enum piece_kind { PIECE_TOKEN, PIECE_TRAILING, PIECE_COMMENT };

/* A token, a comment at the end of a line, or a comment on a line of its own. */
struct piece {
	enum piece_kind kind;
	enum token_kind token;
	const char *text;
	size_t len;
	bool blank_before; /* an empty line */
	bool in_braces;	   /* of values, the braces included */
};

struct pieces {
	struct piece *items;
	size_t n;
};

/* 0 or -ENOMEM; pieces_done() either way. @ret: starts empty. */
int pieces_read(struct pieces *ret, const struct source *source);
void pieces_done(struct pieces *pieces);

bool piece_is_token(const struct piece *piece, enum token_kind kind);
bool piece_is_word(const struct piece *piece, const char *word);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_LEXER_H
#define FDB_POLICY_LEXER_H

/* Bytes to tokens. The same for policies, fdbroker.conf and fdbrokerctl's --as. */

#include <stdbool.h>
#include <stddef.h>

#include "policy/ast.h"
#include "policy/diag.h"
#include "policy/source.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_PATTERN,
	TOKEN_LITERAL,
	TOKEN_SET,
	TOKEN_BARE, /* text that is none of these: most likely an unquoted path */
	TOKEN_BAD,  /* already complained about: an unterminated string */
	TOKEN_SEMICOLON,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_EQUALS,
	TOKEN_PLUS_EQUALS,
	TOKEN_COLON,
};

struct token {
	enum token_kind kind;
	const char *text; /* borrowed from the source, quotes included */
	size_t len;
	struct place place;
	bool is_label; /* a word with a `:` and white space after it */
	bool is_first; /* on its line */
};

struct lexer {
	const struct source *source; /* borrowed */
	struct diags *diags;	     /* or NULL: say nothing */
	size_t at;
	uint32_t line, column;
	bool is_cut;	   /* the text has no newline at its end */
	bool is_garbled;   /* something that is no text was skipped outside of comments */
	uint32_t bad_line; /* where, last */
};

/* E018 for what must not be in a policy at all, once a line; the lexer skips it. */
void lexer_check_encoding(const struct source *source, struct diags *diags);

void lexer_init(struct lexer *lexer, const struct source *source, struct diags *diags);
struct token lexer_next(struct lexer *lexer);

/* Whether every byte of the token, from the one at @from, is in @set. The text goes on after the
 * token: string functions would read on to the end of the file. */
bool token_is_made_of(const struct token *token, size_t from, const char *set);

/* What stands between the quotes, or the word itself; the caller's to free. NULL: no memory. */
char *token_text(const struct token *token);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_GLOB_SCAN_H
#define FDB_POLICY_GLOB_SCAN_H

/* The first half of glob.c: the bytes between the quotes to the tokens of a pattern. */

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "policy/ast.h"
#include "policy/diag.h"

enum glob_token_kind {
	GLOB_TOKEN_BYTE,
	GLOB_TOKEN_SLASH,
	GLOB_TOKEN_STAR,
	GLOB_TOKEN_DEEP, /* two stars or more */
	GLOB_TOKEN_QUESTION,
	GLOB_TOKEN_CLASS,
	GLOB_TOKEN_SPECIFIER,
	GLOB_TOKEN_OPEN,
	GLOB_TOKEN_COMMA,
	GLOB_TOKEN_CLOSE,
};

struct glob_token {
	enum glob_token_kind kind;
	uint32_t offset, len; /* in the text */
	char byte;	      /* BYTE, SPECIFIER; of OPEN: the number of alternatives */
	uint32_t class;	      /* CLASS: index into the scan's */
};

enum glob_syntax {
	GLOB_SYNTAX_PATH,    /* everything is active */
	GLOB_SYNTAX_NAME,    /* no specifiers */
	GLOB_SYNTAX_STRING,  /* escapes only */
	GLOB_SYNTAX_LITERAL, /* nothing */
};

struct glob_scan {
	const char *text;
	size_t len;
	struct place place; /* of text[0] */
	enum glob_syntax syntax;
	struct diags *diags;	   /* or NULL */
	struct glob_token *tokens; /* owned */
	size_t n;
	uint64_t (*classes)[4]; /* owned */
	size_t n_classes;
};

/* Say what is wrong with text[offset], len bytes of it. Returns NULL if nobody listens. */
struct diag *glob_complain(const struct glob_scan *scan, const char *id, size_t offset, size_t len,
			   const char *format, ...) _printf_(5, 6);

/* The tokens of text from @start. 0, -EINVAL after a complaint, -ENOMEM. */
int glob_scan_read(struct glob_scan *scan, size_t start);
void glob_scan_done(struct glob_scan *scan);

#endif

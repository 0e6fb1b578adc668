/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_PARSER_STATE_H
#define FDB_POLICY_PARSER_STATE_H

/*
 * What the parts of the parser share: one token of look-ahead, errors, and how
 * to go on after one.
 */

#include <stdbool.h>

#include "base/macro.h"
#include "policy/ast.h"
#include "policy/diag.h"
#include "policy/keywords.h"
#include "policy/lexer.h"

struct parser {
	struct lexer lexer;
	struct token token;    /* at hand */
	struct token previous; /* consumed last */
	struct diags *diags;
	struct place complained; /* where the last error is */
	bool failed;		 /* no memory: everything ends */
};

void parser_init(struct parser *parser, const struct source *source, struct diags *diags);
void parser_next(struct parser *parser);

/* Sticky: the parser sees the end of the file from now on. */
void parser_fail(struct parser *parser);

bool parser_is(const struct parser *parser, enum token_kind kind);
bool parser_is_word(const struct parser *parser, const char *word);
bool parser_is_value(const struct parser *parser);
/* Consume it if it is there. */
bool parser_accept(struct parser *parser, enum token_kind kind);
bool parser_accept_word(struct parser *parser, const char *word);

/* Text of the token at hand, which is consumed. The caller's to free; NULL after parser_fail(). */
char *parser_take_text(struct parser *parser);

/* Text of the token at hand for a message: cut where it would be endless. */
struct quote {
	char text[72];
};
struct quote parser_quote(const struct token *token);

/* An error at @place. None (NULL) where one would repeat what has been said: a second one at the same
 * place, at a string that does not end, at the end of a file that is cut short, on a line that is no
 * text. */
struct diag *parser_error(struct parser *parser, const char *id, struct place place,
			  const char *format, ...) _printf_(4, 5);
/* "expected …, found …" at the token at hand; what should be in quotes is named as such, and NULL. */
struct diag *parser_expected(struct parser *parser, const char *what);
/* Past a `=` that stands where a value should; E001. */
void parser_no_equals(struct parser *parser);
/* E002 at the token at hand; @what says of which kind the word should be. */
void parser_unknown(struct parser *parser, const char *what, const struct keyword_table *table);
/* "missing ';' after …", at the end of what was consumed last. */
void parser_missing(struct parser *parser, char what);

/* ';', or an error and on to where the next @unit can start. */
enum parser_unit { PARSER_STATEMENT, PARSER_ATTR };
void parser_end(struct parser *parser, enum parser_unit unit);
/* After an error: past this statement or attribute. */
void parser_skip(struct parser *parser, enum parser_unit unit);
/* After an error in what stands before a block: up to the block or the end of the statement. */
void parser_skip_head(struct parser *parser);

/* Does a statement that stands outside of blocks only begin here, on a line of its own? */
bool parser_at_statement(const struct parser *parser);
/* Does a rule begin here, on a line of its own? */
bool parser_at_rule(const struct parser *parser);
/* At `{`: do values follow, not rules or attributes? */
bool parser_at_list(const struct parser *parser);

/* "version" "1" ";". False: nothing else is worth reading, another version may mean other things. */
bool parser_header(struct parser *parser);
/* E001 if the file does not end with a newline. */
void parser_cut(struct parser *parser);

/* The parts. Each consumes what it can and leaves the rest to parser_end(). */
void parser_value(struct parser *parser, struct ast_value *ret);
bool parser_values_list(struct parser *parser, struct ast_values *ret);
/* E001 if the token at hand is a set with a name that none can have. */
void parser_check_set(struct parser *parser);
void parser_paths(struct parser *parser, struct ast_paths *ret);
uint32_t parser_modes(struct parser *parser, struct ast_modes *ret);
void parser_conj(struct parser *parser, struct ast_conj *ret);
void parser_who(struct parser *parser, struct ast_who *ret);
void parser_rule(struct parser *parser, struct ast_rule *ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_PARSER_H
#define FDB_POLICY_PARSER_H

#include "policy/ast.h"
#include "policy/diag.h"

/**
 * parser_parse() - text to tree, with every syntax error in one go
 * @source:	borrowed; must outlive the tree
 * @diags:	errors are added; the parser goes on after each
 * @ret:	the tree of what could be read, also when there were errors, for the checks that follow
 *
 * Return: 0, whatever errors were found (see @diags); -ENOMEM.
 */
int parser_parse(const struct source *source, struct diags *diags, struct ast **ret);

/* One conjunction on its own: fdbrokerctl's --as. Errors as above; *ret is NULL if there were any. */
int parser_parse_conj(const struct source *source, struct diags *diags, struct ast_conj **ret);
struct ast_conj *ast_conj_free(struct ast_conj *conj);

/* Print a tree back: canonical layout; parsing what is printed gives the same tree. */
void ast_print(const struct ast *ast, struct text *out);
void ast_print_conj(const struct ast_conj *conj, struct text *out);

/* Parts of it. Of several conjunctions each has a space before it; a rule ends its lines, each of
 * which begins with @indent. */
void ast_print_statement(const struct ast_statement *statement, struct text *out);
void ast_print_rule(const struct ast_rule *rule, const char *indent, struct text *out);
void ast_print_who(const struct ast_who *who, struct text *out);
void ast_print_path(const struct ast_path *path, struct text *out);

/* "read", "write", … for one bit; NULL if it is none. And back: 0 if no mode has that name. */
const char *policy_mode_name(uint32_t bit);
uint32_t policy_mode_bit(const char *name);

/* "read, write" or "any". */
void policy_modes_print(uint32_t modes, struct text *out);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_CHECK_PARTS_H
#define FDB_POLICY_CHECK_PARTS_H

/* What check.c is made of. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/ast.h"
#include "policy/diag.h"

struct floor;

/* E006 for the values of each term, and for terms that need another beside them. */
void check_conj(const struct ast_conj *conj, struct diags *diags);

/* E003, E006, E014: the attributes of one rule, each by itself and against the rule. */
void check_attrs(const struct ast_rule *rule, struct diags *diags);

/* E014 alone: what only the rule, or another attribute of it, makes wrong. */
void check_attrs_together(const struct ast_rule *rule, struct diags *diags);

/* Is value @i there, and this word? */
bool check_value_is(const struct ast_values *values, size_t i, const char *word);

/* E017: allows that lie wholly inside the built-in floor. */
void check_floor(const struct ast *const *trees, size_t n, const struct floor *floor,
		 struct diags *diags);

/* The modes that a deny of @modes denies. Has a deny conditions, so that the object must be seen? */
uint32_t check_denied(uint32_t modes);
bool check_is_conditional(const struct ast_rule *rule);

/* "'x' is …" at a value, quoted as it is written but cut where it would be endless. */
struct diag *check_complain(struct diags *diags, const struct ast_value *value, const char *what);

#endif

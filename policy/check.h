/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_CHECK_H
#define FDB_POLICY_CHECK_H

/*
 * What can be wrong with trees that parsed: names, values, patterns, attributes
 * that make no sense where they stand. All errors but those of loading (E009),
 * lookup (E010) and expectations (E013).
 */

#include <stdbool.h>
#include <stddef.h>

#include "policy/ast.h"
#include "policy/diag.h"

struct floor;

/* One tree by itself: E004, E005 (unknown specifier), E006, E014, E016 (pattern limits), … */
void check_tree(const struct ast *ast, struct diags *diags);

/* All trees together, which definitions are global to: E003, E007, E008, E012, E005 (needs the
 * subject), E016 (rules), E017. Trees in order of precedence, lowest first. */
void check_trees(const struct ast *const *trees, size_t n, const struct floor *floor,
		 struct diags *diags);

#endif

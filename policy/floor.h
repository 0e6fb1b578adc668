/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_FLOOR_H
#define FDB_POLICY_FLOOR_H

/*
 * The built-in floor: denies that belong to every policy, before any file is
 * read, and that none can switch off. Written in the language itself.
 */

#include <stddef.h>

#include "policy/ast.h"
#include "policy/diag.h"
#include "policy/source.h"

#define FLOOR_STEM "builtin" /* its rules are builtin.own, builtin.proc, … */

extern const char floor_text[];
extern const size_t floor_size; /* bytes without the NUL */

/* The same as a tree: once for whoever looks at it, in a load or in an analysis. */
struct floor {
	struct source *source; /* owned */
	struct ast *tree;      /* owned; of @source */
};

#define FLOOR_EMPTY ((struct floor){ 0 })

/* 0 or -errno. */
int floor_parse(struct floor *ret, struct diags *diags);
void floor_done(struct floor *floor);

/* The one rule that says more than the language can: set-user-ID and set-group-ID files. */
#define FLOOR_SET_ID FLOOR_STEM ".set-id"

#endif

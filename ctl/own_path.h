/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_OWN_PATH_H
#define FDB_CTL_OWN_PATH_H

/*
 * A rule's path as one caller meets it: `"/etc/ci/tokens/%i.token"` is, for ci-runner@a.service,
 * `"/etc/ci/tokens/a.token"`. What is left is a pattern that means the same without him.
 */

#include "base/text.h"
#include "policy/ast.h"
#include "policy/policy.h"

enum own_path {
	OWN_PATH_WHOLE,	  /* every specifier has become its value */
	OWN_PATH_UNKNOWN, /* some are left: what they stand for was not stated */
	OWN_PATH_NONE,	  /* some have no value for him, so that it matches nothing */
};

/**
 * own_path_add() - add one path, as ast_print_path() would, with the caller's values in it
 * @path:	a set is added by its name, whatever is in it
 * @out:	gets nothing if it is OWN_PATH_NONE; not escaped for a terminal
 */
enum own_path own_path_add(const struct ast_path *path, const struct policy_caller *caller,
			   struct text *out);

#endif

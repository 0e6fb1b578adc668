/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_LABEL_PATTERN_H
#define FDB_POLICY_LABEL_PATTERN_H

/*
 * The values of `apparmor` and `selinux`, matched in parts: what stands between
 * the slashes of a profile's name, the fields of a context. In a part wildcards
 * are those of every name, so that no `*` reaches over a slash or out of its
 * field; `**` is a part of a profile's name by itself and stands for any number
 * of them.
 */

#include <stdbool.h>
#include <stddef.h>

#include "policy/ast.h"
#include "policy/diag.h"
#include "policy/label.h"
#include "policy/match.h"

#define LABEL_FIELDS 4U /* of a context: user, role, type, and if it is asked for the level */

struct label_part {
	bool deep;		       /* `**`: as the last part at least one */
	const struct component *names; /* any of these */
	size_t n;		       /* none: an empty part */
};

struct label_pattern {
	const struct label_part *parts;
	size_t n;
};

/* Does it match a profile's name or a context? UNKNOWN: if only the context had a level. */
enum truth label_match(enum ast_key key, const struct label_pattern *pattern, const char *label);

/* One part of a value as it is written. */
struct label_cut {
	struct ast_value part; /* its text is the one below */
	char text[LABEL_MAX + 1];
	bool deep;
	size_t n;    /* parts so far */
	size_t next; /* where the next begins */
	bool ended;
};

/* Cut off the next part; false: that was all. To begin with, @cut is all zeroes, and the value no
 * longer than LABEL_MAX. */
bool label_cut(struct label_cut *cut, enum ast_key key, const struct ast_value *value);

/* E006 and what glob_parse_name() finds, for a value of such a term. */
void label_check(enum ast_key key, const struct ast_value *value, struct diags *diags);

#endif

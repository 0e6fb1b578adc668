/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_WRITTEN_H
#define FDB_CTL_WRITTEN_H

/* The rules of a policy as their files have them, by id. */

#include "ctl/input.h"
#include "policy/ast.h"

struct written_rule {
	char *id;
	const struct source *source;
	const struct ast_scope *scope; /* NULL: it stands outside of `for` */
	const struct ast_rule *rule;   /* or compile_complaint */
	struct place place;
};

/* Everything is owned here. */
struct written {
	struct policy_files files;
	struct written_rule *items; /* in the policy's order; disabled ones too */
	size_t n;
	const struct written_rule **by_id; /* sorted */
};

#define WRITTEN_EMPTY ((struct written){ 0 })

/* The rules of this command line's policy. Syntax errors go to stderr: EXIT_INVALID. */
enum exit_code written_load(const struct ctl *ctl, const struct load_options *options,
			    struct written *ret);

/* Those of the built-in floor. 0 or -ENOMEM. */
int written_floor(struct written *ret);

void written_done(struct written *written);

const struct written_rule *written_find(const struct written *written, const char *id);

/* The first definition of a set ("@name") or subject, or NULL. */
const struct ast_statement *written_definition(const struct written *written, enum ast_kind kind,
					       const char *name);

/* Add whom the rule is for: "unit "nginx.service" or user root"; "anyone". */
void written_add_who(const struct written_rule *rule, struct text *out);

/* Add the rule in its canonical layout, with what stands around it. */
void written_print(const struct written_rule *rule, struct text *out);

#endif

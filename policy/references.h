/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_REFERENCES_H
#define FDB_POLICY_REFERENCES_H

/*
 * Names that refer to each other: sets to sets, subjects to subjects. A graph
 * whose nodes are the names; what a name refers to is checked once, here.
 */

#include <stdbool.h>
#include <stddef.h>

#include "policy/ast.h"
#include "policy/diag.h"

/* Names within names: whoever follows them recurses. */
#define REFERENCES_NEST_MAX 64U

/* A name somewhere in the text; not terminated. */
struct name_ref {
	const char *name;
	size_t len;
	struct place place;
};

struct name_node {
	const char *name;
	struct place place;
	bool is_defined; /* not only extended */
	bool flag;	 /* @references.flag_of of a definition, or of a node that it refers to */
	int state;	 /* of the search */
	unsigned int nesting;  /* names within names below it */
	struct name_ref *refs; /* owned */
	size_t n_refs;
};

struct references {
	const char *what;	 /* "set" or "subject" */
	struct name_node *nodes; /* by name; owned */
	size_t n;
	struct diags *diags;
};

/* All sets, or all subjects, of all trees. E003 for what is defined twice, E007 for what is
 * extended or referred to but not defined, E008 for what contains itself, E016 for what nests too
 * deep. 0 or -ENOMEM. */
int references_sets(struct references *names, const struct ast *const *trees, size_t n,
		    struct diags *diags);
int references_subjects(struct references *names, const struct ast *const *trees, size_t n,
			struct diags *diags);
void references_done(struct references *names);

/* The node of that name, or NULL after E007. */
const struct name_node *references_resolve(const struct references *names,
					   const struct name_ref *ref);

/* Does the path start with a set, and which? */
bool references_set_of(const struct ast_path *path, struct name_ref *ret);

/* Column (from 0) of %i in the text of a pattern, or -1. */
int references_instance(const struct ast_path *path);

/* Does one of the conjunctions name a unit with an instance? */
bool references_has_template(const struct references *subjects, const struct ast_who *who);

#endif

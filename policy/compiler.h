/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_COMPILER_H
#define FDB_POLICY_COMPILER_H

/*
 * What the modules that compile share. Everything compiled goes to the policy's
 * arena; what is wrong goes to the diagnostics and compiling goes on.
 *
 * Every function returns 0, or -errno for what is not the policy's fault.
 */

#include "policy/accounts.h"
#include "policy/compiled.h"
#include "policy/diag.h"
#include "policy/glob.h"
#include "policy/vocabulary.h"

#define COMPILE_PATTERNS_MAX	   (1U << 16) /* of one list, sets and braces multiplied out */
#define COMPILE_PATTERNS_TOTAL_MAX 1000000U   /* of all lists */

struct set_definition;
struct subject_definition;

struct compiler {
	struct policy *policy; /* owned by whoever compiles */
	struct diags *diags;
	struct accounts *accounts;
	struct vocabulary vocabulary;
	struct arena patterns;	     /* until the trie has its own */
	struct set_definition *sets; /* by name; compile_paths.c */
	size_t n_sets;
	size_t n_patterns;		     /* in all lists */
	struct subject_definition *subjects; /* by name; compile_who.c */
	size_t n_subjects;
	/* Of the rule that is being compiled. */
	struct conditions conditions; /* of the rule being compiled */
	struct conditions *kept;      /* those of the rule before it, or NULL */
	struct policy_obligations obligations;
	bool has_obligations;
};

/* One file being compiled. */
struct compile_file {
	const char *stem, *path;
	bool floor;
	const char *const *disabled; /* sorted */
	size_t n_disabled;
};

struct pattern_list {
	const struct pattern **items;
	size_t n;
};

/* Find all `let` and `extend`; must come before compile_paths(). */
int compile_sets(struct compiler *c, const struct ast *const *trees, size_t n);
int compile_paths(struct compiler *c, const struct ast_paths *paths, struct pattern_list *ret);
void compile_sets_done(struct compiler *c);

/* What @glob means behind the components of @base, which may be NULL; NULL for what is too long, which has
 * been said. */
int compile_pattern(struct compiler *c, const struct ast_path *path, const struct pattern *base,
		    const struct glob_path *glob, const struct pattern **ret);

/* One component of a parsed pattern. */
int compile_component(struct arena *arena, const struct glob_component *glob,
		      struct component *ret);

/* Compile all `subject` definitions, for which policy.subjects has room; before compile_who(). */
int compile_subjects(struct compiler *c, const struct ast *const *trees, size_t n);
int compile_who(struct compiler *c, const struct ast_who *who, struct who *ret);
void compile_subjects_done(struct compiler *c);

/* The values of a term, by its key; those of one about a label. */
int compile_term_values(struct compiler *c, const struct ast_term *ast, struct term *term);
int compile_labels(struct compiler *c, const struct ast_term *ast, struct term *term);

/* A rule of the scope with that number, unless it is disabled; what `mode complain` adds to it. */
int compile_rule(struct compiler *c, const struct compile_file *file, const struct ast_rule *ast,
		 size_t scope);
int compile_complain(struct compiler *c, const struct compile_file *file,
		     const struct ast_scope *ast, size_t scope);
bool compile_is_disabled(const struct compile_file *file, const char *id);

/* Attributes into what @rule says of objects and how it is carried out. */
int compile_attrs(struct compiler *c, const struct ast_rule *ast, struct rule *rule);

/* Obligations: what each attribute asks for, into @c->obligations; then all of them into @rule. */
int compile_deliver(struct compiler *c, const struct ast_attr *attr, struct rule *rule);
int compile_create_mode(struct compiler *c, const struct ast_attr *attr, struct rule *rule);
int compile_create_owner(struct compiler *c, const struct ast_attr *attr, struct rule *rule);
int compile_rate(struct compiler *c, const struct ast_attr *attr, struct rule *rule);
int compile_in_flight(struct compiler *c, const struct ast_attr *attr, struct rule *rule);
int compile_obligations(struct compiler *c, struct rule *rule);

/* E006 for a value that the checks have let pass. 0. */
int compile_bad_value(struct compiler *c, const struct ast_value *value);

/* The ids that a list of names, numbers and ranges stands for. */
enum compile_ids { COMPILE_USERS, COMPILE_GROUPS };
int compile_ids(struct compiler *c, enum compile_ids kind, const struct ast_values *values,
		bool negated, struct id_ranges *ret);

/* The bytes of a path without wildcards, as written in a value; E006 if it is none. NULL then. */
int compile_literal_path(struct compiler *c, const struct ast_value *value, const char **ret);

#endif

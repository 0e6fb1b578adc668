/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_ANALYSIS_PARTS_H
#define FDB_POLICY_ANALYSIS_PARTS_H

/* What analysis.c is made of. Everything returns 0, or -ENOMEM or -E2BIG as analysis_run(). */

#include <stdbool.h>

#include "base/arena.h"
#include "policy/analysis.h"
#include "policy/language.h"

/* A conjunction, the subjects it names multiplied out. */
struct who_conj {
	const struct ast_term **terms;
	size_t n;
};

struct who_set {
	struct who_conj *conjs;
	size_t n;
};

struct analysed_rule {
	const struct ast_rule *ast;
	const struct who_set *who;
	const struct source *source;
	const char *id;
	uint32_t effect; /* modes that it allows or denies, those that follow from others too */
	bool conditional;
	bool floor;
	bool dead; /* said to do nothing: not compared with others */
	struct language_area area;
};

/* A pattern of a rule, to be found by how it begins. */
struct index_entry {
	const struct language_pattern *pattern;
	size_t rule;
};

struct set_paths {
	const char *name;
	const struct ast_paths *paths;
	size_t order;
	bool done;
	struct language_list list; /* of the first of a name: all of them */
};

struct analysis {
	struct arena arena;
	struct diags *diags;
	uint64_t now_sec;
	size_t budget;
	bool gave_up;
	struct analysed_rule *rules;
	size_t n_rules;
	struct set_paths *sets; /* by name */
	size_t n_sets;
	const struct ast_subject **subjects; /* by name */
	size_t n_subjects;
	struct index_entry *index; /* by leading components */
	size_t n_index;
	struct language_area *known; /* analysis_known.c's, once some rule has been asked about */
	size_t n_known;
};

/* analysis_paths.c */
int analysis_sets(struct analysis *a, const struct ast *const *trees, size_t n);
int analysis_area(struct analysis *a, const struct ast_rule *rule, struct language_area *ret);
void analysis_paths_done(struct analysis *a);

/* analysis_values.c: surely, whatever is the one is the other too; nothing is both. */
enum relation { RELATION_WITHIN, RELATION_APART };
bool relate_values(struct analysis *a, enum ast_key key, const struct ast_value *values[2],
		   enum relation relation);

/* analysis_who.c */
int analysis_subjects(struct analysis *a, const struct ast *const *trees, size_t n);
int analysis_who(struct analysis *a, const struct ast_who *who, struct who_set **ret);
/* analysis_terms.c. Surely: whoever the one accepts, the other accepts; nobody is accepted by both.
 * Nothing is sure once all is spent. */
bool who_implies(struct analysis *a, const struct who_set *inner, const struct who_set *outer);
bool who_apart(struct analysis *a, const struct who_set *one, const struct who_set *other);
/* Two terms of it that exclude each other, or false. */
bool who_contradicts(struct analysis *a, const struct who_conj *conj,
		     const struct ast_term **ret_one, const struct ast_term **ret_other);
/* Terms of the longest conjunction. */
size_t who_terms(const struct who_set *who);

/* analysis_index.c: the rules whose names may be names of @rule too */
int analysis_index(struct analysis *a);
int analysis_neighbours(struct analysis *a, size_t rule, size_t **ret, size_t *ret_n);

/* analysis_rules.c: of one rule alone; analysis_unused.c: of definitions; analysis_known.c: of
 * rules and of names that every machine has; analysis_pairs.c: of rules against each other */
int analysis_rule(struct analysis *a, struct analysed_rule *rule);
int analysis_scope(struct analysis *a, const struct ast_scope *scope, const struct who_set *who);
int analysis_unused(struct analysis *a, const struct ast *const *trees, size_t n);
int analysis_known(struct analysis *a, const struct analysed_rule *rule,
		   const struct analysed_rule *const *denies, size_t n_denies);
void analysis_known_done(struct analysis *a);
int analysis_pairs(struct analysis *a, size_t rule);

/* analysis_conflict.c: of two allows. */
int analysis_conflict(struct analysis *a, const struct analysed_rule *rule,
		      const struct analysed_rule *other);

/* Both are written alike, or neither is. */
bool analysis_same_values(const struct ast_attr *a, const struct ast_attr *b);

/* Where a finding about a rule points, and what it is, for a sentence: "read", of some modes. */
struct place rule_place(const struct ast_rule *rule);
const char *first_mode(uint32_t modes);
const struct ast_attr *rule_attr(const struct ast_rule *rule, enum ast_attr_name name);

/* language_find() of areas, with what may still be spent; gives up for good once that is nothing. */
int analysis_find(struct analysis *a, struct language_question question, struct text *ret);

/* Count steps of something else; false once nothing is left. */
bool analysis_spend(struct analysis *a, size_t steps);

/* Count @n pairs of rules that are about to be compared. */
void analysis_spend_pairs(struct analysis *a, size_t n);

#endif

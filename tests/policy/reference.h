/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_POLICY_REFERENCE_H
#define FDB_TESTS_POLICY_REFERENCE_H

/*
 * The decision once more: as slow and as plain as it can be written down, from
 * the parse tree and from nothing else of the engine. Whatever it is short of
 * (one file, ids as numbers, paths of a few components) the random policies are
 * short of too.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/ast.h"
#include "policy/decide.h"
#include "policy/subject.h"

#define REFERENCE_RULES_MAX 64

enum { NO, MAYBE, YES };

/* The values of %u and the like: what the name service would say. */
struct reference_names {
	const char *user, *home, *group; /* or NULL */
};

struct reference;
struct reference *reference_new(const struct ast *ast);
struct reference *reference_free(struct reference *reference);

/* From now on it is about this caller; the strings are borrowed. */
void reference_set_caller(struct reference *reference, const struct policy_subject *subject,
			  const struct reference_names *names);

struct reference_answer {
	enum policy_reason reason;
	const char *deny; /* id of the deny; "builtin" for the floor's; or NULL */
	bool undecided;
	const char *allows[REFERENCE_RULES_MAX]; /* ids, most specific first */
	size_t prefixes[REFERENCE_RULES_MAX];
	size_t n_allows;
};

struct reference_answer reference_name(const struct reference *reference, const char *path,
				       uint32_t modes, uint64_t now_sec);

struct reference_verdict {
	enum verdict verdict;
	enum policy_condition condition;
	const char *deny; /* as above */
};

/* The object under the @i-th allow of the answer for the same question. */
struct reference_verdict reference_object(const struct reference *reference,
					  const struct reference_answer *answer, size_t i,
					  const char *path, uint32_t modes, uint64_t now_sec,
					  const struct policy_object *object);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_WHO_H
#define FDB_POLICY_WHO_H

/* Does a subject accept a caller? In three values: a fact may not be known. */

#include "policy/ast.h"
#include "policy/compiled.h"
#include "policy/subject.h"

/* The fact that a term of this key is about. */
uint32_t who_fact(enum ast_key key);

/* How a term says that a trait is so, and that it is not; NULL where there is no word for it.
 * Both are NULL for a key that is about no trait. */
struct who_words {
	const char *yes, *no;
};
struct who_words who_words(enum ast_key key);

/* @subjects: the answers for policy.subjects, as far as @who refers to them. */
struct who_answer who_ask(const struct who *who, const struct who_answer *subjects,
			  const struct policy_subject *subject);

#endif

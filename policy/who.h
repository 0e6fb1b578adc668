/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_WHO_H
#define FDB_POLICY_WHO_H

/* Does a subject accept a caller? In three values: a fact may not be known. */

#include "policy/ast.h"
#include "policy/compiled.h"
#include "policy/subject.h"

struct who_answer {
	enum truth accepts;
	uint32_t n_terms;    /* YES: terms of the longest conjunction that accepts */
	const char *unknown; /* UNKNOWN: the word of a term that would have to be known */
};

/* @subjects: the answers for policy.subjects, as far as @who refers to them. */
struct who_answer who_ask(const struct who *who, const struct who_answer *subjects,
			  const struct policy_subject *subject);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_WHO_H
#define FDB_POLICY_WHO_H

/* Does a subject accept a caller? In three values: a fact may not be known. */

#include "policy/ast.h"
#include "policy/compiled.h"
#include "policy/subject.h"

/* @subjects: the answers for policy.subjects, as far as @who refers to them. */
struct who_answer who_ask(const struct who *who, const struct who_answer *subjects,
			  const struct policy_subject *subject);

#endif

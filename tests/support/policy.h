/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_POLICY_H
#define FDB_TESTS_POLICY_H

/* Policies and callers in one line each; whatever goes wrong fails the test. */

#include "policy/decide.h"
#include "policy/diag.h"
#include "policy/load.h"
#include "policy/policy.h"

/* The policy that this text means, as a file `test.fdp`. */
struct policy *policy_of(const char *text);

/* What is found in it, and that it does not load; to be freed by diags_done(). */
struct diags findings_of(const char *text);

/* How many findings have this id. */
size_t count_findings(const struct diags *diags, const char *id);

/* All of them as text, for messages; freed by the caller. */
char *findings_text(const struct diags *diags);

/* The caller that a conjunction describes. */
struct policy_caller *caller_of(const struct policy *policy, const char *conj);

/* "allow", "deny" or "undecided": the answer for a name. @modes as in the language. */
const char *answer_of(const struct policy *policy, const char *conj, const char *modes,
		      const char *path);

/* A text and a question about it. */
const char *answer_by(const char *text, const char *conj, const char *modes, const char *path);

/* "read,write" to bits. */
uint32_t modes_of(const char *modes);

#endif

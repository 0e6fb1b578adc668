/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_EXPECT_H
#define FDB_POLICY_EXPECT_H

#include <stddef.h>
#include <stdint.h>

#include "policy/ast.h"
#include "policy/diag.h"
#include "policy/policy.h"

/* Hold a policy against the `expect` lines of the trees that it was compiled from: E013 for each
 * that fails. Names only, nothing is opened. 0 or -errno for what is not the policy's fault. */
int expect_all(const struct policy *policy, const struct ast *const *trees, size_t n,
	       uint64_t now_sec, struct diags *diags);

#endif

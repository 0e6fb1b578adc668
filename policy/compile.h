/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_COMPILE_H
#define FDB_POLICY_COMPILE_H

#include <stddef.h>

#include "policy/ast.h"
#include "policy/diag.h"
#include "policy/floor.h"
#include "policy/policy.h"

/*
 * What a scope in `mode complain` adds to its rules: whatever the caller could open alone, on the
 * terms of any allow without `as root`. Its id is FILE.LLINE.complain; it comes after all other
 * allows, and each grant by it is recorded.
 */
extern const struct ast_rule compile_complaint;

/**
 * compile_trees() - trees that passed the checks to the policy that decides
 * @trees:	in order of their files' names
 * @floor:	goes first
 * @ret:	NULL if @diags has an error; its rules are the floor's and the trees' without those
 *		that are disabled; of the summary all but sha256 is filled in
 *
 * Asks the name service. Return: 0, or -errno for what is not the policy's fault.
 */
int compile_trees(const struct ast *const *trees, size_t n, const struct floor *floor,
		  struct diags *diags, struct policy **ret);

/* For whoever has just compiled it; @hex has 64 characters. */
void compile_set_sha256(struct policy *policy, const char *hex);

#endif

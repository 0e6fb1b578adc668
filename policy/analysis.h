/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_ANALYSIS_H
#define FDB_POLICY_ANALYSIS_H

/*
 * What is wrong with a policy that is valid: rules that do nothing, that say the same, that give
 * more than was meant (W101–W116, W301, N104, N116), each with a request that shows it. Pure:
 * whatever needs the machine is ctl/machine.h.
 */

#include <stddef.h>
#include <stdint.h>

#include "policy/ast.h"
#include "policy/diag.h"

/**
 * analysis_run() - add all findings about trees that load without error
 * @now_sec:	UTC seconds, for `until`
 *
 * Return: 0; -E2BIG the comparison of rules was given up, what was found is there; -ENOMEM.
 */
int analysis_run(const struct ast *const *trees, size_t n, uint64_t now_sec, struct diags *diags);

/* A name that every machine has, and that yields a secret (W112) or that root trusts (W113). */
struct analysis_known_name {
	const char *id;	  /* "W112" */
	const char *what; /* "SSH host key" */
};

/* Whether a pattern or literal meets such a name, for modes that yield or change it; whatever
 * authority a rule would lend. 1 and @ret, 0, -ENOMEM; -EINVAL: not a pattern. */
int analysis_known_meets(const struct ast_path *path, uint32_t modes,
			 struct analysis_known_name *ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_LEARN_PRINT_H
#define FDB_CTL_LEARN_PRINT_H

/* The proposals as a policy's text, and what is to be said of them. */

#include "ctl/command.h"
#include "ctl/learn_rules.h"

struct lesson {
	struct wants wants;
	struct proposals proposals;
	const char *file; /* the name that the text should have: "erp.fdp" */
};

/* A whole file. What needs root's authority stands in it as a comment. */
void learn_add_policy(const struct screen *screen, const struct lesson *lesson, struct text *out);

/* learn_explain.c: for people, and the same for programs */
void learn_explain(const struct ctl *ctl, const struct lesson *lesson);
void learn_json(const struct ctl *ctl, const struct lesson *lesson);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_MACHINE_H
#define FDB_CTL_MACHINE_H

/*
 * What is wrong with a policy on this machine, or in an image of one: W108, W201–W209, W302, W306.
 * Looks, with the authority of whoever runs this, and opens nothing but directories and unit files.
 */

#include "policy/analysis_parts.h"

struct machine {
	struct analysis *analysis;    /* for its sets and its budget */
	int root;		      /* O_PATH: all names are below it */
	bool image;		      /* not the running machine's */
	struct language_area allowed; /* by any rule */
	struct machine_service *services;
	size_t n_services;
	bool services_read;
};

/* All findings; @root NULL is this machine. 0, -ENOMEM, or another -errno for @root. */
int machine_check(const struct ast *const *trees, size_t n, const char *root, struct diags *diags);

/* machine_paths.c: of one path of an allow; machine_who.c: of one `for`, and of the kernel */
int machine_path(struct machine *m, const struct ast_rule *rule, const struct ast_path *path);
void machine_term(struct machine *m, const struct ast_term *term);
void machine_kernel(struct machine *m);
/* machine_users.c: of callers that only their user tells */
int machine_user(struct machine *m, const struct who_conj *conj);
void machine_services_done(struct machine *m);

/* Add " fs.protected_symlinks=0" for each protection that this kernel has and that is off. */
void machine_unprotected(struct text *out);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_OWN_PATHS_H
#define FDB_CTL_OWN_PATHS_H

/* A rule's paths as one caller meets them, its sets written out: ctl/own_path.h for each. */

#include <stddef.h>

#include "ctl/own_path.h"
#include "ctl/written.h"

struct own_paths {
	const struct written *written; /* what the sets are */
	const struct policy_caller *caller;
	size_t most;   /* that are added; the others are counted */
	bool any;      /* some are for him */
	bool unknown;  /* some have a specifier whose value was not stated */
	size_t n_left; /* were more than @most */
};

/* Add those of @paths that are something to the caller, with commas, @before the first. */
void own_paths_add(struct own_paths *own, const struct ast_paths *paths, const char *before,
		   struct text *out);

#endif

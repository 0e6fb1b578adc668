/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_SHADOW_H
#define FDB_CTL_SHADOW_H

/* What `shadow` and its --promote share. */

#include "ctl/admin.h"
#include "ctl/candidate.h"
#include "ctl/input.h"

struct shadow {
	struct ctl *ctl;
	struct admin_answer status;
	struct candidate candidate;
	char *directory; /* that the daemon was started with, or NULL; owned */
};

/* The policy on disk as the daemon would read it; @files join it. */
struct load_options shadow_options(const struct shadow *shadow, const char *const *files,
				   size_t n_files);

/* Does one run? */
bool shadow_runs(const struct shadow *shadow);

/* Install what the shadow that runs was made of, and load it. */
enum exit_code shadow_promote(struct shadow *shadow);

#endif

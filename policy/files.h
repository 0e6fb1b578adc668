/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_FILES_H
#define FDB_POLICY_FILES_H

/* Which files are the policy, and may they be trusted? For load.c alone. */

#include <stddef.h>

#include "policy/diag.h"
#include "policy/load.h"
#include "policy/source.h"

struct source_list {
	struct source **items; /* owned, like what they point to */
	size_t n;
};

/**
 * files_read() - the text of every effective file
 * @ret:	in order of the files' names; those with a finding of E009 or E016 too, so that
 *		others can be judged, but then @diags has an error
 *
 * Return: 0, whatever is wrong with the files (see @diags); -ENOMEM.
 */
int files_read(const struct load_options *options, struct diags *diags, struct source_list *ret);
/* load_names() */
int files_list(const struct load_options *options, struct diags *diags, struct policy_names *ret);
void source_list_done(struct source_list *list);

#endif

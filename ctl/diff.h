/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_DIFF_H
#define FDB_CTL_DIFF_H

#include "ctl/command.h"
#include "policy/load.h"

/* Show how two policies differ, as `diff` does. EXIT_YES: they do not; EXIT_NO: they do; or what
 * went wrong. */
enum exit_code diff_show(const struct ctl *ctl, const struct load_options *before,
			 const struct load_options *after);

#endif

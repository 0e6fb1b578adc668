/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_PLAIN_DIFF_H
#define FDB_CTL_PLAIN_DIFF_H

#include "ctl/command.h"

/* Show diff(1) -u of two texts. EXIT_YES: they are the same; EXIT_NO; or what went wrong. */
enum exit_code plain_diff(const struct ctl *ctl, const struct text *before,
			  const struct text *after);

#endif

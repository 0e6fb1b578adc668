/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_PAGER_H
#define FDB_CTL_PAGER_H

/* Long answers on a terminal, a page at a time. */

#include "ctl/command.h"

/* From here on what goes to stdout goes through the pager, if this is a terminal and one is wanted
 * and found. Colours have been chosen before. */
void pager_start(const struct ctl *ctl);

/* Wait until it was read. An answer that somebody did not read to its end is no error. */
void pager_finish(void);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_TRIAL_H
#define FDB_CTL_TRIAL_H

/* A policy that was loaded on trial: what it changes, and when it goes. */

#include "ctl/command.h"

/* How long `reload --confirm=TIME` waits, in seconds. EXIT_YES, or EXIT_USAGE. */
enum exit_code trial_span(const struct ctl *ctl, uint32_t *ret_sec);

/* Ask the daemon what it serves, and show what @warnings its loading had, what is allowed now and what no
 * longer, and until when. What cannot be found out is left out: the policy is loaded whatever this shows. */
void trial_show(const struct ctl *ctl, const char *warnings);

/* After a plain reload: that it is part of a trial, if it is. */
void trial_remind(const struct ctl *ctl);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/filter.h"

/* What an installed daemon does with a system call that is not on its list. */
const uint32_t filter_default_action = SCMP_ACT_KILL_PROCESS;

const struct filter_rule filter_extra[1] = { 0 };
const size_t filter_n_extra = 0;

void filter_prepare(void)
{
}

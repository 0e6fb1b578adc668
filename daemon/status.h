/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_STATUS_H
#define FDB_DAEMON_STATUS_H

/* What the daemon says of itself to `fdbrokerctl status`: lines `key value`. */

#include "base/text.h"

struct parent;

/* In the order of fdbrokerctl(8). Times are seconds since the epoch. */
void status_print(const struct parent *parent, struct text *out);

/* The part of it that does not change with each request: without anybody's counters. */
void status_print_known(const struct parent *parent, struct text *out);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_COMMANDS_H
#define FDB_DAEMON_COMMANDS_H

/* What the parent tells a broker that serves. */

#include "daemon/loop.h"

/* Do what its next message says. 1; 0: there is none; -errno: there is nobody to serve for any more. */
int commands_take(struct loop *loop, struct worker *worker);

#endif

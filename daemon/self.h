/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_SELF_H
#define FDB_DAEMON_SELF_H

/*
 * "/proc/self" in a request: the process that made the connection, never the
 * broker, and never who has its number by now.
 */

#include <stdbool.h>

#include "daemon/opening.h"

/* Whether @path means the caller's process, or something in its directory. */
bool self_is_meant(const struct opening *o, const char *path);

/* What such a path names, by O_PATH: a descriptor; -ESRCH the process has exited; -EAGAIN as
 * opener_look(); another -errno. */
int self_look(struct opening *o, const char *path);

#endif

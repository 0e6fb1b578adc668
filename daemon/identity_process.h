/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_IDENTITY_PROCESS_H
#define FDB_DAEMON_IDENTITY_PROCESS_H

/* The half of an identity that no socket tells: what /proc says of a process. For identity.c. */

#include <sys/socket.h>
#include <sys/types.h>

#include "daemon/facts.h"

/**
 * identity_read_process() - traits, capabilities and executable of a process
 * @peer:	its effective ids must be these, or it is another one; NULL: not asked
 * @facts:	what could be read is set, the traits with their `attested` bits
 *
 * The caller sees to it that @pid is meanwhile nobody else's.
 *
 * Return: 0; -ESRCH not that of @peer; -ENOENT or another -errno: it cannot be read.
 */
int identity_read_process(pid_t pid, const struct ucred *peer, struct facts *facts);

#endif

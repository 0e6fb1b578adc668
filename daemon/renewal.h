/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_RENEWAL_H
#define FDB_DAEMON_RENEWAL_H

/*
 * What the policy allows and the hull does not have (hull.h): a generation cannot widen its hull, but
 * another one of the same policy looks at the file system anew. With the workers' lock.
 */

#include "daemon/exchange.h"

/**
 * renewal_await() - ask the parent for that generation, and let the request wait for it
 *
 * Return: -EINPROGRESS it waits on the server's list, as waiting_add(); 0 it cannot: its answer is
 *	that it is to be asked again.
 */
int renewal_await(struct exchange *x);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_LOOKOUT_H
#define FDB_DAEMON_LOOKOUT_H

/*
 * What the main thread of a broker does: it serves nobody, and looks whether the leader gets on.
 * One that is blocked where it should not be leads no more.
 */

struct workers;

/* Until workers_end(). With the lock, which is let go in between. */
void lookout_keep(struct workers *w);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_PARENT_PARTS_H
#define FDB_DAEMON_PARENT_PARTS_H

/* What parent.c is made of. */

#include <stdint.h>

#include "daemon/parent.h"

/* Tell systemd what is served. */
void parent_announce(struct parent *parent);
/* Decide what is loaded after a crash. */
void parent_set_restart(struct parent *parent);

/* parent_attendants.c */

/* Without processes yet. 0 or -errno. */
int parent_init_audit(struct parent *parent);
int parent_init_pump(struct parent *parent);
/* Those that are needed, and are not there yet. */
void parent_start_attendants(struct parent *parent);

/* parent_end.c */

/* SIGHUP loads anew, SIGTERM ends; and systemd's watchdog is told. */
int parent_watch_signals(struct parent *parent);

/* parent_admin.c */

int parent_start_admin(struct parent *parent);
/* The number from which on it is answered. */
uint64_t parent_reload(void *context);
/* One of those that were asked to count has. */
void parent_counted(void *context);

#endif

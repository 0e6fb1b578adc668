/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_BROKER_H
#define FDB_DAEMON_BROKER_H

#define BROKER_USER "fdbroker"

/* One policy generation, from START to its end. The process's exit status. */
int broker_main(void);

#endif

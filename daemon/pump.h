/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_PUMP_H
#define FDB_DAEMON_PUMP_H

/* The pump: empties the pipes of `deliver pipe` into their files and the events of watches into their
 * pipes, and counts what each uid holds. */

#define PUMP_QUEUE_FD 4 /* where burdens come from */

/* For main() to return. */
int pump_main(void);

#endif

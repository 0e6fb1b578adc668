/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_AUDIT_H
#define FDB_DAEMON_AUDIT_H

/* The audit process: receives records, folds repeats, writes them down. */

#define AUDIT_FILE_FD 5 /* where JSON lines go, if they do */

#define AUDIT_USER "fdbroker-audit"

/* For main() to return. */
int audit_main(void);

#endif

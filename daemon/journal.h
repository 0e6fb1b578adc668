/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_JOURNAL_H
#define FDB_DAEMON_JOURNAL_H

/*
 * The journal, for the audit process: what it wants of libsystemd, which it loads for that, and so only
 * where records go to the journal. With libsystemd come five libraries more; neither they nor it are a
 * part of a process that writes a file.
 */

#include <sys/uio.h>

/* Before confinement, once. 0; -ELIBACC it cannot be loaded, and the log says why. */
int journal_load(void);

/* An entry, a field each, as sd_journal_sendv(3) has them. 0 or -errno. */
int journal_send(const struct iovec *fields, int n);

#endif

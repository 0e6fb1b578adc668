/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_SINK_H
#define FDB_DAEMON_SINK_H

/*
 * Where audit records are written: the journal, in native fields, or a file, as
 * one JSON object in a line with the fields' names in small letters and without their prefix
 * ("rule_src"). A value that is not UTF-8 is an array of its bytes there, as in `journalctl -o
 * json`.
 */

#include <stdint.h>

#include "daemon/record.h"

/* 0 or -errno. The journal's is loaded: journal.h. */
int sink_journal(const struct record *record, uint32_t repeat);
int sink_file(int fd, const struct record *record, uint32_t repeat);

#endif

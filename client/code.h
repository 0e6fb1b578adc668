/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CLIENT_CODE_H
#define FDB_CLIENT_CODE_H

/* @r if it is >= 0 or a documented error of libfdbroker(3), else -EIO. Every code that leaves the
 * library goes through here: error codes are part of the interface. */
int code_filter(int r);

#endif

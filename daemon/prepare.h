/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_PREPARE_H
#define FDB_DAEMON_PREPARE_H

/*
 * What the parent needs before it begins: who it is, what it was told, and what
 * its process may use. Each says in the log why it cannot be had, but
 * prepare_process().
 */

#include <sys/types.h>

#include "daemon/settings.h"

/* Root, and the users of the processes that are not: who brokers will be. 0 or -errno. */
int prepare_users(uid_t *ret_uid, gid_t *ret_gid);

/* @path: NULL for the installed one. 0; -EINVAL it has mistakes; another -errno. */
int prepare_settings(const char *path, struct settings *ret);

/* A broker that cannot be confined is no broker, unless @settings say so. 0 or -errno. */
int prepare_landlock(const struct settings *settings);

/* @ret: open to append; the caller's. 0; -EINVAL it is something else than a file; another -errno. */
int prepare_audit_file(const char *path, int *ret);

/* Limits, signals and the working directory; @settings is cut to the descriptors that there may be.
 * 0 or -errno. */
int prepare_process(struct settings *settings);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_MACHINE_LOOK_H
#define FDB_CTL_MACHINE_LOOK_H

/* What stands at a name below the machine's root. */

#include <sys/stat.h>

#include "ctl/machine.h"

/* What stands there, be it a link; no link before it is followed: -ELOOP. 0 or -errno. */
int machine_look(const struct machine *m, const char *path, struct stat *ret);

/* What stands where its links lead. */
int machine_look_through(const struct machine *m, const char *path, struct stat *ret);

/* Where that is. The caller frees it. */
int machine_real(const struct machine *m, const char *path, char **ret);

/* The type of its file system, as statfs(2) has it. */
int machine_fs(const struct machine *m, const char *path, uint32_t *ret);

/* To read a directory by; no links. */
int machine_open_directory(const struct machine *m, const char *path);

/* To read a file by; links are followed. */
int machine_open_file(const struct machine *m, const char *path);

/* Where the link at @path leads, as it is written: its length; -EINVAL it is none; another -errno. */
int machine_link(const struct machine *m, const char *path, char *ret, size_t size);

#endif

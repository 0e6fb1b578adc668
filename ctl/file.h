/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_FILE_H
#define FDB_CTL_FILE_H

/* Files of text, read and replaced as a whole. */

#include <sys/stat.h>

#include "base/text.h"

/* Add all of @path, or of standard input for "-". 0; -EFBIG more than POLICY_FILE_MAX; -EISDIR or
 * -EINVAL not a regular file; another -errno. */
int file_read(const char *path, struct text *out);

/* Write all to a descriptor. */
int file_write(int fd, const char *bytes, size_t len);

/**
 * file_replace() - put a new file in the place of @path, at once
 * @path:	is there; of a link, what it leads to is replaced
 *
 * The new one has the owner, the group and the mode of the old. Whoever reads the path, or crashes,
 * sees the old or the new one, and never a part. Return: 0 or -errno, and the old one is there.
 */
int file_replace(const char *path, const char *bytes, size_t len);

/* The same for a path that need not be there: @st tells what owner and mode to give. */
int file_install(const char *path, const struct stat *st, const char *bytes, size_t len);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_LINKS_H
#define FDB_CTL_LINKS_H

/* The links of a name, for `symlinks trusted`. */

#include <stdbool.h>

/* Is each link on the way of @path, which is clean, root's own, and in a directory that like all
 * those above it only root can change? What cannot be looked at is not. */
bool links_are_trusted(const char *path);

#endif

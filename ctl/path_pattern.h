/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_PATH_PATTERN_H
#define FDB_CTL_PATH_PATTERN_H

/* A pattern of names as rules have it, held against names outside of any policy. */

#include <stdbool.h>

#include "base/cleanup.h"

struct path_pattern;

/* @text: what would stand between double quotes. 0, -ENOMEM, or -EINVAL: no pattern, or one with a
 * specifier or a set, which are some caller's or some policy's. */
int path_pattern_new(struct path_pattern **ret, const char *text);
struct path_pattern *path_pattern_free(struct path_pattern *pattern);
DEFINE_CLEANUP(struct path_pattern *, path_pattern_free)

bool path_pattern_admits(const struct path_pattern *pattern, const char *path);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_NAMES_H
#define FDB_CTL_NAMES_H

/* Users and groups as people know them. */

#include <sys/types.h>

#include "base/text.h"

/* Add "www-data(33)", or "33" where this machine has no name for it. Escaped. */
void names_add_user(struct text *out, uid_t uid);
void names_add_group(struct text *out, gid_t gid);

#endif

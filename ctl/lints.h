/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_LINTS_H
#define FDB_CTL_LINTS_H

/* What each finding means: for `help ID` and fdbroker-lints(7). */

#include <stddef.h>

struct lint {
	const char *id; /* "W112" */
	const char *title, *meaning, *example, *fix;
};

/* By id, in capitals or not, or NULL; and the table in order, NULL past its end. */
const struct lint *lint_find(const char *id);
const struct lint *lint_at(size_t i);

#endif

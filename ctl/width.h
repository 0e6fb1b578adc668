/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_WIDTH_H
#define FDB_CTL_WIDTH_H

/* How many columns of a terminal text takes: wide characters take two, combining ones none. */

#include <stddef.h>

#include "ctl/screen.h"

/* Of @string, which was escaped before, as screen_show() will write it. */
size_t width_of(const struct screen *screen, const char *string);

/* Add as much of @string as fits into @room columns, and "…" if that is not all. */
void width_cut(const struct screen *screen, struct text *out, const char *string, size_t room);

#endif

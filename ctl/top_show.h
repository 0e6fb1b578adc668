/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_TOP_SHOW_H
#define FDB_CTL_TOP_SHOW_H

/* The view of `top` as text, line by line; every name escaped. */

#include "base/text.h"
#include "ctl/screen.h"
#include "ctl/top_view.h"

/* How lines are laid out: the same for all of one screen. */
struct top_layout {
	size_t name; /* columns for names */
	bool wide;   /* there is room for what is seldom needed */
};

/* For @columns of a terminal; 0: as wide as it takes. */
void top_layout(const struct screen *screen, const struct top_view *view, size_t columns,
		struct top_layout *ret);

/* One line each, with its end. */
void top_add_title(const struct top_view *view, struct text *out);
void top_add_heading(const struct top_layout *layout, struct text *out);
void top_add_row(const struct screen *screen, const struct top_layout *layout,
		 const struct top_view *view, const struct top_row *row, struct text *out);

/* Whether a row that is no rule's is worth a line. */
bool top_is_shown(const struct top_row *special);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_TOP_JSON_H
#define FDB_CTL_TOP_JSON_H

#include "ctl/screen.h"
#include "ctl/top_view.h"

/* Write the view as one JSON object on one line. */
void top_show_json(const struct screen *screen, const struct top_view *view);

/* The counts of a row, as members of an object. */
struct json_object;
void top_json_counts(struct json_object *object, const struct tally_row *row);

#endif

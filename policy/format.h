/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_FORMAT_H
#define FDB_POLICY_FORMAT_H

/* A policy file, or fdbroker.conf, in its one canonical layout, comments included. */

#include "base/text.h"
#include "policy/source.h"

/**
 * format_source() - lay out a file anew
 * @source:	must parse without errors
 *
 * Every token and every comment is kept, in order and byte for byte; only the white space between
 * them changes, and at most one empty line is left where there were some. Formatting what was
 * formatted changes nothing.
 *
 * Return: 0, or -ENOMEM and @out is of no use.
 */
int format_source(const struct source *source, struct text *out);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_GLOB_COMPONENT_H
#define FDB_POLICY_GLOB_COMPONENT_H

/* One component of a pattern: from its tokens to its pieces. A part of glob.c. */

#include <stddef.h>

#include "policy/glob.h"
#include "policy/glob_scan.h"

/* One alternative: pointers to its tokens, without the braces. */
struct glob_line {
	const struct glob_token **tokens;
	size_t n;
	size_t at;
};

/* Say at @token, or of the whole text, what is wrong and what to do. Returns -EINVAL. */
int glob_wrong(const struct glob_scan *scan, const char *id, const struct glob_token *token,
	       const char *message, const char *help);

/* What no component may be or hold: 0, or -EINVAL after a complaint. */
int glob_component_check(const struct glob_scan *scan, const struct glob_line *part);

/* 0; -ENOMEM, and then @component has what there is of it. */
int glob_component_build(const struct glob_scan *scan, struct glob_component *component,
			 const struct glob_line *part);

#endif

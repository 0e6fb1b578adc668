/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_WHEN_H
#define FDB_CTL_WHEN_H

#include <stdint.h>

/**
 * when_parse() - a point in time as people write it
 * @text:	"now", "today", "yesterday"; "-2h", "-1h30m" (s, m or min, h, d, w: so long ago); "@1795305120";
 *		"2026-11-22", "2026-11-22 00:31", "2026-11-22T00:31:07", each with a Z for UTC;
 *		"00:31", "00:31:07": of today. Local time where nothing else is said
 * @now_usec:	since 1970, as the result
 *
 * Return: 0 or -EINVAL.
 */
int when_parse(const char *text, uint64_t now_usec, uint64_t *ret_usec);

/* A span of time, "60s", "5min", "1h30m", in seconds: 0 or -EINVAL. */
int when_span(const char *text, uint64_t *ret_sec);

#endif

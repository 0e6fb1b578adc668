/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_TOP_VIEW_H
#define FDB_CTL_TOP_VIEW_H

/* What `top` shows: two looks, and what became of each rule between them. No text, no terminal. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/tallies.h"

enum top_sort { TOP_BY_RATE, TOP_BY_TOTAL, TOP_BY_REFUSED, TOP_BY_P99, TOP_BY_LAST, TOP_BY_NAME };
#define TOP_SORTS (TOP_BY_NAME + 1)

struct top_row {
	size_t row; /* of the tally */
	const char *name;
	size_t name_len;
	uint32_t flags;			/* TALLY_ALLOW… */
	const struct tally_row *counts; /* since the generation began */
	uint64_t decisions;		/* all of these */
	double per_sec;			/* between the looks */
	double p99_usec; /* between the looks, or if it was idle of all; < 0: never used */
};

struct top_view {
	const struct look *look; /* borrowed, like all below but the rows */
	double seconds; /* between the looks; if there was one only, since the generation began */
	struct tally_row total; /* since the generation began */
	double requests_per_sec;
	double refused_share;	   /* 0 to 1; < 0: there was no request */
	double p50_usec, p99_usec; /* < 0: there was no request */
	struct top_row *rows;	   /* owned: the rules', sorted */
	size_t n_rows;
	struct top_row special[TALLY_SPECIAL];
};

/**
 * top_view() - compare two looks
 * @look:	the later one
 * @before:	the earlier one; of another generation, or none, it is as if nothing had been counted
 *
 * Rules of the floor are left out until they have decided something. Out of memory ends the
 * program.
 */
void top_view(const struct look *look, const struct look *before, enum top_sort sort,
	      struct top_view *ret);
void top_view_done(struct top_view *view);

/* Refused of all kinds: everything but what was granted, or failed after it was allowed. */
uint64_t top_refused(const struct tally_row *row);

#endif

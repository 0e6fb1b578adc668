/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What came between two looks is a difference of counts that only grow; where one
 * did not, somebody forged it, and nothing came.
 */
#include "ctl/top_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static uint64_t grown(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static void subtract(const struct tally_row *now, const struct tally_row *before,
		     struct tally_row *ret)
{
	*ret = *now;
	for (size_t i = 0; i < TALLY_COUNTS; i++)
		ret->counts[i] = grown(now->counts[i], before->counts[i]);
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		ret->latency.counts[i] = grown(now->latency.counts[i], before->latency.counts[i]);
}

/* Of what came in between, or if nothing did of everything. */
static double quantile(const struct tally_row *between, const struct tally_row *all, double share)
{
	double value;

	if (histogram_quantile(&between->latency, share, &value) == 0 ||
	    histogram_quantile(&all->latency, share, &value) == 0)
		return value;
	return -1;
}

static double rate(uint64_t n, double seconds)
{
	return seconds > 0 ? (double)n / seconds : 0;
}

uint64_t top_refused(const struct tally_row *row)
{
	uint64_t denied = row->counts[TALLY_DENIED], condition = row->counts[TALLY_CONDITION];
	uint64_t limited = row->counts[TALLY_RATE], sum;

	if (__builtin_add_overflow(denied, condition, &sum) ||
	    __builtin_add_overflow(sum, limited, &sum))
		return UINT64_MAX;
	return sum;
}

static double share_refused(const struct tally_row *between, const struct tally_row *all)
{
	const struct tally_row *of = tally_decisions(between) > 0 ? between : all;
	uint64_t decisions = tally_decisions(of);

	return decisions > 0 ? (double)top_refused(of) / (double)decisions : -1;
}

static bool is_comparable(const struct look *look, const struct look *before)
{
	return before && before->serving && look->serving &&
	       look->tally.header->generation == before->tally.header->generation &&
	       look->tally.header->since_usec == before->tally.header->since_usec &&
	       look->tally.n_rows == before->tally.n_rows;
}

static void fill_row(struct top_row *ret, const struct top_view *view, const struct look *before,
		     size_t row)
{
	static const struct tally_row nothing;
	const struct tally_row *now = &view->look->tally.rows[row];
	struct tally_row between;

	subtract(now, before ? &before->tally.rows[row] : &nothing, &between);
	*ret = (struct top_row){
		.row = row,
		.flags = tally_flags(&view->look->tally, row),
		.counts = now,
		.decisions = tally_decisions(now),
		.per_sec = rate(tally_decisions(&between), view->seconds),
		.p99_usec = quantile(&between, now, 0.99),
	};
	ret->name = look_name(view->look, row, &ret->name_len);
}

static void fill_total(struct top_view *view, const struct look *before)
{
	struct tally_row then = { 0 }, between;

	if (before)
		look_total(before, &then);
	look_total(view->look, &view->total);
	subtract(&view->total, &then, &between);
	view->requests_per_sec = rate(tally_decisions(&between), view->seconds);
	view->refused_share = share_refused(&between, &view->total);
	view->p50_usec = quantile(&between, &view->total, 0.5);
	view->p99_usec = quantile(&between, &view->total, 0.99);
}

/* sorting: the largest first, and among equals the order of the policy */

static int by_number(double a, double b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

static int by_rate(const struct top_row *a, const struct top_row *b)
{
	int order = by_number(a->per_sec, b->per_sec);

	return order != 0 ? order : by_number((double)a->decisions, (double)b->decisions);
}

static int by_total(const struct top_row *a, const struct top_row *b)
{
	return by_number((double)a->decisions, (double)b->decisions);
}

static int by_refused(const struct top_row *a, const struct top_row *b)
{
	return by_number((double)top_refused(a->counts), (double)top_refused(b->counts));
}

static int by_p99(const struct top_row *a, const struct top_row *b)
{
	return by_number(a->p99_usec, b->p99_usec);
}

static int by_last(const struct top_row *a, const struct top_row *b)
{
	return by_number((double)a->counts->last_usec, (double)b->counts->last_usec);
}

static int by_name(const struct top_row *a, const struct top_row *b)
{
	size_t len = a->name_len < b->name_len ? a->name_len : b->name_len;
	int order = memcmp(a->name, b->name, len);

	return order != 0 ? order : (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

static int (*const sorts[TOP_SORTS])(const struct top_row *a, const struct top_row *b) = {
	[TOP_BY_RATE] = by_rate, [TOP_BY_TOTAL] = by_total, [TOP_BY_REFUSED] = by_refused,
	[TOP_BY_P99] = by_p99,	 [TOP_BY_LAST] = by_last,   [TOP_BY_NAME] = by_name,
};

static int compare(const void *one, const void *other, void *context)
{
	const struct top_row *a = one, *b = other;
	int order = sorts[*(const enum top_sort *)context](a, b);

	return order != 0 ? order : (a->row > b->row) - (a->row < b->row);
}

static struct top_row *new_rows(size_t n)
{
	struct top_row *rows = calloc(n + 1, sizeof(*rows));

	if (!rows) {
		fputs("fdbrokerctl: out of memory\n", stderr);
		exit(EXIT_IO);
	}
	return rows;
}

static void fill_rows(struct top_view *view, const struct look *before)
{
	size_t n = view->look->tally.n_rows;

	view->rows = new_rows(n);
	for (size_t i = 0; i < TALLY_SPECIAL; i++)
		fill_row(&view->special[i], view, before, i);
	for (size_t i = TALLY_SPECIAL; i < n; i++) {
		struct top_row *row = &view->rows[view->n_rows];

		fill_row(row, view, before, i);
		if (row->decisions > 0 || !(row->flags & TALLY_BUILTIN))
			view->n_rows++;
	}
}

void top_view(const struct look *look, const struct look *before, enum top_sort sort,
	      struct top_view *ret)
{
	uint64_t since;

	*ret = (struct top_view){
		.look = look, .refused_share = -1, .p50_usec = -1, .p99_usec = -1
	};
	if (!look->serving)
		return;
	if (!is_comparable(look, before))
		before = NULL;
	since = before ? before->now_usec : look->tally.header->since_usec;
	ret->seconds = (double)grown(look->now_usec, since) / (double)USEC_PER_SEC;
	fill_total(ret, before);
	fill_rows(ret, before);
	qsort_r(ret->rows, ret->n_rows, sizeof(*ret->rows), compare, &sort);
}

void top_view_done(struct top_view *view)
{
	free(view->rows);
	*view = (struct top_view){ 0 };
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/top_show.h"

#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "ctl/width.h"

/* numbers, as people read them */

static void add_large(struct text *out, double number)
{
	static const char suffixes[] = "kMGTPE";
	size_t i = 0;

	for (number /= 1000; number >= 999.5 && suffixes[i + 1]; i++)
		number /= 1000;
	text_printf(out, number < 99.95 ? "%.1f%c" : "%.0f%c", number, suffixes[i]);
}

static void add_count(struct text *out, uint64_t count)
{
	if (count < 10000)
		text_printf(out, "%u", (unsigned int)count);
	else
		add_large(out, (double)count);
}

static void add_rate(struct text *out, double per_sec)
{
	if (per_sec < 999.95)
		text_printf(out, "%.1f", per_sec);
	else
		add_large(out, per_sec);
}

static void add_latency(struct text *out, double usec)
{
	if (usec < 0)
		text_puts(out, "-");
	else if (usec < 999.5)
		text_printf(out, "%.0fµs", usec);
	else if (usec < 999500)
		text_printf(out, usec < 9950 ? "%.1fms" : "%.0fms", usec / 1000);
	else
		text_printf(out, "%.1fs", usec / 1e6);
}

static void add_span(struct text *out, uint64_t sec)
{
	if (sec < 60)
		text_printf(out, "%us", (unsigned int)sec);
	else if (sec < 3600)
		text_printf(out, "%um %us", (unsigned int)(sec / 60), (unsigned int)(sec % 60));
	else if (sec < 86400)
		text_printf(out, "%uh %um", (unsigned int)(sec / 3600),
			    (unsigned int)(sec / 60 % 60));
	else
		text_printf(out, "%llud %uh", (unsigned long long)(sec / 86400),
			    (unsigned int)(sec / 3600 % 24));
}

static uint64_t seconds_counted(const struct top_view *view)
{
	uint64_t since = view->look->tally.header->since_usec, now = view->look->now_usec;

	return now > since ? (now - since) / USEC_PER_SEC : 0;
}

/* A time of today by the clock, an earlier one by its day. */
static void add_last(struct text *out, uint64_t usec, uint64_t now_usec)
{
	time_t then = (time_t)(usec / USEC_PER_SEC), now = (time_t)(now_usec / USEC_PER_SEC);
	struct tm tm, today;
	char shown[16];

	if (usec == 0)
		text_puts(out, "never");
	else if (now_usec < usec + 2 * USEC_PER_SEC && usec < now_usec + 2 * USEC_PER_SEC)
		text_puts(out, "now");
	else if (localtime_r(&then, &tm) && localtime_r(&now, &today) &&
		 strftime(shown, sizeof(shown),
			  tm.tm_yday == today.tm_yday && tm.tm_year == today.tm_year ? "%T" : "%F",
			  &tm) > 0)
		text_puts(out, shown);
	else
		text_puts(out, "?");
}

/* columns */

static void show_rate(struct text *out, const struct top_view *view, const struct top_row *row)
{
	(void)view;
	add_rate(out, row->per_sec);
}

static void show_total(struct text *out, const struct top_view *view, const struct top_row *row)
{
	(void)view;
	add_count(out, row->decisions);
}

static void show_p99(struct text *out, const struct top_view *view, const struct top_row *row)
{
	(void)view;
	add_latency(out, row->p99_usec);
}

static void show_last(struct text *out, const struct top_view *view, const struct top_row *row)
{
	add_last(out, row->counts->last_usec, view->look->now_usec);
}

static const struct column {
	const char *title;
	size_t width;
	bool seldom;		/* left out where there is little room */
	bool of_rules;		/* means nothing in a row that is no rule's */
	enum tally_count count; /* shown if there is no function */
	void (*show)(struct text *out, const struct top_view *view, const struct top_row *row);
} columns[] = {
	{ "HITS/s", 6, .show = show_rate },
	{ "TOTAL", 6, .show = show_total },
	{ "DENY", 6, .count = TALLY_DENIED },
	{ "COND-FAIL", 9, .of_rules = true, .count = TALLY_CONDITION },
	{ "RATE-LIM", 8, .of_rules = true, .count = TALLY_RATE },
	{ "FAILED", 6, .seldom = true, .of_rules = true, .count = TALLY_FAILED },
	{ "UNRESOLVED", 10, .seldom = true, .of_rules = true, .count = TALLY_UNRESOLVED },
	{ "p99", 6, .show = show_p99 },
	{ "LAST", 10, .show = show_last },
};

#define NAME_MIN 12U
#define GAP	 1U

static size_t columns_width(bool wide)
{
	size_t width = 0;

	for (size_t i = 0; i < ELEMENTSOF(columns); i++)
		if (wide || !columns[i].seldom)
			width += GAP + columns[i].width;
	return width;
}

static void pad(struct text *out, size_t columns_left)
{
	text_printf(out, "%*s", (int)columns_left, "");
}

static size_t name_width(const struct screen *screen, const struct top_row *row)
{
	struct text name = TEXT_EMPTY;
	size_t width;

	text_escape(&name, row->name, row->name_len);
	width = name.data ? width_of(screen, name.data) : 0;
	text_done(&name);
	return width;
}

void top_layout(const struct screen *screen, const struct top_view *view, size_t width,
		struct top_layout *ret)
{
	size_t name = NAME_MIN, room;

	for (size_t i = 0; i < view->n_rows; i++) {
		size_t own = name_width(screen, &view->rows[i]);

		name = own > name ? own : name;
	}
	for (size_t i = 0; i < TALLY_SPECIAL && view->look->serving; i++) {
		size_t own = name_width(screen, &view->special[i]);

		name = own > name ? own : name;
	}
	*ret = (struct top_layout){ .name = name, .wide = true };
	if (width == 0)
		return;
	ret->wide = name + columns_width(true) <= width;
	room = width > columns_width(ret->wide) ? width - columns_width(ret->wide) : 0;
	if (name > room)
		ret->name = room > NAME_MIN ? room : NAME_MIN;
}

static void add_cell(const struct screen *screen, struct text *out, const char *string,
		     size_t width)
{
	size_t own = width_of(screen, string);

	pad(out, GAP + (own < width ? width - own : 0));
	text_puts(out, string);
}

static void fill_cell(const struct column *column, const struct top_view *view,
		      const struct top_row *row, struct text *out)
{
	if (column->show)
		column->show(out, view, row);
	else if (column->of_rules && row->row < TALLY_SPECIAL)
		text_puts(out, "-");
	else
		add_count(out, row->counts->counts[column->count]);
}

static void add_name(const struct screen *screen, const struct top_layout *layout,
		     const struct top_row *row, struct text *out)
{
	struct text name = TEXT_EMPTY, cut = TEXT_EMPTY;
	size_t width;

	text_escape(&name, row->name, row->name_len);
	width_cut(screen, &cut, name.data ? name.data : "", layout->name);
	width = width_of(screen, cut.data ? cut.data : "");
	text_puts(out, cut.data ? cut.data : "");
	pad(out, layout->name > width ? layout->name - width : 0);
	text_done(&name);
	text_done(&cut);
}

/* lines */

static void add_serving(const struct top_view *view, struct text *out)
{
	_cleanup_(freep) char *sha256 = admin_value(view->look->answer.text, "policy");

	text_printf(out, "  generation %llu",
		    (unsigned long long)look_number(view->look, "generation"));
	if (sha256) {
		text_puts(out, "  sha256:");
		text_escape(out, sha256, strnlen(sha256, 12));
		text_puts(out, "…");
	}
	text_puts(out, "  up ");
	add_span(out, seconds_counted(view));
	text_printf(out, "  conns %llu  ",
		    (unsigned long long)look_number(view->look, "connections"));
	add_rate(out, view->requests_per_sec);
	text_puts(out, " req/s  p50 ");
	add_latency(out, view->p50_usec);
	text_puts(out, " p99 ");
	add_latency(out, view->p99_usec);
	if (view->refused_share >= 0)
		text_printf(out, "  deny %.1f%%", 100 * view->refused_share);
}

void top_add_title(const struct top_view *view, struct text *out)
{
	_cleanup_(freep) char *state = admin_value(view->look->answer.text, "state");

	text_puts(out, "fdbroker");
	if (!state || strcmp(state, "active") != 0) {
		text_puts(out, "  ");
		screen_add(out, state ? state : "?");
	}
	if (view->look->serving)
		add_serving(view, out);
	text_puts(out, "\n");
}

void top_add_heading(const struct top_layout *layout, struct text *out)
{
	text_puts(out, "RULE");
	pad(out, layout->name - strlen("RULE"));
	for (size_t i = 0; i < ELEMENTSOF(columns); i++)
		if (layout->wide || !columns[i].seldom)
			text_printf(out, " %*s", (int)columns[i].width, columns[i].title);
	text_puts(out, "\n");
}

void top_add_row(const struct screen *screen, const struct top_layout *layout,
		 const struct top_view *view, const struct top_row *row, struct text *out)
{
	add_name(screen, layout, row, out);
	for (size_t i = 0; i < ELEMENTSOF(columns); i++) {
		struct text cell = TEXT_EMPTY;

		if (!layout->wide && columns[i].seldom)
			continue;
		fill_cell(&columns[i], view, row, &cell);
		add_cell(screen, out, cell.data ? cell.data : "", columns[i].width);
		text_done(&cell);
	}
	/* A deny that nothing has run into is as it should be. */
	if (row->decisions == 0 && row->flags & TALLY_ALLOW) {
		text_puts(out, "  ← 0 hits in ");
		add_span(out, seconds_counted(view));
	}
	text_puts(out, "\n");
}

bool top_is_shown(const struct top_row *special)
{
	return special->row == TALLY_DEFAULT || special->decisions > 0;
}

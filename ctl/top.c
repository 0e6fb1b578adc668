/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `top`: each refresh asks the parent, who has nothing else to do, which generation
 * serves now, and reads what that one has counted. The broker is not asked: a screen that is
 * left open for a week costs its clients nothing.
 */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/number.h"
#include "ctl/command.h"
#include "ctl/terminal.h"
#include "ctl/top_json.h"
#include "ctl/top_show.h"
#include "ctl/top_view.h"
#include "ctl/width.h"

#define DELAY_MIN 0.1
#define DELAY_MAX 3600.0

struct top {
	const struct ctl *ctl;
	uint64_t delay_usec;
	uint64_t count; /* refreshes; 0: without end */
	enum top_sort sort;
	size_t first; /* the row at the top of the screen */
	struct look look, before;
	struct top_view view;
	char *trouble; /* why the look is an old one, or NULL; owned */
};

static void top_done(struct top *top)
{
	top_view_done(&top->view);
	look_done(&top->look);
	look_done(&top->before);
	free(top->trouble);
}

static const struct {
	enum top_sort next;
	const char *name;
} sorts[TOP_SORTS] = {
	[TOP_BY_RATE] = { TOP_BY_TOTAL, "HITS/s" },   [TOP_BY_TOTAL] = { TOP_BY_REFUSED, "TOTAL" },
	[TOP_BY_REFUSED] = { TOP_BY_P99, "refused" }, [TOP_BY_P99] = { TOP_BY_LAST, "p99" },
	[TOP_BY_LAST] = { TOP_BY_NAME, "LAST" },      [TOP_BY_NAME] = { TOP_BY_RATE, "RULE" },
};

static void sort_again(struct top *top)
{
	top_view_done(&top->view);
	top_view(&top->look, &top->before, top->sort, &top->view);
}

static enum exit_code look_again(struct top *top, const struct ctl *ctl)
{
	struct look look = LOOK_EMPTY;
	enum exit_code code;

	code = look_take(ctl, &look);
	if (code != EXIT_YES)
		return code;
	look_done(&top->before);
	top->before = top->look;
	top->look = look;
	sort_again(top);
	return EXIT_YES;
}

/* one screen after the other */

static void compose(const struct top *top, struct text *out)
{
	const struct screen *screen = &top->ctl->out;
	const struct top_view *view = &top->view;
	struct top_layout layout;

	top_add_title(view, out);
	if (!top->look.serving)
		return;
	top_layout(screen, view, 0, &layout);
	top_add_heading(&layout, out);
	for (size_t i = 0; i < view->n_rows; i++)
		top_add_row(screen, &layout, view, &view->rows[i], out);
	for (size_t i = 0; i < TALLY_SPECIAL; i++)
		if (top_is_shown(&view->special[i]))
			top_add_row(screen, &layout, view, &view->special[i], out);
}

static void print(const struct top *top, bool is_first)
{
	struct text out = TEXT_EMPTY;

	if (top->ctl->options.quiet)
		return;
	if (top->ctl->options.json) {
		top_show_json(&top->ctl->out, &top->view);
	} else {
		if (!is_first)
			text_puts(&out, "\n");
		compose(top, &out);
		screen_show(&top->ctl->out, &out);
	}
	(void)fflush(top->ctl->out.file);
}

static enum exit_code run_batch(struct top *top)
{
	uint64_t due = clock_monotonic_usec();

	for (uint64_t n = 0; top->count == 0 || n < top->count; n++) {
		enum exit_code code;

		if (n > 0)
			clock_sleep(due += top->delay_usec);
		code = look_again(top, top->ctl);
		if (code != EXIT_YES)
			return code;
		print(top, n == 0);
		if (ferror(top->ctl->out.file))
			return EXIT_IO;
	}
	return EXIT_YES;
}

/* the live screen */

/* Put one line of @text; consumed. */
static void put(const struct top *top, size_t line, enum terminal_style style,
		struct text *take_text)
{
	_cleanup_(freep) char *string = NULL, *shown = NULL;
	struct screen memory = top->ctl->out;
	struct text cut = TEXT_EMPTY;
	size_t size;

	if (text_finish(take_text, &string) < 0)
		return;
	string[strcspn(string, "\n")] = '\0';
	width_cut(&memory, &cut, string, terminal_columns());
	memory.file = open_memstream(&shown, &size);
	if (!memory.file)
		return;
	screen_show(&memory, &cut);
	(void)fclose(memory.file);
	terminal_put(line, style, shown);
}

static size_t n_special(const struct top_view *view)
{
	size_t n = 0;

	for (size_t i = 0; i < TALLY_SPECIAL; i++)
		n += top_is_shown(&view->special[i]);
	return n;
}

/* Lines for rules: not the title, the heading, the rows that are no rule's, the last line. */
static size_t room(const struct top *top)
{
	size_t taken = 3 + n_special(&top->view), lines = terminal_lines();

	return lines > taken ? lines - taken : 0;
}

static void clamp(struct top *top)
{
	size_t last = top->view.n_rows > room(top) ? top->view.n_rows - room(top) : 0;

	if (top->first > last)
		top->first = last;
}

static void put_row(const struct top *top, const struct top_layout *layout, size_t line,
		    const struct top_row *row)
{
	struct text out = TEXT_EMPTY;

	top_add_row(&top->ctl->out, layout, &top->view, row, &out);
	put(top, line, row->decisions > 0 ? TERMINAL_PLAIN : TERMINAL_DIM, &out);
}

static void put_rows(const struct top *top)
{
	const struct top_view *view = &top->view;
	struct text heading = TEXT_EMPTY;
	struct top_layout layout;
	size_t line = 2;

	top_layout(&top->ctl->out, view, terminal_columns(), &layout);
	top_add_heading(&layout, &heading);
	put(top, 1, TERMINAL_REVERSE, &heading);
	for (size_t i = top->first; i < view->n_rows && i < top->first + room(top); i++)
		put_row(top, &layout, line++, &view->rows[i]);
	for (size_t i = 0; i < TALLY_SPECIAL; i++)
		if (top_is_shown(&view->special[i]))
			put_row(top, &layout, line++, &view->special[i]);
}

static void put_footer(const struct top *top)
{
	size_t end = top->first + room(top);
	struct text out = TEXT_EMPTY;

	if (end > top->view.n_rows)
		end = top->view.n_rows;
	if (top->trouble)
		text_puts(&out, top->trouble);
	else
		text_printf(&out, "q quit  s sort: %s  arrows, PgUp, PgDn: rules %zu to %zu of %zu",
			    sorts[top->sort].name, end > 0 ? top->first + 1 : 0, end,
			    top->view.n_rows);
	put(top, terminal_lines() - 1, TERMINAL_DIM, &out);
}

static void draw(struct top *top)
{
	struct text title = TEXT_EMPTY;

	clamp(top);
	terminal_clear();
	top_add_title(&top->view, &title);
	put(top, 0, TERMINAL_BOLD, &title);
	if (top->look.serving)
		put_rows(top);
	put_footer(top);
	terminal_show();
}

static size_t less(size_t a, size_t b)
{
	return a > b ? a - b : 0;
}

/* False: quit. */
static bool obey(struct top *top, int key)
{
	switch (key) {
	case 'q':
		return false;
	case 's':
		top->sort = sorts[top->sort].next;
		sort_again(top);
		break;
	case TERMINAL_KEY_UP:
		top->first = less(top->first, 1);
		break;
	case TERMINAL_KEY_DOWN:
		top->first++;
		break;
	case TERMINAL_KEY_PAGE_UP:
		top->first = less(top->first, room(top));
		break;
	case TERMINAL_KEY_PAGE_DOWN:
		top->first += room(top);
		break;
	case TERMINAL_KEY_HOME:
		top->first = 0;
		break;
	case TERMINAL_KEY_END:
		top->first = top->view.n_rows;
		break;
	default:
		break;
	}
	return true;
}

/* Until the next refresh is due: true; or until the end, *ret_signal says by which. */
static bool wait_for(struct top *top, uint64_t due, int *ret_signal)
{
	for (;;) {
		int detail;

		draw(top);
		switch (terminal_wait(due, &detail)) {
		case TERMINAL_TIME:
			return true;
		case TERMINAL_KEY:
			if (!obey(top, detail))
				return false;
			break;
		case TERMINAL_RESIZE:
			break;
		case TERMINAL_END:
			*ret_signal = detail;
			return false;
		}
	}
}

/* What would go to stderr is kept for the last line: the screen is taken. */
static enum exit_code look_quietly(struct top *top)
{
	struct ctl ctl = *top->ctl;
	enum exit_code code;
	size_t size;

	free(top->trouble);
	top->trouble = NULL;
	ctl.err.file = open_memstream(&top->trouble, &size);
	if (!ctl.err.file)
		return EXIT_IO;
	code = look_again(top, &ctl);
	(void)fclose(ctl.err.file);
	if (code != EXIT_YES)
		return code;
	free(top->trouble);
	top->trouble = NULL;
	return EXIT_YES;
}

/* A daemon that is being restarted is worth waiting for. */
static enum exit_code show_live(struct top *top, int *ret_signal)
{
	uint64_t due = clock_monotonic_usec();
	enum exit_code code = EXIT_YES;

	for (uint64_t n = 1;; n++) {
		due += top->delay_usec;
		if (!wait_for(top, due, ret_signal) || n == top->count)
			return EXIT_YES;
		code = look_quietly(top);
		if (code != EXIT_YES && code != EXIT_UNAVAILABLE)
			return code;
	}
}

static enum exit_code run_live(struct top *top)
{
	enum exit_code code;
	int by_signal = 0;

	code = look_again(top, top->ctl);
	if (code != EXIT_YES)
		return code;
	if (terminal_open() < 0)
		return run_batch(top);
	code = show_live(top, &by_signal);
	terminal_close();
	if (code != EXIT_YES && top->trouble)
		fputs(top->trouble, stderr);
	/* Who sent it wants to see that it worked. */
	if (by_signal != 0)
		(void)raise(by_signal);
	return code;
}

/* the command line */

static bool read_delay(const char *text, uint64_t *ret_usec)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds) || seconds < DELAY_MIN || seconds > DELAY_MAX)
		return false;
	*ret_usec = (uint64_t)(seconds * (double)USEC_PER_SEC);
	return true;
}

enum exit_code command_top(struct ctl *ctl)
{
	_cleanup_(top_done) struct top top = { .ctl = ctl, .delay_usec = USEC_PER_SEC };
	const struct options *options = &ctl->options;

	if (ctl->n_operands > 0)
		return ctl_usage(ctl, "takes no operand");
	if (options->delay && !read_delay(options->delay, &top.delay_usec))
		return ctl_usage(ctl, "--delay is 0.1 to 3600 seconds, not '%s'", options->delay);
	if (options->count && (number_u64(options->count, &top.count) < 0 || top.count == 0))
		return ctl_usage(ctl, "--count is a number from 1 on, not '%s'", options->count);
	if (options->batch || options->json || options->quiet || !terminal_is_there())
		return run_batch(&top);
	return run_live(&top);
}

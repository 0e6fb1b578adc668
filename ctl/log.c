/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `log`: the audit's records, a line each, to read or to follow. The lines are for
 * people: columns take what is wide as it comes. A program reads --json.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "ctl/filter.h"
#include "ctl/json.h"
#include "ctl/log_line.h"
#include "ctl/records.h"

#define FOLLOWED_LINES 10 /* of before, as journalctl(1) and tail(1) */

struct log {
	const struct ctl *ctl;
	struct filter filter;
	struct log_line line;
	struct records *records;
	uint64_t n_shown;
	uint32_t n_last; /* show only so many of what is there; UINT32_MAX: all */
	/* The last ones, oldest at n_seen % n_last. */
	struct found *ring;
	uint64_t n_seen;
};

static void show_json(const struct ctl *ctl, const struct found *found)
{
	struct json_object *object = json_answer();

	for (size_t i = 0; i < found->n; i++)
		if (strcmp(found->fields[i].name, "schema") != 0)
			json_add_bytes(object, found->fields[i].name, found->fields[i].value,
				       found->fields[i].len);
	json_show(&ctl->out, object);
}

static void show(struct log *log, const struct found *found)
{
	struct text out = TEXT_EMPTY;

	log->n_shown++;
	if (log->ctl->options.quiet)
		return;
	if (log->ctl->options.json) {
		show_json(log->ctl, found);
		return;
	}
	log_line_add(&log->line, log->ctl, found, &out);
	screen_show(&log->ctl->out, &out);
}

/* the last ones */

static void keep(struct log *log, struct found *take_found)
{
	struct found *place = &log->ring[log->n_seen++ % log->n_last];

	found_done(place);
	*place = *take_found;
	*take_found = FOUND_EMPTY;
}

static void show_kept(struct log *log)
{
	uint64_t first = log->n_seen > log->n_last ? log->n_seen - log->n_last : 0;

	for (uint64_t i = first; i < log->n_seen; i++)
		show(log, &log->ring[i % log->n_last]);
}

/* reading */

/* All that is there now. 0 or -errno. */
static int read_all(struct log *log, bool only_last)
{
	_cleanup_(found_done) struct found found = FOUND_EMPTY;
	int r;

	while ((r = records_next(log->records, &found)) > 0) {
		if (!filter_admits(&log->filter, &found))
			continue;
		if (!only_last)
			show(log, &found);
		else if (log->n_last > 0)
			keep(log, &found);
	}
	return r;
}

/* Whoever reads the other end may have gone: no need to wait for another record to find out. */
static int follow(struct log *log)
{
	int r = 0;

	while (r == 0 && fflush(stdout) == 0) {
		r = records_wait(log->records);
		if (r == 0)
			r = read_all(log, false);
	}
	return r;
}

static int run(struct log *log)
{
	bool only_last = log->n_last != UINT32_MAX;
	int r;

	if (only_last && log->n_last > 0) {
		log->ring = calloc(log->n_last, sizeof(*log->ring));
		if (!log->ring)
			return -ENOMEM;
	}
	r = read_all(log, only_last);
	if (r == 0 && log->ring)
		show_kept(log);
	if (r == 0 && log->ctl->options.follow)
		r = follow(log);
	return r;
}

static void log_done(struct log *log)
{
	for (uint32_t i = 0; log->ring && i < log->n_last; i++)
		found_done(&log->ring[i]);
	free(log->ring);
	log_line_done(&log->line);
	filter_done(&log->filter);
	records_free(log->records);
}

static enum exit_code check_line(const struct ctl *ctl, struct log *log)
{
	const struct options *o = &ctl->options;

	if (ctl->n_operands != 0)
		return ctl_usage(ctl, "takes no operand");
	log->n_last = o->follow && !o->since ? FOLLOWED_LINES : UINT32_MAX;
	if (o->lines && (number_u32(o->lines, &log->n_last) < 0 || log->n_last > LOG_LINES_MAX))
		return ctl_usage(ctl, "'%s' is no number of records up to %u", o->lines,
				 LOG_LINES_MAX);
	return filter_init(ctl, &log->filter);
}

static enum exit_code open_and_run(const struct ctl *ctl, struct log *log)
{
	const struct records_query query = { .file = ctl->options.file,
					     .since_usec = log->filter.since_usec,
					     .follow = ctl->options.follow,
					     .recent = ctl->options.follow && !ctl->options.since };
	enum exit_code code = records_open_for(ctl, &query, &log->records);
	int r;

	if (code != EXIT_YES)
		return code;
	r = run(log);
	if (r < 0)
		return ctl_fail(ctl, exit_of_errno(-r), "cannot read %s: %s",
				records_source(log->records), strerror(-r));
	records_complain(ctl, log->records);
	return log->n_shown > 0 ? EXIT_YES : EXIT_NO;
}

enum exit_code command_log(struct ctl *ctl)
{
	_cleanup_(log_done) struct log log = { .ctl = ctl, .filter = FILTER_EMPTY };
	enum exit_code code = check_line(ctl, &log);

	return code == EXIT_YES ? open_and_run(ctl, &log) : code;
}

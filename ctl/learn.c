/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `learn`: rules for what was refused, or let pass in complain mode, as a proposal. It installs
 * nothing and asks nothing: the policy goes to stdout, what is to be said of it to stderr. It
 * proposes what was asked for, so whoever could ask could have it proposed: a person must read it.
 */
#include "ctl/learn.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/filter.h"
#include "ctl/input.h"
#include "ctl/learn_print.h"
#include "ctl/records.h"

static void lesson_done(struct lesson *lesson)
{
	proposals_done(&lesson->proposals);
	wants_done(&lesson->wants);
}

static int read_all(const struct filter *filter, const struct policy *policy,
		    struct records *records, struct wants *wants)
{
	_cleanup_(found_done) struct found found = FOUND_EMPTY;
	int r;

	while ((r = records_next(records, &found)) > 0) {
		if (filter_admits(filter, &found))
			r = wants_take(wants, policy, &found);
		if (r < 0)
			break;
	}
	return r;
}

static enum learn_width width_of(const struct options *options)
{
	return options->narrow ? LEARN_NARROW : options->wide ? LEARN_WIDE : LEARN_USUAL;
}

static int study(const struct ctl *ctl, struct lesson *lesson)
{
	struct wants *wants = &lesson->wants;

	for (size_t i = 0; i < wants->n; i++) {
		int r = want_is_proposable(wants->items[i]) ? learn_look(wants->items[i]) : 0;

		if (r < 0)
			return r;
	}
	if (wants->n > 0)
		qsort(wants->items, wants->n, sizeof(struct want *), want_compare);
	return proposals_make(&lesson->proposals, wants, width_of(&ctl->options), ctl->out.unicode);
}

static void show(const struct ctl *ctl, const struct lesson *lesson)
{
	struct text out = TEXT_EMPTY;

	if (ctl->options.quiet)
		return;
	if (ctl->options.json) {
		learn_json(ctl, lesson);
		return;
	}
	if (lesson->proposals.n > 0) {
		learn_add_policy(&ctl->out, lesson, &out);
		screen_show(&ctl->out, &out);
	}
	learn_explain(ctl, lesson);
}

static enum exit_code learn(const struct ctl *ctl, const struct filter *filter, const char *file)
{
	const struct records_query query = { .file = ctl->options.file,
					     .since_usec = filter->since_usec };
	_cleanup_(records_freep) struct records *records = NULL;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(lesson_done) struct lesson lesson = { .file = file };
	enum exit_code code = input_load(ctl, &policy);
	int r;

	if (code == EXIT_YES)
		code = records_open_for(ctl, &query, &records);
	if (code != EXIT_YES)
		return code;
	r = read_all(filter, policy, records, &lesson.wants);
	if (r == 0)
		r = study(ctl, &lesson);
	if (r < 0)
		return ctl_fail(ctl, exit_of_errno(-r), "cannot learn from %s: %s",
				records_source(records), strerror(-r));
	records_complain(ctl, records);
	show(ctl, &lesson);
	return lesson.proposals.n > 0 ? EXIT_YES : EXIT_NO;
}

/* The command line */

static bool is_label(const char *label)
{
	if (!islower((unsigned char)*label))
		return false;
	return label[strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

/* Without --label: "learned.fdp". */
static enum exit_code check_line(const struct ctl *ctl)
{
	if (ctl->n_operands != 0)
		return ctl_usage(ctl, "takes no operand");
	if (ctl->options.narrow && ctl->options.wide)
		return ctl_usage(ctl, "--narrow and --wide exclude each other");
	if (ctl->options.label && !is_label(ctl->options.label))
		return ctl_usage(ctl, "'%s' is no label, of small letters, digits and dashes",
				 ctl->options.label);
	return EXIT_YES;
}

enum exit_code command_learn(struct ctl *ctl)
{
	_cleanup_(filter_done) struct filter filter = FILTER_EMPTY;
	_cleanup_(freep) char *file = NULL;
	enum exit_code code = check_line(ctl);

	if (code == EXIT_YES)
		code = filter_init(ctl, &filter);
	if (code != EXIT_YES)
		return code;
	if (asprintf(&file, "%s.fdp", ctl->options.label ? ctl->options.label : "learned") < 0)
		return ctl_fail(ctl, EXIT_IO, "%s", strerror(ENOMEM));
	return learn(ctl, &filter, file);
}

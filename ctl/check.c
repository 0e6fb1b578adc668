/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `check`: what is wrong, offline. The findings are its answer, so they go to
 * stdout in every format. Words that the language has and this build's daemon does not
 * enforce are notes here: a policy for another build may be checked with this one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/admin.h"
#include "ctl/findings.h"
#include "ctl/input.h"
#include "ctl/machine.h"
#include "policy/analysis.h"
#include "wire/admin.h"

#define GENERATION_TIMEOUT (2 * USEC_PER_SEC) /* only for a number in a sentence */

struct report {
	struct diags diags;
	struct policy *policy; /* NULL: it has errors */
	bool incomplete;       /* the comparison of rules was given up */
};

static void report_done(struct report *report)
{
	report->policy = policy_free(report->policy);
	diags_done(&report->diags);
}

/* "./bad.fdp" is shown as the reader would name it. */
static void strip_here(char **files, int n_files)
{
	for (int i = 0; i < n_files; i++)
		while (strncmp(files[i], "./", 2) == 0 && files[i][2] != '\0' && files[i][2] != '/')
			files[i] += 2;
}

struct inspection {
	const struct ctl *ctl;
	struct report *report;
};

/* What only this command spends time on. */
static int inspect(const struct policy_files *files, struct diags *diags, void *userdata)
{
	struct inspection *inspection = userdata;
	struct report *report = inspection->report;
	const struct options *options = &inspection->ctl->options;
	int r = analysis_run((const struct ast *const *)files->trees, files->n,
			     clock_realtime_usec() / USEC_PER_SEC, diags);

	report->incomplete = r == -E2BIG;
	if ((r < 0 && !report->incomplete) || options->offline)
		return report->incomplete ? 0 : r;
	return machine_check((const struct ast *const *)files->trees, files->n, options->root,
			     diags);
}

static enum exit_code read_report(struct ctl *ctl, struct report *report)
{
	struct inspection inspection = { ctl, report };
	struct load_options options;

	strip_here(ctl->operands, ctl->n_operands);
	options = input_options(ctl, (const char *const *)ctl->operands, (size_t)ctl->n_operands);
	options.inspect = inspect;
	options.userdata = &inspection;
	return input_read(ctl, &options, &report->diags, &report->policy);
}

/* "(generation 42)" of the running daemon, where it can be asked. */
static void add_generation(const struct ctl *ctl, struct text *out)
{
	struct admin_answer answer = ADMIN_ANSWER_EMPTY;
	_cleanup_(freep) char *generation = NULL;

	if (admin_ask(ctl->options.socket, ADMIN_REQUEST(STATUS), GENERATION_TIMEOUT, &answer) < 0)
		return;
	generation = admin_value(answer.text, "generation");
	if (generation) {
		text_puts(out, " (generation ");
		screen_add(out, generation);
		text_puts(out, ")");
	}
	admin_answer_done(&answer);
}

/* The one file that all errors are in, or NULL. */
static const char *only_file(const struct diags *diags)
{
	const char *file = NULL;

	for (size_t i = 0; i < diags->n; i++) {
		const struct source *source = diags->items[i].place.source;

		if (diags->items[i].severity != DIAG_ERROR)
			continue;
		if (!source || (file && strcmp(file, source->path) != 0))
			return NULL;
		file = source->path;
	}
	return file;
}

static void add_invalid(const struct ctl *ctl, const struct diags *diags, struct text *out)
{
	const char *file = only_file(diags);

	if (file) {
		screen_add(out, file);
		text_puts(out, ": ");
	}
	findings_count(out, diags->n_errors, "error");
	text_puts(out, ". Nothing would be loaded; the running policy");
	add_generation(ctl, out);
	text_puts(out, " stays in force.\n");
}

static void add_valid(const struct report *report, struct text *out)
{
	const struct policy_summary *summary = policy_summary(report->policy);

	findings_count(out, summary->n_files, "file");
	text_puts(out, ", ");
	findings_count(out, summary->n_rules, "rule");
	text_printf(out, " (%zu as root), ", summary->n_as_root);
	findings_count(out, summary->n_expects, "expectation");
	text_printf(out, " hold%s.  0 errors, ", summary->n_expects == 1 ? "s" : "");
	findings_count(out, report->diags.n_warnings, "warning");
	text_puts(out, ", ");
	findings_count(out, report->diags.n_notes, "note");
	text_puts(out, ".\n");
	if (report->incomplete)
		text_puts(out, "Rules overlap too much to compare them all: findings may be "
			       "missing.\n");
}

static void show_text(const struct ctl *ctl, const struct report *report)
{
	struct text out = TEXT_EMPTY;

	findings_show(&ctl->out, &report->diags, (enum options_format)ctl->options.format,
		      DIAG_NOTE);
	if (ctl->options.format == FORMAT_GCC)
		return;
	if (report->policy)
		add_valid(report, &out);
	else
		add_invalid(ctl, &report->diags, &out);
	screen_show(&ctl->out, &out);
}

static void show_json(const struct ctl *ctl, const struct report *report)
{
	struct json_object *answer = json_answer();

	json_add_bool(answer, "valid", report->policy != NULL);
	json_add_bool(answer, "complete", !report->incomplete);
	json_add_number(answer, "errors", report->diags.n_errors);
	json_add_number(answer, "warnings", report->diags.n_warnings);
	json_add_number(answer, "notes", report->diags.n_notes);
	if (report->policy) {
		const struct policy_summary *summary = policy_summary(report->policy);

		json_add_number(answer, "files", summary->n_files);
		json_add_number(answer, "rules", summary->n_rules);
		json_add_number(answer, "as_root", summary->n_as_root);
		json_add_number(answer, "expectations", summary->n_expects);
		json_add_text(answer, "policy", summary->sha256);
	}
	json_add(answer, "findings", findings_json(&report->diags));
	json_show(&ctl->out, answer);
}

enum exit_code command_check(struct ctl *ctl)
{
	_cleanup_(report_done) struct report report = { 0 };
	enum exit_code code;

	if (ctl->options.only && ctl->n_operands == 0)
		return ctl_usage(ctl, "--only without a file");
	code = read_report(ctl, &report);
	if (code != EXIT_YES)
		return code;
	if (ctl->options.json)
		ctl->options.format = FORMAT_JSON;
	if (!ctl->options.quiet && ctl->options.format == FORMAT_JSON)
		show_json(ctl, &report);
	else if (!ctl->options.quiet)
		show_text(ctl, &report);
	if (!report.policy || report.diags.failed)
		return findings_code(&report.diags);
	return ctl->options.strict && report.diags.n_warnings > 0 ? EXIT_NO : EXIT_YES;
}

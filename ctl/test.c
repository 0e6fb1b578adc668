/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `test`: expectations that live beside the policy, not in it: a file of lines
 * `allow|deny|undecided MODES PATH as WHO`. `expect` in a policy refuses the load;
 * this may be asked of any policy, the one that is about to be installed too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/findings.h"
#include "ctl/input.h"
#include "ctl/question.h"

struct row {
	const char *file;
	size_t line;
	enum answer_kind expected;
	uint32_t modes;
	const char *expected_word, *modes_text, *path, *stated;
};

struct bench {
	const struct ctl *ctl;
	struct policy *policy;
	struct callers *callers;
	struct candidates *candidates;
	struct json_object *failures; /* or NULL: as text */
	size_t passed, failed;
};

static void bench_done(struct bench *bench)
{
	candidates_free(bench->candidates);
	callers_free(bench->callers);
	policy_free(bench->policy);
}

static enum exit_code bad_row(const struct ctl *ctl, const struct row *row)
{
	return ctl_usage(ctl, "%s:%zu: not `allow|deny|undecided MODES PATH as WHO`", row->file,
			 row->line);
}

/* Cuts @line in place; false if it is none. */
static bool read_row(char *line, struct row *ret)
{
	char *as;

	ret->expected_word = strsep(&line, " ");
	ret->modes_text = strsep(&line, " ");
	as = line ? strstr(line, " as ") : NULL;
	if (!as || answer_kind_find(ret->expected_word, &ret->expected) < 0)
		return false;
	*as = '\0';
	ret->path = line;
	ret->stated = as + strlen(" as ");
	ret->modes = question_modes(ret->modes_text);
	return ret->modes != 0;
}

static void add_why(const struct answer *answer, struct text *out)
{
	switch (answer->kind) {
	case ANSWER_YES:
		text_puts(out, "allowed by ");
		screen_add(out, answer->rule->id);
		break;
	case ANSWER_NO:
		answer_reason(answer, out);
		break;
	case ANSWER_UNDECIDED:
		text_puts(out, "hinges on facts that were not stated: ");
		screen_add(out, answer->rule->id);
	}
}

static void show_failure(const struct bench *bench, const struct row *row,
			 const struct answer *answer)
{
	struct text out = TEXT_EMPTY;

	screen_add(&out, row->file);
	text_printf(&out, ":%zu: ", row->line);
	screen_paint(&bench->ctl->out, &out, PAINT_DENY, "failed");
	text_printf(&out, ": expected %s, got %s: %s ", row->expected_word,
		    answer_word(answer->kind), row->modes_text);
	screen_add(&out, row->path);
	text_puts(&out, " as ");
	screen_add(&out, row->stated);
	text_puts(&out, "\n    = ");
	add_why(answer, &out);
	text_puts(&out, "\n");
	screen_show(&bench->ctl->out, &out);
}

static void add_failure(struct json_object *list, const struct row *row,
			const struct answer *answer)
{
	struct json_object *object = json_part();

	json_add_text(object, "file", row->file);
	json_add_number(object, "line", row->line);
	json_add_text(object, "expected", row->expected_word);
	json_add_text(object, "answer", answer_word(answer->kind));
	json_add_text(object, "reason", answer_reason_name(answer->reason));
	json_add_text(object, "rule", answer->rule ? answer->rule->id : NULL);
	json_add_text(object, "modes", row->modes_text);
	json_add_text(object, "path", row->path);
	json_add_text(object, "as", row->stated);
	json_append(list, object);
}

static enum exit_code try_row(struct bench *bench, const struct row *row)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	struct policy_query query = {
		.path = row->path,
		.modes = row->modes,
		.now_sec = clock_realtime_usec() / USEC_PER_SEC,
	};
	const struct caller *caller = NULL;
	struct answer answer;
	int r;

	r = callers_get(bench->callers, row->stated, &diags, &caller);
	if (r < 0)
		return ctl_fail(bench->ctl, EXIT_IO, "%s", strerror(-r));
	if (!caller) {
		findings_show(&bench->ctl->err, &diags, FORMAT_TEXT, DIAG_ERROR);
		return bad_row(bench->ctl, row);
	}
	query.caller = caller->policy_caller;
	answer = answer_name(bench->policy, &query, bench->candidates);
	if (answer.kind == row->expected) {
		bench->passed++;
		return EXIT_YES;
	}
	bench->failed++;
	if (bench->failures)
		add_failure(bench->failures, row, &answer);
	else if (!bench->ctl->options.quiet)
		show_failure(bench, row, &answer);
	return EXIT_YES;
}

static enum exit_code try_lines(struct bench *bench, const char *path, FILE *file)
{
	_cleanup_(freep) char *line = NULL;
	struct row row = { .file = path };
	size_t capacity = 0;

	while (getline(&line, &capacity, file) > 0) {
		enum exit_code code;

		row.line++;
		line[strcspn(line, "\n")] = '\0';
		if (*line == '\0' || *line == '#')
			continue;
		code = read_row(line, &row) ? try_row(bench, &row) : bad_row(bench->ctl, &row);
		if (code != EXIT_YES)
			return code;
	}
	if (ferror(file))
		return ctl_fail(bench->ctl, EXIT_IO, "%s: %s", path, strerror(errno));
	return EXIT_YES;
}

static enum exit_code try_file(struct bench *bench, const char *path)
{
	enum exit_code code;
	FILE *file;

	if (strcmp(path, "-") == 0)
		return try_lines(bench, "stdin", stdin);
	file = fopen(path, "re");
	if (!file)
		return ctl_fail(bench->ctl, exit_of_errno(errno), "%s: %s", path, strerror(errno));
	code = try_lines(bench, path, file);
	fclose(file);
	return code;
}

static void show_totals(const struct bench *bench)
{
	struct text out = TEXT_EMPTY;
	size_t n = bench->passed + bench->failed;

	if (bench->failed == 0) {
		findings_count(&out, n, "expectation");
		text_printf(&out, " hold%s.\n", n == 1 ? "s" : "");
	} else {
		text_printf(&out, "%zu of ", bench->failed);
		findings_count(&out, n, "expectation");
		text_puts(&out, " failed.\n");
	}
	screen_show(&bench->ctl->out, &out);
}

static void show_json(const struct bench *bench)
{
	struct json_object *answer = json_answer();

	json_add_number(answer, "passed", bench->passed);
	json_add_number(answer, "failed", bench->failed);
	json_add(answer, "failures", bench->failures);
	json_show(&bench->ctl->out, answer);
}

static enum exit_code try_files(struct bench *bench)
{
	const struct ctl *ctl = bench->ctl;
	enum exit_code code = EXIT_YES;

	if (callers_new(&bench->callers, bench->policy) < 0 ||
	    candidates_new(&bench->candidates, bench->policy) < 0)
		return ctl_fail(ctl, EXIT_IO, "out of memory");
	for (int i = 0; code == EXIT_YES && i < ctl->n_operands; i++)
		code = try_file(bench, ctl->operands[i]);
	return code;
}

enum exit_code command_test(struct ctl *ctl)
{
	_cleanup_(bench_done) struct bench bench = { .ctl = ctl };
	enum exit_code code;

	if (ctl->n_operands == 0)
		return ctl_usage(ctl, "wants FILE…, or - for standard input");
	code = input_load(ctl, &bench.policy);
	if (code != EXIT_YES)
		return code;
	if (ctl->options.json && !ctl->options.quiet)
		bench.failures = json_list();
	code = try_files(&bench);
	if (code != EXIT_YES) {
		json_object_put(bench.failures);
		return code;
	}
	if (bench.failures)
		show_json(&bench);
	else if (!ctl->options.quiet)
		show_totals(&bench);
	return bench.failed > 0 ? EXIT_NO : EXIT_YES;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `fmt`: policies and fdbroker.conf in the canonical layout. A file that does not parse is left as it
 * is, and so is one whose new text would not parse to the same: a tool that lays out
 * must not be able to change what is allowed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/command.h"
#include "ctl/file.h"
#include "ctl/findings.h"
#include "policy/conf.h"
#include "policy/format.h"
#include "policy/parser.h"

DEFINE_CLEANUP(struct source *, source_free)
DEFINE_CLEANUP(struct ast *, ast_free)

/* One file, before and after. */
struct reshape {
	const char *path; /* "-": from standard input to standard output */
	struct source *source;
	struct text text;
	bool changed;
};

static void reshape_done(struct reshape *reshape)
{
	source_free(reshape->source);
	text_done(&reshape->text);
}

static int print_policy(const struct source *source, struct diags *diags, struct text *out)
{
	_cleanup_(ast_freep) struct ast *tree = NULL;
	int r = parser_parse(source, diags, &tree);

	if (r == 0)
		ast_print(tree, out);
	return r;
}

static int print_settings(const struct source *source, struct diags *diags, struct text *out)
{
	_cleanup_(conf_done) struct conf conf = CONF_EMPTY;
	int r = conf_parse(source, diags, &conf);

	if (r == 0)
		conf_print(&conf, out);
	return r;
}

/* What a text means: what it parses to, printed. */
static int read_meaning(const struct source *source, struct diags *diags, struct text *out)
{
	int r = conf_is(source) ? print_settings(source, diags, out)
				: print_policy(source, diags, out);

	return r == 0 && out->failed ? -ENOMEM : r;
}

static int check_meaning(const struct reshape *reshape, const char *before, struct diags *diags)
{
	_cleanup_(source_freep) struct source *after = NULL;
	_cleanup_(text_done) struct text new = TEXT_EMPTY;
	const char *text = reshape->text.data ? reshape->text.data : "";
	int r;

	r = source_new(&after, reshape->path, text, reshape->text.len, SOURCE_ADMIN);
	if (r == 0)
		r = read_meaning(after, diags, &new);
	if (r < 0)
		return r;
	return diags->n_errors == 0 && strcmp(before, new.data) == 0 ? 0 : -ENOTRECOVERABLE;
}

static int read_source(struct reshape *reshape)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;
	const char *shown = strcmp(reshape->path, "-") == 0 ? "stdin" : reshape->path;
	int r = file_read(reshape->path, &text);

	if (r < 0)
		return r;
	return source_new(&reshape->source, shown, text.data, text.len, SOURCE_ADMIN);
}

static int lay_out(struct reshape *reshape, struct diags *diags)
{
	_cleanup_(text_done) struct text before = TEXT_EMPTY;
	const struct source *source = reshape->source;
	int r = read_meaning(source, diags, &before);

	if (r < 0 || diags->n_errors > 0)
		return r < 0 ? r : -EINVAL;
	r = format_source(source, &reshape->text);
	if (r < 0)
		return r;
	reshape->changed = reshape->text.len != source->size ||
			   memcmp(reshape->text.data, source->text, source->size) != 0;
	return check_meaning(reshape, before.data, diags);
}

static enum exit_code reshape_read(const struct ctl *ctl, struct reshape *reshape)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	int r = read_source(reshape);

	if (r == 0)
		r = lay_out(reshape, &diags);
	if (r == -EINVAL && diags.n_errors > 0) {
		diags_sort(&diags);
		findings_show(&ctl->err, &diags, FORMAT_TEXT, DIAG_ERROR);
		return EXIT_INVALID;
	}
	if (r == -ENOTRECOVERABLE)
		return ctl_fail(ctl, EXIT_IO,
				"%s: the new layout would not mean the same; it is "
				"left as it is",
				reshape->path);
	if (r < 0)
		return ctl_fail(ctl, exit_of_errno(-r), "%s: %s", reshape->path, strerror(-r));
	return EXIT_YES;
}

static enum exit_code reshape_write(const struct ctl *ctl, const struct reshape *reshape)
{
	const struct text *text = &reshape->text;
	int r = 0;

	if (strcmp(reshape->path, "-") == 0)
		r = fwrite(text->data, 1, text->len, stdout) == text->len ? 0 : -EIO;
	else if (reshape->changed)
		r = file_replace(reshape->path, text->data, text->len);
	if (r < 0)
		return ctl_fail(ctl, exit_of_errno(-r), "%s: %s; it is left as it is",
				reshape->path, strerror(-r));
	return EXIT_YES;
}

static void show(const struct ctl *ctl, const struct reshape *reshape, struct json_object *list)
{
	struct json_object *object;
	struct text out = TEXT_EMPTY;

	if (list) {
		object = json_part();
		json_add_text(object, "file", reshape->path);
		json_add_bool(object, "changed", reshape->changed);
		json_append(list, object);
	} else if (reshape->changed && !ctl->options.quiet && strcmp(reshape->path, "-") != 0) {
		screen_add(&out, reshape->path);
		text_puts(&out, "\n");
		screen_show(&ctl->out, &out);
	}
}

static enum exit_code format_file(const struct ctl *ctl, const char *path, struct json_object *list)
{
	_cleanup_(reshape_done) struct reshape reshape = { .path = path };
	enum exit_code code = reshape_read(ctl, &reshape);

	if (code == EXIT_YES && !ctl->options.check)
		code = reshape_write(ctl, &reshape);
	if (code != EXIT_YES)
		return code;
	show(ctl, &reshape, list);
	return ctl->options.check && reshape.changed ? EXIT_NO : EXIT_YES;
}

enum exit_code command_fmt(struct ctl *ctl)
{
	struct json_object *answer = NULL, *list = NULL;
	enum exit_code worst = EXIT_YES;

	if (ctl->n_operands == 0)
		return ctl_usage(ctl, "wants FILE…, or - for standard input");
	if (ctl->options.json && !ctl->options.quiet) {
		list = json_list();
		answer = json_answer();
	}
	for (int i = 0; i < ctl->n_operands; i++) {
		enum exit_code code = format_file(ctl, ctl->operands[i], list);

		if (code > worst)
			worst = code;
	}
	if (answer) {
		json_add(answer, "files", list);
		json_show(&ctl->out, answer);
	}
	return worst;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `cat`: the policy as text, from all its files in their order. What does not
 * count is named where it would stand, so that nobody looks for a rule in a file that
 * another one masks. Files with errors are printed like the rest.
 */
#include <errno.h>
#include <string.h>

#include "ctl/findings.h"
#include "ctl/input.h"

static const char *const origins[] = {
	[SOURCE_VENDOR] = "vendor",
	[SOURCE_LOCAL] = "local",
	[SOURCE_RUNTIME] = "runtime",
	[SOURCE_ADMIN] = "admin",
};

struct shelf {
	struct policy_names names;
	struct policy_files files;
	struct diags diags;
};

static void shelf_done(struct shelf *shelf)
{
	policy_names_done(&shelf->names);
	policy_files_done(&shelf->files);
	diags_done(&shelf->diags);
}

/* The text of the file of this path; NULL: it does not count, or could not be read. */
static const struct source *find_source(const struct shelf *shelf, const struct policy_name *name)
{
	for (size_t i = 0; i < shelf->files.n; i++)
		if (strcmp(shelf->files.sources[i]->path, name->path) == 0)
			return name->masked_by ? NULL : shelf->files.sources[i];
	return NULL;
}

static void add_lines(const struct ctl *ctl, const struct source *source, struct text *out)
{
	const char *line = source->text, *end = source->text + source->size;
	unsigned int number = 0;

	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((newline ? newline : end) - line);

		number++;
		if (ctl->options.origin) {
			struct text origin = TEXT_EMPTY;

			text_printf(&origin, "%s:%u: ", source->path, number);
			screen_paint(&ctl->out, out, PAINT_HINT, origin.data ? origin.data : "");
			text_done(&origin);
		}
		screen_add_text(out, line, len);
		text_puts(out, "\n");
		line += len + (newline != NULL);
	}
}

static void add_header(const struct ctl *ctl, const struct policy_name *name, const char *remark,
		       struct text *out)
{
	struct text header = TEXT_EMPTY;

	if (out->len > 0)
		text_puts(out, "\n");
	text_printf(&header, "# %s", name->path);
	if (name->masked_by)
		text_printf(&header, " (masked by %s)", name->masked_by);
	else if (remark)
		text_printf(&header, " (%s)", remark);
	screen_paint(&ctl->out, out, PAINT_RULE, header.data ? header.data : "");
	text_puts(out, "\n");
	text_done(&header);
}

static void show_text(const struct ctl *ctl, const struct shelf *shelf)
{
	struct text out = TEXT_EMPTY;

	for (size_t i = 0; i < shelf->names.n; i++) {
		const struct policy_name *name = &shelf->names.items[i];
		const struct source *source = find_source(shelf, name);

		add_header(ctl, name,
			   name->is_mask ? "a mask"
			   : source	 ? NULL
					 : "cannot be read",
			   &out);
		if (source)
			add_lines(ctl, source, &out);
	}
	screen_show(&ctl->out, &out);
}

static void show_json(const struct ctl *ctl, const struct shelf *shelf)
{
	struct json_object *answer = json_answer(), *list = json_list();

	for (size_t i = 0; i < shelf->names.n; i++) {
		const struct policy_name *name = &shelf->names.items[i];
		const struct source *source = find_source(shelf, name);
		struct json_object *object = json_part();

		json_add_text(object, "file", name->path);
		json_add_text(object, "origin", origins[name->origin]);
		json_add_bool(object, "mask", name->is_mask);
		json_add_text(object, "masked_by", name->masked_by);
		if (source)
			json_add_bytes(object, "text", source->text, source->size);
		json_append(list, object);
	}
	json_add(answer, "files", list);
	json_show(&ctl->out, answer);
}

/* Errors of reading alone are complained about: what is wrong in the text is for `check`. */
static enum exit_code read_shelf(const struct ctl *ctl, struct shelf *shelf)
{
	struct load_options options =
		input_options(ctl, (const char *const *)ctl->operands, (size_t)ctl->n_operands);
	_cleanup_(diags_done) struct diags twice = DIAGS_EMPTY;
	enum exit_code code = input_check(ctl, &options);
	int r;

	if (code != EXIT_YES)
		return code;
	options.trust = LOAD_TRUST_NOTE;
	r = load_names(&options, &twice, &shelf->names);
	if (r == 0)
		r = load_trees(&options, &shelf->diags, &shelf->files);
	if (r < 0)
		return ctl_fail(ctl, exit_of_errno(-r), "cannot read the policy: %s", strerror(-r));
	return EXIT_YES;
}

enum exit_code command_cat(struct ctl *ctl)
{
	_cleanup_(shelf_done) struct shelf shelf = { 0 };
	enum exit_code code = EXIT_YES;

	if (ctl->options.only && ctl->n_operands == 0)
		return ctl_usage(ctl, "--only without a file");
	code = read_shelf(ctl, &shelf);
	if (code != EXIT_YES)
		return code;
	if (!ctl->options.quiet && ctl->options.json)
		show_json(ctl, &shelf);
	else if (!ctl->options.quiet)
		show_text(ctl, &shelf);
	for (size_t i = 0; i < shelf.names.n; i++)
		if (!shelf.names.items[i].masked_by && !shelf.names.items[i].is_mask &&
		    !find_source(&shelf, &shelf.names.items[i]))
			code = ctl_fail(ctl, EXIT_IO, "%s cannot be read: fdbrokerctl check",
					shelf.names.items[i].path);
	return code;
}

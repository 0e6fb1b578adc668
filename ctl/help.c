/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "ctl/command.h"
#include "ctl/json.h"
#include "ctl/lints.h"

#define WRAP_COLUMNS 80U

static void add_command(struct text *out, const struct command *command)
{
	text_printf(out, "Usage: fdbrokerctl %s [OPTION…] %s\n\nTo %s.\n\n", command->name,
		    command->operands, command->summary);
	options_help(command->options, out);
	options_help(OPTIONS_COMMON, out);
}

static void add_all(struct text *out)
{
	const struct command *command;

	text_puts(out, "Usage: fdbrokerctl [OPTION…] COMMAND …\n\n");
	for (size_t i = 0; (command = command_at(i)); i++)
		text_printf(out, "  %-10s %s\n", command->name, command->summary);
	text_puts(out, "\n");
	options_help(OPTIONS_COMMON, out);
	text_puts(out,
		  "\nExit status: 0 yes or done, 1 no, 2 policy invalid or reload refused, 3 not "
		  "decided,\n64 usage, 69 daemon not reachable, 74 input or output, 77 not "
		  "permitted.\nSee fdbrokerctl(8) and fdbroker.policy(5).\n");
}

/* In lines of at most 80 columns. */
static void add_wrapped(const char *string, struct text *out)
{
	size_t column = 0;

	while (*string) {
		size_t len = strcspn(string, " ");

		if (column > 0 && column + 1 + len > WRAP_COLUMNS) {
			text_puts(out, "\n");
			column = 0;
		}
		text_puts(out, column > 0 ? " " : "");
		text_add(out, string, len);
		column += len + (column > 0);
		string += len + (string[len] == ' ');
	}
	text_puts(out, "\n");
}

static enum exit_code show_lint(const struct ctl *ctl, const struct lint *lint)
{
	struct text out = TEXT_EMPTY;
	struct json_object *answer;

	if (ctl->options.json) {
		answer = json_answer();
		json_add_text(answer, "id", lint->id);
		json_add_text(answer, "title", lint->title);
		json_add_text(answer, "meaning", lint->meaning);
		json_add_text(answer, "example", lint->example);
		json_add_text(answer, "fix", lint->fix);
		json_show(&ctl->out, answer);
		return EXIT_YES;
	}
	screen_paint(&ctl->out, &out, PAINT_RULE, lint->id);
	text_printf(&out, ": %s\n\n", lint->title);
	add_wrapped(lint->meaning, &out);
	text_printf(&out, "\n    %s\n\n", lint->example);
	add_wrapped(lint->fix, &out);
	screen_show(&ctl->out, &out);
	return EXIT_YES;
}

static enum exit_code show_lints(const struct ctl *ctl)
{
	const struct lint *lint;
	struct text out = TEXT_EMPTY;

	for (size_t i = 0; (lint = lint_at(i)); i++)
		text_printf(&out, "%s  %s\n", lint->id, lint->title);
	screen_show(&ctl->out, &out);
	return EXIT_YES;
}

/* `help`, `help COMMAND`, `help findings`, `help ID` and `COMMAND --help`. */
enum exit_code command_help(struct ctl *ctl)
{
	const struct command *command = ctl->command;
	struct text out = TEXT_EMPTY;

	if (command && command->run == command_help)
		command = NULL;
	if (!command && ctl->n_operands > 0) {
		const struct lint *lint = lint_find(ctl->operands[0]);

		if (lint)
			return show_lint(ctl, lint);
		if (strcmp(ctl->operands[0], "findings") == 0)
			return show_lints(ctl);
		command = command_find(ctl->operands[0]);
		if (!command)
			return ctl_usage(ctl, "unknown command or finding '%s'", ctl->operands[0]);
	}
	if (command)
		add_command(&out, command);
	else
		add_all(&out);
	screen_show(&ctl->out, &out);
	return EXIT_YES;
}

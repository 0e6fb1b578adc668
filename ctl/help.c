/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/command.h"

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

/* `help`, `help COMMAND` and `COMMAND --help`. */
enum exit_code command_help(struct ctl *ctl)
{
	const struct command *command = ctl->command;
	struct text out = TEXT_EMPTY;

	if (command && command->run == command_help)
		command = NULL;
	if (!command && ctl->n_operands > 0) {
		command = command_find(ctl->operands[0]);
		if (!command)
			return ctl_usage(ctl, "unknown command '%s'", ctl->operands[0]);
	}
	if (command)
		add_command(&out, command);
	else
		add_all(&out);
	screen_show(&ctl->out, &out);
	return EXIT_YES;
}

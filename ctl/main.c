/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fdbrokerctl: what an admin asks of the policy and of the daemon. It holds no
 * authority of its own and no code of the daemon's; the answers come from the same
 * policy/ that the broker links, so tool and broker cannot disagree.
 */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/command.h"
#include "ctl/pager.h"

static const struct command commands[] = {
	{ "cat", "[FILE…]", "print the files that are the policy, and name those that are masked",
	  OPTION_BIT(ONLY) | OPTION_BIT(ORIGIN) | OPTION_BIT(POLICY) | OPTION_BIT(ROOT),
	  command_cat, true },
	{ "check", "[FILE…]", "find what is wrong with a policy before it is loaded",
	  OPTION_BIT(FORMAT) | OPTION_BIT(OFFLINE) | OPTION_BIT(ONLY) | OPTION_BIT(POLICY) |
		  OPTION_BIT(ROOT) | OPTION_BIT(SOCKET) | OPTION_BIT(STRICT),
	  command_check, true },
	{ "can", "MODES PATH --as=WHO", "say in one line whether the policy allows it",
	  OPTION_BIT(AS) | OPTION_BIT(LIVE) | OPTION_BIT(POLICY) | OPTION_BIT(REQUESTS) |
		  OPTION_BIT(ROOT) | OPTION_BIT(WITH),
	  command_can, false },
	{ "explain", "[MODES PATH] --as=WHO|--pid=PID|--decision=ID",
	  "show, step by step, how an answer comes about",
	  OPTION_BIT(ALL) | OPTION_BIT(AS) | OPTION_BIT(AUDIT_FILE) | OPTION_BIT(DECISION) |
		  OPTION_BIT(LIVE) | OPTION_BIT(PID) | OPTION_BIT(POLICY) | OPTION_BIT(ROOT) |
		  OPTION_BIT(SOCKET) | OPTION_BIT(WITH),
	  command_explain, true },
	{ "diff", "[POLICY POLICY]", "compare two policies by what they mean, with examples",
	  OPTION_BIT(POLICY) | OPTION_BIT(ROOT) | OPTION_BIT(SOCKET) | OPTION_BIT(TEXT) |
		  OPTION_BIT(WITH),
	  command_diff, true },
	{ "edit", "NAME", "change a policy file, and install it only if the policy is good",
	  OPTION_BIT(POLICY) | OPTION_BIT(ROOT) | OPTION_BIT(SOCKET), command_edit, false },
	{ "fmt", "FILE…", "lay out policy files in the one canonical way", OPTION_BIT(CHECK),
	  command_fmt, false },
	{ "learn", "", "propose rules for what was refused; installs nothing",
	  OPTION_BIT(FILE) | OPTION_BIT(LABEL) | OPTION_BIT(NARROW) | OPTION_BIT(PATH) |
		  OPTION_BIT(POLICY) | OPTION_BIT(ROOT) | OPTION_BIT(SINCE) | OPTION_BIT(UNIT) |
		  OPTION_BIT(UNTIL) | OPTION_BIT(USER) | OPTION_BIT(WIDE),
	  command_learn, false },
	{ "log", "", "show what was decided, as the audit recorded it",
	  OPTION_BIT(ALLOW) | OPTION_BIT(COMPLAIN) | OPTION_BIT(DENY) | OPTION_BIT(FILE) |
		  OPTION_BIT(FOLLOW) | OPTION_BIT(LINES) | OPTION_BIT(PATH) | OPTION_BIT(RULE) |
		  OPTION_BIT(SINCE) | OPTION_BIT(UNIT) | OPTION_BIT(UNTIL) | OPTION_BIT(USER),
	  command_log, true },
	{ "shadow", "[FILE…]", "try a policy beside the one that runs, and tell where it differs",
	  OPTION_BIT(ONLY) | OPTION_BIT(POLICY) | OPTION_BIT(PROMOTE) | OPTION_BIT(SOCKET) |
		  OPTION_BIT(STATUS) | OPTION_BIT(STOP) | OPTION_BIT(WITH),
	  command_shadow, false },
	{ "show", "[RULE|@SET…]", "print a rule by its id, and what it uses, or a set; or list the ids",
	  OPTION_BIT(BUILTIN) | OPTION_BIT(POLICY) | OPTION_BIT(ROOT) | OPTION_BIT(WITH),
	  command_show, true },
	{ "test", "FILE…", "hold the policy against files of expectations",
	  OPTION_BIT(POLICY) | OPTION_BIT(ROOT) | OPTION_BIT(WITH), command_test, false },
	{ "what-can", "--as=WHO", "list what the policy allows a caller",
	  OPTION_BIT(AS) | OPTION_BIT(POLICY) | OPTION_BIT(ROOT) | OPTION_BIT(WITH),
	  command_what_can, true },
	{ "who-can", "MODES PATH", "list whom the policy allows it, and who of them runs now",
	  OPTION_BIT(OFFLINE) | OPTION_BIT(POLICY) | OPTION_BIT(ROOT) | OPTION_BIT(WITH),
	  command_who_can, true },
	{ "reload", "", "make the daemon load the policy that is on disk",
	  OPTION_BIT(CONFIRM) | OPTION_BIT(SOCKET), command_reload, false },
	{ "confirm", "", "let the policy stay that was loaded by reload --confirm",
	  OPTION_BIT(SOCKET), command_confirm, false },
	{ "status", "", "what the daemon serves, and whether it is what is on disk",
	  OPTION_BIT(POLICY) | OPTION_BIT(ROOT) | OPTION_BIT(SOCKET), command_status, true },
	{ "metrics", "", "print the daemon's counters as OpenMetrics text, for Prometheus",
	  OPTION_BIT(SOCKET), command_metrics, false },
	{ "top", "", "a live screen of what each rule decides",
	  OPTION_BIT(BATCH) | OPTION_BIT(COUNT) | OPTION_BIT(DELAY) | OPTION_BIT(SOCKET),
	  command_top, false },
	{ "help", "[COMMAND|ID]", "print how a command is used, or what a finding means", 0,
	  command_help, true },
};

const struct command *command_at(size_t i)
{
	return i < ELEMENTSOF(commands) ? &commands[i] : NULL;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static _printf_(2, 0) void complain(const struct ctl *ctl, const char *format, va_list args)
{
	_cleanup_(freep) char *message = NULL;
	struct text out = TEXT_EMPTY;

	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	text_puts(&out, "fdbrokerctl: ");
	if (ctl->command)
		text_printf(&out, "%s: ", ctl->command->name);
	screen_add(&out, message ? message : "out of memory");
	text_puts(&out, "\n");
	screen_show(&ctl->err, &out);
}

enum exit_code ctl_fail(const struct ctl *ctl, enum exit_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(ctl, format, args);
	va_end(args);
	return code;
}

enum exit_code ctl_usage(const struct ctl *ctl, const char *format, ...)
{
	struct text out = TEXT_EMPTY;
	va_list args;

	va_start(args, format);
	complain(ctl, format, args);
	va_end(args);
	text_printf(&out, "Try 'fdbrokerctl help%s%s'.\n", ctl->command ? " " : "",
		    ctl->command ? ctl->command->name : "");
	screen_show(&ctl->err, &out);
	return EXIT_USAGE;
}

enum exit_code exit_of_errno(int error)
{
	return error == EACCES || error == EPERM ? EXIT_NOT_PERMITTED : EXIT_IO;
}

/* Read the options in @argv; EXIT_YES, or what to exit with. */
static enum exit_code take_options(struct ctl *ctl, int argc, char **argv)
{
	struct options_line line = { .argc = argc, .argv = argv, .ordered = !ctl->command };
	uint64_t accepted = OPTIONS_COMMON | (ctl->command ? ctl->command->options : 0);
	struct text error = TEXT_EMPTY;
	int r;

	r = options_parse(&ctl->options, accepted, &line, &error);
	screen_init(&ctl->out, stdout, (enum screen_colour)ctl->options.color);
	screen_init(&ctl->err, stderr, (enum screen_colour)ctl->options.color);
	if (r < 0) {
		(void)ctl_usage(ctl, "%s", error.data ? error.data : "out of memory");
		text_done(&error);
		return EXIT_USAGE;
	}
	ctl->operands = argv + r;
	ctl->n_operands = argc - r;
	return EXIT_YES;
}

static enum exit_code show_version(const struct ctl *ctl)
{
	struct text out = TEXT_EMPTY;

	text_puts(&out, "fdbrokerctl (fdbroker) " PACKAGE_VERSION "\n");
	screen_show(&ctl->out, &out);
	return EXIT_YES;
}

static enum exit_code run(struct ctl *ctl, int argc, char **argv)
{
	const struct command *command;
	enum exit_code code;

	code = take_options(ctl, argc, argv);
	if (code != EXIT_YES)
		return code;
	if (ctl->options.version)
		return show_version(ctl);
	if (ctl->n_operands == 0 && !ctl->options.help)
		return ctl_usage(ctl, "which command?");
	if (ctl->n_operands == 0 || ctl->options.help)
		return command_help(ctl);

	command = command_find(ctl->operands[0]);
	if (!command)
		return ctl_usage(ctl, "unknown command '%s'", ctl->operands[0]);
	ctl->command = command;
	code = take_options(ctl, ctl->n_operands, ctl->operands);
	if (code != EXIT_YES)
		return code;
	if (ctl->options.version)
		return show_version(ctl);
	if ((command->pages && !ctl->options.follow) || ctl->options.help)
		pager_start(ctl);
	return ctl->options.help ? command_help(ctl) : command->run(ctl);
}

int main(int argc, char **argv)
{
	struct ctl ctl = { 0 };
	enum exit_code code;

	(void)setlocale(LC_CTYPE, "");
	code = run(&ctl, argc, argv);
	pager_finish();
	/* An answer that could not be written is none. */
	if (fflush(stdout) != 0 || ferror(stdout))
		return ctl_fail(&ctl, EXIT_IO, "cannot write the answer: %s", strerror(errno));
	return code;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_OPTIONS_H
#define FDB_CTL_OPTIONS_H

/*
 * The options of all commands, one table: an option means the same wherever it
 * is taken, and the help is printed from what is parsed.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "ctl/screen.h"

enum option_id {
	OPTION_ALL,
	OPTION_ALLOW,
	OPTION_AS,
	OPTION_AUDIT_FILE,
	OPTION_BATCH,
	OPTION_BUILTIN,
	OPTION_CHECK,
	OPTION_COMPLAIN,
	OPTION_CONFIRM,
	OPTION_COUNT,
	OPTION_DECISION,
	OPTION_DELAY,
	OPTION_DENY,
	OPTION_FILE,
	OPTION_FOLLOW,
	OPTION_FORMAT,
	OPTION_LABEL,
	OPTION_LINES,
	OPTION_LIVE,
	OPTION_NARROW,
	OPTION_OFFLINE,
	OPTION_ONLY,
	OPTION_ORIGIN,
	OPTION_PATH,
	OPTION_PID,
	OPTION_POLICY,
	OPTION_PROMOTE,
	OPTION_REQUESTS,
	OPTION_ROOT,
	OPTION_RULE,
	OPTION_SINCE,
	OPTION_SOCKET,
	OPTION_STATUS,
	OPTION_STOP,
	OPTION_STRICT,
	OPTION_TEXT,
	OPTION_UNIT,
	OPTION_UNTIL,
	OPTION_USER,
	OPTION_WIDE,
	OPTION_WITH,
	/* common ones */
	OPTION_COLOR,
	OPTION_JSON,
	OPTION_NO_PAGER,
	OPTION_QUIET,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_MAX,
};

#define OPTION_BIT(id) (UINT64_C(1) << OPTION_##id)
#define OPTIONS_COMMON                                                                             \
	(OPTION_BIT(COLOR) | OPTION_BIT(JSON) | OPTION_BIT(NO_PAGER) | OPTION_BIT(QUIET) |         \
	 OPTION_BIT(HELP) | OPTION_BIT(VERSION))

enum options_format { FORMAT_TEXT, FORMAT_GCC, FORMAT_JSON };

/* Strings are borrowed from argv; NULL: not given. */
struct options {
	bool all, allow, batch, builtin, check, complain, deny, follow, help, json, live, narrow,
		no_pager, offline, only, origin, promote, quiet, status, stop, strict, text,
		version, wide;
	int color;  /* enum screen_colour */
	int format; /* enum options_format */
	const char *as, *audit_file, *confirm, *count, *decision, *delay, *file, *label, *lines,
		*path, *pid, *policy, *requests, *root, *rule, *since, *socket, *unit, *until,
		*user, *with;
};

/**
 * options_parse() - read a command line
 * @options:	written as options are met, so that several calls add up
 * @accepted:	OPTION_BIT()s
 * @argv:	argv[0] is skipped; operands are moved behind the options unless @ordered
 * @ordered:	stop at the first operand
 * @reterr:	on failure, what is wrong, not escaped
 *
 * Return: the index of the first operand; -EINVAL.
 */
struct options_line {
	int argc;
	char **argv;
	bool ordered;
};
int options_parse(struct options *options, uint64_t accepted, const struct options_line *line,
		  struct text *reterr);

/* The lines of help for these options. */
void options_help(uint64_t accepted, struct text *out);

#endif

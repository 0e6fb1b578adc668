/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_COMMAND_H
#define FDB_CTL_COMMAND_H

/*
 * A command is one row of the table in main.c and one function in the file of
 * its name, which returns the exit code. To add one: the row, the file, a line
 * below.
 */

#include <stdint.h>

#include "base/macro.h"
#include "ctl/exit.h"
#include "ctl/options.h"
#include "ctl/screen.h"

struct ctl {
	const struct command *command;
	struct options options;
	struct screen out, err;
	char **operands; /* NULL-terminated */
	int n_operands;
};

struct command {
	const char *name;
	const char *operands; /* as the usage line shows them */
	const char *summary;
	uint64_t options; /* OPTION_BIT()s it takes beside the common ones */
	enum exit_code (*run)(struct ctl *ctl);
	bool pages; /* its answer may be long */
};

enum exit_code command_can(struct ctl *ctl);
enum exit_code command_cat(struct ctl *ctl);
enum exit_code command_check(struct ctl *ctl);
enum exit_code command_confirm(struct ctl *ctl);
enum exit_code command_diff(struct ctl *ctl);
enum exit_code command_edit(struct ctl *ctl);
enum exit_code command_explain(struct ctl *ctl);
enum exit_code command_fmt(struct ctl *ctl);
enum exit_code command_help(struct ctl *ctl);
enum exit_code command_learn(struct ctl *ctl);
enum exit_code command_log(struct ctl *ctl);
enum exit_code command_metrics(struct ctl *ctl);
enum exit_code command_reload(struct ctl *ctl);
enum exit_code command_shadow(struct ctl *ctl);
enum exit_code command_show(struct ctl *ctl);
enum exit_code command_status(struct ctl *ctl);
enum exit_code command_test(struct ctl *ctl);
enum exit_code command_top(struct ctl *ctl);
enum exit_code command_what_can(struct ctl *ctl);
enum exit_code command_who_can(struct ctl *ctl);

/* By name, or NULL; and the table in order, NULL past its end. */
const struct command *command_find(const char *name);
const struct command *command_at(size_t i);

/* Say on stderr what went wrong, whole message escaped, and return @code. */
enum exit_code ctl_fail(const struct ctl *ctl, enum exit_code code, const char *format, ...)
	_printf_(3, 4);

/* The same for a wrong command line; points to the help. */
enum exit_code ctl_usage(const struct ctl *ctl, const char *format, ...) _printf_(2, 3);

/* The exit code that fits an errno of the file system: not permitted, or I/O. */
enum exit_code exit_of_errno(int error);

#endif

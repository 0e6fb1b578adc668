/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One row per option: how it is spelled, what it takes, where it goes. The
 * arrays that getopt_long(3) wants are made from the rows that a command accepts,
 * so an option of another command is as unknown as a misspelt one.
 */
#include "ctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "base/macro.h"

enum kind { KIND_FLAG, KIND_STRING, KIND_CHOICE };

static const char *const colors[] = { "auto", "always", "never", NULL };
static const char *const formats[] = { "text", "gcc", "json", NULL };

#define FLAG(field) .kind = KIND_FLAG, .offset = offsetof(struct options, field)
#define STRING(field, what)                                                                        \
	.kind = KIND_STRING, .offset = offsetof(struct options, field), .argument = (what)
#define CHOICE(field, what, words)                                                                 \
	.kind = KIND_CHOICE, .offset = offsetof(struct options, field), .argument = (what),        \
	.choices = (words)

static const struct row {
	const char *name;
	char letter;
	enum kind kind;
	size_t offset;
	const char *argument;
	const char *const *choices; /* NULL-terminated */
	const char *help;
} rows[] = {
	[OPTION_ALL] = { "all", 'a', FLAG(all),
			 .help = "list the rules that do not come near, too" },
	[OPTION_ALLOW] = { "allow", 0, FLAG(allow), .help = "what was allowed" },
	[OPTION_AS] = { "as", 0, STRING(as, "WHO"),
			.help = "the caller, as facts: 'user www-data and unit "
				"\"nginx.service\"'" },
	[OPTION_AUDIT_FILE] = { "audit-file", 0, STRING(audit_file, "FILE"),
				.help = "look for the decision in this file of JSON lines" },
	[OPTION_BATCH] = { "batch", 'b', FLAG(batch),
			   .help = "print one screen after the other, for a file or a pipe" },
	[OPTION_BUILTIN] = { "builtin", 0, FLAG(builtin),
			     .help = "the rules that are part of every policy" },
	[OPTION_CHECK] = { "check", 0, FLAG(check),
			   .help = "change nothing; name the files that would change, and exit 1" },
	[OPTION_COMPLAIN] = { "complain", 0, FLAG(complain),
			      .help = "what `mode complain` let pass" },
	[OPTION_CONFIRM] = { "confirm", 0, STRING(confirm, "TIME"),
			     .help = "take it back after 60s, 5min or 1h unless it is confirmed" },
	[OPTION_COUNT] = { "count", 'n', STRING(count, "COUNT"),
			   .help = "end after so many refreshes" },
	[OPTION_DECISION] = { "decision", 0, STRING(decision, "ID"),
			      .help = "a decision that was made, by its id from the audit" },
	[OPTION_DELAY] = { "delay", 'd', STRING(delay, "SECONDS"),
			   .help = "between two refreshes: 0.1 to 3600, normally 1" },
	[OPTION_DENY] = { "deny", 0, FLAG(deny),
			  .help = "what was refused, by the policy, the kernel or for nonsense" },
	[OPTION_FILE] = { "file", 0, STRING(file, "FILE"),
			  .help = "read this file of JSON lines instead of the journal" },
	[OPTION_FOLLOW] = { "follow", 'f', FLAG(follow),
			    .help = "go on with records as they come" },
	[OPTION_FORMAT] = { "format", 0, CHOICE(format, "text|gcc|json", formats),
			    .help = "how findings are written" },
	[OPTION_LABEL] = { "label", 0, STRING(label, "NAME"),
			   .help = "what the proposed file is to be called, without .fdp" },
	[OPTION_LINES] = { "lines", 'n', STRING(lines, "NUMBER"),
			   .help = "only the last ones of what is there" },
	[OPTION_LIVE] = { "live", 0, FLAG(live),
			  .help = "look at the object (O_PATH) and decide its conditions" },
	[OPTION_NARROW] = { "narrow", 0, FLAG(narrow), .help = "names only, no patterns" },
	[OPTION_OFFLINE] = { "offline", 0, FLAG(offline),
			     .help = "leave out what needs a look at the file system" },
	[OPTION_ONLY] = { "only", 0, FLAG(only), .help = "take the named files alone" },
	[OPTION_ORIGIN] = { "origin", 0, FLAG(origin),
			    .help = "put before each line its file and number" },
	[OPTION_PATH] = { "path", 0, STRING(path, "GLOB"),
			  .help = "names that this pattern matches, as in a rule" },
	[OPTION_PID] = { "pid", 0, STRING(pid, "PID"),
			 .help = "the caller, as /proc shows a running process" },
	[OPTION_POLICY] = { "policy", 0, STRING(policy, "DIR"),
			    .help = "read this directory instead of the installed four" },
	[OPTION_PROMOTE] = { "promote", 0, FLAG(promote),
			     .help = "install the files of the shadow that runs, and load them" },
	[OPTION_REQUESTS] = { "requests", 0, STRING(requests, "FILE"),
			      .help = "answer each line `MODES PATH` or `MODES<TAB>PATH<TAB>WHO`; "
				      "- is stdin" },
	[OPTION_ROOT] = { "root", 0, STRING(root, "DIR"),
			  .help = "look for the installed policy below this directory" },
	[OPTION_RULE] = { "rule", 0, STRING(rule, "GLOB"),
			  .help = "what rules of this id decided; `default` is what no rule did" },
	[OPTION_SINCE] = { "since", 0, STRING(since, "TIME"),
			   .help = "not before: -2h, today, 00:31, 2026-11-22 00:31, @1795305120" },
	[OPTION_SOCKET] = { "socket", 0, STRING(socket, "PATH"),
			    .help = "the daemon's admin socket" },
	[OPTION_STATUS] = { "status", 0, FLAG(status),
			    .help = "tell what runs, and where it differs" },
	[OPTION_STOP] = { "stop", 0, FLAG(stop), .help = "end it" },
	[OPTION_STRICT] = { "strict", 0, FLAG(strict), .help = "exit 1 if there are warnings" },
	[OPTION_TEXT] = { "text", 0, FLAG(text), .help = "compare the text, as diff(1) does" },
	[OPTION_UNIT] = { "unit", 'u', STRING(unit, "GLOB"),
			  .help = "callers of this unit, or unit of a user's manager" },
	[OPTION_UNTIL] = { "until", 0, STRING(until, "TIME"), .help = "not after" },
	[OPTION_USER] = { "user", 0, STRING(user, "USER"), .help = "callers of this name or uid" },
	[OPTION_WIDE] = { "wide", 0, FLAG(wide),
			  .help = "patterns for whole trees, where several names are in them" },
	[OPTION_WITH] = { "with", 0, STRING(with, "FILE"),
			  .help = "this file too, in place of the installed one of its name" },
	[OPTION_COLOR] = { "color", 0, CHOICE(color, "auto|always|never", colors),
			   .help = "colours; auto is off with NO_COLOR and where there is no "
				   "terminal" },
	[OPTION_JSON] = { "json", 0, FLAG(json), .help = "answer in JSON" },
	[OPTION_NO_PAGER] = { "no-pager", 0, FLAG(no_pager),
			      .help = "print at once, even if it is long and this is a terminal" },
	[OPTION_QUIET] = { "quiet", 'q', FLAG(quiet),
			   .help = "print no answer, only exit with it" },
	[OPTION_HELP] = { "help", 'h', FLAG(help), .help = "print this" },
	[OPTION_VERSION] = { "version", 0, FLAG(version), .help = "print the version" },
};
_Static_assert(ELEMENTSOF(rows) == OPTION_MAX, "an option has no row");
_Static_assert(OPTION_MAX <= 64, "a bit for each option");

#define LONG_VALUE 256 /* above every letter */

static void fill_getopt(uint64_t accepted, bool ordered, struct option *longs, char *shorts)
{
	size_t n = 0;

	if (ordered)
		*shorts++ = '+';
	*shorts++ = ':';
	for (size_t i = 0; i < OPTION_MAX; i++) {
		if (!(accepted & (UINT64_C(1) << i)))
			continue;
		longs[n++] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].argument ? required_argument : no_argument,
			.val = LONG_VALUE + (int)i,
		};
		if (rows[i].letter)
			*shorts++ = rows[i].letter;
		if (rows[i].letter && rows[i].argument)
			*shorts++ = ':';
	}
	longs[n] = (struct option){ 0 };
	*shorts = '\0';
}

/* A letter is another option with another command. */
static const struct row *find_row(int value, uint64_t accepted)
{
	if (value >= LONG_VALUE)
		return &rows[value - LONG_VALUE];
	for (size_t i = 0; i < OPTION_MAX; i++)
		if (rows[i].letter == value && accepted & (UINT64_C(1) << i))
			return &rows[i];
	return NULL;
}

static int set_choice(const struct row *row, int *ret)
{
	for (int i = 0; row->choices[i]; i++)
		if (strcmp(row->choices[i], optarg) == 0) {
			*ret = i;
			return 0;
		}
	return -EINVAL;
}

static int set_option(struct options *options, const struct row *row, struct text *reterr)
{
	void *field = (char *)options + row->offset;

	switch (row->kind) {
	case KIND_FLAG:
		*(bool *)field = true;
		return 0;
	case KIND_STRING:
		*(const char **)field = optarg;
		return 0;
	case KIND_CHOICE:
		if (set_choice(row, field) == 0)
			return 0;
		text_printf(reterr, "--%s is %s, not '%s'", row->name, row->argument, optarg);
	}
	return -EINVAL;
}

static int reject(int value, const struct options_line *line, struct text *reterr)
{
	const char *word = line->argv[optind - 1];

	if (value == ':')
		text_printf(reterr, "%s wants a value", word);
	else if (optopt && optopt < LONG_VALUE)
		text_printf(reterr, "unknown option '-%c'", optopt);
	else if (optopt)
		text_printf(reterr, "--%s takes no value", rows[optopt - LONG_VALUE].name);
	else
		text_printf(reterr, "unknown option '%s'", word);
	return -EINVAL;
}

int options_parse(struct options *options, uint64_t accepted, const struct options_line *line,
		  struct text *reterr)
{
	struct option longs[OPTION_MAX + 1];
	char shorts[2 * OPTION_MAX + 3];
	int value;

	fill_getopt(accepted, line->ordered, longs, shorts);
	opterr = 0;
	optind = 0; /* getopt(3): glibc starts afresh */
	while ((value = getopt_long(line->argc, line->argv, shorts, longs, NULL)) != -1) {
		int r;

		if (value == '?' || value == ':')
			return reject(value, line, reterr);
		r = set_option(options, find_row(value, accepted), reterr);
		if (r < 0)
			return r;
	}
	return optind;
}

void options_help(uint64_t accepted, struct text *out)
{
	for (size_t i = 0; i < OPTION_MAX; i++) {
		struct text left = TEXT_EMPTY;

		if (!(accepted & (UINT64_C(1) << i)))
			continue;
		if (rows[i].letter)
			text_printf(&left, "-%c, ", rows[i].letter);
		text_printf(&left, "--%s", rows[i].name);
		if (rows[i].argument)
			text_printf(&left, "=%s", rows[i].argument);
		text_printf(out, "  %-26s %s\n", left.data ? left.data : "", rows[i].help);
		text_done(&left);
	}
}

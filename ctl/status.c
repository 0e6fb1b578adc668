/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `status`: what the daemon serves, from its own mouth, and whether the policy on
 * disk is the same one, which only looking can tell.
 */
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "ctl/admin.h"
#include "ctl/input.h"
#include "ctl/json.h"
#include "ctl/machine.h"
#include "wire/admin.h"

#define STATUS_TIMEOUT (10 * USEC_PER_SEC)

enum disk { DISK_SAME, DISK_DIFFERENT, DISK_INVALID, DISK_UNKNOWN };

static const char *const disk_words[] = {
	[DISK_SAME] = "same",
	[DISK_DIFFERENT] = "different",
	[DISK_INVALID] = "invalid",
	[DISK_UNKNOWN] = "unknown",
};

struct status {
	struct admin_answer answer;
	enum disk disk;
	char *problem; /* DISK_INVALID: the first error, in one line; DISK_UNKNOWN: why; or NULL */
};

static void status_done(struct status *status)
{
	admin_answer_done(&status->answer);
	free(status->problem);
}

/* the disk */

static const struct diag *first_error(const struct diags *diags)
{
	for (size_t i = 0; i < diags->n; i++)
		if (diags->items[i].severity == DIAG_ERROR)
			return &diags->items[i];
	return NULL;
}

static void describe_error(struct status *status, struct diags *diags)
{
	const struct diag *diag;
	struct text out = TEXT_EMPTY;

	diags_sort(diags);
	diag = first_error(diags);
	if (diag) {
		if (diag->place.source)
			text_printf(&out, "%s:%u:%u ", diag->place.source->path, diag->place.line,
				    diag->place.column);
		text_puts(&out, diag->message);
	}
	(void)text_finish(&out, &status->problem);
}

/* The directory that the daemon was started with, if it was not the installed four. */
static void look_at_disk(const struct ctl *ctl, struct status *status)
{
	_cleanup_(freep) char *running = admin_value(status->answer.text, "policy");
	_cleanup_(freep) char *directory = admin_value(status->answer.text, "directory");
	struct load_options options = input_options(ctl, NULL, 0);
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	int r;

	status->disk = DISK_UNKNOWN;
	if (!options.directory && !options.root && directory) {
		options.directory = directory;
		options.trust = LOAD_TRUST_NOTE;
	}
	r = load_policy(&options, &diags, &policy);
	if (r < 0) {
		status->problem = strdup(strerror(-r));
		return;
	}
	if (!policy) {
		status->disk = DISK_INVALID;
		describe_error(status, &diags);
	} else if (running) {
		status->disk = strcmp(running, policy_summary(policy)->sha256) == 0
				       ? DISK_SAME
				       : DISK_DIFFERENT;
	}
}

/* the screen */

/* Add @before, the value of @key and @after; nothing if the daemon does not say. */
static bool add_value(struct text *out, const struct status *status, const char *key,
		      const char *before)
{
	_cleanup_(freep) char *value = admin_value(status->answer.text, key);

	if (!value)
		return false;
	text_puts(out, before);
	screen_add(out, value);
	return true;
}

static void add_when(struct text *out, const struct status *status, const char *key,
		     const char *before)
{
	_cleanup_(freep) char *value = admin_value(status->answer.text, key);
	uint64_t sec;

	if (!value || number_u64(value, &sec) < 0)
		return;
	text_puts(out, before);
	screen_time(out, sec);
}

static void add_files(struct text *out, const struct status *status)
{
	_cleanup_(freep) char *files = admin_value(status->answer.text, "files");

	if (add_value(out, status, "files", " from "))
		text_puts(out, strcmp(files, "1") == 0 ? " file)" : " files)");
}

static void add_state(const struct ctl *ctl, const struct status *status, struct text *out)
{
	_cleanup_(freep) char *state = admin_value(status->answer.text, "state");
	_cleanup_(freep) char *sha256 = admin_value(status->answer.text, "policy");
	bool active = state && strcmp(state, "active") == 0;

	screen_paint(&ctl->out, out, active ? PAINT_ALLOW : PAINT_DENY, "●");
	text_puts(out, " fdbroker: ");
	screen_paint(&ctl->out, out, active ? PAINT_PLAIN : PAINT_DENY, state ? state : "?");
	add_value(out, status, "generation", ", generation ");
	add_when(out, status, "loaded", " (loaded ");
	add_files(out, status);
	if (sha256) {
		text_puts(out, ", policy sha256:");
		text_escape(out, sha256, strnlen(sha256, 12));
		text_puts(out, "…");
	}
	text_puts(out, "\n");
}

static void add_disk(const struct ctl *ctl, const struct status *status, struct text *out)
{
	text_puts(out, "  on disk:  ");
	switch (status->disk) {
	case DISK_SAME:
		text_puts(out, "the same\n");
		return;
	case DISK_DIFFERENT:
		screen_paint(&ctl->out, out, PAINT_WARNING, "DIFFERENT");
		text_puts(out, "  → fdbrokerctl reload\n");
		return;
	case DISK_INVALID:
		screen_paint(&ctl->out, out, PAINT_DENY, "DIFFERENT, and invalid");
		text_puts(out, ": ");
		screen_add(out, status->problem ? status->problem : "");
		text_puts(out, "  → fdbrokerctl check\n");
		return;
	case DISK_UNKNOWN:
		text_puts(out, "not known: ");
		screen_add(out, status->problem ? status->problem : "the daemon does not say");
		text_puts(out, "\n");
	}
}

static void add_refused(const struct status *status, struct text *out)
{
	struct text when = TEXT_EMPTY;

	add_when(&when, status, "refused", "            last reload refused ");
	if (when.len > 0) {
		text_printf(out, "%s; running policy unchanged", when.data);
		add_value(out, status, "refused-why", ": ");
		text_puts(out, "\n");
	}
	text_done(&when);
}

/* Why it is another policy than the installed one that serves, or how long yet. */
static void add_serves(const struct ctl *ctl, const struct status *status, struct text *out)
{
	_cleanup_(freep) char *serves = admin_value(status->answer.text, "serves");
	bool last_good = serves && strcmp(serves, "last-good") == 0;

	if (add_value(out, status, "degraded-why", "  degraded: "))
		text_printf(out, "\n            %s\n",
			    last_good ? "the last good policy is served" : "everything is refused");
	if (add_value(out, status, "taken-back", "  back:     from generation "))
		text_puts(out, ", which was not confirmed\n");
	else if (last_good && !admin_has(status->answer.text, "degraded-why"))
		text_puts(out, "  back:     from what is installed, which was not confirmed\n");
	if (add_value(out, status, "on-trial", "  on trial: ")) {
		add_value(out, status, "back-to", " s left, then back to generation ");
		text_puts(out, "  → fdbrokerctl confirm\n");
	}
	if (admin_has(status->answer.text, "problem")) {
		text_puts(out, "  ");
		screen_paint(&ctl->out, out, PAINT_DENY, "problem:");
		add_value(out, status, "problem", "  ");
		text_puts(out, "\n");
	}
	if (add_value(out, status, "not-kept", "  not kept: "))
		text_puts(out, ", so a bad policy at the next start would leave nothing\n");
}

/* Opens that may block, of which some may never return: what a server of files that keeps silent
 * costs. */
static void add_in_flight(const struct ctl *ctl, const struct status *status, struct text *out)
{
	_cleanup_(freep) char *stuck = admin_value(status->answer.text, "stuck");
	uint64_t n;

	if (!add_value(out, status, "in-flight", ", inflight "))
		return;
	add_value(out, status, "max-in-flight", "/");
	if (!stuck || number_u64(stuck, &n) < 0 || n == 0)
		return;
	text_puts(out, " (");
	screen_paint(&ctl->out, out, PAINT_WARNING, stuck);
	text_puts(out, " stuck)");
}

static void add_limits(const struct ctl *ctl, const struct status *status, struct text *out)
{
	_cleanup_(text_done) struct text off = TEXT_EMPTY;

	if (!ctl->options.root)
		machine_unprotected(&off);
	if (add_value(out, status, "connections", "  limits:   conns ")) {
		add_value(out, status, "max-clients", "/");
		add_in_flight(ctl, status, out);
		if (off.len == 0)
			text_puts(out, "\n");
	}
	if (off.len == 0 || off.failed)
		return;
	text_printf(out, "    sysctl:%s  ", off.data);
	screen_paint(&ctl->out, out, PAINT_WARNING, "warning[W209]");
	text_puts(out, "\n");
}

static const char *const shown_keys[] = {
	"state",       "generation",  "loaded",	     "files",	     "policy",	      "refused",
	"connections", "max-clients", "refused-why", "degraded-why", "taken-back",    "on-trial",
	"back-to",     "problem",     "not-kept",    "in-flight",    "max-in-flight", "stuck",
};

static bool is_shown(const char *line, size_t len)
{
	for (size_t i = 0; i < ELEMENTSOF(shown_keys); i++)
		if (strlen(shown_keys[i]) == len && strncmp(line, shown_keys[i], len) == 0)
			return true;
	return false;
}

/* What the daemon says beside: one line each, in its order. What never happened is left out. */
static void add_rest(const struct status *status, struct text *out)
{
	for (const char *line = status->answer.text; *line;) {
		size_t len = strcspn(line, "\n"), key = strcspn(line, " \n");

		if (len > 0 && !is_shown(line, key) && strncmp(line + key, " 0\n", 3) != 0) {
			text_puts(out, "  ");
			text_escape(out, line, key);
			text_printf(out, ":%*s", key < 20 ? (int)(20 - key) : 1, "");
			if (len > key)
				text_escape(out, line + key + 1, len - key - 1);
			text_puts(out, "\n");
		}
		line += len + (line[len] == '\n');
	}
}

static void show_text(const struct ctl *ctl, const struct status *status)
{
	struct text out = TEXT_EMPTY;

	add_state(ctl, status, &out);
	add_disk(ctl, status, &out);
	add_refused(status, &out);
	add_serves(ctl, status, &out);
	add_limits(ctl, status, &out);
	add_rest(status, &out);
	screen_show(&ctl->out, &out);
}

static void add_unprotected(const struct ctl *ctl, struct json_object *object)
{
	_cleanup_(text_done) struct text off = TEXT_EMPTY;
	struct json_object *list = json_list();

	if (!ctl->options.root)
		machine_unprotected(&off);
	for (char *save, *word = off.data ? strtok_r(off.data, " ", &save) : NULL; word;
	     word = strtok_r(NULL, " ", &save))
		json_append_text(list, word);
	json_add(object, "unprotected", list);
}

/* "DIRECTORY MODE,MODE": the directory may have spaces, the modes have none. */
static void add_place(struct json_object *list, const char *value, size_t len)
{
	const char *space = memrchr(value, ' ', len);
	struct json_object *place = json_part();
	size_t directory = space ? (size_t)(space - value) : len;
	_cleanup_(freep) char *modes =
		strndup(value + directory + !!space, len - directory - !!space);
	_cleanup_(freep) char *name = strndup(value, directory);

	json_add_text(place, "directory", name);
	json_add_text(place, "modes", modes);
	json_append(list, place);
}

static struct json_object *hull(const char *text)
{
	struct json_object *list = json_list();

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		if (strncmp(line, "hull ", 5) == 0)
			add_place(list, line + 5, len - 5);
		line += len + (line[len] == '\n');
	}
	return list;
}

static void show_json(const struct ctl *ctl, const struct status *status)
{
	struct json_object *object = json_answer(), *daemon = json_part();

	for (const char *line = status->answer.text; *line;) {
		size_t len = strcspn(line, "\n"), key_len = strcspn(line, " \n");
		_cleanup_(freep) char *name = strndup(line, key_len);
		/* The first of its name: what the parent knows stands before what a broker says. */
		_cleanup_(freep) char *value = name ? admin_value(status->answer.text, name) : NULL;

		if (len > 0 && name && strcmp(name, "hull") != 0)
			json_add_text(daemon, name, value);
		line += len + (line[len] == '\n');
	}
	json_add(daemon, "hull", hull(status->answer.text));
	json_add(object, "daemon", daemon);
	json_add_text(object, "on_disk", disk_words[status->disk]);
	json_add_text(object, "problem", status->problem);
	add_unprotected(ctl, object);
	json_show(&ctl->out, object);
}

enum exit_code command_status(struct ctl *ctl)
{
	_cleanup_(status_done) struct status status = { 0 };
	enum exit_code code;

	if (ctl->n_operands > 0)
		return ctl_usage(ctl, "takes no operand");
	code = admin_ask_for(ctl, ADMIN_REQUEST(STATUS), STATUS_TIMEOUT, &status.answer);
	if (code != EXIT_YES)
		return code;
	look_at_disk(ctl, &status);
	if (!ctl->options.quiet && ctl->options.json)
		show_json(ctl, &status);
	else if (!ctl->options.quiet)
		show_text(ctl, &status);
	return admin_exit_code(&status.answer);
}

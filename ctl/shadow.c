/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `shadow`: a candidate policy beside the one that runs. The daemon answers by the policy that it
 * has, and tells of each request that the candidate would have answered otherwise.
 */
#include "ctl/shadow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "ctl/findings.h"
#include "ctl/json.h"
#include "wire/admin.h"

#define STATUS_TIMEOUT (10 * USEC_PER_SEC)
#define SHADOW_TIMEOUT (90 * USEC_PER_SEC)
#define FIRST_MAX      64U /* differences shown, whatever the daemon says */

static void shadow_done(struct shadow *shadow)
{
	candidate_done(&shadow->candidate);
	admin_answer_done(&shadow->status);
	free(shadow->directory);
}

struct load_options shadow_options(const struct shadow *shadow, const char *const *files,
				   size_t n_files)
{
	struct load_options options = input_options(shadow->ctl, files, n_files);

	if (!options.directory && shadow->directory) {
		options.directory = shadow->directory;
		options.trust = LOAD_TRUST_NOTE;
	}
	return options;
}

bool shadow_runs(const struct shadow *shadow)
{
	_cleanup_(freep) char *since = admin_value(shadow->status.text, "shadow-since");

	return since != NULL;
}

static enum exit_code ask_status(struct shadow *shadow)
{
	enum exit_code code =
		admin_ask_for(shadow->ctl, ADMIN_REQUEST(STATUS), STATUS_TIMEOUT, &shadow->status);

	if (code == EXIT_YES)
		shadow->directory = admin_value(shadow->status.text, "directory");
	return code;
}

/* What the daemon answered to a request that has no other answer than its exit code. */
static void show_answer(const struct ctl *ctl, const struct admin_answer *answer, bool runs,
			const char *done)
{
	struct text out = TEXT_EMPTY;

	if (ctl->options.quiet)
		return;
	if (ctl->options.json) {
		struct json_object *object = json_answer();

		json_add_bool(object, "running", runs);
		json_add_text(object, "text", answer->text);
		json_show(&ctl->out, object);
		return;
	}
	admin_add_lines(&out, answer->text);
	if (answer->exit_code == EXIT_YES)
		text_puts(&out, done);
	screen_show(answer->exit_code == EXIT_YES ? &ctl->out : &ctl->err, &out);
}

/* starting */

static enum exit_code check_candidate(const struct ctl *ctl, const struct load_options *options)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	enum exit_code code = input_read(ctl, options, &diags, &policy);

	if (code != EXIT_YES)
		return code;
	findings_show(&ctl->err, &diags, FORMAT_TEXT, policy ? DIAG_WARNING : DIAG_ERROR);
	return policy ? EXIT_YES : EXIT_INVALID;
}

static enum exit_code stage(struct shadow *shadow, const struct load_options *options)
{
	_cleanup_(policy_files_done) struct policy_files files = { 0 };
	_cleanup_(diags_done) struct diags twice = DIAGS_EMPTY;
	int r = load_trees(options, &twice, &files);

	if (r < 0)
		return ctl_fail(shadow->ctl, exit_of_errno(-r), "cannot read the policy: %s",
				strerror(-r));
	return candidate_stage(shadow->ctl, &shadow->candidate, &files);
}

/* Let the daemon load what is staged; if it does not, what was there before is there again. */
static enum exit_code cast_shadow(struct shadow *shadow)
{
	struct admin_answer answer = ADMIN_ANSWER_EMPTY;
	const struct ctl *ctl = shadow->ctl;
	enum exit_code code;

	code = candidate_exchange(ctl, &shadow->candidate);
	if (code != EXIT_YES)
		return code;
	code = admin_ask_for(ctl, ADMIN_REQUEST(SHADOW), SHADOW_TIMEOUT, &answer);
	if (code == EXIT_YES) {
		code = admin_exit_code(&answer);
		show_answer(ctl, &answer, code == EXIT_YES,
			    "The shadow runs. What it would decide otherwise is in the audit.\n"
			    "→ fdbrokerctl shadow, shadow --promote, shadow --stop\n");
	}
	admin_answer_done(&answer);
	if (code != EXIT_YES)
		(void)candidate_exchange(ctl, &shadow->candidate);
	return code;
}

static enum exit_code start(struct shadow *shadow)
{
	struct ctl *ctl = shadow->ctl;
	const char *const *files = (const char *const *)ctl->operands;
	size_t n = (size_t)ctl->n_operands;
	struct load_options options;
	enum exit_code code;

	if (ctl->options.with) {
		files = &ctl->options.with;
		n = 1;
	}
	options = shadow_options(shadow, files, n);
	code = check_candidate(ctl, &options);
	if (code == EXIT_YES)
		code = candidate_lock(ctl, &shadow->candidate);
	if (code == EXIT_YES)
		code = stage(shadow, &options);
	return code == EXIT_YES ? cast_shadow(shadow) : code;
}

/* stopping */

static enum exit_code stop(struct shadow *shadow)
{
	struct admin_answer answer = ADMIN_ANSWER_EMPTY;
	enum exit_code code = candidate_lock(shadow->ctl, &shadow->candidate);

	if (code != EXIT_YES)
		return code;
	code = admin_ask_for(shadow->ctl, ADMIN_REQUEST(UNSHADOW), STATUS_TIMEOUT, &answer);
	if (code != EXIT_YES)
		return code;
	code = admin_exit_code(&answer);
	show_answer(shadow->ctl, &answer, code != EXIT_YES && code != EXIT_NO,
		    "The shadow is gone.\n");
	admin_answer_done(&answer);
	if (code == EXIT_YES)
		candidate_remove(&shadow->candidate);
	return code;
}

/* status */

static char *first_difference(const struct shadow *shadow, size_t i)
{
	char key[32];

	snprintf(key, sizeof(key), "shadow-first-%zu", i + 1);
	return i < FIRST_MAX ? admin_value(shadow->status.text, key) : NULL;
}

static uint64_t number_of(const struct shadow *shadow, const char *key)
{
	_cleanup_(freep) char *value = admin_value(shadow->status.text, key);
	uint64_t number;

	return value && number_u64(value, &number) == 0 ? number : 0;
}

static void show_json(const struct shadow *shadow)
{
	static const char *const numbers[] = { "since", "rules", "same", "different", "unknown" };
	_cleanup_(freep) char *policy = admin_value(shadow->status.text, "shadow-policy");
	struct json_object *object = json_answer(), *list = json_list();
	bool runs = shadow_runs(shadow);
	char *first;

	json_add_bool(object, "running", runs);
	for (size_t i = 0; runs && i < ELEMENTSOF(numbers); i++) {
		char key[32];

		snprintf(key, sizeof(key), "shadow-%s", numbers[i]);
		json_add_number(object, numbers[i], number_of(shadow, key));
	}
	json_add_text(object, "policy", policy);
	for (size_t i = 0; runs && (first = first_difference(shadow, i)); i++) {
		json_append_text(list, first);
		free(first);
	}
	json_add(object, "first", list);
	json_show(&shadow->ctl->out, object);
}

static void add_first(const struct shadow *shadow, struct text *out)
{
	uint64_t n = number_of(shadow, "shadow-different") + number_of(shadow, "shadow-unknown");
	size_t shown = 0;
	char *first;

	for (; (first = first_difference(shadow, shown)); shown++) {
		text_puts(out, "  ");
		screen_add(out, first);
		text_puts(out, "\n");
		free(first);
	}
	if (n > shown)
		text_printf(out, "  and %" PRIu64 " more: see FDBROKER_SHADOW in the audit\n",
			    n - shown);
}

static void show_text(const struct shadow *shadow)
{
	_cleanup_(freep) char *policy = admin_value(shadow->status.text, "shadow-policy");
	struct text out = TEXT_EMPTY;

	if (!shadow_runs(shadow)) {
		text_puts(&out, "No shadow runs.\n");
		screen_show(&shadow->ctl->out, &out);
		return;
	}
	text_puts(&out, "A shadow runs since ");
	screen_time(&out, number_of(shadow, "shadow-since"));
	text_printf(&out, ": %" PRIu64 " rules", number_of(shadow, "shadow-rules"));
	if (policy) {
		text_puts(&out, ", policy sha256:");
		text_escape(&out, policy, strnlen(policy, 12));
		text_puts(&out, "…");
	}
	text_printf(&out, "\n  %" PRIu64 " same, %" PRIu64 " different, %" PRIu64 " not known\n",
		    number_of(shadow, "shadow-same"), number_of(shadow, "shadow-different"),
		    number_of(shadow, "shadow-unknown"));
	add_first(shadow, &out);
	screen_show(&shadow->ctl->out, &out);
}

static enum exit_code show(const struct shadow *shadow)
{
	if (!shadow->ctl->options.quiet && shadow->ctl->options.json)
		show_json(shadow);
	else if (!shadow->ctl->options.quiet)
		show_text(shadow);
	return shadow_runs(shadow) ? EXIT_YES : EXIT_NO;
}

enum exit_code command_shadow(struct ctl *ctl)
{
	_cleanup_(shadow_done) struct shadow shadow = { .ctl = ctl, .candidate = CANDIDATE_EMPTY };
	const struct options *options = &ctl->options;
	bool starts = ctl->n_operands > 0 || options->with;
	enum exit_code code;

	if (starts + options->status + options->stop + options->promote > 1)
		return ctl_usage(ctl, "wants FILEs, or one of --status, --stop, --promote");
	if (ctl->n_operands > 0 && options->with)
		return ctl_usage(ctl, "--with takes no operands");
	if (options->only && !starts)
		return ctl_usage(ctl, "--only without a file");
	code = ask_status(&shadow);
	if (code != EXIT_YES)
		return code;
	if (options->stop)
		return stop(&shadow);
	if (options->promote)
		return shadow_promote(&shadow);
	return starts ? start(&shadow) : show(&shadow);
}

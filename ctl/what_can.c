/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `what-can`: everything that the policy allows one caller, by rule. The
 * compiled policy says which rules are for him; the files say what they are, in the words
 * that somebody wrote.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/findings.h"
#include "ctl/json.h"
#include "ctl/question.h"
#include "ctl/written.h"
#include "policy/explain.h"
#include "policy/parser.h"

struct reach {
	const struct ctl *ctl;
	struct policy *policy;
	struct written written;
	struct callers *callers;
	struct explainer *explainer;
	const struct caller *caller;
	struct json_object *allows, *denies;
	size_t n_allowed, n_undecided;
};

static void reach_done(struct reach *reach)
{
	explainer_free(reach->explainer);
	callers_free(reach->callers);
	written_done(&reach->written);
	policy_free(reach->policy);
}

static void add_paths(const struct ast_paths *paths, const char *before, struct text *out)
{
	for (size_t i = 0; i < paths->n; i++) {
		text_puts(out, i > 0 ? ", " : before);
		ast_print_path(&paths->items[i], out);
	}
}

static struct json_object *rule_json(const struct written_rule *written, const char *modes,
				     const char *paths, const char *conditions, bool undecided)
{
	struct json_object *object = json_part();

	json_add_text(object, "rule", written->id);
	json_add_text(object, "modes", modes);
	json_add_text(object, "paths", paths);
	json_add_bool(object, "as_root", written->rule->as_root);
	json_add_text(object, "conditions", conditions);
	json_add_bool(object, "undecided", undecided);
	return object;
}

static void show_rule(struct reach *reach, const struct written_rule *written,
		      const struct policy_rule *rule, bool undecided)
{
	struct text out = TEXT_EMPTY, modes = TEXT_EMPTY, paths = TEXT_EMPTY;
	struct text conditions = TEXT_EMPTY;
	const struct screen *screen = &reach->ctl->out;

	policy_modes_print(written->rule->modes, &modes);
	add_paths(&written->rule->paths, "", &paths);
	add_paths(&written->rule->except, " except ", &paths);
	explain_conditions(rule, &conditions);
	if (reach->allows) {
		json_append(rule->allow ? reach->allows : reach->denies,
			    rule_json(written, modes.data, paths.data, conditions.data, undecided));
	} else {
		screen_paint(screen, &out, rule->allow ? PAINT_ALLOW : PAINT_DENY,
			     rule->allow ? "allow" : "deny ");
		text_printf(&out, "  %s%s  ", modes.data, rule->as_root ? " as root" : "");
		screen_add_text(&out, paths.data, paths.len);
		text_puts(&out, "  ");
		screen_paint(screen, &out, PAINT_RULE, rule->id);
		text_puts(&out, conditions.len > 0 ? "  if " : "");
		text_puts(&out, conditions.data ? conditions.data : "");
		explain_deliver(rule, &out);
		if (undecided)
			text_puts(&out, "  (hinges on facts that were not stated)");
		text_puts(&out, "\n");
		screen_show(screen, &out);
	}
	text_done(&modes);
	text_done(&paths);
	text_done(&conditions);
}

/* The rules of one action that are, or may be, for the caller. */
static void show_rules(struct reach *reach, bool allow)
{
	const struct policy_query query = {
		.caller = reach->caller->policy_caller,
		.path = "/",
		.modes = POLICY_READ,
		.now_sec = clock_realtime_usec() / USEC_PER_SEC,
	};

	for (size_t i = 0; i < policy_n_rules(reach->policy); i++) {
		const struct policy_rule *rule = policy_rule(reach->policy, i);
		const struct written_rule *written = written_find(&reach->written, rule->id);
		struct explain_match match;

		if (rule->allow != allow || !written)
			continue;
		match = explain_rule(reach->explainer, &query, i);
		if (match.subject == TRUTH_NO || match.expired)
			continue;
		reach->n_allowed += allow && match.subject == TRUTH_YES;
		reach->n_undecided += allow && match.subject == TRUTH_UNKNOWN;
		if (!reach->ctl->options.quiet)
			show_rule(reach, written, rule, match.subject == TRUTH_UNKNOWN);
	}
}

static enum exit_code reach_load(const struct ctl *ctl, struct reach *reach)
{
	struct load_options options =
		input_options(ctl, &ctl->options.with, ctl->options.with != NULL);
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	enum exit_code code = input_load(ctl, &reach->policy);
	int r;

	if (code == EXIT_YES)
		code = written_load(ctl, &options, &reach->written);
	if (code != EXIT_YES)
		return code;
	r = callers_new(&reach->callers, reach->policy);
	if (r == 0)
		r = callers_get(reach->callers, ctl->options.as, &diags, &reach->caller);
	if (r == 0 && !reach->caller) {
		findings_show(&ctl->err, &diags, FORMAT_TEXT, DIAG_ERROR);
		return EXIT_USAGE;
	}
	if (r == 0)
		r = explainer_new(&reach->explainer, reach->policy,
				  &reach->caller->subject->subject);
	return r < 0 ? ctl_fail(ctl, EXIT_IO, "%s", strerror(-r)) : EXIT_YES;
}

static void show_end(struct reach *reach)
{
	struct text out = TEXT_EMPTY;

	if (reach->allows) {
		struct json_object *answer = json_answer();

		json_add(answer, "allows", reach->allows);
		json_add(answer, "denies", reach->denies);
		json_show(&reach->ctl->out, answer);
	} else if (reach->n_allowed + reach->n_undecided == 0) {
		text_puts(&out, "nothing\n");
		screen_show(&reach->ctl->out, &out);
	}
}

enum exit_code command_what_can(struct ctl *ctl)
{
	_cleanup_(reach_done) struct reach reach = { .ctl = ctl };
	enum exit_code code;

	if (ctl->n_operands > 0 || !ctl->options.as)
		return ctl_usage(ctl, "wants --as=WHO and no operand");
	code = reach_load(ctl, &reach);
	if (code != EXIT_YES)
		return code;
	if (ctl->options.json && !ctl->options.quiet) {
		reach.allows = json_list();
		reach.denies = json_list();
	}
	show_rules(&reach, true);
	/* What a deny leaves of nothing is not worth a line. */
	if (reach.n_allowed + reach.n_undecided > 0)
		show_rules(&reach, false);
	if (!ctl->options.quiet)
		show_end(&reach);
	if (reach.n_allowed > 0)
		return EXIT_YES;
	return reach.n_undecided > 0 ? EXIT_UNDECIDED : EXIT_NO;
}

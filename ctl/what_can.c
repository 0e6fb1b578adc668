/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `what-can`: everything that the policy allows one caller, by rule. The
 * compiled policy says which rules are for him; the files say what they are, in the words
 * that somebody wrote, with his values in the paths.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/macro.h"
#include "ctl/findings.h"
#include "ctl/json.h"
#include "ctl/own_paths.h"
#include "ctl/question.h"
#include "ctl/written.h"
#include "policy/explain.h"
#include "policy/parser.h"

#define PATHS_MAX 32U /* of a rule, on a screen; a program gets all */

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

/* One rule for this caller, as text. */
struct reached {
	const struct written_rule *written;
	const struct policy_rule *rule;
	struct text modes, paths, conditions, limits;
	bool undecided;
};

static void reached_done(struct reached *reached)
{
	text_done(&reached->modes);
	text_done(&reached->paths);
	text_done(&reached->conditions);
	text_done(&reached->limits);
}

/* How often, how many at once and until when, in the rule's own words. */
static void add_limits(const struct ast_rule *rule, struct text *out)
{
	static const struct {
		enum ast_attr_name name;
		const char *word; /* the rate needs none */
	} limits[] = {
		{ AST_ATTR_RATE, "" },
		{ AST_ATTR_INFLIGHT, " inflight" },
		{ AST_ATTR_UNTIL, " until" },
	};

	for (size_t i = 0; i < ELEMENTSOF(limits); i++)
		for (size_t j = 0; j < rule->n_attrs; j++) {
			const struct ast_attr *attr = &rule->attrs[j];

			if (attr->name != limits[i].name)
				continue;
			text_printf(out, "%s%s", out->len > 0 ? "," : "", limits[i].word);
			for (size_t k = 0; k < attr->values.n; k++)
				text_printf(out, " %s", attr->values.items[k].text);
		}
}

static struct json_object *rule_json(const struct reached *reached)
{
	struct json_object *object = json_part();
	const char *limits = reached->limits.len > 0 ? reached->limits.data + 1 : NULL;

	json_add_text(object, "rule", reached->rule->id);
	json_add_text(object, "modes", reached->modes.data);
	json_add_text(object, "paths", reached->paths.data);
	json_add_bool(object, "as_root", reached->written->rule->as_root);
	json_add_text(object, "conditions", reached->conditions.data);
	json_add_text(object, "limits", limits);
	json_add_bool(object, "undecided", reached->undecided);
	return object;
}

static void print_rule(const struct screen *screen, const struct reached *reached)
{
	const struct policy_rule *rule = reached->rule;
	struct text out = TEXT_EMPTY;

	screen_paint(screen, &out, rule->allow ? PAINT_ALLOW : PAINT_DENY,
		     rule->allow ? "allow" : "deny ");
	text_printf(&out, "  %s%s  ", reached->modes.data, rule->as_root ? " as root" : "");
	screen_add_text(&out, reached->paths.data, reached->paths.len);
	text_puts(&out, "  ");
	screen_paint(screen, &out, PAINT_RULE, rule->id);
	text_puts(&out, reached->conditions.len > 0 ? "  if " : "");
	text_puts(&out, reached->conditions.data ? reached->conditions.data : "");
	explain_deliver(rule, &out);
	if (reached->limits.len > 0) {
		text_puts(&out, ",");
		screen_add_text(&out, reached->limits.data, reached->limits.len);
	}
	if (reached->undecided)
		text_puts(&out, "  (hinges on facts that were not stated)");
	text_puts(&out, "\n");
	screen_show(screen, &out);
}

static void show_rule(struct reach *reach, struct reached *reached)
{
	policy_modes_print(reached->written->rule->modes, &reached->modes);
	explain_conditions(reached->rule, &reached->conditions);
	add_limits(reached->written->rule, &reached->limits);
	if (reach->allows)
		json_append(reached->rule->allow ? reach->allows : reach->denies,
			    rule_json(reached));
	else if (!reach->ctl->options.quiet)
		print_rule(&reach->ctl->out, reached);
}

/* The rule that @match says is for the caller, or may be. */
static void take_rule(struct reach *reach, const struct policy_rule *rule,
		      const struct written_rule *written, const struct explain_match *match)
{
	_cleanup_(reached_done) struct reached reached = {
		.rule = rule,
		.written = written,
		.undecided = match->subject == TRUTH_UNKNOWN,
	};
	struct own_paths own = {
		.written = &reach->written,
		.caller = reach->caller->policy_caller,
		.most = reach->allows ? SIZE_MAX : PATHS_MAX,
	};

	own_paths_add(&own, &written->rule->paths, "", &reached.paths);
	if (!own.any)
		return;
	own_paths_add(&own, &written->rule->except, " except ", &reached.paths);
	reached.undecided |= own.unknown;
	reach->n_allowed += rule->allow && !reached.undecided;
	reach->n_undecided += rule->allow && reached.undecided;
	show_rule(reach, &reached);
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
		if (match.subject != TRUTH_NO && !match.expired)
			take_rule(reach, rule, written, &match);
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

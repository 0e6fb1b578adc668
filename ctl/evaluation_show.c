/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/evaluation_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/findings.h"
#include "ctl/names.h"
#include "ctl/object.h"
#include "policy/analysis.h"
#include "policy/parser.h"

static const char *const truth_words[] = {
	[TRUTH_NO] = "NO",
	[TRUTH_UNKNOWN] = "?",
	[TRUTH_YES] = "yes",
};

static void add_fact(struct text *out, bool known, const char *name, const char *value)
{
	text_printf(out, "  %s ", name);
	if (!known)
		text_puts(out, "not stated");
	else if (!value || *value == '\0')
		text_puts(out, "none");
	else
		screen_add(out, value);
}

/* "www-data(33):www-data(33) +ssl-cert(113)" */
static void add_ids(struct text *out, const struct policy_subject *subject)
{
	if (subject->known & POLICY_FACT_USER)
		names_add_user(out, subject->uid);
	else
		text_puts(out, "user not stated");
	if (subject->known & POLICY_FACT_GROUP) {
		text_puts(out, subject->known & POLICY_FACT_USER ? ":" : "  group ");
		names_add_group(out, subject->gid);
	}
	for (size_t i = 0; i < subject->n_groups; i++) {
		if (subject->known & POLICY_FACT_GROUP && subject->groups[i] == subject->gid)
			continue;
		text_puts(out, " +");
		names_add_group(out, subject->groups[i]);
	}
}

void evaluation_add_caller(struct text *out, const struct policy_subject *subject)
{
	add_ids(out, subject);
	add_fact(out, subject->known & POLICY_FACT_UNIT, "unit", subject->unit);
	if (subject->user_unit)
		add_fact(out, true, "user-unit", subject->user_unit);
	if (subject->slice)
		add_fact(out, true, "slice", subject->slice);
	for (size_t i = 0; i < subject->n_exes; i++)
		add_fact(out, true, "exe", subject->exes[i]);
	if (subject->apparmor)
		add_fact(out, true, "apparmor", subject->apparmor);
	if (subject->selinux)
		add_fact(out, true, "selinux", subject->selinux);
	explain_traits(subject, out);
}

/* steps */

static void add_match(const struct evaluation *e, size_t i, struct text *out)
{
	const struct policy_rule *rule = policy_rule(e->inquiry->policy, i);
	const struct explain_match *match = &e->matches[i];

	if (match->excepted)
		text_puts(out, "  EXCEPTED");
	text_printf(out, "  modes %s  subject %s", match->modes ? "yes" : "NO",
		    truth_words[match->subject]);
	if (match->expired)
		text_puts(out, "  EXPIRED");
	if (match->subject != TRUTH_YES) {
		text_puts(out, "   ");
		explain_subject(e->explainer, i, out);
	} else if (!rule->allow && !match->unconditional) {
		text_puts(out, "   if the object has ");
		explain_conditions(rule, out);
	}
}

static void add_rule(const struct ctl *ctl, const struct evaluation *e, size_t i, struct text *out)
{
	const struct explain_match *match = &e->matches[i];
	const char *id = policy_rule(e->inquiry->policy, i)->id;

	screen_paint(&ctl->out, out, PAINT_RULE, id);
	text_printf(out, "%*s  path %s", strlen(id) < 24 ? (int)(24 - strlen(id)) : 0, "",
		    match->path == TRUTH_NO ? "no" : truth_words[match->path]);
	if (match->path != TRUTH_NO)
		add_match(e, i, out);
	text_puts(out, "\n");
}

static void add_rules(const struct ctl *ctl, const struct evaluation *e, bool allow,
		      struct text *out)
{
	const char *heading = allow ? " 4 allow   " : " 2 deny    ";
	size_t n_hidden = 0;

	for (size_t i = 0; i < policy_n_rules(e->inquiry->policy); i++) {
		const struct policy_rule *rule = policy_rule(e->inquiry->policy, i);

		if (rule->allow != allow)
			continue;
		if (!evaluation_comes_near(e, i) && !ctl->options.all) {
			n_hidden++;
			continue;
		}
		text_puts(out, heading);
		heading = "           ";
		add_rule(ctl, e, i, out);
	}
	if (n_hidden == 0)
		return;
	text_puts(out, heading);
	findings_count(out, n_hidden, "rule");
	text_puts(out, allow ? " for other paths  " : " for other paths or modes  ");
	screen_paint(&ctl->out, out, PAINT_HINT, "(--all to list)");
	text_puts(out, "\n");
}

static void add_place(const struct policy_rule *rule, struct text *out)
{
	text_puts(out, " (");
	screen_add(out, rule->file);
	text_printf(out, ":%u)", rule->line);
}

/* Steps 5 and 6 of an allowed name: whose authority, and what the object is held to. */
static void add_object(const struct evaluation *e, struct text *out)
{
	for (size_t i = 0; i < e->candidates->n_allows; i++) {
		const struct policy_rule *rule = e->candidates->allows[i].rule;

		text_puts(out, i == 0 ? " 5 pin     " : "           ");
		screen_add(out, rule->id);
		text_printf(out, ", with %s authority\n",
			    rule->as_root ? "root's" : "the caller's own");
	}
	for (size_t i = 0; i < e->candidates->n_denies; i++) {
		text_puts(out, i == 0 ? " 6 object  " : "           ");
		screen_add(out, e->candidates->denies[i].rule->id);
		text_puts(out, " denies if ");
		explain_conditions(e->candidates->denies[i].rule, out);
		text_puts(out, "\n");
	}
}

/* the answer */

static void add_yes(const struct ctl *ctl, const struct evaluation *e, struct text *out)
{
	size_t before;

	screen_paint(&ctl->out, out, PAINT_ALLOW, "ALLOW");
	text_puts(out, " by ");
	screen_paint(&ctl->out, out, PAINT_RULE, e->answer.rule->id);
	add_place(e->answer.rule, out);
	text_puts(out, e->answer.rule->as_root ? ", as root" : ", as the caller");
	explain_deliver(e->answer.rule, out);
	answer_add_only(&e->answer, out);
	if (!e->inquiry->live) {
		before = out->len;
		text_puts(out, ", if ");
		explain_conditions(e->answer.rule, out);
		if (out->len == before + strlen(", if "))
			text_puts(out, "it is there");
	}
	text_puts(out, "\n");
}

static void add_answer(const struct ctl *ctl, const struct evaluation *e, struct text *out)
{
	switch (e->answer.kind) {
	case ANSWER_YES:
		add_yes(ctl, e, out);
		return;
	case ANSWER_NO:
		screen_paint(&ctl->out, out, PAINT_DENY, "DENY");
		text_puts(out, "  ");
		if (e->error > 0)
			text_printf(out, "%s: %s", answer_live_reason(e->error),
				    strerror(e->error));
		answer_reason(&e->answer, out);
		if (e->answer.rule)
			add_place(e->answer.rule, out);
		if (e->answer.rule && e->answer.rule->note) {
			text_puts(out, ": ");
			screen_add(out, e->answer.rule->note);
		}
		text_puts(out, "\n");
		return;
	case ANSWER_UNDECIDED:
		screen_paint(&ctl->out, out, PAINT_WARNING, "UNDECIDED");
		text_puts(out, "  ");
		screen_add(out, e->answer.rule->id);
		text_puts(out, " hinges on a fact that was not stated\n");
	}
}

static void add_modes_difference(const struct evaluation *e, struct text *out)
{
	text_puts(out, "modes (it allows ");
	policy_modes_print(e->nearest.rule->modes, out);
	text_puts(out, ")");
}

static void add_differences(const struct evaluation *e, struct text *out)
{
	const char *separator = "";

	if (e->nearest.match.excepted) {
		text_puts(out, "path (excepted)");
		separator = ", ";
	}
	if (!e->nearest.match.modes) {
		text_puts(out, separator);
		add_modes_difference(e, out);
		separator = ", ";
	}
	for (int key = 0; key < AST_KEY_MAX; key++)
		if (e->nearest.match.keys & (1U << key)) {
			text_printf(out, "%s%s", separator, explain_key((enum ast_key)key));
			separator = ", ";
		}
	if (e->nearest.match.expired)
		text_printf(out, "%suntil (it is over)", separator);
}

/* W112 and W113 would be said of such a rule. */
static void add_hint_warning(const struct ctl *ctl, const struct inquiry *inquiry, struct text *out)
{
	_cleanup_(freep) char *text = strdup(inquiry->path);
	const struct ast_path path = { .kind = AST_PATH_LITERAL, .text = text };
	struct analysis_known_name known;
	char heading[32];

	if (!text || analysis_known_meets(&path, inquiry->modes, &known) != 1)
		return;
	text_puts(out, "          ");
	snprintf(heading, sizeof(heading), "warning[%s]", known.id);
	screen_paint(&ctl->out, out, PAINT_WARNING, heading);
	text_printf(out, " would apply: %s\n", known.what);
}

/* A rule that would allow it, ready to be pasted; only for a subject given in the language. */
static void add_hint(const struct ctl *ctl, const struct evaluation *e, struct text *out)
{
	const struct inquiry *inquiry = e->inquiry;
	struct text attributes = TEXT_EMPTY;

	if (!inquiry->stated || strpbrk(inquiry->path, "'\n\t\033"))
		return;
	text_puts(out, "hint      to allow it, in a file of its own:\n              for ");
	screen_add(out, inquiry->stated);
	text_puts(out, " { allow ");
	policy_modes_print(inquiry->modes, out);
	text_puts(out, e->nearest.rule->as_root ? " as root '" : " '");
	screen_add(out, inquiry->path);
	text_puts(out, "'");
	explain_attributes(e->nearest.rule, &attributes);
	if (attributes.len > 0)
		text_printf(out, " { %s; } }\n", attributes.data);
	else
		text_puts(out, "; }\n");
	text_done(&attributes);
	add_hint_warning(ctl, inquiry, out);
}

static void add_nearest(const struct ctl *ctl, const struct evaluation *e, struct text *out)
{
	if (!e->nearest.rule)
		return;
	text_puts(out, "nearest   ");
	screen_paint(&ctl->out, out, PAINT_RULE, e->nearest.rule->id);
	add_place(e->nearest.rule, out);
	text_puts(out, " differs only in: ");
	add_differences(e, out);
	text_puts(out, "\n");
	if (!e->nearest.match.excepted && e->nearest.match.modes && !e->nearest.match.expired)
		add_hint(ctl, e, out);
}

void evaluation_add(const struct ctl *ctl, const struct evaluation *e, struct text *out)
{
	if (e->answer.kind == ANSWER_NO && e->answer.reason == POLICY_REASON_BAD_PATH) {
		text_puts(out, " 1 name    NOT clean\n");
	} else {
		text_puts(out, " 1 name    clean\n");
		add_rules(ctl, e, false, out);
		add_rules(ctl, e, true, out);
		if (e->candidates->reason == POLICY_REASON_OK)
			add_object(e, out);
	}
	add_answer(ctl, e, out);
	add_nearest(ctl, e, out);
}

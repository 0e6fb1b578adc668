/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the parent is told of a policy, before anything is served. */
#include "daemon/broker_parts.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/control.h"

#define UNATTESTED_SHOWN 16U /* rules named in the status; the others are counted */

#define HULL_SHOWN 16U /* places likewise */

static int say(struct control *control, const struct text *text)
{
	if (text->failed)
		return -ENOMEM;
	control->fd = -EBADF;
	control->text = text->data ? text->data : "";
	control->text_len = text->len;
	return control_send(CONTROL_FD, control);
}

static void render(struct diags *diags, struct text *out)
{
	diags_sort(diags);
	for (size_t i = 0; i < diags->n; i++)
		diag_render(&diags->items[i], false, out);
	if (diags->failed)
		text_puts(out, "error: out of memory\n");
}

int broker_refuse(struct reading *reading)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;
	struct control control = { .type = CONTROL_REFUSED };

	if (reading->unconfirmed) {
		control.type = CONTROL_UNCONFIRMED;
		return say(&control, &text);
	}
	render(&reading->diags, &text);
	if (reading->why.len > 0)
		text_add(&text, reading->why.data, reading->why.len);
	return say(&control, &text);
}

/* Rules that hinge on what this kernel cannot tell of anybody. They are in the policy, and do
 * nothing: somebody must be told. */
static void add_unattested(const struct broker *broker, struct text *out)
{
	const char *before = "unattested-rules ";
	size_t n = 0;

	for (size_t i = 0; i < policy_n_rules(broker->reading.policy); i++) {
		if (!(policy_rule_facts(broker->reading.policy, i) & broker->unattested))
			continue;
		if (n++ < UNATTESTED_SHOWN)
			text_printf(out, "%s%s", before,
				    policy_rule(broker->reading.policy, i)->id);
		before = " ";
	}
	if (n > UNATTESTED_SHOWN)
		text_printf(out, " and %zu more", n - UNATTESTED_SHOWN);
	if (n > 0)
		text_puts(out, "\n");
}

static void add_confinement(const struct broker *broker, struct text *out)
{
	confine_print(&broker->needs, out);
	if (broker->hull)
		hull_print(broker->hull, HULL_SHOWN, out);
}

int broker_say_ready(struct broker *broker)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;
	struct reading *reading = &broker->reading;
	struct control ready = { .type = CONTROL_READY, .kept = reading->kept };

	if (reading->policy) {
		const struct policy_summary *summary = policy_summary(reading->policy);

		ready.uses_pump = summary->delivers || summary->modes & POLICY_WATCH;
		text_printf(&text, "files %zu\nrules %zu\nas-root %zu\nexpects %zu\npolicy %s\n",
			    summary->n_files, summary->n_rules, summary->n_as_root,
			    summary->n_expects, summary->sha256);
		add_unattested(broker, &text);
	}
	if (reading->kept_error < 0)
		text_printf(&text, "not-kept %s\n", strerror(-reading->kept_error));
	add_confinement(broker, &text);
	text_puts(&text, "\n");
	render(broker->candidate.policy ? &broker->candidate.diags : &reading->diags, &text);
	return say(&ready, &text);
}

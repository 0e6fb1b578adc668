/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/shadow_tally.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/exchange.h"
#include "daemon/record_fields.h"
#include "policy/parser.h"

void shadow_tally_done(struct shadow_tally *tally)
{
	for (size_t i = 0; i < tally->n_first; i++)
		free(tally->first[i]);
	*tally = (struct shadow_tally){ 0 };
}

static void add_side(struct text *out, enum shadow_kind kind, const struct policy_rule *rule)
{
	text_printf(out, "%s%s by ", record_shadow_name(kind),
		    rule && rule->allow && rule->as_root ? " as root" : "");
	if (rule)
		text_escape(out, rule->id, strlen(rule->id));
	else
		text_puts(out, "default");
}

/* "deny by default, shadow: allow by 10-a.x; read /srv/a, uid 33 of a.service" */
static void describe(const struct exchange *x, struct text *out)
{
	const struct facts *who = &x->session->facts;

	add_side(out, shadow_kind_of(&x->outcome), x->outcome.rule);
	text_puts(out, ", shadow: ");
	add_side(out, x->shadow.kind, x->shadow.rule);
	text_puts(out, "; ");
	policy_modes_print(x->request.modes, out);
	text_puts(out, " ");
	text_escape(out, x->request.path, strlen(x->request.path));
	text_printf(out, ", uid %u", who->uid);
	if (who->unit[0] != '\0') {
		text_puts(out, " of ");
		text_escape(out, who->unit, strlen(who->unit));
	}
}

static void remember(struct shadow_tally *tally, const struct exchange *x)
{
	struct text text = TEXT_EMPTY;

	if (tally->n_first == SHADOW_FIRST || x->shadow.kind == SHADOW_NONE)
		return;
	describe(x, &text);
	if (text_finish(&text, &tally->first[tally->n_first]) == 0)
		tally->n_first++;
}

void shadow_tally_add(struct shadow_tally *tally, const struct exchange *x,
		      enum shadow_result result)
{
	switch (result) {
	case SHADOW_SAME:
		tally->same++;
		return;
	case SHADOW_DIFFERENT:
		tally->different++;
		break;
	case SHADOW_UNKNOWN:
		tally->unknown++;
		break;
	}
	remember(tally, x);
}

void shadow_tally_print(const struct shadow_tally *tally, const struct policy *policy,
			struct text *out)
{
	const struct policy_summary *summary = policy_summary(policy);

	text_printf(out, "shadow-policy %s\nshadow-rules %zu\n", summary->sha256, summary->n_rules);
	text_printf(out, "shadow-same %" PRIu64 "\n", tally->same);
	text_printf(out, "shadow-different %" PRIu64 "\n", tally->different);
	text_printf(out, "shadow-unknown %" PRIu64 "\n", tally->unknown);
	for (size_t i = 0; i < tally->n_first; i++)
		text_printf(out, "shadow-first-%zu %s\n", i + 1, tally->first[i]);
}

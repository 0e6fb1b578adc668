/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "ctl/evaluation_show.h"
#include "ctl/object.h"
#include "policy/parser.h"

static const char *const json_answers[] = {
	[ANSWER_YES] = "allow", [ANSWER_NO] = "deny", [ANSWER_UNDECIDED] = "undecided"
};
static const char *const json_truths[] = {
	[TRUTH_NO] = "no", [TRUTH_UNKNOWN] = "unknown", [TRUTH_YES] = "yes"
};

struct json_object *evaluation_nearest_json(const struct nearest *nearest)
{
	struct json_object *object, *differs;

	if (!nearest->rule)
		return NULL;
	object = json_part();
	differs = json_list();
	if (nearest->match.excepted)
		json_append_text(differs, "path");
	if (!nearest->match.modes)
		json_append_text(differs, "modes");
	for (int key = 0; key < AST_KEY_MAX; key++)
		if (nearest->match.keys & (1U << key))
			json_append_text(differs, explain_key((enum ast_key)key));
	if (nearest->match.expired)
		json_append_text(differs, "until");
	json_add_text(object, "rule", nearest->rule->id);
	json_add_text(object, "file", nearest->rule->file);
	json_add_number(object, "line", nearest->rule->line);
	json_add(object, "differs", differs);
	return object;
}

static struct json_object *rule_json(const struct policy_rule *rule,
				     const struct explain_match *match)
{
	struct json_object *object = json_part();

	json_add_text(object, "rule", rule->id);
	json_add_text(object, "file", rule->file);
	json_add_number(object, "line", rule->line);
	json_add_text(object, "action", rule->allow ? "allow" : "deny");
	json_add_text(object, "path", json_truths[match->path]);
	json_add_bool(object, "excepted", match->excepted);
	json_add_bool(object, "modes", match->modes);
	json_add_text(object, "subject", json_truths[match->subject]);
	json_add_bool(object, "expired", match->expired);
	return object;
}

/* Those rules that come near, as on the screen. */
static struct json_object *rules_json(const struct evaluation *e)
{
	struct json_object *list = json_list();

	for (size_t i = 0; i < policy_n_rules(e->inquiry->policy); i++)
		if (evaluation_comes_near(e, i))
			json_append(list,
				    rule_json(policy_rule(e->inquiry->policy, i), &e->matches[i]));
	return list;
}

void evaluation_add_only(const struct answer *answer, struct json_object *object)
{
	struct json_object *makes = answer->makes ? json_list() : NULL;
	const char *word;
	size_t type = 0;

	while ((word = answer_makes(answer, &type)))
		json_append_text(makes, word);
	if (makes)
		json_add(object, "makes", makes);
	if (answer->only_times)
		json_add_bool(object, "only_times", true);
}

void evaluation_json(const struct evaluation *e, struct json_object *object)
{
	struct text modes = TEXT_EMPTY, observed = TEXT_EMPTY;

	policy_modes_print(e->inquiry->modes, &modes);
	json_add_text(object, "answer", json_answers[e->answer.kind]);
	json_add_text(object, "reason",
		      e->error > 0 ? answer_live_reason(e->error)
				   : answer_reason_name(e->answer.reason));
	if (e->error > 0)
		json_add_number(object, "errno", (uint64_t)e->error);
	if (e->answer.condition != POLICY_CONDITION_NONE)
		json_add_text(object, "condition", policy_condition_name(e->answer.condition));
	answer_observed(&e->answer, &observed);
	if (observed.len > 0)
		json_add_text(object, "observed", observed.data);
	json_add_text(object, "rule", e->answer.rule ? e->answer.rule->id : NULL);
	if (e->answer.kind == ANSWER_YES) {
		json_add_bool(object, "as_root", e->answer.rule->as_root);
		json_add_text(object, "deliver",
			      policy_deliver_name(e->answer.rule->obligations->deliver));
		evaluation_add_only(&e->answer, object);
	}
	json_add_text(object, "modes", modes.data);
	json_add_text(object, "path", e->inquiry->path);
	json_add_text(object, "as", e->inquiry->stated);
	json_add_text(object, "policy", policy_summary(e->inquiry->policy)->sha256);
	json_add(object, "nearest", evaluation_nearest_json(&e->nearest));
	json_add(object, "rules", rules_json(e));
	text_done(&modes);
	text_done(&observed);
}

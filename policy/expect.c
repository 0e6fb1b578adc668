/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/expect.h"

#include <errno.h>

#include "base/cleanup.h"
#include "policy/compiled.h"
#include "policy/load.h"
#include "policy/parser.h"

DEFINE_CLEANUP(struct candidates *, candidates_free)
DEFINE_CLEANUP(struct policy_caller *, policy_caller_free)
DEFINE_CLEANUP(struct stated_subject *, load_subject_free)

/* An allow that would name the request if it had more modes, or NULL. */
static const struct policy_rule *nearest(const struct policy_query *query)
{
	const struct policy *policy = query->caller->policy;

	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule *rule = &policy->rules[i];

		if (!rule->shown.allow ||
		    query->caller->scopes[rule->shown.allow][rule->scope].accepts != TRUTH_YES)
			continue;
		for (size_t j = 0; j < rule->n_paths; j++)
			if (match_path(rule->paths[j], query->path, &query->caller->values, NULL) ==
			    TRUTH_YES)
				return &rule->shown;
	}
	return NULL;
}

static void explain_default(const struct policy_query *query, struct diags *diags,
			    struct diag *diag)
{
	_cleanup_(text_done) struct text modes = TEXT_EMPTY, missing = TEXT_EMPTY;
	const struct policy_rule *rule = nearest(query);

	if (rule) {
		policy_modes_print(rule->modes, &modes);
		policy_modes_print(query->modes & ~rule->modes, &missing);
	}
	if (rule && (query->modes & ~rule->modes) && !modes.failed && !missing.failed)
		diag_detail(diags, diag,
			    "default: no allow rule names this request; nearest is %s, which "
			    "allows "
			    "%s, not %s",
			    rule->id, modes.data, missing.data);
	else
		diag_detail(diags, diag, "default: no allow rule names this request");
}

static void explain(const struct candidates *candidates, const struct policy_query *query,
		    struct diags *diags, struct diag *diag)
{
	switch (candidates->reason) {
	case POLICY_REASON_OK:
		diag_detail(diags, diag, "allowed by %s (%s:%u)", candidates->allows[0].rule->id,
			    candidates->allows[0].rule->file, candidates->allows[0].rule->line);
		return;
	case POLICY_REASON_RULE:
		diag_detail(diags, diag, "denied by %s (%s:%u)", candidates->rule->id,
			    candidates->rule->file, candidates->rule->line);
		return;
	case POLICY_REASON_DEFAULT:
		explain_default(query, diags, diag);
		return;
	case POLICY_REASON_BAD_PATH:
	case POLICY_REASON_CONDITION:
		break;
	}
	diag_detail(diags, diag, "bad-path: this is not an absolute, clean name");
}

static void compare(const struct ast_statement *statement, const struct policy_query *query,
		    const struct candidates *candidates, struct diags *diags)
{
	bool allowed = candidates->reason == POLICY_REASON_OK;
	struct diag *diag;

	if (candidates->undecided) {
		diag = diag_add(diags, DIAG_ERROR, "E013", statement->place,
				"not decided: state %s", candidates->undecided_fact);
		diag_detail(diags, diag, "%s (%s:%u) hinges on it", candidates->undecided->id,
			    candidates->undecided->file, candidates->undecided->line);
		return;
	}
	if (allowed == statement->expect.allow)
		return;
	diag = diag_add(diags, DIAG_ERROR, "E013", statement->place,
			"expectation failed: expected %s, got %s",
			statement->expect.allow ? "allow" : "deny", allowed ? "allow" : "deny");
	explain(candidates, query, diags, diag);
}

static int expect_one(const struct policy *policy, const struct ast_statement *statement,
		      uint64_t now_sec, struct diags *diags, struct candidates *candidates)
{
	_cleanup_(load_subject_freep) struct stated_subject *stated = NULL;
	_cleanup_(policy_caller_freep) struct policy_caller *caller = NULL;
	struct policy_query query = {
		.path = statement->expect.path.text,
		.modes = statement->expect.modes,
		.now_sec = now_sec,
	};
	int r;

	r = load_subject(&statement->expect.who, diags, &stated);
	if (r < 0)
		return r;
	/* What is wrong with it has been said. */
	if (!stated)
		return 0;
	r = policy_caller_new(&caller, policy, &stated->subject);
	if (r < 0)
		return r;
	query.caller = caller;
	decide_name(policy, &query, candidates);
	compare(statement, &query, candidates, diags);
	return 0;
}

int expect_all(const struct policy *policy, const struct ast *const *trees, size_t n,
	       uint64_t now_sec, struct diags *diags)
{
	_cleanup_(candidates_freep) struct candidates *candidates = NULL;
	int r;

	if (policy_summary(policy)->n_expects == 0)
		return 0;
	r = candidates_new(&candidates, policy);
	for (size_t i = 0; r == 0 && i < n; i++)
		for (size_t j = 0; r == 0 && j < trees[i]->n; j++)
			if (trees[i]->statements[j].kind == AST_EXPECT)
				r = expect_one(policy, &trees[i]->statements[j], now_sec, diags,
					       candidates);
	return r;
}

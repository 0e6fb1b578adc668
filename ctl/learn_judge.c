/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is not proposed, whoever asked for it: what a rule denies, since somebody meant that; and
 * names that every machine keeps from its programs, where a rule wants a person who says why.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/learn.h"
#include "ctl/process.h"
#include "ctl/question.h"
#include "ctl/screen.h"
#include "policy/analysis.h"

DEFINE_CLEANUP(struct policy_caller *, policy_caller_free)
DEFINE_CLEANUP(struct candidates *, candidates_free)

static int answer_for(const struct want *want, const struct policy *policy,
		      const struct process *process, struct answer *ret)
{
	_cleanup_(policy_caller_freep) struct policy_caller *caller = NULL;
	_cleanup_(candidates_freep) struct candidates *candidates = NULL;
	struct policy_query query = { .path = want->path,
				      .modes = want->modes,
				      .now_sec = clock_realtime_usec() / USEC_PER_SEC };
	int r = policy_caller_new(&caller, policy, &process->subject);

	if (r < 0)
		return r;
	r = candidates_new(&candidates, policy);
	if (r < 0)
		return r;
	query.caller = caller;
	*ret = answer_name(policy, &query, candidates);
	return 0;
}

static int take_caller(struct want *want, const struct process *process)
{
	size_t n = process->subject.n_groups;

	want->uid = process->subject.uid;
	want->gid = process->subject.gid;
	want->groups = calloc(n + 1, sizeof(*want->groups));
	if (!want->groups)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		want->groups[i] = process->subject.groups[i];
	want->n_groups = n;
	return 0;
}

static void add_reason(struct text *out, const char *reason, const char *name)
{
	text_puts(out, out->len > 0 ? ", " : "");
	text_puts(out, reason);
	if (name)
		screen_add(out, name);
}

static void judge_by_policy(struct want *want, const struct found *found,
			    const struct answer *answer, struct text *out)
{
	const char *rule = found_get(found, "rule"), *condition = found_get(found, "condition");

	if (answer->kind == ANSWER_NO && answer->reason == POLICY_REASON_RULE) {
		add_reason(out, "denied by ", answer->rule->id);
	} else if (found_is(found, "decision", "deny") && condition && rule) {
		add_reason(out, "allowed by ", rule);
		add_reason(out, "which the object does not meet: ", condition);
	} else if (found_is(found, "decision", "deny") && rule) {
		add_reason(out, "was denied by ", rule);
	}
	/* A scope in complain mode allows everything: that is no rule yet. */
	want->allowed = answer->kind == ANSWER_YES && !answer->rule->complain && !want->refused;
}

static int judge_by_name(const struct want *want, struct text *out)
{
	_cleanup_(freep) char *text = strdup(want->path);
	const struct ast_path path = { .kind = AST_PATH_LITERAL, .text = text };
	struct analysis_known_name known;
	int r = text ? analysis_known_meets(&path, want->modes, &known) : -ENOMEM;

	if (r <= 0)
		return r == -EINVAL ? 0 : r;
	add_reason(out, known.id, NULL);
	text_puts(out, strcmp(known.id, "W112") == 0 ? " secret: " : " root-equivalent: ");
	text_puts(out, known.what);
	return 0;
}

int learn_judge(struct want *want, const struct policy *policy, const struct found *found)
{
	_cleanup_(process_freep) struct process *process = NULL;
	struct text why = TEXT_EMPTY;
	struct answer answer = { 0 };
	int r;

	r = process_of_record(found, policy, &process);
	if (r == 0)
		r = take_caller(want, process);
	if (r == 0)
		r = answer_for(want, policy, process, &answer);
	if (r < 0)
		return r;
	judge_by_policy(want, found, &answer, &why);
	r = judge_by_name(want, &why);
	if (why.len == 0 || r < 0) {
		text_done(&why);
		return r;
	}
	free(want->withheld);
	return text_finish(&why, &want->withheld);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `who-can`: the question turned round. Nothing is stated of the caller, so
 * every term is unknown, and what is left of the policy is who could come. Of those the
 * object, as it is, keeps some. Of the
 * processes that run now each is asked for as if it had connected; best effort, since what
 * /proc does not show this user is not known.
 */
#include "ctl/who_can.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/number.h"
#include "ctl/process.h"
#include "policy/array.h"

static void search_done(struct search *search)
{
	for (size_t i = 0; i < search->n_ways; i++)
		free(search->ways[i].pids);
	free(search->ways);
	free(search->denies);
	free(search->sure);
	object_free(search->object);
	candidates_free(search->candidates);
	explainer_free(search->explainer);
	policy_caller_free(search->nobody);
	written_done(&search->written);
	policy_free(search->policy);
}

/* the policy */

static int take_deny(struct search *search, const struct policy_rule *rule,
		     const struct explain_match *match)
{
	bool of_all = match->path == TRUTH_YES && match->subject == TRUTH_YES;
	const struct policy_rule **deny;
	struct candidate *sure;

	if (of_all && match->unconditional) {
		search->denied = rule;
		return 0;
	}
	if (of_all) {
		sure = ARRAY_ADD(search->sure, search->n_sure);
		if (!sure)
			return -ENOMEM;
		sure->rule = rule;
	}
	if (!written_find(&search->written, rule->id)) /* the floor's */
		return 0;
	deny = ARRAY_ADD(search->denies, search->n_denies);
	if (!deny)
		return -ENOMEM;
	*deny = rule;
	return 0;
}

static int take_allow(struct search *search, const struct policy_rule *rule,
		      const struct explain_match *match)
{
	struct way *way = ARRAY_ADD(search->ways, search->n_ways);

	if (!way)
		return -ENOMEM;
	way->rule = rule;
	way->written = written_find(&search->written, rule->id);
	way->prefix_len = match->prefix_len;
	way->now = true;
	return 0;
}

static int find_ways(struct search *search)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < policy_n_rules(search->policy); i++) {
		const struct policy_rule *rule = policy_rule(search->policy, i);
		struct explain_match match = explain_rule(search->explainer, &search->query, i);

		if (!explain_names(&match))
			continue;
		r = rule->allow ? take_allow(search, rule, &match)
				: take_deny(search, rule, &match);
	}
	if (search->denied)
		search->n_ways = 0;
	return r;
}

/* the processes */

/* proc_pid_exe(5): of a thread of the kernel the link leads nowhere. */
static bool is_kernel_thread(pid_t pid)
{
	char path[64], target[1];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return readlink(path, target, sizeof(target)) < 0 && errno == ENOENT;
}

/* 1, 0: by none of the ways, -ENOMEM. */
static int add_pid(struct search *search, const struct policy_rule *rule, pid_t pid)
{
	for (size_t i = 0; i < search->n_ways; i++) {
		struct way *way = &search->ways[i];
		pid_t *added;

		if (way->rule != rule)
			continue;
		added = ARRAY_ADD(way->pids, way->n_pids);
		if (!added)
			return -ENOMEM;
		*added = pid;
		return 1;
	}
	return 0;
}

/* Where links lead to the object another rule gives it, and still it is had by this name. */
static int add_process(struct search *search, const struct process *process,
		       const struct policy_query *query, pid_t pid)
{
	const struct live live = { search->policy, &process->subject, search->candidates };
	struct answer named = answer_name(search->policy, query, search->candidates);
	struct answer answer = named;
	int r = 0;

	if (named.kind == ANSWER_YES && search->object)
		r = answer_live(&live, query, &answer);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (answer.kind != ANSWER_YES)
		return 0;
	r = add_pid(search, answer.rule, pid);
	return r == 0 ? add_pid(search, named.rule, pid) : r;
}

static int ask_process(struct search *search, pid_t pid)
{
	_cleanup_(process_freep) struct process *process = NULL;
	struct policy_caller *caller = NULL;
	struct policy_query query = search->query;
	int r;

	if (is_kernel_thread(pid))
		return 0;
	r = process_of_pid(pid, search->policy, &process);
	if (r < 0) /* gone, or not to be seen */
		return r == -ENOMEM ? r : 0;
	r = policy_caller_new(&caller, search->policy, &process->subject);
	if (r < 0)
		return r;
	query.caller = caller;
	r = add_process(search, process, &query, pid);
	policy_caller_free(caller);
	return r;
}

static int ask_processes(struct search *search)
{
	const struct dirent *entry;
	DIR *proc = opendir("/proc");
	uint32_t pid;
	int r = 0;

	if (!proc)
		return 0;
	while (r >= 0 && (entry = readdir(proc)))
		if (number_u32(entry->d_name, &pid) == 0 && pid <= INT32_MAX)
			r = ask_process(search, (pid_t)pid);
	closedir(proc);
	return r < 0 ? r : 0;
}

static int prepare(struct search *search)
{
	static const struct policy_subject nobody = { 0 };
	int r;

	r = policy_caller_new(&search->nobody, search->policy, &nobody);
	if (r == 0)
		r = explainer_new(&search->explainer, search->policy, &nobody);
	if (r == 0)
		r = candidates_new(&search->candidates, search->policy);
	search->query.caller = search->nobody;
	return r;
}

static enum exit_code load(struct search *search)
{
	const struct ctl *ctl = search->ctl;
	struct load_options options =
		input_options(ctl, &ctl->options.with, ctl->options.with != NULL);
	enum exit_code code = input_load(ctl, &search->policy);

	return code == EXIT_YES ? written_load(ctl, &options, &search->written) : code;
}

static enum exit_code answer(struct search *search)
{
	int r = prepare(search);

	/* Step 1 of the decision: no rule names such a path. */
	if (r == 0 && answer_name(search->policy, &search->query, search->candidates).reason !=
			      POLICY_REASON_BAD_PATH)
		r = find_ways(search);
	if (r == 0 && search->n_ways > 0 && !search->ctl->options.offline)
		r = who_can_look(search);
	if (r == 0 && search->n_ways > 0)
		r = ask_processes(search);
	if (r < 0)
		return ctl_fail(search->ctl, EXIT_IO, "%s", strerror(-r));
	if (!search->ctl->options.quiet && search->ctl->options.json)
		who_can_show_json(search);
	else if (!search->ctl->options.quiet)
		who_can_show(search);
	return who_can_now(search) ? EXIT_YES : EXIT_NO;
}

enum exit_code command_who_can(struct ctl *ctl)
{
	_cleanup_(search_done) struct search search = { .ctl = ctl };
	enum exit_code code;

	if (ctl->n_operands != 2)
		return ctl_usage(ctl, "wants MODES and PATH");
	search.query = (struct policy_query){
		.path = ctl->operands[1],
		.modes = question_modes(ctl->operands[0]),
		.now_sec = clock_realtime_usec() / USEC_PER_SEC,
	};
	if (search.query.modes == 0)
		return ctl_usage(ctl, "'%s' is not a list of modes, like read,write",
				 ctl->operands[0]);
	code = load(&search);
	return code == EXIT_YES ? answer(&search) : code;
}

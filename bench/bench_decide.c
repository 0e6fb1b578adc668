/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a decision costs, by the number of rules, against asking fnmatch(3) for
 * each rule in turn; what loading costs in time and memory; and what patterns
 * made to take long can do.
 *
 * On one processor. A round asks 4,096 different questions; the first, which
 * warms the caches up, does not count, and of the others the quickest does: what
 * else runs on the machine takes caches and half of the core away, so on a busy
 * one even that is too high.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "bench/measure.h"
#include "bench/mixed_rules.h"
#include "policy/decide.h"
#include "policy/load.h"

#define QUESTIONS  4096U
#define ROUNDS	   21U
#define LINEAR_ASK 500000U /* rules that fnmatch(3) is asked for in one round, about */
#define MIB	   (1024.0 * 1024.0)

DEFINE_CLEANUP(struct policy *, policy_free)
DEFINE_CLEANUP(struct policy_caller *, policy_caller_free)
DEFINE_CLEANUP(struct candidates *, candidates_free)

static bool smoke; /* a round of each, for the test that it works */
static bool over;  /* some row is */

static void row(const char *name, double value, double limit, const char *unit, const char *note)
{
	over |= !measure_row(name, value, smoke ? 0 : limit, unit, note);
}

static struct policy_caller *caller_of(const struct policy *policy, uid_t uid)
{
	struct policy_subject subject = { .known = POLICY_FACT_ALL, .uid = uid, .gid = uid };
	struct policy_caller *caller;
	int r = policy_caller_new(&caller, policy, &subject);

	if (r < 0)
		measure_die("policy_caller_new", r);
	return caller;
}

/* One policy, the same rules as a list, and what is asked of both. */
struct contest {
	struct mixed_rules rules;
	struct policy *policy;
	struct policy_caller *callers[MIXED_USERS];
	struct candidates *candidates;
	struct mixed_question questions[QUESTIONS];
};

static void contest_done(struct contest *contest)
{
	for (size_t i = 0; i < MIXED_USERS; i++)
		policy_caller_free(contest->callers[i]);
	candidates_free(contest->candidates);
	policy_free(contest->policy);
	mixed_rules_done(&contest->rules);
}

static double contest_init(struct contest *contest, enum mix mix, size_t n)
{
	double usec;
	int r = mixed_rules_new(&contest->rules, mix, n);

	if (r == 0)
		r = mixed_rules_load(&contest->rules, &contest->policy, &usec);
	if (r == 0)
		r = candidates_new(&contest->candidates, contest->policy);
	if (r < 0)
		measure_die("cannot load", r);
	for (size_t i = 0; i < MIXED_USERS; i++)
		contest->callers[i] = caller_of(contest->policy, MIXED_FIRST_USER + (uid_t)i);
	for (size_t i = 0; i < QUESTIONS; i++)
		contest->questions[i] = mixed_question(mix, (size_t)random() % n, i % 6 == 5);
	return usec;
}

static bool engine_says(struct contest *contest, const struct mixed_question *question)
{
	struct policy_query query = {
		.caller = contest->callers[question->uid - MIXED_FIRST_USER],
		.path = question->path,
		.modes = POLICY_READ,
	};

	decide_name(contest->policy, &query, contest->candidates);
	return contest->candidates->reason == POLICY_REASON_OK;
}

static bool list_says(const struct contest *contest, const struct mixed_question *question)
{
	for (size_t i = 0; i < contest->rules.n; i++) {
		const struct mixed_rule *rule = &contest->rules.rules[i];

		if ((rule->everybody || rule->uid == question->uid) &&
		    fnmatch(rule->glob, question->path, rule->flags) == 0)
			return true;
	}
	return false;
}

/* A measurement of wrong answers is none. */
static void compare_answers(struct contest *contest, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct mixed_question *question = &contest->questions[i];

		if (engine_says(contest, question) == list_says(contest, question))
			continue;
		fprintf(stderr, "bench_decide: the list disagrees: %s as %u\n", question->path,
			question->uid);
		exit(EXIT_FAILURE);
	}
}

static double time_engine(struct contest *contest)
{
	double start = measure_now_usec();

	for (size_t i = 0; i < QUESTIONS; i++)
		engine_says(contest, &contest->questions[i]);
	return (measure_now_usec() - start) / QUESTIONS;
}

static double time_list(const struct contest *contest, size_t n)
{
	double start = measure_now_usec();

	for (size_t i = 0; i < n; i++)
		list_says(contest, &contest->questions[i]);
	return (measure_now_usec() - start) / (double)n;
}

static void contest_row(struct contest *contest, const char *name, double limit)
{
	size_t asked = LINEAR_ASK / contest->rules.n;
	struct series engine = { .n = 0 }, list = { .n = 0 };
	char note[64];

	asked = asked < 4 ? 4 : asked > QUESTIONS ? QUESTIONS : asked;
	compare_answers(contest, asked);
	time_engine(contest);
	for (unsigned int round = 0; round < (smoke ? 1 : MEASURE_ROUNDS_MAX); round++)
		series_add(&engine, time_engine(contest));
	for (unsigned int round = 0; round < (smoke ? 1 : ROUNDS); round++)
		series_add(&list, time_list(contest, asked));
	snprintf(note, sizeof(note), "fnmatch(3) takes %.1f times as long",
		 series_least(&list) / series_least(&engine));
	row(name, series_least(&engine), limit, "us", note);
}

static void mixed_row(const char *name, enum mix mix, size_t n, double limit)
{
	_cleanup_(contest_done) struct contest contest = { 0 };

	contest_init(&contest, mix, smoke && n > 500 ? 500 : n);
	contest_row(&contest, name, limit);
}

/* P51: what a hundred thousand rules cost. */
static void loading_rows(size_t n)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct mixed_rules rules = { 0 };
	struct series times = { .n = 0 };
	size_t heap = 0;
	double usec = 0;
	int r = mixed_rules_new(&rules, MIX_ALL, n);

	for (unsigned int round = 0; r == 0 && round < (smoke ? 1 : 3); round++) {
		policy = policy_free(policy);
		heap = measure_heap();
		r = mixed_rules_load(&rules, &policy, &usec);
		heap = measure_heap() - heap;
		series_add(&times, usec);
	}
	mixed_rules_done(&rules);
	if (r < 0)
		measure_die("cannot load", r);
	row("loading 100,000 rules", series_median(&times) / 1e6, 2, "s", NULL);
	row("memory of a rule, of 100,000", (double)heap / (double)n, 300, "B", NULL);
	row("memory of 100,000 rules", (double)heap / MIB, 64, "MiB", NULL);
}

/* P51: patterns made to take long, and the names for them. */
static const struct {
	const char *name;
	const char *patterns;
	const char *unit; /* the name is this, over and over, up to the limit */
} bombs[] = {
	{ "stars in a component of 4,094 bytes", "\"/*a*a*a*a*a*a*a*b\"", "a" },
	{ "`**` between 2,047 components", "\"/**/a/**/a/**/a/**/b\"", "a/" },
	{ "the same, of two dozen rules' patterns", "\"/**/a/**/{a,b,c,d,e,f}/**/{a,b}/**/{x,y}\"",
	  "a/" },
	{ "`**` and partial globs", "\"/**/*a*/**/*a*/**/{*b,b*,*b*,?b}\"", "a/" },
};

static void bomb_row(size_t i)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(policy_caller_freep) struct policy_caller *caller = NULL;
	_cleanup_(candidates_freep) struct candidates *candidates = NULL;
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	struct series times = { .n = 0 };
	char text[512], path[4096] = "/";
	struct policy_query query = { .path = path, .modes = POLICY_READ };
	size_t len = strlen(bombs[i].unit);

	snprintf(text, sizeof(text), "version 1;\nfor anyone { allow read %s; }\n",
		 bombs[i].patterns);
	if (load_text("bomb.fdp", text, strlen(text), &diags, &policy) < 0 || !policy ||
	    candidates_new(&candidates, policy) < 0)
		measure_die(bombs[i].name, -EINVAL);
	for (size_t at = 1; at + len < sizeof(path); at += len)
		memcpy(path + at, bombs[i].unit, len + 1);
	if (path[strlen(path) - 1] == '/')
		path[strlen(path) - 1] = '\0';
	query.caller = caller = caller_of(policy, 1);
	for (unsigned int round = 0; round < (smoke ? 1 : ROUNDS); round++) {
		double start = measure_now_usec();

		decide_name(policy, &query, candidates);
		series_add(&times, measure_now_usec() - start);
	}
	if (candidates->reason != POLICY_REASON_DEFAULT)
		measure_die(bombs[i].name, -EBADMSG);
	row(bombs[i].name, series_median(&times), 1000, "us", NULL);
}

int main(int argc, char **argv)
{
	const struct measure_options given = measure_begin(argc, argv);

	smoke = given.smoke;
	mixed_row("decision, 10 mixed rules", MIX_ALL, 10, 0.15);
	mixed_row("decision, 10,000 mixed rules", MIX_ALL, 10000, 0.25);
	mixed_row("decision, 100,000 mixed rules", MIX_ALL, 100000, 0.7);
	mixed_row("10,000 partial globs at one node, by head", MIX_HEADS, 10000, 0.7);
	mixed_row("10,000 partial globs at one node, by tail", MIX_TAILS, 10000, 0.7);
	for (size_t i = 0; i < ELEMENTSOF(bombs); i++)
		bomb_row(i);
	loading_rows(smoke ? 500 : 100000);
	return given.budget && over ? EXIT_FAILURE : EXIT_SUCCESS;
}

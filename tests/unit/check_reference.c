/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * P66: the engine against the reference implementation, on a million random
 * questions. FDB_SEED asks others. They are asked in shares, each with the time that a test
 * has: all together take minutes where a sanitizer looks on and others want the processor too.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "policy/parser.h"
#include "policy/source.h"
#include "tests/policy/random_policy.h"
#include "tests/policy/reference.h"
#include "tests/support/policy.h"
#include "tests/support/suite.h"

#ifndef PAIRS
#define PAIRS 1000000U /* questions asked of both */
#endif
#define SHARES	     20U
#define SHARE	     (PAIRS / SHARES)
#define PER_CALLER   50U
#define PER_POLICY   5U /* callers */
#define POLICIES_MAX (2 * SHARE / PER_CALLER / PER_POLICY)

DEFINE_CLEANUP(struct policy *, policy_free)
DEFINE_CLEANUP(struct policy_caller *, policy_caller_free)
DEFINE_CLEANUP(struct candidates *, candidates_free)
DEFINE_CLEANUP(struct source *, source_free)
DEFINE_CLEANUP(struct ast *, ast_free)
DEFINE_CLEANUP(struct reference *, reference_free)

/* What was asked, for whoever must find out why the answers differ. */
struct trial {
	char *text;
	struct policy *policy;
	struct candidates *answer;
	struct ast *ast;
	struct reference *reference;
	struct policy_subject subject;
	struct policy_caller *caller;
	char path[256];
	uint32_t modes;
	uint64_t now_sec;
};

static struct {
	unsigned int pairs, allowed, denied, defaults, undecided, bad, objects, skipped;
} seen;

static struct reference_names names_of(uid_t uid, gid_t gid)
{
	static char user[64], home[256], group[64];
	const struct passwd *pw = getpwuid(uid);
	const struct group *gr = getgrgid(gid);
	struct reference_names names = { 0 };

	if (pw) {
		snprintf(user, sizeof(user), "%s", pw->pw_name);
		snprintf(home, sizeof(home), "%s", pw->pw_dir);
		names.user = user;
		names.home = home;
	}
	if (gr) {
		snprintf(group, sizeof(group), "%s", gr->gr_name);
		names.group = group;
	}
	return names;
}

static void differ(const struct trial *trial, const char *what, const char *engine,
		   const char *reference)
{
	const struct policy_subject *s = &trial->subject;

	ck_abort_msg("%s: the engine says %s, the reference %s\n%s\n"
		     "modes %x of %s at %lu\nuid %u gid %u groups %zu unit %s user-unit %s slice "
		     "%s "
		     "exes %zu known %x",
		     what, engine ? engine : "none", reference ? reference : "none", trial->text,
		     trial->modes, trial->path, (unsigned long)trial->now_sec, s->uid, s->gid,
		     s->n_groups, s->unit, s->user_unit, s->slice, s->n_exes, s->known);
}

static void compare_numbers(const struct trial *trial, const char *what, size_t a, size_t b)
{
	char engine[32], reference[32];

	if (a == b)
		return;
	snprintf(engine, sizeof(engine), "%zu", a);
	snprintf(reference, sizeof(reference), "%zu", b);
	differ(trial, what, engine, reference);
}

/* All rules of the floor are one to the reference. */
static void compare_denies(const struct trial *trial, const struct policy_rule *rule,
			   const char *reference)
{
	const char *engine = rule ? rule->id : NULL;

	if (engine && strncmp(engine, "builtin.", strlen("builtin.")) == 0)
		engine = "builtin";
	if (!engine != !reference || (engine && strcmp(engine, reference) != 0))
		differ(trial, "the deny", engine, reference);
}

static void compare_allows(const struct trial *trial, const struct reference_answer *answer)
{
	const struct candidates *engine = trial->answer;

	compare_numbers(trial, "number of allows", engine->n_allows, answer->n_allows);
	for (size_t i = 0; i < answer->n_allows; i++) {
		if (strcmp(engine->allows[i].rule->id, answer->allows[i]) != 0)
			differ(trial, "the order", engine->allows[i].rule->id, answer->allows[i]);
		compare_numbers(trial, "the prefix", engine->allows[i].prefix_len,
				answer->prefixes[i]);
	}
}

static void count(const struct reference_answer *answer)
{
	seen.pairs++;
	seen.allowed += answer->reason == POLICY_REASON_OK;
	seen.undecided += answer->undecided;
	seen.denied += !answer->undecided && answer->reason == POLICY_REASON_RULE;
	seen.defaults += !answer->undecided && answer->reason == POLICY_REASON_DEFAULT;
	seen.bad += answer->reason == POLICY_REASON_BAD_PATH;
}

static void compare_objects(const struct trial *trial, const struct policy_query *query,
			    const struct reference_answer *answer, struct random *random)
{
	struct policy_object object = random_object(random);

	for (size_t i = 0; i < answer->n_allows; i++) {
		struct decision decision = decide_object(trial->answer, i, query, &object);
		struct reference_verdict verdict =
			reference_object(trial->reference, answer, i, trial->path, trial->modes,
					 trial->now_sec, &object);

		compare_numbers(trial, "the verdict", decision.verdict, verdict.verdict);
		if (decision.verdict == VERDICT_DENY)
			compare_denies(trial, decision.rule, verdict.deny);
		else
			compare_numbers(trial, "the condition", decision.condition,
					verdict.condition);
		seen.objects++;
	}
}

static void ask(struct trial *trial, struct random *random)
{
	struct policy_query query = { .caller = trial->caller, .path = trial->path };
	struct reference_answer answer;

	random_path(random, trial->path, sizeof(trial->path));
	trial->modes = random_modes(random);
	/* Around the two ends that rules have. */
	trial->now_sec = 1780272000 + random_below(random, 2 * 86400);
	query.modes = trial->modes;
	query.now_sec = trial->now_sec;
	decide_name(trial->policy, &query, trial->answer);
	answer = reference_name(trial->reference, trial->path, trial->modes, trial->now_sec);
	count(&answer);
	compare_numbers(trial, "the reason", trial->answer->reason, answer.reason);
	compare_numbers(trial, "whether undecided", !!trial->answer->undecided, answer.undecided);
	compare_denies(trial, trial->answer->rule, answer.deny);
	compare_allows(trial, &answer);
	compare_objects(trial, &query, &answer, random);
}

static void ask_as(struct trial *trial, struct random *random)
{
	_cleanup_(policy_caller_freep) struct policy_caller *caller = NULL;
	struct reference_names names;

	trial->subject = random_subject(random);
	names = names_of(trial->subject.uid, trial->subject.gid);
	ck_assert_int_eq(policy_caller_new(&caller, trial->policy, &trial->subject), 0);
	trial->caller = caller;
	reference_set_caller(trial->reference, &trial->subject, &names);
	for (unsigned int i = 0; i < PER_CALLER; i++)
		ask(trial, random);
}

/* What does not load says so and is counted. */
static struct policy *load(const char *text)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	struct policy *policy = NULL;

	ck_assert_int_eq(load_text("test.fdp", text, strlen(text), &diags, &policy), 0);
	if (!policy && seen.skipped++ == 0)
		printf("not loaded: %s\n%s", findings_text(&diags), text);
	return policy;
}

static void try_policy(char *text, struct random *random)
{
	_cleanup_(policy_freep) struct policy *policy = load(text);
	_cleanup_(candidates_freep) struct candidates *answer = NULL;
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	_cleanup_(source_freep) struct source *source = NULL;
	_cleanup_(ast_freep) struct ast *ast = NULL;
	_cleanup_(reference_freep) struct reference *reference = NULL;
	struct trial trial = { .text = text, .policy = policy };

	if (!policy)
		return;
	ck_assert_int_eq(source_new(&source, "test.fdp", text, strlen(text), SOURCE_ADMIN), 0);
	ck_assert_int_eq(parser_parse(source, &diags, &ast), 0);
	ck_assert_int_eq(candidates_new(&answer, policy), 0);
	reference = reference_new(ast);
	trial.answer = answer;
	trial.reference = reference;
	for (unsigned int i = 0; i < PER_POLICY; i++)
		ask_as(&trial, random);
}

/* Neighbours of a seed begin alike. */
static struct random random_of_share(unsigned int share)
{
	const char *text = getenv("FDB_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 20260731;

	return (struct random){ .state = (seed * SHARES + share) * UINT64_C(0x9e3779b97f4a7c15) |
					 1 };
}

START_TEST(reference_and_engine_agree_on_a_million_questions)
{
	struct random random = random_of_share((unsigned int)_i);

	for (unsigned int i = 0; i < POLICIES_MAX && seen.pairs < SHARE; i++) {
		_cleanup_(freep) char *text = NULL;
		struct text growing = TEXT_EMPTY;

		random_policy(&random, &growing);
		ck_assert_int_eq(text_finish(&growing, &text), 0);
		try_policy(text, &random);
	}
	printf("%u pairs: %u allowed, %u denied by rule, %u by default, %u not decided, %u bad; "
	       "%u objects; %u policies not loaded\n",
	       seen.pairs, seen.allowed, seen.denied, seen.defaults, seen.undecided, seen.bad,
	       seen.objects, seen.skipped);
	ck_assert_uint_ge(seen.pairs, SHARE);
	ck_assert_uint_ge(seen.allowed, SHARE / 8);
	ck_assert_uint_ge(seen.denied, SHARE / 8);
	ck_assert_uint_ge(seen.defaults, SHARE / 8);
	ck_assert_uint_ge(seen.objects, SHARE / 8);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reference");
	TCase *tcase = suite_case(suite, "reference");

	tcase_add_loop_test(tcase, reference_and_engine_agree_on_a_million_questions, 0, SHARES);
	return suite_main(suite);
}

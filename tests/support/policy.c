/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/parser.h"
#include "tests/support/suite.h"

DEFINE_CLEANUP(struct policy *, policy_free)
DEFINE_CLEANUP(struct candidates *, candidates_free)
DEFINE_CLEANUP(struct policy_caller *, policy_caller_free)
DEFINE_CLEANUP(struct stated_subject *, load_subject_free)
DEFINE_CLEANUP(struct source *, source_free)
DEFINE_CLEANUP(struct ast_conj *, ast_conj_free)

char *findings_text(const struct diags *diags)
{
	struct text text = TEXT_EMPTY;
	char *string;

	for (size_t i = 0; i < diags->n; i++)
		diag_render_gcc(&diags->items[i], &text);
	ck_assert_int_eq(text_finish(&text, &string), 0);
	return string;
}

struct policy *policy_of(const char *text)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	struct policy *policy = NULL;

	ck_assert_int_eq(load_text("test.fdp", text, strlen(text), &diags, &policy), 0);
	ck_assert_msg(policy != NULL, "%s\n%s", findings_text(&diags), text);
	return policy;
}

struct diags findings_of(const char *text)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct diags diags = DIAGS_EMPTY;

	ck_assert_int_eq(load_text("test.fdp", text, strlen(text), &diags, &policy), 0);
	ck_assert_msg(policy == NULL, "loads, but should not: %s", text);
	return diags;
}

size_t count_findings(const struct diags *diags, const char *id)
{
	size_t n = 0;

	for (size_t i = 0; i < diags->n; i++)
		n += strcmp(diags->items[i].id, id) == 0;
	return n;
}

struct policy_caller *caller_of(const struct policy *policy, const char *conj)
{
	_cleanup_(load_subject_freep) struct stated_subject *stated = NULL;
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	_cleanup_(source_freep) struct source *source = NULL;
	_cleanup_(ast_conj_freep) struct ast_conj *ast = NULL;
	struct policy_caller *caller = NULL;

	ck_assert_int_eq(source_new(&source, "--as", conj, strlen(conj), SOURCE_ADMIN), 0);
	ck_assert_int_eq(parser_parse_conj(source, &diags, &ast), 0);
	ck_assert_msg(ast != NULL, "%s: %s", conj, findings_text(&diags));
	ck_assert_int_eq(load_subject(ast, &diags, &stated), 0);
	ck_assert_msg(stated != NULL, "%s: %s", conj, findings_text(&diags));
	ck_assert_int_eq(policy_caller_new(&caller, policy, &stated->subject), 0);
	return caller;
}

uint32_t modes_of(const char *modes)
{
	_cleanup_(freep) char *copy = strdup(modes);
	uint32_t bits = 0;
	char *rest = NULL;

	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		uint32_t bit = policy_mode_bit(word);

		ck_assert_msg(bit != 0, "%s is not a mode", word);
		bits |= bit;
	}
	return bits;
}

const char *answer_of(const struct policy *policy, const char *conj, const char *modes,
		      const char *path)
{
	_cleanup_(policy_caller_freep) struct policy_caller *caller = caller_of(policy, conj);
	_cleanup_(candidates_freep) struct candidates *candidates = NULL;
	struct policy_query query = { .caller = caller, .path = path, .modes = modes_of(modes) };

	ck_assert_int_eq(candidates_new(&candidates, policy), 0);
	decide_name(policy, &query, candidates);
	if (candidates->undecided)
		return "undecided";
	return candidates->reason == POLICY_REASON_OK ? "allow" : "deny";
}

const char *answer_by(const char *text, const char *conj, const char *modes, const char *path)
{
	_cleanup_(policy_freep) struct policy *policy = policy_of(text);

	return answer_of(policy, conj, modes, path);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values of terms, one against another: what is said is sure, but not everything
 * that is so is seen. Names are not looked up: a user by name and one by number
 * may be the same and may not.
 */
#include <string.h>

#include "policy/analysis_parts.h"
#include "policy/label_pattern.h"
#include "policy/values.h"

/* Steps for two names at most; what comparing them costs before the first. */
#define NAME_BUDGET ((size_t)1 << 16)
#define NAME_COST   1024U

static int read_id(const char *text, struct value_ids *ret)
{
	if (strcmp(text, "root") == 0)
		text = "0";
	return value_ids(text, ret);
}

static bool relate_ids(const char *one, const char *other, enum relation relation)
{
	struct value_ids a, b;

	if (read_id(one, &a) < 0 || read_id(other, &b) < 0 || a.named != b.named)
		return false;
	if (a.named)
		return (strcmp(one, other) == 0) == (relation == RELATION_WITHIN);
	if (relation == RELATION_WITHIN)
		return a.first >= b.first && a.last <= b.last;
	return a.last < b.first || b.last < a.first;
}

static bool is_plain(const struct ast_value *value)
{
	return value->kind != AST_PATTERN || !strpbrk(value->text, "*?[{\\");
}

/* A name as a path of one component. */
static bool name_area(const struct ast_value *value, struct arena *arena, struct language_area *ret)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	int r = glob_parse_name(value, NULL, &glob);

	for (size_t i = 0; r == 0 && i < glob->n; i++)
		r = language_add(&ret->paths, arena, NULL, &glob->paths[i]);
	return r == 0;
}

/* Bytes that every name begins with. */
static size_t leading_len(const struct ast_value *value)
{
	return value->kind == AST_PATTERN ? strcspn(value->text, "*?[{\\%") : strlen(value->text);
}

/* They differ where neither has a choice. */
static bool begin_otherwise(const struct ast_value *one, const struct ast_value *other)
{
	size_t a = leading_len(one), b = leading_len(other);

	return strncmp(one->text, other->text, a < b ? a : b) != 0;
}

static bool relate_names(struct analysis *a, const struct ast_value *one,
			 const struct ast_value *other, enum relation relation)
{
	struct language_area areas[2] = { 0 };
	const struct language_area *in[2] = { &areas[0], &areas[1] }, *out = &areas[1];
	struct arena arena = ARENA_EMPTY;
	struct language_question question = { .in = in, .out = &out };
	bool sure = false;
	size_t budget = a->budget < NAME_BUDGET ? a->budget : NAME_BUDGET, left = budget;

	if (is_plain(one) && is_plain(other))
		return (strcmp(one->text, other->text) == 0) == (relation == RELATION_WITHIN);
	if (begin_otherwise(one, other))
		return relation == RELATION_APART;
	question.n_in = relation == RELATION_WITHIN ? 1 : 2;
	question.n_out = relation == RELATION_WITHIN ? 1 : 0;
	question.budget = &left;
	if (name_area(one, &arena, &areas[0]) && name_area(other, &arena, &areas[1]))
		sure = language_find(&question, NULL) == 0;
	language_list_done(&areas[0].paths);
	language_list_done(&areas[1].paths);
	arena_done(&arena);
	(void)analysis_spend(a, NAME_COST + budget - left);
	return sure;
}

/* "a-b.slice" is below "a.slice". */
static bool is_below(const char *slice, const char *above)
{
	size_t len = strlen(above);

	if (strcmp(slice, above) == 0)
		return true;
	if (len < 6 || strcmp(above + len - 6, ".slice") != 0)
		return false;
	return strncmp(slice, above, len - 6) == 0 && slice[len - 6] == '-';
}

static bool relate_slices(const struct ast_value *one, const struct ast_value *other,
			  enum relation relation)
{
	if (!is_plain(one) || !is_plain(other))
		return relation == RELATION_WITHIN && one->kind == other->kind &&
		       strcmp(one->text, other->text) == 0;
	if (relation == RELATION_WITHIN)
		return is_below(one->text, other->text);
	return !is_below(one->text, other->text) && !is_below(other->text, one->text);
}

/* A label that is told only in part is not compared. */
static bool cut_both(enum ast_key key, const struct ast_value *one, const struct ast_value *other,
		     struct label_cut cuts[2])
{
	return label_cut(&cuts[0], key, one) && label_cut(&cuts[1], key, other);
}

static bool relate_parts(struct analysis *a, const struct label_cut cuts[2], enum relation relation)
{
	if (cuts[0].text[0] == '\0' || cuts[1].text[0] == '\0')
		return (strcmp(cuts[0].text, cuts[1].text) == 0) == (relation == RELATION_WITHIN);
	return relate_names(a, &cuts[0].part, &cuts[1].part, relation);
}

/* A profile has as many parts as its pattern, unless that has `**`. A context whose level is not
 * asked for may have any. */
static bool relate_ends(enum ast_key key, const struct label_cut cuts[2], enum relation relation)
{
	if (cuts[0].ended && cuts[1].ended)
		return relation == RELATION_WITHIN;
	if (key == AST_KEY_SELINUX)
		return relation == RELATION_WITHIN && cuts[1].ended;
	return relation == RELATION_APART;
}

/* Part by part, up to the first `**`: within is what is so in all of them, apart in one. */
static bool relate_labels(struct analysis *a, enum ast_key key, const struct ast_value *one,
			  const struct ast_value *other, enum relation relation)
{
	struct label_cut cuts[2] = { 0 };

	if (one->kind == other->kind && strcmp(one->text, other->text) == 0)
		return relation == RELATION_WITHIN;
	if (strlen(one->text) > LABEL_MAX || strlen(other->text) > LABEL_MAX)
		return false;
	do {
		bool related;

		cut_both(key, one, other, cuts);
		/* What is left of the one, at least one part, is all that the other takes. */
		if (cuts[1].deep)
			return relation == RELATION_WITHIN && cuts[1].ended;
		if (cuts[0].deep)
			return false;
		related = relate_parts(a, cuts, relation);
		if (related == (relation == RELATION_APART))
			return related;
	} while (!cuts[0].ended && !cuts[1].ended);
	return relate_ends(key, cuts, relation);
}

bool relate_values(struct analysis *a, enum ast_key key, const struct ast_value *values[2],
		   enum relation relation)
{
	const struct ast_value *one = values[0], *other = values[1];

	switch (key) {
	case AST_KEY_USER:
	case AST_KEY_GROUP:
		return relate_ids(one->text, other->text, relation);
	case AST_KEY_UNIT:
	case AST_KEY_USER_UNIT:
		return relate_names(a, one, other, relation);
	case AST_KEY_APPARMOR:
	case AST_KEY_SELINUX:
		return relate_labels(a, key, one, other, relation);
	case AST_KEY_SLICE:
		return relate_slices(one, other, relation);
	case AST_KEY_USERNS:
	case AST_KEY_MNTNS:
	case AST_KEY_PIDNS:
	case AST_KEY_NNP:
	case AST_KEY_SECCOMP:
		return (strcmp(one->text, other->text) == 0) == (relation == RELATION_WITHIN);
	case AST_KEY_EXE: /* two names may be one file */
	case AST_KEY_MAX:
		break;
	}
	return relation == RELATION_WITHIN && strcmp(one->text, other->text) == 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whom two rules are for, compared term by term: sound, and not complete.
 */
#include <string.h>

#include "policy/analysis_parts.h"

#define TERM_COST 2U /* steps that it costs to compare two of their values */

static bool related(struct analysis *a, enum ast_key key, const struct ast_value *one,
		    const struct ast_value *other, enum relation relation)
{
	const struct ast_value *values[] = { one, other };

	return analysis_spend(a, TERM_COST) && relate_values(a, key, values, relation);
}

static bool is_within(struct analysis *a, const struct ast_term *one, const struct ast_term *other)
{
	for (size_t i = 0; i < one->values.n; i++) {
		bool within = false;

		for (size_t j = 0; j < other->values.n && !within; j++)
			within = related(a, one->key, &one->values.items[i],
					 &other->values.items[j], RELATION_WITHIN);
		if (!within)
			return false;
	}
	return true;
}

/* A caller has many groups, but one of everything else. */
static bool is_apart(struct analysis *a, const struct ast_term *one, const struct ast_term *other)
{
	if (one->key == AST_KEY_GROUP)
		return false;
	for (size_t i = 0; i < one->values.n; i++) {
		for (size_t j = 0; j < other->values.n; j++) {
			if (!related(a, one->key, &one->values.items[i], &other->values.items[j],
				     RELATION_APART))
				return false;
		}
	}
	return true;
}

/* Terms */

static bool same_key(const struct ast_term *one, const struct ast_term *other)
{
	if (one->kind != other->kind)
		return false;
	if (one->kind == AST_TERM_SUBJECT)
		return strcmp(one->values.items[0].text, other->values.items[0].text) == 0;
	return one->kind == AST_TERM_ANYONE || one->key == other->key;
}

static bool term_implies(struct analysis *a, const struct ast_term *one,
			 const struct ast_term *other)
{
	if (other->kind == AST_TERM_ANYONE && !other->negated)
		return true;
	if (!analysis_spend(a, TERM_COST))
		return false;
	if (!same_key(one, other))
		return false;
	if (one->kind != AST_TERM_KEY)
		return one->negated == other->negated;
	if (!one->negated)
		return other->negated ? is_apart(a, one, other) : is_within(a, one, other);
	return other->negated && is_within(a, other, one);
}

static bool terms_contradict(struct analysis *a, const struct ast_term *one,
			     const struct ast_term *other)
{
	if (!analysis_spend(a, TERM_COST))
		return false;
	if (one->kind == AST_TERM_ANYONE || other->kind == AST_TERM_ANYONE)
		return (one->kind == AST_TERM_ANYONE && one->negated) ||
		       (other->kind == AST_TERM_ANYONE && other->negated);
	if (!same_key(one, other))
		return false;
	if (one->kind == AST_TERM_SUBJECT)
		return one->negated != other->negated;
	if (one->negated && other->negated)
		return false;
	if (!one->negated && !other->negated)
		return is_apart(a, one, other);
	return one->negated ? is_within(a, other, one) : is_within(a, one, other);
}

static bool conj_implies(struct analysis *a, const struct who_conj *inner,
			 const struct who_conj *outer)
{
	for (size_t i = 0; i < outer->n; i++) {
		const struct ast_term *term = outer->terms[i];
		bool implied = term->kind == AST_TERM_ANYONE && !term->negated;

		for (size_t j = 0; j < inner->n && !implied; j++)
			implied = term_implies(a, inner->terms[j], term);
		if (!implied)
			return false;
	}
	return true;
}

bool who_implies(struct analysis *a, const struct who_set *inner, const struct who_set *outer)
{
	for (size_t i = 0; i < inner->n; i++) {
		bool implied = false;

		for (size_t j = 0; j < outer->n && !implied; j++)
			implied = conj_implies(a, &inner->conjs[i], &outer->conjs[j]);
		if (!implied)
			return false;
	}
	return true;
}

static bool conjs_apart(struct analysis *a, const struct who_conj *one,
			const struct who_conj *other)
{
	for (size_t i = 0; i < one->n; i++) {
		for (size_t j = 0; j < other->n; j++) {
			if (terms_contradict(a, one->terms[i], other->terms[j]))
				return true;
		}
	}
	return false;
}

bool who_apart(struct analysis *a, const struct who_set *one, const struct who_set *other)
{
	for (size_t i = 0; i < one->n; i++) {
		for (size_t j = 0; j < other->n; j++) {
			if (!conjs_apart(a, &one->conjs[i], &other->conjs[j]))
				return false;
		}
	}
	return true;
}

bool who_contradicts(struct analysis *a, const struct who_conj *conj,
		     const struct ast_term **ret_one, const struct ast_term **ret_other)
{
	for (size_t i = 0; i < conj->n; i++) {
		for (size_t j = i + 1; j < conj->n; j++) {
			if (!terms_contradict(a, conj->terms[i], conj->terms[j]))
				continue;
			*ret_one = conj->terms[i];
			*ret_other = conj->terms[j];
			return true;
		}
	}
	return false;
}

size_t who_terms(const struct who_set *who)
{
	size_t most = 0;

	for (size_t i = 0; i < who->n; i++)
		most = who->conjs[i].n > most ? who->conjs[i].n : most;
	return most;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/language_automaton.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/array.h"
#include "policy/language_letters.h"

/* Where in the row of bits a list of patterns stands. */
struct range {
	size_t from, to;
};

struct automaton_group {
	struct range paths, except;
};

void automaton_done(struct automaton *a)
{
	free(a->positions);
	free(a->groups);
	free(a->ends);
	free(a->root_ends);
}

/* layout */

static int add_bit(struct automaton *a, const struct language_position *position)
{
	const struct language_position **added = ARRAY_ADD(a->positions, a->n);

	if (!added)
		return -ENOMEM;
	*added = position;
	return 0;
}

static int lay_out(struct automaton *a, const struct language_list *list, uint32_t forms,
		   struct range *ret)
{
	ret->from = a->n;
	for (size_t i = 0; i < list->n; i++) {
		const struct language_pattern *pattern = list->items[i];

		if (!(pattern->forms & forms))
			continue;
		for (uint32_t j = 0; j <= pattern->n; j++) {
			const struct language_position *position =
				j < pattern->n ? &pattern->positions[j] : NULL;

			if (add_bit(a, position) < 0)
				return -ENOMEM;
		}
	}
	ret->to = a->n;
	return 0;
}

static const struct language_area *area_at(const struct automaton *a, size_t i)
{
	const struct language_question *question = a->question;

	return i < question->n_in ? question->in[i] : question->out[i - question->n_in];
}

/* What is taken away must surely be taken away. */
static int lay_out_paths(struct automaton *a, size_t i)
{
	bool loose = a->question->loose && i < a->question->n_in;

	return lay_out(a, &area_at(a, i)->paths, loose ? LANGUAGE_LOOSE : LANGUAGE_STRICT,
		       &a->groups[i].paths);
}

static int lay_out_except(struct automaton *a, size_t i)
{
	bool loose = a->question->loose && i >= a->question->n_in;

	return lay_out(a, &area_at(a, i)->except, loose ? LANGUAGE_LOOSE : LANGUAGE_STRICT,
		       &a->groups[i].except);
}

/* First those positions that a name must keep to, or there is no hope for it. */
static int lay_out_all(struct automaton *a)
{
	size_t n_in = a->question->n_in, n = n_in + a->question->n_out;
	int r = 0;

	a->groups = calloc(n + 1, sizeof(*a->groups));
	if (!a->groups)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < n_in; i++)
		r = lay_out_paths(a, i);
	a->n_in_words = (a->n + 63) / 64;
	for (size_t i = 0; r == 0 && i < n_in; i++)
		r = lay_out_except(a, i);
	a->n_asked = a->n;
	for (size_t i = n_in; r == 0 && i < n; i++) {
		r = lay_out_paths(a, i);
		if (r == 0)
			r = lay_out_except(a, i);
	}
	return r;
}

static bool is_root(const struct automaton *a, size_t end)
{
	const struct language_position *before = end > 0 ? a->positions[end - 1] : NULL;

	return before && before->step == LANGUAGE_BYTE && before->letter == '/';
}

static int mark_ends(struct automaton *a)
{
	a->n_words = a->n / 64 + 1;
	a->ends = calloc(a->n_words, sizeof(*a->ends));
	a->root_ends = calloc(a->n_words, sizeof(*a->root_ends));
	if (!a->ends || !a->root_ends)
		return -ENOMEM;
	for (size_t i = 0; i < a->n; i++) {
		uint64_t bit = UINT64_C(1) << (i % 64);

		if (a->positions[i])
			continue;
		a->ends[i / 64] |= bit;
		/* Nothing else ends with a slash. */
		if (is_root(a, i))
			a->root_ends[i / 64] |= bit;
	}
	return 0;
}

int automaton_init(struct automaton *a, const struct language_question *question)
{
	int r;

	*a = (struct automaton){ .question = question };
	r = lay_out_all(a);
	return r < 0 ? r : mark_ends(a);
}

/* one letter more */

static bool is_inner(size_t letter)
{
	return letter != '/' && letter != LETTERS_HOME;
}

static bool takes(const struct automaton *a, const struct language_position *position,
		  size_t letter)
{
	if (position->only_skips)
		return false;
	switch ((enum language_step)position->step) {
	case LANGUAGE_BYTE:
		/* A `**` takes a home directory as a whole, which is not taken to be "/". */
		return letter == position->letter ||
		       (position[1].loop == LANGUAGE_ANYWHERE && letter == LETTERS_HOME);
	case LANGUAGE_NOT_SLASH:
		return letter < LETTERS_BYTES && letter != '/';
	case LANGUAGE_CLASS:
		return letter < LETTERS_BYTES && position->class[letter / 64] >> (letter % 64) & 1;
	case LANGUAGE_SPECIFIER:
		return letter == letters_specifier(position->letter) ||
		       (a->question->loose && position->letter != 'h' && letter < LETTERS_BYTES &&
			letter != '/');
	}
	return false;
}

static bool stays(const struct automaton *a, const struct language_position *position,
		  size_t letter)
{
	if (position->loop == LANGUAGE_STAYS_NOT ||
	    (position->behind && !(a->question->loose && letter < LETTERS_BYTES)))
		return false;
	return position->loop == LANGUAGE_ANYWHERE || is_inner(letter);
}

static inline void enter(const struct automaton *a, uint64_t *set, size_t bit)
{
	while (!(set[bit / 64] >> (bit % 64) & 1)) {
		const struct language_position *position = a->positions[bit];

		set[bit / 64] |= UINT64_C(1) << (bit % 64);
		if (!position || position->skip == 0)
			return;
		bit += position->skip;
	}
}

/* The positions of the words from @first to @end. */
static inline void advance_words(const struct automaton *a, const uint64_t *from, size_t letter,
				 uint64_t *to, size_t first, size_t end)
{
	for (size_t word = first; word < end; word++) {
		for (uint64_t left = from[word]; left != 0; left &= left - 1) {
			size_t bit = word * 64 + (size_t)__builtin_ctzll(left);
			const struct language_position *position = a->positions[bit];

			if (position && stays(a, position, letter))
				enter(a, to, bit);
			if (position && takes(a, position, letter))
				enter(a, to, bit + 1);
		}
	}
}

static bool any(const uint64_t *set, const uint64_t *mask, const struct range *range)
{
	for (size_t bit = range->from; bit < range->to;) {
		size_t shift = bit % 64, n = 64 - shift;
		uint64_t word = set[bit / 64] & (mask ? mask[bit / 64] : UINT64_MAX);

		if (n > range->to - bit)
			n = range->to - bit;
		word >>= shift;
		if (n < 64)
			word &= (UINT64_C(1) << n) - 1;
		if (word)
			return true;
		bit += n;
	}
	return false;
}

static bool is_hopeless(const struct automaton *a, const uint64_t *set)
{
	for (size_t i = 0; i < a->question->n_in; i++) {
		if (!any(set, NULL, &a->groups[i].paths))
			return true;
	}
	return false;
}

bool automaton_start(const struct automaton *a, uint64_t *set)
{
	memset(set, 0, a->n_words * sizeof(*set));
	for (size_t bit = 0; bit < a->n; bit++) {
		if (bit == 0 || !a->positions[bit - 1])
			enter(a, set, bit);
	}
	return !is_hopeless(a, set);
}

/* Most letters lead nowhere, and that is seen by the first words. */
bool automaton_advance(const struct automaton *a, const uint64_t *from, size_t letter, uint64_t *to)
{
	memset(to, 0, a->n_words * sizeof(*to));
	advance_words(a, from, letter, to, 0, a->n_in_words);
	if (is_hopeless(a, to))
		return false;
	advance_words(a, from, letter, to, a->n_in_words, a->n_words);
	return true;
}

enum clean clean_advance(enum clean clean, size_t letter)
{
	if (letter == LETTERS_HOME)
		return clean == CLEAN_START ? CLEAN_NAME : CLEAN_NOT;
	if (clean == CLEAN_START)
		return letter == '/' ? CLEAN_ROOT : CLEAN_NOT;
	if (letter == '/')
		return clean == CLEAN_NAME ? CLEAN_SLASH : CLEAN_NOT;
	if (letter != '.' || clean == CLEAN_DOTS || clean == CLEAN_NAME)
		return CLEAN_NAME;
	return clean == CLEAN_DOT ? CLEAN_DOTS : CLEAN_DOT;
}

/* answers */

bool automaton_accepts(const struct automaton *a, const uint64_t *set, enum clean clean)
{
	const struct language_question *question = a->question;
	const uint64_t *ends;

	if (clean != CLEAN_ROOT && clean != CLEAN_NAME)
		return false;
	ends = clean == CLEAN_ROOT ? a->root_ends : a->ends;
	for (size_t i = 0; i < question->n_in + question->n_out; i++) {
		const struct automaton_group *group = &a->groups[i];
		bool inside = any(set, ends, &group->paths) && !any(set, ends, &group->except);

		if (inside != (i < question->n_in))
			return false;
	}
	return true;
}

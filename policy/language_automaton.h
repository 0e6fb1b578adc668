/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_LANGUAGE_AUTOMATON_H
#define FDB_POLICY_LANGUAGE_AUTOMATON_H

/*
 * All patterns of a question as one automaton, which is in many positions at
 * once: a state is a row of bits, one for each position of each pattern. What
 * makes a name clean is one more automaton beside it.
 */

#include "policy/language.h"

/* How clean a name is so far. */
enum clean { CLEAN_START, CLEAN_ROOT, CLEAN_SLASH, CLEAN_DOT, CLEAN_DOTS, CLEAN_NAME, CLEAN_NOT };

struct automaton {
	const struct language_question *question;
	const struct language_position **positions; /* of each bit; NULL: behind the last one */
	size_t n;				    /* bits */
	size_t n_words;
	size_t n_in_words;		/* from the first: paths of areas that a name must be in */
	size_t n_asked;			/* bits from the first: of those areas, exceptions too */
	struct automaton_group *groups; /* in, then out */
	uint64_t *ends;			/* bits behind the last position of a pattern */
	uint64_t *root_ends;		/* of those that are "/" */
};

/* 0 or -ENOMEM. */
int automaton_init(struct automaton *a, const struct language_question *question);
void automaton_done(struct automaton *a);

/* Before the first letter. False: no name will do. */
bool automaton_start(const struct automaton *a, uint64_t *set);

/* One letter more. False: then no name will do, and what @to is says nothing. */
bool automaton_advance(const struct automaton *a, const uint64_t *from, size_t letter,
		       uint64_t *to);
enum clean clean_advance(enum clean clean, size_t letter);

/* Is what has led here such a name? */
bool automaton_accepts(const struct automaton *a, const uint64_t *set, enum clean clean);

#endif

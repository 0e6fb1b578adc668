/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_LANGUAGE_H
#define FDB_POLICY_LANGUAGE_H

/*
 * Patterns as languages: which names do these match and those not? Answered exactly, with the
 * shortest such name. Pure: nothing here looks at a file.
 *
 * A specifier is one letter of the alphabet, equal only to itself: what is found to be contained
 * is contained whatever the caller's values are. Asked loosely, it may also be any text, and a
 * home directory one below /home or /root: then what is found may exist.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "policy/glob.h"

/* How far one position takes bytes without being left. */
enum language_loop { LANGUAGE_STAYS_NOT, LANGUAGE_IN_COMPONENT, LANGUAGE_ANYWHERE };

enum language_step { LANGUAGE_BYTE, LANGUAGE_NOT_SLASH, LANGUAGE_CLASS, LANGUAGE_SPECIFIER };

/* One position of a pattern: what it takes to get to the next. */
struct language_position {
	uint8_t step;	       /* enum language_step */
	uint8_t loop;	       /* enum language_loop; behind a specifier only if asked loosely */
	uint8_t skip;	       /* so many positions further without taking anything; 0: must take */
	uint8_t letter;	       /* LANGUAGE_BYTE: the byte; LANGUAGE_SPECIFIER: which */
	bool behind;	       /* follows a specifier */
	bool only_skips;       /* takes nothing */
	const uint64_t *class; /* LANGUAGE_CLASS */
};

enum language_form { LANGUAGE_STRICT = 1, LANGUAGE_LOOSE = 2 };

struct language_pattern {
	const struct language_position *positions; /* and one empty behind them */
	uint32_t n;
	uint32_t n_leading;   /* literal components before the first that is not; as decide.c */
	uint32_t n_wildcards; /* as decide.c counts them */
	uint32_t forms;	      /* enum language_form: in which questions it takes part */
	const char *leading;  /* "/etc/ssh": those components that are bytes */
	bool literal;	      /* nothing but bytes */
	bool root;	      /* "/" */
	bool ends_deep;
	bool has_deep;
};

struct language_list {
	const struct language_pattern **items; /* owned */
	size_t n;
};

/* Names that one of the paths matches and none of the except. */
struct language_area {
	struct language_list paths, except;
};

/* Add the pattern(s) of @path, behind @base if there is one. 0 or -ENOMEM. */
int language_add(struct language_list *list, struct arena *arena,
		 const struct language_pattern *base, const struct glob_path *path);
void language_list_done(struct language_list *list);

/* Surely no name in common; cheap. */
bool language_apart(const struct language_pattern *a, const struct language_pattern *b);

/**
 * language_find() - a name in all of some areas and in none of others
 * @ret:	the shortest; specifiers replaced by examples; may be NULL
 *
 * Return: 1 there is one; 0 there is none; -E2BIG not decided within @budget; -ENOMEM.
 */
struct language_question {
	const struct language_area *const *in, *const *out;
	size_t n_in, n_out;
	bool loose;
	size_t *budget; /* work that may still be done, counted down; in steps */
};
int language_find(const struct language_question *question, struct text *ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_LANGUAGE_LETTERS_H
#define FDB_POLICY_LANGUAGE_LETTERS_H

/*
 * The alphabet of a search: of letters that no pattern tells apart, one. A
 * letter is a byte, or a specifier, which stands for what the caller brings.
 */

#include <stddef.h>
#include <stdint.h>

#include "policy/language.h"

#define LETTERS_BYTES	    256U
#define LETTERS_BEFORE_HOME "uUgG"
#define LETTERS_SPECIFIERS  LETTERS_BEFORE_HOME "hnNpijs"
#define LETTERS_HOME	    (LETTERS_BYTES + sizeof(LETTERS_BEFORE_HOME) - 1) /* that of %h */
#define LETTERS_MAX	    (LETTERS_BYTES + sizeof(LETTERS_SPECIFIERS) - 1)

struct letters {
	uint16_t items[LETTERS_MAX]; /* those that people like to read first */
	size_t n;
};

/* The letter that stands for %x, one of LETTERS_SPECIFIERS. */
size_t letters_specifier(uint8_t letter);

/**
 * language_letters() - find the letters that suffice
 * @positions:	of all patterns; some are NULL
 * @n_asked:	how many of them, from the first, are of patterns that a name is looked for in; a
 *		specifier that only others have is left out
 */
void language_letters(struct letters *ret, const struct language_position *const *positions,
		      size_t n, size_t n_asked);

#endif

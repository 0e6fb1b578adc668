/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two letters that every step of every pattern takes or leaves alike are of one
 * class: classes are divided by each step in turn.
 */
#include "policy/language_letters.h"

#include <stdbool.h>
#include <string.h>

struct classes {
	uint16_t of[LETTERS_MAX];
	uint16_t n;
	bool is_alone
		[LETTERS_MAX]; /* surely; most positions ask for a letter that others asked for */
};

static void single_out(struct classes *classes, size_t letter)
{
	for (size_t i = 0; !classes->is_alone[letter] && i < LETTERS_MAX; i++) {
		if (i == letter || classes->of[i] != classes->of[letter])
			continue;
		classes->of[letter] = classes->n++;
		break;
	}
	classes->is_alone[letter] = true;
}

/* Numbers without gaps. */
static void renumber(struct classes *classes)
{
	uint16_t number[2 * LETTERS_MAX];

	memset(number, 0xff, sizeof(number));
	classes->n = 0;
	for (size_t i = 0; i < LETTERS_MAX; i++) {
		uint16_t *class = &classes->of[i];

		if (number[*class] == UINT16_MAX)
			number[*class] = classes->n++;
		*class = number[*class];
	}
}

/* Each class that has letters in the set and others is divided. */
static void divide(struct classes *classes, const uint64_t *class)
{
	uint16_t divided[LETTERS_MAX];

	memset(divided, 0xff, sizeof(divided));
	for (size_t i = 0; i < LETTERS_BYTES; i++) {
		uint16_t old = classes->of[i];

		if (!(class[i / 64] >> (i % 64) & 1))
			continue;
		if (divided[old] == UINT16_MAX)
			divided[old] = classes->n++;
		classes->of[i] = divided[old];
	}
	renumber(classes);
}

size_t letters_specifier(uint8_t letter)
{
	return LETTERS_BYTES + (size_t)(strchr(LETTERS_SPECIFIERS, letter) - LETTERS_SPECIFIERS);
}

/* Whoever reads a witness would rather see letters than punctuation, and no control character. */
static unsigned int liking(size_t letter)
{
	if (letter >= 'a' && letter <= 'z')
		return 0;
	if (letter < LETTERS_BYTES && strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_", (int)letter))
		return 1;
	if (letter > ' ' && letter < 0x7f)
		return 2;
	return letter >= LETTERS_BYTES ? 4 : 3;
}

/* Of a specifier that no area asks for, text says as much. */
static bool is_used(const struct language_position *const *positions, size_t n_asked, size_t letter)
{
	for (size_t i = 0; i < n_asked; i++) {
		const struct language_position *position = positions[i];

		if (position && position->step == LANGUAGE_SPECIFIER &&
		    letters_specifier(position->letter) == letter)
			return true;
	}
	return false;
}

static void divide_all(struct classes *classes, const struct language_position *const *positions,
		       size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct language_position *position = positions[i];

		if (position && position->step == LANGUAGE_CLASS)
			divide(classes, position->class);
	}
	for (size_t i = 0; i < n; i++) {
		const struct language_position *position = positions[i];

		if (position && position->step == LANGUAGE_BYTE && !position->only_skips)
			single_out(classes, position->letter);
	}
}

void language_letters(struct letters *ret, const struct language_position *const *positions,
		      size_t n, size_t n_asked)
{
	struct classes classes = { .n = 1 };
	bool is_taken[LETTERS_MAX] = { false };

	ret->n = 0;
	single_out(&classes, '/');
	single_out(&classes, '.');
	single_out(&classes, 0);
	for (size_t i = LETTERS_BYTES; i < LETTERS_MAX; i++)
		classes.of[i] = classes.n++;
	divide_all(&classes, positions, n);
	for (unsigned int like = 0; like <= 4; like++) {
		for (size_t i = 1; i < LETTERS_MAX; i++) {
			if (liking(i) != like || is_taken[classes.of[i]])
				continue;
			if (i >= LETTERS_BYTES && !is_used(positions, n_asked, i))
				continue;
			is_taken[classes.of[i]] = true;
			ret->items[ret->n++] = (uint16_t)i;
		}
	}
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All patterns of a question are run at once over every name, shortest first:
 * one set of positions, next to each other in one row of bits, is a state of the
 * search, and of letters that no pattern tells apart only one is tried. What
 * makes a name clean is one more automaton beside them.
 *
 * Subsets of positions can be exponentially many; the search is given up when
 * what the caller would spend is spent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/array.h"
#include "policy/language.h"
#include "policy/language_letters.h"

#define NODES_MAX (1U << 15) /* states of one search */
#define NO_NODE	  UINT32_MAX

/* A caller for whom a witness is written. */
static const char *const examples[] = { "user", "1000", "users", "1000", "/home/user", "x.service",
					"x",	"x",	"x",	 "x",	 "x.slice" };
_Static_assert(sizeof(examples) / sizeof(*examples) == sizeof(LETTERS_SPECIFIERS) - 1,
	       "one example each");

/* How clean a name is so far. */
enum clean { CLEAN_START, CLEAN_ROOT, CLEAN_SLASH, CLEAN_DOT, CLEAN_DOTS, CLEAN_NAME, CLEAN_NOT };

struct node {
	uint32_t parent;
	uint16_t letter;
	uint8_t clean;
};

/* Where in the row of bits a list of patterns stands. */
struct range {
	size_t from, to;
};

struct group {
	struct range paths, except;
};

struct search {
	const struct language_question *question;
	const struct language_position **positions; /* of each bit; NULL: behind the last one */
	size_t n;				    /* bits */
	size_t n_words;
	struct group *groups; /* in, then out */
	uint64_t *ends;	      /* bits behind the last position of a pattern */
	uint64_t *root_ends;  /* of those that are "/" */
	struct letters letters;
	struct node *nodes;
	size_t n_nodes, room;
	uint64_t *sets; /* of each node */
	uint32_t *table;
	size_t table_size;
};

static void search_done(struct search *search)
{
	free(search->positions);
	free(search->groups);
	free(search->ends);
	free(search->root_ends);
	free(search->nodes);
	free(search->sets);
	free(search->table);
}

/* Layout */

static int add_bit(struct search *search, const struct language_position *position)
{
	const struct language_position **added = ARRAY_ADD(search->positions, search->n);

	if (!added)
		return -ENOMEM;
	*added = position;
	return 0;
}

static int lay_out(struct search *search, const struct language_list *list, uint32_t forms,
		   struct range *ret)
{
	ret->from = search->n;
	for (size_t i = 0; i < list->n; i++) {
		const struct language_pattern *pattern = list->items[i];

		if (!(pattern->forms & forms))
			continue;
		for (uint32_t j = 0; j <= pattern->n; j++) {
			const struct language_position *position =
				j < pattern->n ? &pattern->positions[j] : NULL;

			if (add_bit(search, position) < 0)
				return -ENOMEM;
		}
	}
	ret->to = search->n;
	return 0;
}

static int lay_out_all(struct search *search)
{
	const struct language_question *question = search->question;
	size_t n = question->n_in + question->n_out;

	search->groups = calloc(n + 1, sizeof(*search->groups));
	if (!search->groups)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		bool in = i < question->n_in;
		const struct language_area *area =
			in ? question->in[i] : question->out[i - question->n_in];
		/* What is taken away must surely be taken away. */
		uint32_t paths = question->loose && in ? LANGUAGE_LOOSE : LANGUAGE_STRICT;
		uint32_t except = question->loose && !in ? LANGUAGE_LOOSE : LANGUAGE_STRICT;

		if (lay_out(search, &area->paths, paths, &search->groups[i].paths) < 0 ||
		    lay_out(search, &area->except, except, &search->groups[i].except) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool is_root(const struct search *search, size_t end)
{
	const struct language_position *before = end > 0 ? search->positions[end - 1] : NULL;

	return before && before->step == LANGUAGE_BYTE && before->letter == '/';
}

static int mark_ends(struct search *search)
{
	search->n_words = search->n / 64 + 1;
	search->ends = calloc(search->n_words, sizeof(*search->ends));
	search->root_ends = calloc(search->n_words, sizeof(*search->root_ends));
	if (!search->ends || !search->root_ends)
		return -ENOMEM;
	for (size_t i = 0; i < search->n; i++) {
		uint64_t bit = UINT64_C(1) << (i % 64);

		if (search->positions[i])
			continue;
		search->ends[i / 64] |= bit;
		/* Nothing else ends with a slash. */
		if (is_root(search, i))
			search->root_ends[i / 64] |= bit;
	}
	return 0;
}

/* One letter more */

static bool is_inner(size_t letter)
{
	return letter != '/' && letter != letters_specifier('h');
}

static bool takes(const struct search *search, const struct language_position *position,
		  size_t letter)
{
	if (position->only_skips)
		return false;
	switch ((enum language_step)position->step) {
	case LANGUAGE_BYTE:
		/* A `**` takes a home directory as a whole, which is not taken to be "/". */
		return letter == position->letter ||
		       (position[1].loop == LANGUAGE_ANYWHERE && letter == letters_specifier('h'));
	case LANGUAGE_NOT_SLASH:
		return letter < LETTERS_BYTES && letter != '/';
	case LANGUAGE_CLASS:
		return letter < LETTERS_BYTES && position->class[letter / 64] >> (letter % 64) & 1;
	case LANGUAGE_SPECIFIER:
		return letter == letters_specifier(position->letter) ||
		       (search->question->loose && position->letter != 'h' &&
			letter < LETTERS_BYTES && letter != '/');
	}
	return false;
}

static bool stays(const struct search *search, const struct language_position *position,
		  size_t letter)
{
	if (position->loop == LANGUAGE_STAYS_NOT ||
	    (position->behind && !(search->question->loose && letter < LETTERS_BYTES)))
		return false;
	return position->loop == LANGUAGE_ANYWHERE || is_inner(letter);
}

static void enter(const struct search *search, uint64_t *set, size_t bit)
{
	while (!(set[bit / 64] >> (bit % 64) & 1)) {
		const struct language_position *position = search->positions[bit];

		set[bit / 64] |= UINT64_C(1) << (bit % 64);
		if (!position || position->skip == 0)
			return;
		bit += position->skip;
	}
}

static void advance(const struct search *search, const uint64_t *from, size_t letter, uint64_t *to)
{
	memset(to, 0, search->n_words * sizeof(*to));
	for (size_t word = 0; word < search->n_words; word++) {
		for (uint64_t left = from[word]; left != 0; left &= left - 1) {
			size_t bit = word * 64 + (size_t)__builtin_ctzll(left);
			const struct language_position *position = search->positions[bit];

			if (position && stays(search, position, letter))
				enter(search, to, bit);
			if (position && takes(search, position, letter))
				enter(search, to, bit + 1);
		}
	}
}

static enum clean advance_clean(enum clean clean, size_t letter)
{
	if (letter == letters_specifier('h'))
		return clean == CLEAN_START ? CLEAN_NAME : CLEAN_NOT;
	if (clean == CLEAN_START)
		return letter == '/' ? CLEAN_ROOT : CLEAN_NOT;
	if (letter == '/')
		return clean == CLEAN_NAME ? CLEAN_SLASH : CLEAN_NOT;
	if (letter != '.' || clean == CLEAN_DOTS || clean == CLEAN_NAME)
		return CLEAN_NAME;
	return clean == CLEAN_DOT ? CLEAN_DOTS : CLEAN_DOT;
}

/* Answers of a state */

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

static bool is_hopeless(const struct search *search, const uint64_t *set)
{
	for (size_t i = 0; i < search->question->n_in; i++) {
		if (!any(set, NULL, &search->groups[i].paths))
			return true;
	}
	return false;
}

static bool is_found(const struct search *search, const uint64_t *set, enum clean clean)
{
	const struct language_question *question = search->question;
	const uint64_t *ends;

	if (clean != CLEAN_ROOT && clean != CLEAN_NAME)
		return false;
	ends = clean == CLEAN_ROOT ? search->root_ends : search->ends;
	for (size_t i = 0; i < question->n_in + question->n_out; i++) {
		const struct group *group = &search->groups[i];
		bool inside = any(set, ends, &group->paths) && !any(set, ends, &group->except);

		if (inside != (i < question->n_in))
			return false;
	}
	return true;
}

/* The states met so far */

static uint64_t *set_of(const struct search *search, size_t node)
{
	return search->sets + node * search->n_words;
}

static size_t hash(const struct search *search, const uint64_t *set, enum clean clean)
{
	uint64_t value = (uint64_t)clean + 1;

	for (size_t i = 0; i < search->n_words; i++) {
		value = (value ^ set[i]) * UINT64_C(0x9e3779b97f4a7c15);
		value ^= value >> 29;
	}
	return (size_t)value & (search->table_size - 1);
}

static uint32_t *slot_of(const struct search *search, const uint64_t *set, enum clean clean)
{
	size_t at = hash(search, set, clean);

	while (search->table[at] != NO_NODE) {
		size_t node = search->table[at];

		if (search->nodes[node].clean == clean &&
		    memcmp(set_of(search, node), set, search->n_words * sizeof(*set)) == 0)
			break;
		at = (at + 1) & (search->table_size - 1);
	}
	return &search->table[at];
}

/* Room for twice as many states. */
static int grow(struct search *search)
{
	size_t room = search->room ? search->room * 2 : 16;
	struct node *nodes = reallocarray(search->nodes, room, sizeof(*nodes));
	uint64_t *sets;

	if (!nodes)
		return -ENOMEM;
	search->nodes = nodes;
	sets = reallocarray(search->sets, room * search->n_words, sizeof(*sets));
	if (!sets)
		return -ENOMEM;
	search->sets = sets;
	free(search->table);
	search->table = malloc(4 * room * sizeof(*search->table));
	if (!search->table)
		return -ENOMEM;
	search->room = room;
	search->table_size = 4 * room;
	memset(search->table, 0xff, search->table_size * sizeof(*search->table));
	for (size_t i = 0; i < search->n_nodes; i++)
		*slot_of(search, set_of(search, i), search->nodes[i].clean) = (uint32_t)i;
	return 0;
}

/* The set of the next node is where set_of(n_nodes) is; keep it if it is new. */
static int keep(struct search *search, const struct node *node)
{
	uint64_t *set = set_of(search, search->n_nodes);
	uint32_t *slot = slot_of(search, set, node->clean);

	if (*slot != NO_NODE)
		return 0;
	if (search->n_nodes == NODES_MAX)
		return -E2BIG;
	*slot = (uint32_t)search->n_nodes;
	search->nodes[search->n_nodes++] = *node;
	if (is_found(search, set, node->clean))
		return 1;
	return search->n_nodes == search->room ? grow(search) : 0;
}

static int begin(struct search *search)
{
	struct node node = { .parent = NO_NODE, .clean = CLEAN_START };
	int r = grow(search);

	if (r < 0)
		return r;
	memset(search->sets, 0, search->n_words * sizeof(*search->sets));
	for (size_t bit = 0; bit < search->n; bit++) {
		if (bit == 0 || !search->positions[bit - 1])
			enter(search, search->sets, bit);
	}
	return is_hopeless(search, search->sets) ? -ENOENT : keep(search, &node);
}

static int spend(const struct search *search)
{
	size_t cost = search->letters.n * search->n_words;
	size_t *budget = search->question->budget;

	if (!budget)
		return 0;
	if (*budget < cost) {
		*budget = 0;
		return -E2BIG;
	}
	*budget -= cost;
	return 0;
}

static int expand(struct search *search, size_t from)
{
	int r = spend(search);

	for (size_t i = 0; r == 0 && i < search->letters.n; i++) {
		size_t letter = search->letters.items[i];
		struct node node = { .parent = (uint32_t)from, .letter = (uint16_t)letter };
		uint64_t *set = set_of(search, search->n_nodes);

		node.clean = (uint8_t)advance_clean(search->nodes[from].clean, letter);
		if (node.clean == CLEAN_NOT)
			continue;
		advance(search, set_of(search, from), letter, set);
		if (!is_hopeless(search, set))
			r = keep(search, &node);
	}
	return r;
}

/* The letters that led to the last node. */
static int write_name(const struct search *search, struct text *ret)
{
	_cleanup_(freep) uint16_t *letters = calloc(search->n_nodes, sizeof(*letters));
	size_t n = 0;

	if (!letters)
		return -ENOMEM;
	for (uint32_t node = (uint32_t)search->n_nodes - 1; search->nodes[node].parent != NO_NODE;
	     node = search->nodes[node].parent)
		letters[n++] = search->nodes[node].letter;
	while (n-- > 0) {
		char byte = (char)letters[n];

		if (letters[n] < LETTERS_BYTES)
			text_add(ret, &byte, 1);
		else
			text_puts(ret, examples[letters[n] - LETTERS_BYTES]);
	}
	return ret->failed ? -ENOMEM : 0;
}

/* Of the patterns that areas are made of, which stand first. */
static size_t asked_bits(const struct search *search)
{
	size_t n = search->question->n_in;

	return n > 0 ? search->groups[n - 1].except.to : 0;
}

int language_find(const struct language_question *question, struct text *ret)
{
	_cleanup_(search_done) struct search search = { .question = question };
	int r = lay_out_all(&search);

	if (r == 0)
		r = mark_ends(&search);
	if (r < 0)
		return r;
	language_letters(&search.letters, search.positions, search.n, asked_bits(&search));
	r = begin(&search);
	for (size_t i = 0; r == 0 && i < search.n_nodes; i++)
		r = expand(&search, i);
	if (r == -ENOENT)
		return 0;
	if (r == 1 && ret && write_name(&search, ret) < 0)
		return -ENOMEM;
	return r;
}

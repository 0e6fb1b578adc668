/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All patterns of a question are run at once over every name, shortest first,
 * and of letters that no pattern tells apart only one is tried.
 *
 * Subsets of positions can be exponentially many; the search is given up when
 * what the caller would spend is spent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/language.h"
#include "policy/language_automaton.h"
#include "policy/language_letters.h"

#define NODES_MAX (1U << 15) /* states of one search */
#define NO_NODE	  UINT32_MAX

/* A caller for whom a witness is written. */
static const char *const examples[] = { "user", "1000", "users", "1000", "/home/user", "x.service",
					"x",	"x",	"x",	 "x",	 "x.slice" };
_Static_assert(sizeof(examples) / sizeof(*examples) == sizeof(LETTERS_SPECIFIERS) - 1,
	       "one example each");

struct node {
	uint32_t parent;
	uint16_t letter;
	uint8_t clean;
};

struct search {
	struct automaton automaton;
	size_t *budget;
	struct letters letters;
	struct node *nodes;
	size_t n_nodes, room;
	uint64_t *sets; /* of each node */
	uint32_t *table;
	size_t table_size;
};

static void search_done(struct search *search)
{
	automaton_done(&search->automaton);
	free(search->nodes);
	free(search->sets);
	free(search->table);
}

/* The states met so far */

static uint64_t *set_of(const struct search *search, size_t node)
{
	return search->sets + node * search->automaton.n_words;
}

static size_t hash(const struct search *search, const uint64_t *set, enum clean clean)
{
	uint64_t value = (uint64_t)clean + 1;

	for (size_t i = 0; i < search->automaton.n_words; i++) {
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
		    memcmp(set_of(search, node), set, search->automaton.n_words * sizeof(*set)) ==
			    0)
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
	sets = reallocarray(search->sets, room * search->automaton.n_words, sizeof(*sets));
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
	if (automaton_accepts(&search->automaton, set, node->clean))
		return 1;
	return search->n_nodes == search->room ? grow(search) : 0;
}

static int begin(struct search *search)
{
	struct node node = { .parent = NO_NODE, .clean = CLEAN_START };
	int r = grow(search);

	if (r < 0)
		return r;
	return automaton_start(&search->automaton, search->sets) ? keep(search, &node) : -ENOENT;
}

static int spend(const struct search *search)
{
	size_t cost = search->letters.n * search->automaton.n_words;
	size_t *budget = search->budget;

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

		node.clean = (uint8_t)clean_advance(search->nodes[from].clean, letter);
		if (node.clean != CLEAN_NOT &&
		    automaton_advance(&search->automaton, set_of(search, from), letter, set))
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

int language_find(const struct language_question *question, struct text *ret)
{
	_cleanup_(search_done) struct search search = { .budget = question->budget };
	struct automaton *automaton = &search.automaton;
	int r = automaton_init(automaton, question);

	if (r < 0)
		return r;
	language_letters(&search.letters, automaton->positions, automaton->n, automaton->n_asked);
	r = begin(&search);
	for (size_t i = 0; r == 0 && i < search.n_nodes; i++)
		r = expand(&search, i);
	if (r == -ENOENT)
		return 0;
	if (r == 1 && ret && write_name(&search, ret) < 0)
		return -ENOMEM;
	return r;
}

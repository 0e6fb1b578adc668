/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The search for cycles keeps its own stack: a policy may chain as many names
 * as its size admits, and the stack of the process is no place for that.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/array.h"
#include "policy/references_parts.h"
#include "policy/source.h"

#define CHAIN_MAX 8U /* names of a cycle that are shown */

/* One name on the way from a root of the search. */
struct step {
	struct name_node *node;
	size_t next; /* reference to follow */
};

struct search {
	struct step *steps; /* owned */
	size_t n;
};

enum { UNSEEN, ON_THE_WAY, DONE };

static void search_done(struct search *search)
{
	free(search->steps);
}

static void cycle(const struct references *names, const struct search *search,
		  const struct name_node *node, const struct name_ref *ref)
{
	_cleanup_(text_done) struct text chain = TEXT_EMPTY;
	struct diag *diag;
	size_t i = 0;

	while (search->steps[i].node != node)
		i++;
	for (size_t shown = 0; i < search->n && shown < CHAIN_MAX; i++, shown++)
		text_printf(&chain, "%.60s → ", search->steps[i].node->name);
	text_printf(&chain, "%s%.60s", i < search->n ? "… → " : "", node->name);
	diag = diag_add(names->diags, DIAG_ERROR, "E008", ref->place, "%s '%.60s' contains itself",
			names->what, node->name);
	diag_detail(names->diags, diag, "%s", chain.failed ? "" : chain.data);
}

static int enter(struct search *search, struct name_node *node)
{
	struct step *step = ARRAY_ADD(search->steps, search->n);

	if (!step)
		return -ENOMEM;
	node->state = ON_THE_WAY;
	step->node = node;
	return 0;
}

static void nests_too_deep(const struct references *names, const struct name_ref *ref)
{
	struct diag *diag = diag_add(names->diags, DIAG_ERROR, "E016", ref->place,
				     "more than %u %ss named within each other",
				     REFERENCES_NEST_MAX, names->what);

	diag_help(names->diags, diag, "write here what '%.*s' stands for",
		  ref->len > 60 ? 60 : (int)ref->len, ref->name);
}

/* What is below a target is below the name that refers to it. Said of the first name in a chain that
 * is too high, from the bottom: so it does not hang on where the search begins. */
static void carry(const struct references *names, struct step *step, const struct name_node *target)
{
	struct name_node *node = step->node;

	node->flag |= target->flag;
	if (node->nesting > target->nesting)
		return;
	node->nesting = target->nesting + 1;
	if (node->nesting == REFERENCES_NEST_MAX + 1)
		nests_too_deep(names, &node->refs[step->next - 1]);
}

static void leave(const struct references *names, struct search *search)
{
	struct name_node *node = search->steps[--search->n].node;

	node->state = DONE;
	if (search->n > 0)
		carry(names, &search->steps[search->n - 1], node);
}

/* Follow the next reference of the name that the search is at. */
static int follow(const struct references *names, struct search *search)
{
	struct step *step = &search->steps[search->n - 1];
	const struct name_ref *ref = &step->node->refs[step->next++];
	struct name_node *target = references_find(names, ref);

	if (!target || !target->is_defined)
		references_undefined(names, ref);
	else if (target->state == ON_THE_WAY)
		cycle(names, search, target, ref);
	else if (target->state == DONE)
		carry(names, step, target);
	else
		return enter(search, target);
	return 0;
}

int references_follow(const struct references *names)
{
	_cleanup_(search_done) struct search search = { 0 };
	int r;

	for (size_t i = 0; i < names->n; i++) {
		if (names->nodes[i].state != UNSEEN)
			continue;
		r = enter(&search, &names->nodes[i]);
		while (r == 0 && search.n > 0) {
			const struct step *step = &search.steps[search.n - 1];

			if (step->next == step->node->n_refs)
				leave(names, &search);
			else
				r = follow(names, &search);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

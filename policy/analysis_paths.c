/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The names of a rule: sets put in, each of them made once. The policy has compiled: no set is
 * missing, none contains itself, and there are no more patterns than the compiler takes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/analysis_parts.h"
#include "policy/array.h"

static int compare_sets(const void *a, const void *b)
{
	const struct set_paths *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

int analysis_sets(struct analysis *a, const struct ast *const *trees, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < trees[i]->n; j++) {
			const struct ast_statement *statement = &trees[i]->statements[j];
			struct set_paths *set;

			if (statement->kind != AST_LET && statement->kind != AST_EXTEND)
				continue;
			set = ARRAY_ADD(a->sets, a->n_sets);
			if (!set)
				return -ENOMEM;
			set->name = statement->set.name;
			set->paths = &statement->set.paths;
			set->order = a->n_sets;
		}
	}
	if (a->n_sets > 0)
		qsort(a->sets, a->n_sets, sizeof(*a->sets), compare_sets);
	return 0;
}

static int add_paths(struct analysis *a, const struct ast_paths *paths, struct language_list *list);

static struct set_paths *find_set(const struct analysis *a, const char *name)
{
	size_t low = 0, high = a->n_sets;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(a->sets[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < a->n_sets && strcmp(a->sets[low].name, name) == 0 ? &a->sets[low] : NULL;
}

static int set_list(struct analysis *a, const char *name, const struct language_list **ret)
{
	static const struct language_list empty;
	struct set_paths *first = find_set(a, name);
	int r = 0;

	*ret = first ? &first->list : &empty;
	if (!first || first->done)
		return 0;
	first->done = true;
	for (struct set_paths *set = first; r == 0 && set < a->sets + a->n_sets; set++) {
		if (strcmp(set->name, name) != 0)
			break;
		r = add_paths(a, set->paths, &first->list);
	}
	return r;
}

static int add_list(struct language_list *list, const struct language_list *more)
{
	for (size_t i = 0; i < more->n; i++) {
		const struct language_pattern **added = ARRAY_ADD(list->items, list->n);

		if (!added)
			return -ENOMEM;
		*added = more->items[i];
	}
	return 0;
}

/* "@set/rest": every pattern of the set with every alternative of the rest. */
static int join(struct analysis *a, const struct language_list *set, const struct glob *glob,
		struct language_list *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->n; i++)
		for (size_t j = 0; r == 0 && j < glob->n; j++)
			r = language_add(list, &a->arena, set->items[i], &glob->paths[j]);
	return r;
}

static int add_path(struct analysis *a, const struct ast_path *path, struct language_list *list)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	const struct language_list *set;
	int r;

	if (path->kind == AST_PATH_SET) {
		r = set_list(a, path->text, &set);
		return r < 0 ? r : add_list(list, set);
	}
	r = glob_parse(path, NULL, &glob);
	if (r < 0)
		return r;
	if (glob->set) {
		r = set_list(a, glob->set, &set);
		return r < 0 ? r : join(a, set, glob, list);
	}
	for (size_t i = 0; r == 0 && i < glob->n; i++)
		r = language_add(list, &a->arena, NULL, &glob->paths[i]);
	return r;
}

static int add_paths(struct analysis *a, const struct ast_paths *paths, struct language_list *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < paths->n; i++)
		r = add_path(a, &paths->items[i], list);
	return r;
}

int analysis_area(struct analysis *a, const struct ast_rule *rule, struct language_area *ret)
{
	int r = add_paths(a, &rule->paths, &ret->paths);

	return r < 0 ? r : add_paths(a, &rule->except, &ret->except);
}

void analysis_paths_done(struct analysis *a)
{
	for (size_t i = 0; i < a->n_sets; i++)
		language_list_done(&a->sets[i].list);
	free(a->sets);
	for (size_t i = 0; i < a->n_rules; i++) {
		language_list_done(&a->rules[i].area.paths);
		language_list_done(&a->rules[i].area.except);
	}
}

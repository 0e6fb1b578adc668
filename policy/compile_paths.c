/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Paths to patterns. A set is multiplied out once and its patterns are shared
 * by every rule that names it; only "@set/rest" makes new ones. Sets may name
 * sets, so a short text can mean a great many patterns: the length of every
 * list, and of all together, is bounded.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/compiler.h"
#include "policy/glob.h"

/* One `let` or `extend`; those of one name stand side by side, and the first keeps the result. */
struct set_definition {
	const char *name;
	const struct ast_paths *paths;
	size_t order; /* as written */
	bool done;
	struct pattern_list patterns;
};

/* A list that grows, until it is copied into the arena. */
struct growing {
	const struct pattern **items;
	size_t n, room;
};

static void growing_done(struct growing *list)
{
	free(list->items);
}

static int expand(struct compiler *c, const struct ast_paths *paths, struct growing *list);

static int compare_sets(const void *a, const void *b)
{
	const struct set_definition *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static size_t collect_sets(const struct ast *ast, struct set_definition *sets, size_t n)
{
	for (size_t i = 0; i < ast->n; i++) {
		const struct ast_statement *statement = &ast->statements[i];

		if (statement->kind != AST_LET && statement->kind != AST_EXTEND)
			continue;
		sets[n] = (struct set_definition){
			.name = statement->set.name,
			.paths = &statement->set.paths,
			.order = n,
		};
		n++;
	}
	return n;
}

int compile_sets(struct compiler *c, const struct ast *const *trees, size_t n)
{
	size_t room = 1;

	for (size_t i = 0; i < n; i++)
		room += trees[i]->n;
	c->sets = calloc(room, sizeof(*c->sets));
	if (!c->sets)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		c->n_sets = collect_sets(trees[i], c->sets, c->n_sets);
	qsort(c->sets, c->n_sets, sizeof(*c->sets), compare_sets);
	return 0;
}

void compile_sets_done(struct compiler *c)
{
	free(c->sets);
	c->sets = NULL;
	c->n_sets = 0;
}

/* The first definition of @name, or NULL. */
static struct set_definition *find_set(struct compiler *c, const char *name)
{
	size_t low = 0, high = c->n_sets;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(c->sets[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < c->n_sets && strcmp(c->sets[low].name, name) == 0 ? &c->sets[low] : NULL;
}

static int too_large(struct compiler *c, const struct ast_path *path, const char *what,
		     unsigned int limit)
{
	diag_add(c->diags, DIAG_ERROR, "E016", path->place, "more than %u %s", limit, what);
	return 0;
}

static int grow(struct growing *list, size_t more)
{
	size_t room = list->room ? list->room : 4;
	const struct pattern **items;

	if (list->n + more <= list->room)
		return 0;
	while (room < list->n + more)
		room *= 2;
	items = reallocarray(list->items, room, sizeof(const struct pattern *));
	if (!items)
		return -ENOMEM;
	list->items = items;
	list->room = room;
	return 0;
}

static int append(struct compiler *c, const struct ast_path *path, struct growing *list,
		  const struct pattern *const *items, size_t n)
{
	int r;

	if (n == 0)
		return 0;
	if (n > COMPILE_PATTERNS_MAX - list->n)
		return too_large(c, path, "patterns in one list", COMPILE_PATTERNS_MAX);
	r = grow(list, n);
	if (r < 0)
		return r;
	memcpy(list->items + list->n, items, n * sizeof(*items));
	list->n += n;
	return 0;
}

static int freeze(struct compiler *c, const struct growing *list, struct pattern_list *ret)
{
	const struct pattern **items =
		arena_alloc(&c->policy->arena, list->n, sizeof(const struct pattern *));

	if (!items)
		return -ENOMEM;
	if (list->n > 0)
		memcpy(items, list->items, list->n * sizeof(const struct pattern *));
	*ret = (struct pattern_list){ .items = items, .n = list->n };
	return 0;
}

/* As deep as references.h lets sets name each other, and no deeper. */
static int expand_set(struct compiler *c, const struct ast_path *path, const char *name,
		      struct pattern_list *ret)
{
	struct set_definition *first = find_set(c, name);
	_cleanup_(growing_done) struct growing list = { 0 };
	int r;

	*ret = (struct pattern_list){ 0 };
	if (!first) {
		diag_add(c->diags, DIAG_ERROR, "E007", path->place, "set %s is not defined", name);
		return 0;
	}
	for (struct set_definition *set = first;
	     !first->done && set < c->sets + c->n_sets && strcmp(set->name, name) == 0; set++) {
		r = expand(c, set->paths, &list);
		if (r < 0)
			return r;
	}
	if (!first->done) {
		r = freeze(c, &list, &first->patterns);
		if (r < 0)
			return r;
		first->done = true;
	}
	*ret = first->patterns;
	return 0;
}

static int add_pattern(struct compiler *c, const struct ast_path *path, const struct pattern *base,
		       const struct glob_path *glob, struct growing *list)
{
	const struct pattern *pattern;
	int r = compile_pattern(c, path, base, glob, &pattern);

	return r < 0 || !pattern ? r : append(c, path, list, &pattern, 1);
}

/* "@set/rest": every pattern of the set with every alternative of the rest. */
static int join(struct compiler *c, const struct ast_path *path, const struct glob *glob,
		struct growing *list)
{
	struct pattern_list set;
	int r = expand_set(c, path, glob->set, &set);

	if (r < 0)
		return r;
	if (set.n * glob->n > COMPILE_PATTERNS_MAX - list->n)
		return too_large(c, path, "patterns in one list", COMPILE_PATTERNS_MAX);
	for (size_t i = 0; i < set.n; i++) {
		for (size_t j = 0; j < glob->n; j++) {
			r = add_pattern(c, path, set.items[i], &glob->paths[j], list);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int expand_pattern(struct compiler *c, const struct ast_path *path, struct growing *list)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	int r = glob_parse(path, c->diags, &glob);

	/* What is wrong with it has been said. */
	if (r == -EINVAL)
		return 0;
	if (r < 0)
		return r;
	if (glob->set)
		return join(c, path, glob, list);
	for (size_t i = 0; r == 0 && i < glob->n; i++)
		r = add_pattern(c, path, NULL, &glob->paths[i], list);
	return r;
}

static int expand_path(struct compiler *c, const struct ast_path *path, struct growing *list)
{
	struct pattern_list set;
	int r;

	if (path->kind != AST_PATH_SET)
		return expand_pattern(c, path, list);
	r = expand_set(c, path, path->text, &set);
	if (r < 0)
		return r;
	return append(c, path, list, set.items, set.n);
}

static int expand(struct compiler *c, const struct ast_paths *paths, struct growing *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < paths->n; i++)
		r = expand_path(c, &paths->items[i], list);
	return r;
}

int compile_paths(struct compiler *c, const struct ast_paths *paths, struct pattern_list *ret)
{
	_cleanup_(growing_done) struct growing list = { 0 };
	int r = expand(c, paths, &list);

	if (r < 0)
		return r;
	c->n_patterns += list.n;
	if (c->n_patterns > COMPILE_PATTERNS_TOTAL_MAX && paths->n > 0) {
		*ret = (struct pattern_list){ 0 };
		return too_large(c, &paths->items[0], "patterns in all",
				 COMPILE_PATTERNS_TOTAL_MAX);
	}
	return freeze(c, &list, ret);
}

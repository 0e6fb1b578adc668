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

static int copy_atom(struct arena *arena, const struct glob_piece *piece, struct atom *ret)
{
	uint64_t *class;

	switch (piece->kind) {
	case GLOB_BYTES:
		ret->kind = ATOM_BYTES;
		ret->len = (uint32_t)piece->len;
		ret->bytes = arena_copy(arena, piece->bytes, piece->len);
		return ret->bytes ? 0 : -ENOMEM;
	case GLOB_CLASS:
		ret->kind = ATOM_CLASS;
		class = arena_alloc(arena, 4, sizeof(*class));
		if (!class)
			return -ENOMEM;
		memcpy(class, piece->class, 4 * sizeof(*class));
		ret->class = class;
		return 0;
	case GLOB_SPECIFIER:
		ret->kind = ATOM_SPECIFIER;
		ret->len = specifier_of(piece->specifier);
		return ret->len < SPECIFIER_MAX ? 0 : -EINVAL;
	case GLOB_STAR:
		ret->kind = ATOM_STAR;
		return 0;
	case GLOB_QUESTION:
		ret->kind = ATOM_QUESTION;
		return 0;
	}
	return -EINVAL;
}

int compile_component(struct arena *arena, const struct glob_component *glob, struct component *ret)
{
	struct atom *atoms = arena_alloc(arena, glob->n, sizeof(*atoms));
	int r;

	if (!atoms)
		return -ENOMEM;
	*ret = (struct component){ .deep = glob->deep, .literal = !glob->deep };
	for (size_t i = 0; i < glob->n; i++) {
		r = copy_atom(arena, &glob->pieces[i], &atoms[i]);
		if (r < 0)
			return r;
		if (atoms[i].kind != ATOM_BYTES && atoms[i].kind != ATOM_SPECIFIER)
			ret->literal = false;
	}
	ret->atoms = atoms;
	ret->n = (uint32_t)glob->n;
	ret->plain = ret->literal && ret->n == 1 && atoms->kind == ATOM_BYTES;
	return 0;
}

/* What most names can be told by that do not match. */
static void keep_tail(struct pattern *pattern)
{
	const struct component *last = pattern->n > 0 ? pattern->components[pattern->n - 1] : NULL;
	const struct atom *atom = last && last->n > 0 ? &last->atoms[last->n - 1] : NULL;

	if (!atom || atom->kind != ATOM_BYTES)
		return;
	pattern->tail_len = atom->len < 8 ? (uint8_t)atom->len : 8;
	for (uint32_t i = 0; i < pattern->tail_len; i++)
		pattern->tail |= (uint64_t)(uint8_t)atom->bytes[atom->len - pattern->tail_len + i]
				 << 8 * i;
}

/* What the matcher and the order of rules want to know of the components. */
static void measure(struct pattern *pattern)
{
	bool leading = true;

	pattern->n_leading = pattern->n_plain;
	pattern->below = pattern->n == 1 && pattern->components[0]->deep;
	keep_tail(pattern);
	if (pattern->home)
		pattern->specifiers |= 1U << SPECIFIER_HOME;
	for (uint32_t i = 0; i < pattern->n; i++) {
		const struct component *component = pattern->components[i];

		leading = leading && component->literal;
		pattern->n_leading = (uint16_t)(pattern->n_leading + leading);
		pattern->n_wildcards = (uint8_t)(pattern->n_wildcards + component->deep);
		for (uint32_t j = 0; j < component->n; j++) {
			const struct atom *atom = &component->atoms[j];

			if (atom->kind == ATOM_SPECIFIER)
				pattern->specifiers |= 1U << atom->len;
			else if (atom->kind != ATOM_BYTES)
				pattern->n_wildcards++;
		}
	}
}

static bool within_limits(const struct pattern *pattern)
{
	uint32_t deep = 0;

	for (uint32_t i = 0; i < pattern->n; i++)
		deep += pattern->components[i]->deep;
	return deep <= GLOB_DEEP_MAX && pattern->n_wildcards - deep <= GLOB_WILDCARDS_MAX;
}

/* What a pattern is made from: the components of @base, if there is one, and behind them those of
 * @glob. Of these, the first @n_plain go to the text. */
struct parts {
	const struct pattern *base;
	const struct glob_path *glob;
	size_t n_plain, plain_len, n_others;
};

static struct parts parts_of(const struct pattern *base, const struct glob_path *glob)
{
	struct parts parts = { .base = base, .glob = glob };

	while (!(base && base->n > 0) && parts.n_plain < glob->n &&
	       glob_component_is_plain(&glob->components[parts.n_plain]))
		parts.plain_len += 1 + glob->components[parts.n_plain++].pieces->len;
	parts.plain_len += base ? base->plain_len : 0;
	parts.n_others = (base ? base->n : 0) + glob->n - parts.n_plain;
	return parts;
}

/* Bytes that the shortest name has that it matches, or fewer. */
static size_t least_len(const struct parts *parts)
{
	size_t len = parts->plain_len;

	for (size_t i = parts->n_plain; i < parts->glob->n; i++)
		for (size_t j = 0; j < parts->glob->components[i].n; j++)
			len += parts->glob->components[i].pieces[j].len;
	return len + parts->n_others;
}

static struct pattern *new_pattern(struct compiler *c, const struct parts *parts)
{
	const struct pattern *base = parts->base;
	struct pattern *pattern =
		arena_alloc(&c->patterns, 1,
			    sizeof(*pattern) + parts->n_others * sizeof(pattern->components[0]) +
				    parts->plain_len);
	char *text;

	if (!pattern)
		return NULL;
	pattern->home = base ? base->home : parts->glob->home;
	pattern->n = (uint16_t)parts->n_others;
	pattern->plain_len = (uint16_t)parts->plain_len;
	pattern->n_plain = (uint16_t)((base ? base->n_plain : 0) + parts->n_plain);
	text = (char *)(pattern->components + pattern->n);
	if (base)
		text = mempcpy(text, pattern_plain(base), base->plain_len);
	for (size_t i = 0; i < parts->n_plain; i++) {
		const struct glob_piece *piece = parts->glob->components[i].pieces;

		*text++ = '/';
		text = mempcpy(text, piece->bytes, piece->len);
	}
	return pattern;
}

static int add_others(struct compiler *c, const struct parts *parts, struct pattern *pattern)
{
	size_t n = parts->base ? parts->base->n : 0;
	int r = 0;

	if (n > 0)
		memcpy(pattern->components, parts->base->components,
		       n * sizeof(pattern->components[0]));
	for (size_t i = parts->n_plain; r == 0 && i < parts->glob->n; i++)
		r = vocabulary_add(&c->vocabulary, &c->policy->arena, &parts->glob->components[i],
				   &pattern->components[n++]);
	return r;
}

static int make_pattern(struct compiler *c, const struct ast_path *path, const struct pattern *base,
			const struct glob_path *glob, struct growing *list)
{
	struct parts parts = parts_of(base, glob);
	struct pattern *pattern;
	int r;

	if (least_len(&parts) > GLOB_TEXT_MAX) {
		diag_add(c->diags, DIAG_ERROR, "E016", path->place,
			 "longer than %u bytes, those of the set included", GLOB_TEXT_MAX);
		return 0;
	}
	pattern = new_pattern(c, &parts);
	if (!pattern)
		return -ENOMEM;
	r = add_others(c, &parts, pattern);
	if (r < 0)
		return r;
	measure(pattern);
	c->policy->specifiers |= pattern->specifiers;
	if (!within_limits(pattern))
		diag_add(c->diags, DIAG_ERROR, "E016", path->place,
			 "more than %u \"**\" or %u other wildcards, those of the set included",
			 GLOB_DEEP_MAX, GLOB_WILDCARDS_MAX);
	return append(c, path, list, (const struct pattern *const *)&pattern, 1);
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
			r = make_pattern(c, path, set.items[i], &glob->paths[j], list);
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
		r = make_pattern(c, path, NULL, &glob->paths[i], list);
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

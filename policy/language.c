/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pattern is a row of positions, each of which takes one letter and leads to
 * the next; a star is one that stays where it is, and can be passed over. So the
 * small automaton of a pattern needs no table of edges, and a pattern that goes
 * on behind a set's is the one row after the other.
 *
 * Names are clean, which language_find.c sees to: no component is empty. A `**`
 * is therefore a slash and then anything at all.
 */
#include "policy/language.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/array.h"

/* A row while it is made. */
struct row {
	struct arena *arena;
	struct language_position *items; /* owned */
	size_t n;
};

static void row_done(struct row *row)
{
	free(row->items);
}

static struct language_position *add(struct row *row, enum language_step step)
{
	struct language_position *position = ARRAY_ADD(row->items, row->n);

	if (position)
		position->step = (uint8_t)step;
	return position;
}

static int add_bytes(struct row *row, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		struct language_position *position = add(row, LANGUAGE_BYTE);

		if (!position)
			return -ENOMEM;
		position->letter = (uint8_t)bytes[i];
	}
	return 0;
}

/* A position that is left without taking anything. */
static int add_loop(struct row *row, enum language_loop loop, bool behind)
{
	struct language_position *position = add(row, LANGUAGE_BYTE);

	if (!position)
		return -ENOMEM;
	position->only_skips = true;
	position->loop = (uint8_t)loop;
	position->skip = 1;
	position->behind = behind;
	return 0;
}

static int add_class(struct row *row, const uint64_t *class)
{
	struct language_position *position = add(row, LANGUAGE_CLASS);
	uint64_t *copy = arena_alloc(row->arena, 4, sizeof(*copy));

	if (!position || !copy)
		return -ENOMEM;
	memcpy(copy, class, 4 * sizeof(*copy));
	position->class = copy;
	return 0;
}

static int add_specifier(struct row *row, char letter)
{
	struct language_position *position = add(row, LANGUAGE_SPECIFIER);

	if (!position)
		return -ENOMEM;
	position->letter = (uint8_t)letter;
	return letter == 'h' ? 0 : add_loop(row, LANGUAGE_IN_COMPONENT, true);
}

static int add_piece(struct row *row, const struct glob_piece *piece)
{
	switch (piece->kind) {
	case GLOB_BYTES:
		return add_bytes(row, piece->bytes, piece->len);
	case GLOB_STAR:
		return add_loop(row, LANGUAGE_IN_COMPONENT, false);
	case GLOB_QUESTION:
		return add(row, LANGUAGE_NOT_SLASH) ? 0 : -ENOMEM;
	case GLOB_CLASS:
		return add_class(row, piece->class);
	case GLOB_SPECIFIER:
		return add_specifier(row, piece->specifier);
	}
	return -EINVAL;
}

/* Behind it something follows: then it may stand for nothing. */
static void pass_over_deep(struct row *row)
{
	row->items[row->n - 2].skip = 2;
}

static int add_component(struct row *row, const struct glob_component *component)
{
	int r = add_bytes(row, "/", 1);

	if (r == 0 && component->deep)
		r = add_loop(row, LANGUAGE_ANYWHERE, false);
	for (size_t i = 0; r == 0 && i < component->n; i++)
		r = add_piece(row, &component->pieces[i]);
	return r;
}

static bool is_literal(const struct glob_component *component)
{
	for (size_t i = 0; i < component->n; i++) {
		if (component->pieces[i].kind != GLOB_BYTES &&
		    component->pieces[i].kind != GLOB_SPECIFIER)
			return false;
	}
	return !component->deep;
}

static uint32_t count_wildcards(const struct glob_component *component)
{
	uint32_t n = component->deep;

	for (size_t i = 0; i < component->n; i++)
		n += component->pieces[i].kind != GLOB_BYTES &&
		     component->pieces[i].kind != GLOB_SPECIFIER;
	return n;
}

static int add_components(struct row *row, const struct glob_path *path,
			  struct language_pattern *pattern)
{
	for (size_t i = 0; i < path->n; i++) {
		const struct glob_component *component = &path->components[i];
		int r;

		if (pattern->ends_deep)
			pass_over_deep(row);
		r = add_component(row, component);
		if (r < 0)
			return r;
		if (is_literal(component) && pattern->n_wildcards == 0)
			pattern->n_leading++;
		pattern->n_wildcards += count_wildcards(component);
		pattern->ends_deep = component->deep;
		pattern->has_deep |= component->deep;
	}
	return 0;
}

static bool is_byte(const struct language_position *position)
{
	return position->step == LANGUAGE_BYTE && !position->only_skips && position->skip == 0;
}

/* The slash of a `**` that may stand for nothing. */
static bool is_deep(const struct language_position *position)
{
	return position->skip == 2;
}

/* The components at the front that are nothing but bytes, as text. */
static char *leading_of(const struct row *row, struct arena *arena, bool *ret_literal)
{
	_cleanup_(freep) char *bytes = malloc(row->n + 1);
	size_t n = 0;

	if (!bytes)
		return NULL;
	while (n < row->n && is_byte(&row->items[n])) {
		bytes[n] = (char)row->items[n].letter;
		n++;
	}
	*ret_literal = n == row->n;
	/* The last one may go on with a wildcard, and of a `**` there is only the slash. */
	if (!*ret_literal && !is_deep(&row->items[n]))
		while (n > 0 && bytes[--n] != '/')
			;
	return arena_copy(arena, bytes, n);
}

static int finish(struct language_list *list, const struct row *row,
		  struct language_pattern *pattern)
{
	struct language_position *positions =
		arena_alloc(row->arena, row->n + 1, sizeof(*positions));
	struct language_pattern *kept = arena_alloc(row->arena, 1, sizeof(*kept));
	const struct language_pattern **added;

	pattern->leading = leading_of(row, row->arena, &pattern->literal);
	if (!positions || !kept || !pattern->leading)
		return -ENOMEM;
	added = ARRAY_ADD(list->items, list->n);
	if (!added)
		return -ENOMEM;
	if (row->n > 0)
		memcpy(positions, row->items, row->n * sizeof(*positions));
	pattern->positions = positions;
	pattern->n = (uint32_t)row->n;
	*kept = *pattern;
	*added = kept;
	return 0;
}

/* What a home directory is taken for: itself, a directory below /home, root's. */
enum home { HOME_NONE, HOME_ITSELF, HOME_USER, HOME_ROOT, HOME_MAX };

static int add_home(struct row *row, enum home home)
{
	int r = 0;

	if (home == HOME_ITSELF)
		r = add_specifier(row, 'h');
	else if (home == HOME_ROOT)
		r = add_bytes(row, "/root", 5);
	else if (home == HOME_USER)
		r = add_bytes(row, "/home/", 6);
	if (r == 0 && home == HOME_USER)
		r = add(row, LANGUAGE_NOT_SLASH) ? add_loop(row, LANGUAGE_IN_COMPONENT, false)
						 : -ENOMEM;
	return r;
}

static int add_base(struct row *row, const struct language_pattern *base,
		    struct language_pattern *pattern)
{
	for (uint32_t i = 0; i < base->n && !base->root; i++) {
		struct language_position *position = add(row, LANGUAGE_BYTE);

		if (!position)
			return -ENOMEM;
		*position = base->positions[i];
	}
	*pattern = *base;
	pattern->root = false;
	return 0;
}

static int add_one(struct language_list *list, struct arena *arena,
		   const struct language_pattern *base, const struct glob_path *path,
		   enum home home)
{
	_cleanup_(row_done) struct row row = { .arena = arena };
	struct language_pattern pattern = {
		.forms = home == HOME_NONE     ? LANGUAGE_STRICT | LANGUAGE_LOOSE
			 : home == HOME_ITSELF ? LANGUAGE_STRICT
					       : LANGUAGE_LOOSE,
		.n_leading = home != HOME_NONE,
	};
	int r = base ? add_base(&row, base, &pattern) : add_home(&row, home);

	if (r == 0)
		r = add_components(&row, path, &pattern);
	if (r == 0 && row.n == 0) {
		pattern.root = true;
		r = add_bytes(&row, "/", 1);
	}
	return r < 0 ? r : finish(list, &row, &pattern);
}

int language_add(struct language_list *list, struct arena *arena,
		 const struct language_pattern *base, const struct glob_path *path)
{
	if (base || !path->home)
		return add_one(list, arena, base, path, HOME_NONE);
	for (enum home home = HOME_ITSELF; home < HOME_MAX; home++) {
		int r = add_one(list, arena, NULL, path, home);

		if (r < 0)
			return r;
	}
	return 0;
}

void language_list_done(struct language_list *list)
{
	free(list->items);
	*list = (struct language_list){ 0 };
}

/* Up to the first wildcard from the front, or from the back, both are bytes. */
bool language_apart(const struct language_pattern *a, const struct language_pattern *b)
{
	uint32_t n = a->n < b->n ? a->n : b->n;

	for (uint32_t i = 0; i < n; i++) {
		if (!is_byte(&a->positions[i]) || !is_byte(&b->positions[i]))
			break;
		if (a->positions[i].letter != b->positions[i].letter)
			return true;
	}
	for (uint32_t i = 1; i <= n; i++) {
		const struct language_position *p = &a->positions[a->n - i],
					       *q = &b->positions[b->n - i];

		if (!is_byte(p) || !is_byte(q))
			break;
		if (p->letter != q->letter)
			return true;
	}
	return a->literal && b->literal && a->n != b->n;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One pattern, of what is written and of the set's that stands before it: the components that are plain
 * are a text, and of the others each is one of the vocabulary.
 */
#include <errno.h>
#include <string.h>

#include "policy/compiler.h"
#include "policy/glob.h"

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

int compile_pattern(struct compiler *c, const struct ast_path *path, const struct pattern *base,
		    const struct glob_path *glob, const struct pattern **ret)
{
	struct parts parts = parts_of(base, glob);
	struct pattern *pattern;
	int r;

	*ret = NULL;
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
	*ret = pattern;
	return 0;
}

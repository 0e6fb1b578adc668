/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * An allow that lies wholly inside the built-in floor can never grant anything:
 * its author is told now, not by the first refused request. One that reaches out
 * of the floor loads.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/check_parts.h"
#include "policy/floor.h"
#include "policy/glob.h"

static bool piece_takes(const struct glob_piece *piece, unsigned char byte)
{
	return piece->kind == GLOB_QUESTION ||
	       (piece->kind == GLOB_CLASS && piece->class[byte / 64] >> (byte % 64) & 1);
}

/* Bytes of @name that a piece other than a star takes, or 0. */
static size_t piece_length(const struct glob_piece *piece, const char *name, size_t len)
{
	if (piece->kind == GLOB_BYTES)
		return piece->len <= len && memcmp(name, piece->bytes, piece->len) == 0 ? piece->len
											: 0;
	return len > 0 && piece_takes(piece, (unsigned char)*name) ? 1 : 0;
}

/* Only the last star need ever take more: linear in length times pieces. */
static bool component_matches(const struct glob_component *component, const char *name, size_t len)
{
	size_t piece = 0, at = 0, star = SIZE_MAX, star_at = 0;

	while (at < len || piece < component->n) {
		size_t n;

		if (piece < component->n && component->pieces[piece].kind == GLOB_STAR) {
			star = piece++;
			star_at = at;
			continue;
		}
		n = piece < component->n
			    ? piece_length(&component->pieces[piece], name + at, len - at)
			    : 0;
		if (n > 0) {
			piece++;
			at += n;
		} else if (star != SIZE_MAX && star_at < len) {
			piece = star + 1;
			at = ++star_at;
		} else {
			return false;
		}
	}
	return true;
}

static bool same_piece(const struct glob_piece *a, const struct glob_piece *b)
{
	return a->kind == b->kind && a->specifier == b->specifier && a->len == b->len &&
	       (a->len == 0 || memcmp(a->bytes, b->bytes, a->len) == 0) &&
	       memcmp(a->class, b->class, sizeof(a->class)) == 0;
}

/* Surely: the same pattern, or a name that the outer one matches. */
static bool component_inside(const struct glob_component *inner, const struct glob_component *outer)
{
	if (inner->deep || outer->deep)
		return false;
	if (inner->n == 1 && inner->pieces[0].kind == GLOB_BYTES)
		return component_matches(outer, inner->pieces[0].bytes, inner->pieces[0].len);
	for (size_t i = 0; i < inner->n && i < outer->n; i++) {
		if (!same_piece(&inner->pieces[i], &outer->pieces[i]))
			return false;
	}
	return inner->n == outer->n;
}

static bool path_inside(const struct glob_path *inner, const struct glob_path *outer)
{
	if (inner->home || outer->home)
		return false;
	for (size_t i = 0; i < outer->n; i++) {
		if (i == inner->n)
			return false;
		if (outer->components[i].deep)
			return i + 1 == outer->n;
		if (!component_inside(&inner->components[i], &outer->components[i]))
			return false;
	}
	return inner->n == outer->n;
}

static bool glob_inside(const struct glob *inner, const struct glob *outer)
{
	bool inside = !inner->set && !outer->set;

	for (size_t i = 0; i < inner->n && inside; i++) {
		inside = false;
		for (size_t j = 0; j < outer->n && !inside; j++)
			inside = path_inside(&inner->paths[i], &outer->paths[j]);
	}
	return inside;
}

uint32_t check_denied(uint32_t modes)
{
	if (modes & POLICY_WRITE)
		modes |= POLICY_APPEND | POLICY_TRUNCATE | POLICY_CREATE | POLICY_TMPFILE;
	if (modes & POLICY_APPEND)
		modes |= POLICY_WRITE;
	return modes;
}

static bool inside_paths(const struct ast *floor, const struct ast_paths *paths,
			 const struct glob *glob);

static bool inside_set(const struct ast *floor, const char *name, const struct glob *glob)
{
	for (size_t i = 0; i < floor->n; i++) {
		const struct ast_statement *statement = &floor->statements[i];

		if (statement->kind == AST_LET && strcmp(statement->set.name, name) == 0)
			return inside_paths(floor, &statement->set.paths, glob);
	}
	return false;
}

/* Told by the first letter alone, which spares most rules the parsing of the floor's patterns. */
static bool is_elsewhere(const char *outer, const struct glob *glob)
{
	const struct glob_path *path = &glob->paths[0];
	const struct glob_piece *first =
		path->n > 0 && path->components[0].n > 0 ? path->components[0].pieces : NULL;

	return outer[0] == '/' && outer[1] >= 'a' && outer[1] <= 'z' && first && !path->home &&
	       first->kind == GLOB_BYTES && first->bytes[0] != outer[1];
}

/* Inside one of them. The floor's sets name no sets. */
static bool inside_paths(const struct ast *floor, const struct ast_paths *paths,
			 const struct glob *glob)
{
	for (size_t i = 0; i < paths->n; i++) {
		_cleanup_(glob_freep) struct glob *outer = NULL;

		if (paths->items[i].kind == AST_PATH_SET) {
			if (inside_set(floor, paths->items[i].text, glob))
				return true;
		} else if (!is_elsewhere(paths->items[i].text, glob) &&
			   glob_parse(&paths->items[i], NULL, &outer) == 0 &&
			   glob_inside(glob, outer)) {
			return true;
		}
	}
	return false;
}

bool check_is_conditional(const struct ast_rule *rule)
{
	for (size_t i = 0; i < rule->n_attrs; i++) {
		enum ast_attr_name name = rule->attrs[i].name;

		if (name != AST_ATTR_AUDIT && name != AST_ATTR_NOTE && name != AST_ATTR_HIDE)
			return true;
	}
	return false;
}

/* A floor's scope is for everybody but one user: who says to be that one is left to the decision. */
static bool is_exempt(const struct ast_who *who)
{
	for (size_t i = 0; i < who->n; i++) {
		for (size_t j = 0; j < who->conjs[i].n; j++) {
			const struct ast_term *term = &who->conjs[i].terms[j];

			if (term->kind == AST_TERM_SUBJECT ||
			    (term->kind == AST_TERM_KEY && term->key == AST_KEY_USER &&
			     !term->negated))
				return true;
		}
	}
	return false;
}

static const struct ast_rule *floor_rule(const struct ast_statement *statement, size_t i)
{
	if (statement->kind == AST_DENY)
		return i == 0 ? &statement->rule : NULL;
	if (statement->kind == AST_SCOPE && i < statement->scope.n_rules)
		return &statement->scope.rules[i];
	return NULL;
}

/* The rule of the floor that refuses all of @glob in one of @modes, whoever @who is. */
static const struct ast_rule *refused_by(const struct ast *floor, const struct ast_who *who,
					 uint32_t modes, const struct glob *glob)
{
	const struct ast_rule *rule;

	for (size_t i = 0; i < floor->n; i++) {
		const struct ast_statement *statement = &floor->statements[i];

		if (statement->kind == AST_SCOPE && is_exempt(who))
			continue;
		for (size_t j = 0; (rule = floor_rule(statement, j)) != NULL; j++) {
			if (!check_is_conditional(rule) && check_denied(rule->modes) & modes &&
			    inside_paths(floor, &rule->paths, glob))
				return rule;
		}
	}
	return NULL;
}

static void check_rule(const struct ast *floor, const struct ast_who *who,
		       const struct ast_rule *rule, struct diags *diags)
{
	for (size_t i = 0; i < rule->paths.n; i++) {
		_cleanup_(glob_freep) struct glob *glob = NULL;
		const struct ast_path *path = &rule->paths.items[i];
		const struct ast_rule *refusing;

		if (path->kind == AST_PATH_SET || glob_parse(path, NULL, &glob) < 0)
			continue;
		refusing = refused_by(floor, who, rule->modes, glob);
		if (refusing)
			diag_detail(diags,
				    diag_add(diags, DIAG_ERROR, "E017", path->place,
					     "allow inside the built-in floor"),
				    "always denied by %s.%s", FLOOR_STEM,
				    refusing->label ? refusing->label : "rule");
	}
}

static void check_tree_floor(const struct ast *floor, const struct ast *ast, struct diags *diags)
{
	for (size_t i = 0; i < ast->n; i++) {
		const struct ast_scope *scope = &ast->statements[i].scope;

		for (size_t j = 0; ast->statements[i].kind == AST_SCOPE && j < scope->n_rules;
		     j++) {
			if (scope->rules[j].allow)
				check_rule(floor, &scope->who, &scope->rules[j], diags);
		}
	}
}

void check_floor(const struct ast *const *trees, size_t n, const struct floor *floor,
		 struct diags *diags)
{
	for (size_t i = 0; i < n; i++)
		check_tree_floor(floor->tree, trees[i], diags);
}

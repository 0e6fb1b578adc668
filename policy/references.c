/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/references.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/array.h"
#include "policy/keywords.h"
#include "policy/references_parts.h"
#include "policy/source.h"

#define SUGGESTIONS_MAX 1000U /* names that are compared for "did you mean" */

/* One definition, before those of one name are put together. */
struct definition {
	const struct ast_statement *statement;
	const char *name;
	struct place place;
	size_t order;
};

struct definitions {
	struct definition *items;
	size_t n;
};

static void definitions_done(struct definitions *definitions)
{
	free(definitions->items);
}

bool references_set_of(const struct ast_path *path, struct name_ref *ret)
{
	if (!path->text || path->kind == AST_PATH_LITERAL || path->text[0] != '@')
		return false;
	ret->name = path->text;
	ret->len = strcspn(path->text, "/");
	/* A name that none can have is glob_parse()'s to report. */
	if (strspn(path->text + 1, "abcdefghijklmnopqrstuvwxyz0123456789-") != ret->len - 1)
		return false;
	ret->place = path->place;
	if (path->kind == AST_PATH_PATTERN) {
		ret->place.column++;
		ret->place.end_column = ret->place.column + (uint32_t)ret->len;
	}
	return true;
}

int references_instance(const struct ast_path *path)
{
	if (!path->text || path->kind != AST_PATH_PATTERN)
		return -1;
	for (const char *p = path->text; *p && p[1]; p++) {
		if (*p == '%' && p[1] == 'i')
			return (int)(p - path->text);
		if (*p == '%' || *p == '\\')
			p++;
	}
	return -1;
}

static bool term_has_template(const struct ast_term *term)
{
	if (term->kind != AST_TERM_KEY || term->negated ||
	    (term->key != AST_KEY_UNIT && term->key != AST_KEY_USER_UNIT))
		return false;
	for (size_t i = 0; i < term->values.n; i++) {
		if (strchr(term->values.items[i].text, '@'))
			return true;
	}
	return false;
}

static int compare_text(const char *a, size_t len, const char *b)
{
	int order = strncmp(a, b, len);

	return order ? order : -(b[len] != '\0');
}

struct name_node *references_find(const struct references *names, const struct name_ref *ref)
{
	size_t low = 0, high = names->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_text(ref->name, ref->len, names->nodes[middle].name);

		if (order == 0)
			return &names->nodes[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* The defined name nearest to one that is not, or NULL. */
static const char *nearest(const struct references *names, const char *name)
{
	const char *words[SUGGESTIONS_MAX];
	struct keyword_table table = { words, 0 };

	for (size_t i = 0; i < names->n && table.n < SUGGESTIONS_MAX; i++) {
		if (names->nodes[i].is_defined)
			words[table.n++] = names->nodes[i].name;
	}
	return keyword_nearest(&table, name);
}

void references_undefined(const struct references *names, const struct name_ref *ref)
{
	char name[64];
	const char *meant;
	struct diag *diag;

	diag = diag_add(names->diags, DIAG_ERROR, "E007", ref->place, "%s '%.*s' is not defined",
			names->what, ref->len > 60 ? 60 : (int)ref->len, ref->name);
	if (!diag || ref->len >= sizeof(name))
		return;
	memcpy(name, ref->name, ref->len);
	name[ref->len] = '\0';
	meant = nearest(names, name);
	if (meant) {
		diag_help(names->diags, diag, "did you mean '%s'?", meant);
		diag_fix(names->diags, diag, meant);
	}
}

const struct name_node *references_resolve(const struct references *names,
					   const struct name_ref *ref)
{
	const struct name_node *node = references_find(names, ref);

	if (node && node->is_defined)
		return node;
	references_undefined(names, ref);
	return NULL;
}

static int add_ref(struct name_node *node, struct name_ref ref)
{
	struct name_ref *added = ARRAY_ADD(node->refs, node->n_refs);

	if (!added)
		return -ENOMEM;
	*added = ref;
	return 0;
}

static int add_paths(struct name_node *node, const struct ast_paths *paths)
{
	for (size_t i = 0; i < paths->n; i++) {
		struct name_ref ref;

		node->flag |= references_instance(&paths->items[i]) >= 0;
		if (references_set_of(&paths->items[i], &ref) && add_ref(node, ref) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool subject_of(const struct ast_term *term, struct name_ref *ret)
{
	if (term->kind != AST_TERM_SUBJECT || term->values.n == 0)
		return false;
	*ret = (struct name_ref){
		.name = term->values.items[0].text,
		.len = strlen(term->values.items[0].text),
		.place = term->values.items[0].place,
	};
	return true;
}

static int add_conj(struct name_node *node, const struct ast_conj *conj)
{
	for (size_t i = 0; i < conj->n; i++) {
		struct name_ref ref;

		node->flag |= term_has_template(&conj->terms[i]);
		if (subject_of(&conj->terms[i], &ref) && add_ref(node, ref) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int add_definition(struct name_node *node, const struct definition *definition)
{
	const struct ast_statement *statement = definition->statement;
	const struct ast_who *who = &statement->subject.who;

	if (statement->kind != AST_SUBJECT)
		return add_paths(node, &statement->set.paths);
	for (size_t i = 0; i < who->n; i++) {
		if (add_conj(node, &who->conjs[i]) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int collect(struct definitions *definitions, const struct ast *ast, bool subjects)
{
	for (size_t i = 0; i < ast->n; i++) {
		const struct ast_statement *statement = &ast->statements[i];
		bool is_subject = statement->kind == AST_SUBJECT;
		struct definition *definition;

		if (subjects ? !is_subject
			     : statement->kind != AST_LET && statement->kind != AST_EXTEND)
			continue;
		if (!(is_subject ? statement->subject.name : statement->set.name))
			continue;
		definition = ARRAY_ADD(definitions->items, definitions->n);
		if (!definition)
			return -ENOMEM;
		*definition = (struct definition){
			.statement = statement,
			.name = is_subject ? statement->subject.name : statement->set.name,
			.place = is_subject ? statement->subject.name_place
					    : statement->set.name_place,
			.order = definitions->n,
		};
	}
	return 0;
}

/* By name; the definition before what extends it. */
static int compare(const void *a, const void *b)
{
	const struct definition *x = a, *y = b;
	bool x_extends = x->statement->kind == AST_EXTEND,
	     y_extends = y->statement->kind == AST_EXTEND;
	int order = strcmp(x->name, y->name);

	if (order != 0)
		return order;
	if (x_extends != y_extends)
		return x_extends ? 1 : -1;
	return (x->order > y->order) - (x->order < y->order);
}

static void twice(const struct references *names, const struct definition *definition,
		  const struct name_node *node)
{
	struct diag *diag = diag_add(names->diags, DIAG_ERROR, "E003", definition->place,
				     "%s '%.60s' defined twice", names->what, node->name);

	diag_detail(names->diags, diag, "first at %s:%u:%u", node->place.source->path,
		    node->place.line, node->place.column);
	if (definition->statement->kind == AST_LET)
		diag_help(names->diags, diag, "to add to it, write  extend %.60s += …;",
			  node->name);
}

static struct name_node *node_for(struct references *names, const struct definition *definition)
{
	struct name_node *node = names->n > 0 ? &names->nodes[names->n - 1] : NULL;

	if (node && strcmp(node->name, definition->name) == 0) {
		if (definition->statement->kind != AST_EXTEND)
			twice(names, definition, node);
		return node;
	}
	node = ARRAY_ADD(names->nodes, names->n);
	if (node) {
		node->name = definition->name;
		node->place = definition->place;
		node->is_defined = definition->statement->kind != AST_EXTEND;
	}
	return node;
}

static int build(struct references *names, const struct ast *const *trees, size_t n, bool subjects)
{
	_cleanup_(definitions_done) struct definitions definitions = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (collect(&definitions, trees[i], subjects) < 0)
			return -ENOMEM;
	}
	if (definitions.n > 0)
		qsort(definitions.items, definitions.n, sizeof(*definitions.items), compare);
	for (size_t i = 0; i < definitions.n; i++) {
		struct name_node *node = node_for(names, &definitions.items[i]);

		if (!node || add_definition(node, &definitions.items[i]) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* `extend` of what nobody defines. */
static void check_extended(const struct references *names)
{
	for (size_t i = 0; i < names->n; i++) {
		const struct name_node *node = &names->nodes[i];
		struct name_ref ref = { node->name, strlen(node->name), node->place };

		if (!node->is_defined)
			references_undefined(names, &ref);
	}
}

int references_sets(struct references *names, const struct ast *const *trees, size_t n,
		    struct diags *diags)
{
	*names = (struct references){ .what = "set", .diags = diags };
	if (build(names, trees, n, false) < 0)
		return -ENOMEM;
	check_extended(names);
	return references_follow(names);
}

int references_subjects(struct references *names, const struct ast *const *trees, size_t n,
			struct diags *diags)
{
	*names = (struct references){ .what = "subject", .diags = diags };
	if (build(names, trees, n, true) < 0)
		return -ENOMEM;
	return references_follow(names);
}

void references_done(struct references *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->nodes[i].refs);
	free(names->nodes);
}

bool references_has_template(const struct references *subjects, const struct ast_who *who)
{
	for (size_t i = 0; i < who->n; i++) {
		for (size_t j = 0; j < who->conjs[i].n; j++) {
			const struct ast_term *term = &who->conjs[i].terms[j];
			const struct name_node *node;
			struct name_ref ref;

			if (term_has_template(term))
				return true;
			node = subject_of(term, &ref) ? references_find(subjects, &ref) : NULL;
			if (node && node->flag)
				return true;
		}
	}
	return false;
}

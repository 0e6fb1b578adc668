/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a term compares with, by its key: numbers, names, paths, traits.
 *
 * A name that the name service does not know matches nobody (W310): nobody can
 * hold such a uid before the next load. It may not stand under `not`, where
 * matching nobody would mean matching everybody. A name service that fails is
 * an error (E010), because it says nothing about who there is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/compiler.h"
#include "policy/values.h"
#include "policy/who.h"

static const char *const kind_names[] = {
	[COMPILE_USERS] = "user",
	[COMPILE_GROUPS] = "group",
};

static int look_up(struct compiler *c, enum compile_ids kind, const char *name, uint32_t *ret)
{
	if (kind == COMPILE_USERS)
		return accounts_user(c->accounts, name, ret);
	return accounts_group(c->accounts, name, ret);
}

static void name_is_unknown(struct compiler *c, enum compile_ids kind,
			    const struct ast_value *value, bool negated)
{
	struct diag *diag;

	if (negated) {
		diag = diag_add(c->diags, DIAG_ERROR, "E006", value->place,
				"%s '%s' does not exist, and 'not' of it would be everybody",
				kind_names[kind], value->text);
		diag_help(c->diags, diag, "create the %s, or leave the term out", kind_names[kind]);
		return;
	}
	diag = diag_add(c->diags, DIAG_WARNING, "W310", value->place, "%s '%s' does not exist",
			kind_names[kind], value->text);
	diag_detail(c->diags, diag, "matches nobody until the policy is loaded again");
}

/* Return 1 if @ret is an id or range, 0 if the value stands for nobody. */
static int compile_id(struct compiler *c, enum compile_ids kind, const struct ast_value *value,
		      bool negated, struct id_range *ret)
{
	struct value_ids ids;
	uint32_t id;
	int r = value_ids(value->text, &ids);

	if (r < 0) {
		diag_add(c->diags, DIAG_ERROR, "E006", value->place, "'%s' is not a %s",
			 value->text, kind_names[kind]);
		return 0;
	}
	if (!ids.named) {
		*ret = (struct id_range){ ids.first, ids.last };
		return 1;
	}
	r = look_up(c, kind, value->text, &id);
	if (r == -ESRCH) {
		name_is_unknown(c, kind, value, negated);
		return 0;
	}
	if (r < 0) {
		diag_add(c->diags, DIAG_ERROR, "E010", value->place, "cannot look up %s '%s': %s",
			 kind_names[kind], value->text, strerror(-r));
		return 0;
	}
	*ret = (struct id_range){ id, id };
	return 1;
}

int compile_ids(struct compiler *c, enum compile_ids kind, const struct ast_values *values,
		bool negated, struct id_ranges *ret)
{
	struct id_range *items = arena_alloc(&c->policy->arena, values->n, sizeof(*items));
	size_t n = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < values->n; i++)
		n += (size_t)compile_id(c, kind, &values->items[i], negated, &items[n]);
	*ret = (struct id_ranges){ .items = items, .n = n };
	return 0;
}

/* The alternatives of one value, each one component, at the end of @names. */
static int add_names(struct compiler *c, const struct ast_value *value, struct component *names,
		     size_t *n)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	int r = glob_parse_name(value, c->diags, &glob);

	/* What is wrong with it has been said. */
	if (r == -EINVAL)
		return 0;
	for (size_t i = 0; r == 0 && i < glob->n; i++)
		r = compile_component(&c->policy->arena, glob->paths[i].components, &names[(*n)++]);
	return r;
}

static int compile_names(struct compiler *c, const struct ast_values *values, struct term *term)
{
	_cleanup_(freep) struct component *names =
		calloc(values->n * GLOB_PATHS_MAX + 1, sizeof(*names));
	struct component *kept;
	int r;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < values->n; i++) {
		r = add_names(c, &values->items[i], names, &term->n);
		if (r < 0)
			return r;
	}
	kept = arena_alloc(&c->policy->arena, term->n, sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	memcpy(kept, names, term->n * sizeof(*kept));
	term->names = kept;
	return 0;
}

/* A path of literal components only; NULL if it is none. */
static char *literal_path(struct arena *arena, const struct glob *glob)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;

	for (size_t i = 0; i < glob->paths[0].n; i++) {
		const struct glob_component *component = &glob->paths[0].components[i];

		text_puts(&text, "/");
		for (size_t j = 0; j < component->n; j++)
			text_add(&text, component->pieces[j].bytes, component->pieces[j].len);
	}
	return text.failed || !text.data ? NULL : arena_copy(arena, text.data, text.len);
}

int compile_literal_path(struct compiler *c, const struct ast_value *value, const char **ret)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	struct ast_path path = {
		.kind = value->kind == AST_LITERAL ? AST_PATH_LITERAL : AST_PATH_PATTERN,
		.text = value->text,
		.place = value->place,
	};
	int r = value->kind == AST_WORD ? -EINVAL : glob_parse(&path, c->diags, &glob);

	*ret = NULL;
	if (r < 0 && r != -EINVAL)
		return r;
	if (r < 0 || !glob_is_literal(glob) || glob->set || glob->n != 1 || glob->paths[0].n == 0) {
		diag_add(c->diags, DIAG_ERROR, "E006", value->place,
			 "this must be one path without wildcards");
		return 0;
	}
	*ret = literal_path(&c->policy->arena, glob);
	return *ret ? 0 : -ENOMEM;
}

static int keep_exe(struct policy *policy, const char *path)
{
	const char **exes;

	for (size_t i = 0; i < policy->n_exes; i++)
		if (strcmp(policy->exes[i], path) == 0)
			return 0;
	exes = reallocarray(policy->exes, policy->n_exes + 1, sizeof(*exes));
	if (!exes)
		return -ENOMEM;
	policy->exes = exes;
	policy->exes[policy->n_exes++] = path;
	return 0;
}

static int compile_exes(struct compiler *c, const struct ast_values *values, struct term *term)
{
	const char **paths = arena_alloc(&c->policy->arena, values->n, sizeof(*paths));
	int r;

	if (!paths)
		return -ENOMEM;
	for (size_t i = 0; i < values->n; i++) {
		r = compile_literal_path(c, &values->items[i], &paths[term->n]);
		if (r == 0 && paths[term->n])
			r = keep_exe(c->policy, paths[term->n++]);
		if (r < 0)
			return r;
	}
	term->paths = paths;
	return 0;
}

static int compile_trait(struct compiler *c, const struct ast_term *ast, struct term *term)
{
	struct who_words words = who_words(ast->key);

	for (size_t i = 0; i < ast->values.n; i++) {
		const struct ast_value *value = &ast->values.items[i];

		if (strcmp(value->text, words.yes) == 0)
			term->yes = true;
		else if (words.no && strcmp(value->text, words.no) == 0)
			term->no = true;
		else
			return compile_bad_value(c, value);
	}
	return 0;
}

/* user_namespaces(7): whoever has no uid here appears as this one, and who.c believes nobody to be it. */
static int compile_users(struct compiler *c, const struct ast_term *ast, struct term *term)
{
	int r = compile_ids(c, COMPILE_USERS, &ast->values, ast->negated, &term->ids);
	struct diag *diag;

	for (size_t i = 0; r == 0 && i < term->ids.n; i++) {
		if (term->ids.items[i].first != POLICY_OVERFLOW_UID)
			continue;
		diag = diag_add(c->diags, DIAG_WARNING, "W103", ast->place,
				"uid %u is nobody's: no caller matches it", POLICY_OVERFLOW_UID);
		diag_help(c->diags, diag, "name the unit, or give the program a user of its own");
	}
	return r;
}

int compile_term_values(struct compiler *c, const struct ast_term *ast, struct term *term)
{
	switch (ast->key) {
	case AST_KEY_USER:
		return compile_users(c, ast, term);
	case AST_KEY_GROUP:
		return compile_ids(c, COMPILE_GROUPS, &ast->values, ast->negated, &term->ids);
	case AST_KEY_UNIT:
	case AST_KEY_USER_UNIT:
	case AST_KEY_SLICE:
		return compile_names(c, &ast->values, term);
	case AST_KEY_EXE:
		return compile_exes(c, &ast->values, term);
	case AST_KEY_USERNS:
	case AST_KEY_MNTNS:
	case AST_KEY_PIDNS:
	case AST_KEY_NNP:
	case AST_KEY_SECCOMP:
		return compile_trait(c, ast, term);
	case AST_KEY_APPARMOR:
	case AST_KEY_SELINUX:
		return compile_labels(c, ast, term);
	case AST_KEY_MAX:
		break;
	}
	return 0;
}

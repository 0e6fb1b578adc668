/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The findings that need the file system. Everything is looked up below one
 * directory descriptor with openat2(2) and RESOLVE_IN_ROOT, so that an image is
 * judged by its own links.
 */
#include "ctl/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/fd.h"

static void machine_done(struct machine *m)
{
	language_list_done(&m->allowed.paths);
	machine_services_done(m);
}

/* The names of all allows, except or not: where a link leads may be allowed by another rule. */
static int collect(struct machine *m, const struct ast_scope *scope)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < scope->n_rules; i++) {
		struct ast_rule rule = { .paths = scope->rules[i].paths };

		if (scope->rules[i].allow)
			r = analysis_area(m->analysis, &rule, &m->allowed);
	}
	return r;
}

static void check_who(struct machine *m, const struct ast_who *who)
{
	for (size_t i = 0; i < who->n; i++)
		for (size_t j = 0; j < who->conjs[i].n; j++)
			machine_term(m, &who->conjs[i].terms[j]);
}

static bool has_allow(const struct ast_scope *scope)
{
	for (size_t i = 0; i < scope->n_rules; i++)
		if (scope->rules[i].allow)
			return true;
	return false;
}

/* Of what the scope comes to, its subjects multiplied out. */
static int check_users(struct machine *m, const struct ast_scope *scope)
{
	struct who_set *who;
	int r;

	if (!has_allow(scope))
		return 0;
	r = analysis_who(m->analysis, &scope->who, &who);
	/* Too much of it to compare is said elsewhere. */
	if (r < 0)
		return r == -E2BIG ? 0 : r;
	for (size_t i = 0; r == 0 && i < who->n; i++)
		r = machine_user(m, &who->conjs[i]);
	return r;
}

static int check_scope(struct machine *m, const struct ast_scope *scope)
{
	int r = 0;

	check_who(m, &scope->who);
	r = check_users(m, scope);
	for (size_t i = 0; i < scope->n_rules; i++) {
		const struct ast_rule *rule = &scope->rules[i];

		for (size_t j = 0; r == 0 && rule->allow && j < rule->paths.n; j++)
			r = machine_path(m, rule, &rule->paths.items[j]);
	}
	return r;
}

static int for_each_scope(struct machine *m, const struct ast *const *trees, size_t n,
			  int (*visit)(struct machine *m, const struct ast_scope *scope))
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		for (size_t j = 0; r == 0 && j < trees[i]->n; j++) {
			const struct ast_statement *statement = &trees[i]->statements[j];

			if (statement->kind == AST_SCOPE)
				r = visit(m, &statement->scope);
			else if (statement->kind == AST_SUBJECT && visit == check_scope)
				check_who(m, &statement->subject.who);
		}
	}
	return r;
}

int machine_check(const struct ast *const *trees, size_t n, const char *root, struct diags *diags)
{
	struct analysis analysis = { .diags = diags, .budget = (size_t)1 << 26 };
	_cleanup_(fd_closep) int fd = -EBADF;
	_cleanup_(machine_done) struct machine m = { .analysis = &analysis, .image = root };
	int r;

	fd = open(root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	m.root = fd;
	r = analysis_sets(&analysis, trees, n);
	if (r == 0)
		r = analysis_subjects(&analysis, trees, n);
	if (r == 0)
		r = for_each_scope(&m, trees, n, collect);
	if (r == 0)
		r = for_each_scope(&m, trees, n, check_scope);
	if (r == 0 && !m.image)
		machine_kernel(&m);
	analysis_paths_done(&analysis);
	free(analysis.subjects);
	arena_done(&analysis.arena);
	return r;
}

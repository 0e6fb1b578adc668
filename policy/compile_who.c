/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Subjects to terms over numbers and names. A named subject is compiled once,
 * after those that it names, so that its index is larger than theirs and one
 * pass in order of index answers all of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compiler.h"
#include "policy/who.h"

struct subject_definition {
	const char *name;
	const struct ast_who *who;
	bool done;
	size_t index; /* into policy.subjects, when done */
};

static int compare_subjects(const void *a, const void *b)
{
	return strcmp(((const struct subject_definition *)a)->name,
		      ((const struct subject_definition *)b)->name);
}

static struct subject_definition *find_subject(struct compiler *c, const char *name)
{
	struct subject_definition key = { .name = name };

	if (c->n_subjects == 0)
		return NULL;
	return bsearch(&key, c->subjects, c->n_subjects, sizeof(key), compare_subjects);
}

/* As deep as references.h lets subjects name each other, and no deeper. */
static int compile_definition(struct compiler *c, struct subject_definition *subject)
{
	struct who who;
	int r;

	if (subject->done)
		return 0;
	r = compile_who(c, subject->who, &who);
	if (r < 0)
		return r;
	subject->done = true;
	subject->index = c->policy->n_subjects++;
	c->policy->subjects[subject->index] = who;
	return 0;
}

static int compile_subject(struct compiler *c, const struct ast_value *name, size_t *ret)
{
	struct subject_definition *subject = find_subject(c, name->text);
	int r;

	*ret = 0;
	if (!subject) {
		diag_add(c->diags, DIAG_ERROR, "E007", name->place, "subject '%s' is not defined",
			 name->text);
		return 0;
	}
	r = compile_definition(c, subject);
	*ret = subject->index;
	return r;
}

static int compile_term(struct compiler *c, const struct ast_term *ast, struct term *term)
{
	*term = (struct term){ .kind = ast->kind, .key = ast->key, .negated = ast->negated };
	switch (ast->kind) {
	case AST_TERM_ANYONE:
		return 0;
	case AST_TERM_SUBJECT:
		return compile_subject(c, &ast->values.items[0], &term->subject);
	case AST_TERM_KEY:
		return compile_term_values(c, ast, term);
	}
	return -EINVAL;
}

static int compile_conj(struct compiler *c, const struct ast_conj *ast, struct conj *ret)
{
	struct term *terms = arena_alloc(&c->policy->arena, ast->n, sizeof(*terms));
	int r;

	if (!terms)
		return -ENOMEM;
	for (size_t i = 0; i < ast->n; i++) {
		r = compile_term(c, &ast->terms[i], &terms[i]);
		if (r < 0)
			return r;
	}
	*ret = (struct conj){ .terms = terms, .n = ast->n };
	return 0;
}

static uint32_t facts_of(const struct policy *policy, const struct conj *conj)
{
	uint32_t facts = 0;

	for (size_t i = 0; i < conj->n; i++) {
		const struct term *term = &conj->terms[i];

		if (term->kind == AST_TERM_KEY)
			facts |= who_fact(term->key);
		else if (term->kind == AST_TERM_SUBJECT)
			facts |= policy->subjects[term->subject].facts;
	}
	return facts;
}

int compile_who(struct compiler *c, const struct ast_who *who, struct who *ret)
{
	uint32_t facts = 0;
	struct conj *conjs = arena_alloc(&c->policy->arena, who->n, sizeof(*conjs));
	int r;

	if (!conjs)
		return -ENOMEM;
	for (size_t i = 0; i < who->n; i++) {
		r = compile_conj(c, &who->conjs[i], &conjs[i]);
		if (r < 0)
			return r;
		facts |= facts_of(c->policy, &conjs[i]);
	}
	*ret = (struct who){ .conjs = conjs, .n = who->n, .facts = facts };
	return 0;
}

static size_t collect_subjects(const struct ast *ast, struct subject_definition *subjects, size_t n)
{
	for (size_t i = 0; i < ast->n; i++)
		if (ast->statements[i].kind == AST_SUBJECT)
			subjects[n++] = (struct subject_definition){
				.name = ast->statements[i].subject.name,
				.who = &ast->statements[i].subject.who,
			};
	return n;
}

/* Those that nobody uses too: what is wrong with them should be seen. */
static int compile_all_subjects(struct compiler *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n_subjects; i++)
		r = compile_definition(c, &c->subjects[i]);
	return r;
}

int compile_subjects(struct compiler *c, const struct ast *const *trees, size_t n)
{
	size_t room = 1;

	for (size_t i = 0; i < n; i++)
		room += trees[i]->n;
	c->subjects = calloc(room, sizeof(*c->subjects));
	if (!c->subjects)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		c->n_subjects = collect_subjects(trees[i], c->subjects, c->n_subjects);
	qsort(c->subjects, c->n_subjects, sizeof(*c->subjects), compare_subjects);
	return compile_all_subjects(c);
}

void compile_subjects_done(struct compiler *c)
{
	free(c->subjects);
	c->subjects = NULL;
	c->n_subjects = 0;
}

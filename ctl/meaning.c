/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/meaning.h"

#include <stdlib.h>
#include <string.h>

#include "policy/array.h"
#include "policy/keywords.h"
#include "policy/parser.h"

#define NEST_MAX 64U /* names within names; the compiler has refused more */

/* Texts that are to be put in order. */
struct list {
	char **items;
	size_t n;
	bool failed; /* out of memory: it is no list of all, and two such are not alike */
};

static void list_done(struct list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
}

static void list_add(struct list *list, struct text *take_text)
{
	char **item = ARRAY_ADD(list->items, list->n);

	if (!item || text_finish(take_text, item) < 0)
		list->failed = true;
	text_done(take_text);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In order, each once. */
static void list_print(struct list *list, const char *separator, struct text *out)
{
	out->failed |= list->failed;
	if (list->failed)
		return;
	if (list->n > 0)
		qsort(list->items, list->n, sizeof(*list->items), compare);
	for (size_t i = 0; i < list->n; i++)
		if (i == 0 || strcmp(list->items[i], list->items[i - 1]) != 0)
			text_printf(out, "%s%s", list->items[i], separator);
}

/* paths */

static void collect_paths(const struct written *written, const struct ast_paths *paths,
			  const char *rest, unsigned int depth, struct list *list);

/* What a set has, from all its definitions, each with @rest behind it. */
static void collect_set(const struct written *written, const char *name, size_t len,
			const char *rest, unsigned int depth, struct list *list)
{
	for (size_t i = 0; i < written->files.n; i++)
		for (size_t j = 0; j < written->files.trees[i]->n; j++) {
			const struct ast_statement *statement =
				&written->files.trees[i]->statements[j];

			if ((statement->kind == AST_LET || statement->kind == AST_EXTEND) &&
			    strlen(statement->set.name) == len &&
			    memcmp(statement->set.name, name, len) == 0)
				collect_paths(written, &statement->set.paths, rest, depth + 1,
					      list);
		}
}

static void collect_path(const struct written *written, const struct ast_path *path,
			 const char *rest, unsigned int depth, struct list *list)
{
	struct text text = TEXT_EMPTY;
	size_t len;

	if (path->kind != AST_PATH_LITERAL && *path->text == '@') {
		len = strcspn(path->text, "/");
		text_printf(&text, "%s%s", path->text + len, rest);
		if (depth < NEST_MAX && text.data)
			collect_set(written, path->text, len, text.data, depth, list);
		text_done(&text);
		return;
	}
	ast_print_path(path, &text);
	text_puts(&text, rest);
	list_add(list, &text);
}

static void collect_paths(const struct written *written, const struct ast_paths *paths,
			  const char *rest, unsigned int depth, struct list *list)
{
	for (size_t i = 0; i < paths->n; i++)
		collect_path(written, &paths->items[i], rest, depth, list);
}

static void add_paths(const struct written *written, const struct ast_paths *paths,
		      struct text *out)
{
	_cleanup_(list_done) struct list list = { 0 };

	collect_paths(written, paths, "", 0, &list);
	list_print(&list, "\n", out);
}

/* callers */

static void add_values(const struct ast_values *values, struct text *out)
{
	static const char *const quotes[] = {
		[AST_WORD] = "", [AST_PATTERN] = "\"", [AST_LITERAL] = "'"
	};
	_cleanup_(list_done) struct list list = { 0 };

	for (size_t i = 0; i < values->n; i++) {
		const struct ast_value *value = &values->items[i];
		struct text text = TEXT_EMPTY;

		/* Values without braces are in an order that means something: `rate`. */
		text_printf(values->braced ? &text : out, " %s%s%s", quotes[value->kind],
			    value->text, quotes[value->kind]);
		if (values->braced)
			list_add(&list, &text);
	}
	list_print(&list, "", out);
}

static void add_who(const struct written *written, const struct ast_who *who, unsigned int depth,
		    struct text *out);

static void add_term(const struct written *written, const struct ast_term *term, unsigned int depth,
		     struct text *out)
{
	const struct ast_statement *subject = NULL;

	text_puts(out, term->negated ? "not " : "");
	if (term->kind == AST_TERM_SUBJECT)
		subject = written_definition(written, AST_SUBJECT, term->values.items[0].text);
	if (subject && depth < NEST_MAX) {
		text_puts(out, "(");
		add_who(written, &subject->subject.who, depth + 1, out);
		text_puts(out, ")");
		return;
	}
	text_puts(out, term->kind == AST_TERM_KEY ? keyword_keys.words[term->key] : "anyone");
	add_values(&term->values, out);
}

static const struct ast_who *named_who(const struct written *written, const struct ast_term *term)
{
	const struct ast_statement *subject = NULL;

	if (term->kind == AST_TERM_SUBJECT && !term->negated)
		subject = written_definition(written, AST_SUBJECT, term->values.items[0].text);
	return subject ? &subject->subject.who : NULL;
}

/* A subject that is one conjunction says what its terms would, written out. */
static void collect_terms(const struct written *written, const struct ast_conj *conj,
			  unsigned int depth, struct list *list)
{
	for (size_t i = 0; i < conj->n; i++) {
		const struct ast_who *who = named_who(written, &conj->terms[i]);
		struct text text = TEXT_EMPTY;

		if (who && who->n == 1 && depth < NEST_MAX) {
			collect_terms(written, &who->conjs[0], depth + 1, list);
			continue;
		}
		add_term(written, &conj->terms[i], depth, &text);
		list_add(list, &text);
	}
}

/* And one that stands alone, what its conjunctions would. */
static void collect_conjs(const struct written *written, const struct ast_who *who,
			  unsigned int depth, struct list *list)
{
	for (size_t i = 0; i < who->n; i++) {
		const struct ast_conj *conj = &who->conjs[i];
		const struct ast_who *named =
			conj->n == 1 ? named_who(written, &conj->terms[0]) : NULL;
		_cleanup_(list_done) struct list terms = { 0 };
		struct text text = TEXT_EMPTY;

		if (named && depth < NEST_MAX) {
			collect_conjs(written, named, depth + 1, list);
			continue;
		}
		collect_terms(written, conj, depth, &terms);
		list_print(&terms, " and ", &text);
		list_add(list, &text);
	}
}

static void add_who(const struct written *written, const struct ast_who *who, unsigned int depth,
		    struct text *out)
{
	_cleanup_(list_done) struct list list = { 0 };

	collect_conjs(written, who, depth, &list);
	list_print(&list, " or ", out);
}

static void add_attrs(const struct ast_rule *rule, struct text *out)
{
	_cleanup_(list_done) struct list list = { 0 };

	for (size_t i = 0; i < rule->n_attrs; i++) {
		struct text text = TEXT_EMPTY;

		text_puts(&text, keyword_attrs.words[rule->attrs[i].name]);
		add_values(&rule->attrs[i].values, &text);
		list_add(&list, &text);
	}
	list_print(&list, "\n", out);
}

void meaning_add(const struct written *written, const struct written_rule *rule, struct text *out)
{
	bool complains = rule->scope && rule->scope->mode == AST_SCOPE_COMPLAIN;

	text_printf(out, "%s%s%s ", complains ? "complain " : "",
		    rule->rule->allow ? "allow " : "deny ", rule->rule->as_root ? "as root" : "");
	policy_modes_print(rule->rule->modes, out);
	text_puts(out, "\n");
	if (rule->scope)
		add_who(written, &rule->scope->who, 0, out);
	else
		text_puts(out, "anyone and  or ");
	text_puts(out, "\n");
	add_paths(written, &rule->rule->paths, out);
	text_puts(out, "except\n");
	add_paths(written, &rule->rule->except, out);
	text_puts(out, "with\n");
	add_attrs(rule->rule, out);
}

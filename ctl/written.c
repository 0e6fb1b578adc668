/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/written.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/findings.h"
#include "policy/array.h"
#include "policy/compile.h"
#include "policy/floor.h"
#include "policy/parser.h"

/* As the compiler makes them (policy/compile.c): tests/system/ctl-show.sh compares. */
static char *make_id(const struct source *source, const struct ast_scope *scope,
		     const struct ast_rule *rule)
{
	char *id;
	int r;

	if (rule == &compile_complaint)
		r = asprintf(&id, "%s.L%u.complain", source->stem, scope->mode_place.line);
	else if (rule->label)
		r = asprintf(&id, "%s.%s", source->stem, rule->label);
	else
		r = asprintf(&id, "%s.L%u", source->stem, rule->place.line);
	return r < 0 ? NULL : id;
}

static int add(struct written *written, const struct source *source, const struct ast_scope *scope,
	       const struct ast_rule *rule)
{
	struct written_rule *added = ARRAY_ADD(written->items, written->n);

	if (!added)
		return -ENOMEM;
	*added = (struct written_rule){
		.id = make_id(source, scope, rule),
		.source = source,
		.scope = scope,
		.rule = rule,
		.place = rule == &compile_complaint ? scope->mode_place : rule->place,
	};
	return added->id ? 0 : -ENOMEM;
}

static int add_tree(struct written *written, const struct ast *tree)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < tree->n; i++) {
		const struct ast_statement *statement = &tree->statements[i];

		if (statement->kind == AST_DENY)
			r = add(written, tree->source, NULL, &statement->rule);
		if (statement->kind != AST_SCOPE)
			continue;
		for (size_t j = 0; r == 0 && j < statement->scope.n_rules; j++)
			r = add(written, tree->source, &statement->scope,
				&statement->scope.rules[j]);
		if (r == 0 && statement->scope.mode == AST_SCOPE_COMPLAIN)
			r = add(written, tree->source, &statement->scope, &compile_complaint);
	}
	return r;
}

static int compare_id(const void *id, const void *item)
{
	const struct written_rule *const *rule = item;

	return strcmp(id, (*rule)->id);
}

static int compare_ids(const void *a, const void *b)
{
	const struct written_rule *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

static int sort_ids(struct written *written)
{
	written->by_id = calloc(written->n + 1, sizeof(*written->by_id));
	if (!written->by_id)
		return -ENOMEM;
	for (size_t i = 0; i < written->n; i++)
		written->by_id[i] = &written->items[i];
	qsort(written->by_id, written->n, sizeof(*written->by_id), compare_ids);
	return 0;
}

static int add_trees(struct written *written)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < written->files.n; i++)
		r = add_tree(written, written->files.trees[i]);
	return r < 0 ? r : sort_ids(written);
}

enum exit_code written_load(const struct ctl *ctl, const struct load_options *options,
			    struct written *ret)
{
	_cleanup_(written_done) struct written written = WRITTEN_EMPTY;
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	enum exit_code code = input_check(ctl, options);
	int r;

	if (code != EXIT_YES)
		return code;
	r = load_trees(options, &diags, &written.files);
	if (r == 0 && diags.n_errors > 0) {
		diags_sort(&diags);
		findings_show(&ctl->err, &diags, FORMAT_TEXT, DIAG_ERROR);
		return findings_code(&diags);
	}
	if (r == 0)
		r = add_trees(&written);
	if (r < 0)
		return ctl_fail(ctl, exit_of_errno(-r), "cannot read the policy: %s", strerror(-r));
	*ret = written;
	written = WRITTEN_EMPTY;
	return EXIT_YES;
}

int written_floor(struct written *ret)
{
	_cleanup_(written_done) struct written written = WRITTEN_EMPTY;
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	int r;

	written.files.sources = calloc(1, sizeof(*written.files.sources));
	written.files.trees = calloc(1, sizeof(*written.files.trees));
	if (!written.files.sources || !written.files.trees)
		return -ENOMEM;
	r = source_new(&written.files.sources[0], FLOOR_STEM, floor_text, floor_size,
		       SOURCE_VENDOR);
	if (r < 0)
		return r;
	written.files.n = 1;
	r = parser_parse(written.files.sources[0], &diags, &written.files.trees[0]);
	if (r == 0)
		r = add_trees(&written);
	if (r < 0)
		return r;
	*ret = written;
	written = WRITTEN_EMPTY;
	return 0;
}

void written_done(struct written *written)
{
	for (size_t i = 0; i < written->n; i++)
		free(written->items[i].id);
	free(written->items);
	free(written->by_id);
	policy_files_done(&written->files);
	*written = WRITTEN_EMPTY;
}

const struct written_rule *written_find(const struct written *written, const char *id)
{
	const struct written_rule **found =
		bsearch(id, written->by_id, written->n, sizeof(*written->by_id), compare_id);

	return found ? *found : NULL;
}

const struct ast_statement *written_definition(const struct written *written, enum ast_kind kind,
					       const char *name)
{
	for (size_t i = 0; i < written->files.n; i++)
		for (size_t j = 0; j < written->files.trees[i]->n; j++) {
			const struct ast_statement *statement =
				&written->files.trees[i]->statements[j];

			if (statement->kind == kind &&
			    strcmp(kind == AST_SUBJECT ? statement->subject.name
						       : statement->set.name,
				   name) == 0)
				return statement;
		}
	return NULL;
}

void written_add_who(const struct written_rule *rule, struct text *out)
{
	struct text who = TEXT_EMPTY;

	if (rule->scope)
		ast_print_who(&rule->scope->who, &who);
	else
		text_puts(&who, " anyone");
	/* It begins with a space. */
	if (who.len > 1)
		screen_add_text(out, who.data + 1, who.len - 1);
	text_done(&who);
}

static const char *const scope_modes[] = {
	[AST_SCOPE_DEFAULT] = "",
	[AST_SCOPE_ENFORCE] = " mode enforce",
	[AST_SCOPE_COMPLAIN] = " mode complain",
};

void written_print(const struct written_rule *rule, struct text *out)
{
	if (rule->scope) {
		text_puts(out, "for ");
		written_add_who(rule, out);
		text_printf(out, "%s {\n", scope_modes[rule->scope->mode]);
	}
	ast_print_rule(rule->rule, rule->scope ? "    " : "", out);
	if (rule->scope)
		text_puts(out, "}\n");
}

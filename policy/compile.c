/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The floor goes first, as a tree like the others, but nothing in the others
 * can name it: its sets and subjects are compiled apart, and `disable` does not
 * reach it.
 */
#include "policy/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/compiler.h"
#include "policy/floor.h"
#include "policy/parser.h"
#include "policy/source.h"

#define MODES_READING (POLICY_READ | POLICY_LIST | POLICY_WATCH | POLICY_STAT)
#define MODES_WRITING                                                                              \
	(POLICY_WRITE | POLICY_APPEND | POLICY_TRUNCATE | POLICY_CREATE | POLICY_TMPFILE |         \
	 POLICY_REMOVE | POLICY_ATTRIBUTES | POLICY_CONNECT)
/* What the kernel leaves to an object's owner: modes, times, names in sticky directories. */
#define MODES_OWNING (POLICY_REMOVE | POLICY_ATTRIBUTES)

/* What the kernel lets the caller do by his own rights alone. Not `connect`: who listens judges by whom it
 * sees, and that is the broker's user. */
#define MODES_COMPLAIN                                                                             \
	(POLICY_READ | POLICY_LIST | POLICY_WRITE | POLICY_APPEND | POLICY_TRUNCATE |              \
	 POLICY_CREATE | POLICY_TMPFILE | POLICY_STAT | POLICY_REMOVE | POLICY_ATTRIBUTES |        \
	 POLICY_WATCH)

DEFINE_CLEANUP(struct policy *, policy_free)
DEFINE_CLEANUP(struct accounts *, accounts_free)

/* What a mode brings with it. A deny of `append` must deny `write` too, which can do as much; an
 * allow of `write` covers `append`. */
static uint32_t effect_of(bool allow, uint32_t modes)
{
	if (allow)
		return modes & POLICY_WRITE ? modes | POLICY_APPEND : modes;
	if (modes & POLICY_WRITE)
		modes |= POLICY_TRUNCATE | POLICY_CREATE | POLICY_TMPFILE | POLICY_APPEND;
	if (modes & POLICY_APPEND)
		modes |= POLICY_WRITE;
	return modes;
}

static char *make_id(struct arena *arena, const char *stem, const struct ast_rule *ast)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;

	if (ast->label)
		text_printf(&text, "%s.%s", stem, ast->label);
	else
		text_printf(&text, "%s.L%u", stem, ast->place.line);
	return text.failed ? NULL : arena_copy(arena, text.data, text.len);
}

/* One file being compiled. */
struct file {
	const char *stem, *path;
	bool floor;
	const char *const *disabled; /* sorted */
	size_t n_disabled;
};

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_disabled(const struct file *file, const char *id)
{
	return file->n_disabled > 0 &&
	       bsearch(&id, file->disabled, file->n_disabled, sizeof(id), compare_strings);
}

static void count_rule(struct policy_summary *summary, const struct ast_rule *ast)
{
	summary->n_rules++;
	summary->n_as_root += ast->as_root;
	if (ast->allow)
		summary->modes |= ast->modes;
	if (ast->as_root && ast->modes & MODES_READING)
		summary->as_root_reads = true;
	if (ast->as_root && ast->modes & MODES_WRITING)
		summary->as_root_writes = true;
	if (ast->as_root && ast->allow && ast->modes & MODES_OWNING)
		summary->as_root_owns = true;
}

static int compile_rule_paths(struct compiler *c, const struct ast_rule *ast, struct rule *rule)
{
	struct pattern_list list;
	int r = compile_paths(c, &ast->paths, &list);

	if (r < 0)
		return r;
	rule->paths = list.items;
	rule->n_paths = (uint32_t)list.n;
	r = compile_paths(c, &ast->except, &list);
	if (r < 0)
		return r;
	rule->except = list.items;
	rule->n_except = (uint32_t)list.n;
	return 0;
}

/* Most rules ask what the one before them asks: nothing at all. */
static int keep_conditions(struct compiler *c, struct rule *rule)
{
	if (!c->kept || memcmp(c->kept, &c->conditions, sizeof(*c->kept)) != 0) {
		c->kept = arena_alloc(&c->policy->arena, 1, sizeof(*c->kept));
		if (!c->kept)
			return -ENOMEM;
		*c->kept = c->conditions;
	}
	rule->conditions = c->kept;
	return 0;
}

static int compile_rule(struct compiler *c, const struct file *file, const struct ast_rule *ast,
			size_t scope)
{
	struct policy *policy = c->policy;
	struct rule *rule = &policy->rules[policy->n_rules];
	int r;

	rule->shown.id = make_id(&policy->arena, file->stem, ast);
	if (!rule->shown.id)
		return -ENOMEM;
	if (!file->floor && is_disabled(file, rule->shown.id))
		return 0;
	policy->n_rules++;
	rule->shown.file = file->path;
	rule->shown.line = ast->place.line;
	rule->shown.allow = ast->allow;
	rule->shown.as_root = ast->as_root;
	rule->shown.modes = ast->modes;
	rule->scope = (uint32_t)scope;
	rule->effect = effect_of(ast->allow, ast->modes);
	r = compile_attrs(c, ast, rule);
	if (r < 0)
		return r;
	if (file->floor)
		rule->conditions->set_id = strcmp(rule->shown.id, FLOOR_SET_ID) == 0;
	else
		count_rule(&policy->summary, ast);
	if (rule->conditions->asked >> POLICY_CONDITION_MOUNT & 1)
		policy->summary.asks_mount = true;
	if (rule->shown.obligations->deliver != POLICY_DELIVER_FD)
		policy->summary.delivers = true;
	r = keep_conditions(c, rule);
	return r < 0 ? r : compile_rule_paths(c, ast, rule);
}

static char everything[] = "/**";
static struct ast_path complaint_path = { .kind = AST_PATH_PATTERN, .text = everything };

const struct ast_rule compile_complaint = {
	.allow = true,
	.modes = MODES_COMPLAIN,
	.paths = { .items = &complaint_path, .n = 1 },
};

static int compile_complain(struct compiler *c, const struct file *file,
			    const struct ast_scope *ast, size_t scope)
{
	struct rule *rule = &c->policy->rules[c->policy->n_rules++];
	_cleanup_(text_done) struct text id = TEXT_EMPTY;
	int r;

	text_printf(&id, "%s.L%u.complain", file->stem, ast->mode_place.line);
	rule->shown.id = id.failed ? NULL : arena_string(&c->policy->arena, id.data);
	if (!rule->shown.id)
		return -ENOMEM;
	rule->shown.file = file->path;
	rule->shown.line = ast->mode_place.line;
	rule->shown.allow = rule->shown.complain = true;
	rule->shown.modes = compile_complaint.modes;
	rule->scope = (uint32_t)scope;
	rule->effect = effect_of(true, compile_complaint.modes);
	c->policy->summary.modes |= rule->effect;
	r = compile_attrs(c, &compile_complaint, rule);
	if (r < 0)
		return r;
	rule->shown.audit = POLICY_AUDIT_ALL;
	r = keep_conditions(c, rule);
	return r < 0 ? r : compile_rule_paths(c, &compile_complaint, rule);
}

static int compile_scope(struct compiler *c, const struct file *file, const struct ast_scope *ast)
{
	size_t scope = c->policy->n_scopes++;
	int r = compile_who(c, &ast->who, &c->policy->scopes[scope]);

	for (size_t i = 0; r == 0 && i < ast->n_rules; i++)
		r = compile_rule(c, file, &ast->rules[i], scope);
	if (r == 0 && ast->mode == AST_SCOPE_COMPLAIN)
		r = compile_complain(c, file, ast, scope);
	return r;
}

static int compile_statement(struct compiler *c, const struct file *file,
			     const struct ast_statement *statement)
{
	switch (statement->kind) {
	case AST_SCOPE:
		return compile_scope(c, file, &statement->scope);
	case AST_DENY:
		/* The first scope is anyone. */
		return compile_rule(c, file, &statement->rule, 0);
	case AST_EXPECT:
		c->policy->summary.n_expects++;
		return 0;
	case AST_LET:
	case AST_EXTEND:
	case AST_SUBJECT:
	case AST_DISABLE:
		break;
	}
	return 0;
}

static int compile_tree(struct compiler *c, const struct ast *ast, struct file *file)
{
	int r = 0;

	file->path = arena_string(&c->policy->arena, file->floor ? FLOOR_STEM : ast->source->path);
	file->stem = ast->source->stem;
	if (!file->path)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < ast->n; i++)
		r = compile_statement(c, file, &ast->statements[i]);
	return r;
}

/* Trees whose names are known to each other. */
static int compile_group(struct compiler *c, const struct ast *const *trees, size_t n,
			 struct file *file)
{
	int r = compile_sets(c, trees, n);

	if (r == 0)
		r = compile_subjects(c, trees, n);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = compile_tree(c, trees[i], file);
	compile_sets_done(c);
	compile_subjects_done(c);
	return r;
}

static void count_room(const struct ast *ast, size_t *n_rules, size_t *n_scopes, size_t *n_subjects)
{
	for (size_t i = 0; i < ast->n; i++) {
		const struct ast_statement *statement = &ast->statements[i];

		*n_scopes += statement->kind == AST_SCOPE;
		*n_subjects += statement->kind == AST_SUBJECT;
		*n_rules += statement->kind == AST_DENY;
		if (statement->kind == AST_SCOPE)
			*n_rules += statement->scope.n_rules +
				    (statement->scope.mode == AST_SCOPE_COMPLAIN);
	}
}

static struct who *make_anyone(struct arena *arena, size_t room)
{
	struct who *scopes = arena_alloc(arena, room, sizeof(*scopes));
	struct conj *conj = arena_alloc(arena, 1, sizeof(*conj));

	if (!scopes || !conj)
		return NULL;
	/* A conjunction of nothing holds. */
	scopes[0] = (struct who){ .conjs = conj, .n = 1 };
	return scopes;
}

static int make_room(struct policy *policy, const struct ast *floor, const struct ast *const *trees,
		     size_t n)
{
	size_t n_rules = 0, n_scopes = 1, n_subjects = 0;

	count_room(floor, &n_rules, &n_scopes, &n_subjects);
	for (size_t i = 0; i < n; i++)
		count_room(trees[i], &n_rules, &n_scopes, &n_subjects);
	policy->rules = arena_alloc(&policy->arena, n_rules, sizeof(*policy->rules));
	policy->subjects = arena_alloc(&policy->arena, n_subjects, sizeof(*policy->subjects));
	policy->scopes = make_anyone(&policy->arena, n_scopes);
	policy->n_scopes = 1;
	return policy->rules && policy->subjects && policy->scopes ? 0 : -ENOMEM;
}

static size_t collect_disabled(const struct ast *ast, const char **ids)
{
	size_t n = 0;

	if (ast->source->origin != SOURCE_ADMIN && ast->source->origin != SOURCE_RUNTIME)
		return 0;
	for (size_t i = 0; i < ast->n; i++)
		if (ast->statements[i].kind == AST_DISABLE)
			ids[n++] = ast->statements[i].disable.rule.text;
	return n;
}

static int find_disabled(const struct ast *const *trees, size_t n, const char ***ret, size_t *ret_n)
{
	const char **ids;
	size_t room = 1;

	for (size_t i = 0; i < n; i++)
		room += trees[i]->n;
	ids = calloc(room, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	*ret_n = 0;
	for (size_t i = 0; i < n; i++)
		*ret_n += collect_disabled(trees[i], ids + *ret_n);
	qsort(ids, *ret_n, sizeof(*ids), compare_strings);
	*ret = ids;
	return 0;
}

static int compile_all(struct compiler *c, const struct ast *floor, const struct ast *const *trees,
		       size_t n)
{
	_cleanup_(freep) const char **disabled = NULL;
	struct file file = { .floor = true };
	int r;

	r = make_room(c->policy, floor, trees, n);
	if (r < 0)
		return r;
	r = compile_group(c, &floor, 1, &file);
	if (r < 0)
		return r;
	file.floor = false;
	r = find_disabled(trees, n, &disabled, &file.n_disabled);
	if (r < 0)
		return r;
	file.disabled = disabled;
	c->policy->summary.n_files = n;
	return compile_group(c, trees, n, &file);
}

/* What the name service must tell before serving begins. */
static int keep_accounts(struct compiler *c)
{
	struct place nowhere = { 0 };
	uint32_t named = 1U << SPECIFIER_USER | 1U << SPECIFIER_HOME | 1U << SPECIFIER_GROUP;
	int r;

	if (!(c->policy->specifiers & named))
		return 0;
	r = accounts_keep(c->accounts, c->policy);
	if (r < 0 && r != -ENOMEM) {
		diag_add(c->diags, DIAG_ERROR, "E010", nowhere,
			 "cannot list users and groups, which %%u, %%g or %%h needs: %s",
			 strerror(-r));
		return 0;
	}
	return r;
}

static void compiler_done(struct compiler *c)
{
	vocabulary_done(&c->vocabulary);
	arena_done(&c->patterns);
}

int compile_trees(const struct ast *const *trees, size_t n, const struct floor *floor,
		  struct diags *diags, struct policy **ret)
{
	_cleanup_(policy_freep) struct policy *policy = calloc(1, sizeof(*policy));
	_cleanup_(accounts_freep) struct accounts *accounts = NULL;
	_cleanup_(compiler_done) struct compiler c = { .policy = policy, .diags = diags };
	int r;

	if (!policy)
		return -ENOMEM;
	r = accounts_new(&accounts);
	if (r < 0)
		return r;
	c.accounts = accounts;
	r = compile_all(&c, floor->tree, trees, n);
	if (r < 0)
		return r;
	r = keep_accounts(&c);
	if (r == 0)
		r = trie_new(&policy->trie, policy);
	if (r < 0)
		return r;
	*ret = diags->n_errors > 0 || diags->failed ? NULL : TAKE_PTR(policy);
	return 0;
}

void compile_set_sha256(struct policy *policy, const char *hex)
{
	memcpy(policy->summary.sha256, hex, sizeof(policy->summary.sha256) - 1);
}

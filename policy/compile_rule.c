/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One rule, what it is for and what it adds to the policy's summary; its parts are other modules'. */
#include "policy/compile.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/compiler.h"
#include "policy/floor.h"

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

int compile_rule(struct compiler *c, const struct compile_file *file, const struct ast_rule *ast,
		 size_t scope)
{
	struct policy *policy = c->policy;
	struct rule *rule = &policy->rules[policy->n_rules];
	int r;

	rule->shown.id = make_id(&policy->arena, file->stem, ast);
	if (!rule->shown.id)
		return -ENOMEM;
	if (!file->floor && compile_is_disabled(file, rule->shown.id))
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

int compile_complain(struct compiler *c, const struct compile_file *file,
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

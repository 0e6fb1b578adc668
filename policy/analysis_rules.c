/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What there is to say of one rule, without the others. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/analysis_parts.h"
#include "policy/keywords.h"
#include "policy/parser.h"
#include "policy/source.h"
#include "policy/values.h"

#define DAY_SEC	  (24 * 60 * 60)
#define SOON_DAYS 14

static void say_contradiction(struct analysis *a, const struct ast_term *one,
			      const struct ast_term *other, struct place place)
{
	const char *key = one->kind == AST_TERM_KEY ? keyword_keys.words[one->key] : "subject";
	struct diag *diag = diag_add(a->diags, DIAG_WARNING, "W103", place,
				     "nobody can be all of this: the '%s' terms exclude each other",
				     one->kind == AST_TERM_ANYONE ? "anyone" : key);

	diag_detail(a->diags, diag, "no request of a caller with %s '%.60s' meets %s'%.60s'", key,
		    one->values.n > 0 ? one->values.items[0].text : "",
		    other->negated ? "not " : "",
		    other->values.n > 0 ? other->values.items[0].text : "");
	diag_help(a->diags, diag, "several values of one key are written  %s { …, … }", key);
}

static bool is_restricted(const struct who_conj *conj, enum ast_key key)
{
	for (size_t i = 0; i < conj->n; i++) {
		if (conj->terms[i]->kind == AST_TERM_KEY && !conj->terms[i]->negated &&
		    conj->terms[i]->key == key)
			return true;
	}
	return false;
}

static bool is_root_only(const struct who_conj *conj)
{
	for (size_t i = 0; i < conj->n; i++) {
		const struct ast_term *term = conj->terms[i];

		if (term->kind == AST_TERM_KEY && !term->negated && term->key == AST_KEY_USER &&
		    term->values.n == 1 &&
		    (strcmp(term->values.items[0].text, "root") == 0 ||
		     strcmp(term->values.items[0].text, "0") == 0))
			return true;
	}
	return false;
}

/* What a user starts, a user can trace and preload. */
static bool is_exe_only(const struct who_conj *conj)
{
	static const enum ast_key stronger[] = { AST_KEY_UNIT, AST_KEY_APPARMOR, AST_KEY_SELINUX };

	for (size_t i = 0; i < sizeof(stronger) / sizeof(*stronger); i++) {
		if (is_restricted(conj, stronger[i]))
			return false;
	}
	return is_restricted(conj, AST_KEY_EXE) && !is_root_only(conj);
}

static bool has_allow(const struct ast_scope *scope)
{
	for (size_t i = 0; i < scope->n_rules; i++) {
		if (scope->rules[i].allow)
			return true;
	}
	return false;
}

static struct place exe_place(const struct who_conj *conj)
{
	for (size_t i = 0; i < conj->n; i++) {
		if (conj->terms[i]->kind == AST_TERM_KEY && conj->terms[i]->key == AST_KEY_EXE)
			return conj->terms[i]->place;
	}
	return conj->terms[0]->place;
}

int analysis_scope(struct analysis *a, const struct ast_scope *scope, const struct who_set *who)
{
	const struct ast_term *one, *other;
	struct diag *diag;

	for (size_t i = 0; i < who->n; i++) {
		const struct who_conj *conj = &who->conjs[i];

		if (who_contradicts(a, conj, &one, &other)) {
			say_contradiction(a, one, other, one->place);
		} else if (has_allow(scope) && is_exe_only(conj)) {
			diag = diag_add(a->diags, DIAG_WARNING, "W301", exe_place(conj),
					"'exe' alone does not tell programs of one user apart");
			diag_detail(a->diags, diag,
				    "whoever may run the program can make it ask: a tracer, a "
				    "preloaded library, its own options");
			diag_help(a->diags, diag, "add  unit …  or  apparmor …");
		}
	}
	return 0;
}

/* The rule is for nobody. */
static bool is_for_nobody(struct analysis *a, const struct analysed_rule *rule)
{
	const struct ast_term *one, *other;

	for (size_t i = 0; i < rule->who->n; i++) {
		if (!who_contradicts(a, &rule->who->conjs[i], &one, &other))
			return false;
	}
	return true;
}

static int check_except(struct analysis *a, struct analysed_rule *rule)
{
	_cleanup_(text_done) struct text witness = TEXT_EMPTY;
	struct language_area whole = { .paths = rule->area.paths };
	const struct language_area *area = &rule->area, *all = &whole;
	struct diag *diag;
	int r;

	if (rule->ast->except.n == 0)
		return 0;
	r = analysis_find(a, (struct language_question){ .in = &area, .n_in = 1 }, NULL);
	if (r != 0)
		return r == -ENOMEM ? r : 0;
	rule->dead = true;
	if (analysis_find(a, (struct language_question){ .in = &all, .n_in = 1 }, &witness) < 1)
		return 0;
	diag = diag_add(a->diags, DIAG_WARNING, "W103", rule->ast->except.items[0].place,
			"the 'except' leaves nothing of rule %s", rule->id);
	diag_detail(a->diags, diag, "%s %s is excepted, and so is every other",
		    first_mode(rule->ast->modes), witness.data);
	return 0;
}

/* A name that the rule names, for a sentence. */
static int example_of(struct analysis *a, const struct analysed_rule *rule, struct text *ret)
{
	const struct language_area *area = &rule->area;
	struct language_question question = { .in = &area, .n_in = 1, .loose = true };
	int r = analysis_find(a, question, ret);

	return r == -ENOMEM ? r : 0;
}

static int check_until(struct analysis *a, struct analysed_rule *rule)
{
	const struct ast_attr *attr = rule_attr(rule->ast, AST_ATTR_UNTIL);
	_cleanup_(text_done) struct text name = TEXT_EMPTY;
	const char *verb = rule->ast->allow ? "allowed" : "denied";
	struct diag *diag;
	uint64_t until, days;

	if (!attr || attr->values.n == 0 || value_until(attr->values.items[0].text, &until) < 0)
		return 0;
	days = until > a->now_sec ? (until - a->now_sec) / DAY_SEC : 0;
	if (days >= SOON_DAYS)
		return 0;
	if (example_of(a, rule, &name) < 0)
		return -ENOMEM;
	rule->dead = until <= a->now_sec;
	if (rule->dead)
		diag = diag_add(a->diags, DIAG_WARNING, "W103", attr->place,
				"rule %s is over: no request meets it any more", rule->id);
	else
		diag = diag_add(a->diags, DIAG_WARNING, "W109", attr->place,
				"rule %s ends in %llu day%s", rule->id, (unsigned long long)days,
				days == 1 ? "" : "s");
	diag_detail(a->diags, diag, "%s %s is %s by it %s", first_mode(rule->ast->modes),
		    name.data ? name.data : "", verb, rule->dead ? "no more" : "until then");
	if (rule->dead)
		diag_help(a->diags, diag, "remove it, or write a later date");
	return 0;
}

static struct place mode_place(const struct ast_rule *rule, uint32_t bit)
{
	for (size_t i = 0; i < rule->modes_written.n; i++) {
		if (rule->modes_written.items[i].bits == bit)
			return rule->modes_written.items[i].place;
	}
	return rule->modes_place;
}

static bool delivers(const struct ast_rule *rule, const char *how)
{
	const struct ast_attr *attr = rule_attr(rule, AST_ATTR_DELIVER);

	return attr && attr->values.n > 0 && strcmp(attr->values.items[0].text, how) == 0;
}

/* `watch` is for any type, unless the rule says of which. */
static bool may_be_directory(const struct ast_rule *rule)
{
	const struct ast_attr *type = rule_attr(rule, AST_ATTR_TYPE);

	for (size_t i = 0; type && i < type->values.n; i++)
		if (strcmp(type->values.items[i].text, "directory") == 0)
			return true;
	return !type;
}

static int check_modes(struct analysis *a, const struct analysed_rule *rule)
{
	_cleanup_(text_done) struct text name = TEXT_EMPTY;
	const struct ast_rule *ast = rule->ast;
	struct diag *diag;

	if (!(ast->modes & (POLICY_APPEND | POLICY_LIST | POLICY_WATCH)) ||
	    example_of(a, rule, &name) < 0)
		return 0;
	if (ast->modes & POLICY_APPEND && !(ast->modes & POLICY_WRITE) && !delivers(ast, "pipe")) {
		diag = diag_add(a->diags, DIAG_WARNING, "W114", mode_place(ast, POLICY_APPEND),
				"'append' can be undone by whoever holds the descriptor");
		diag_detail(a->diags, diag,
			    "append %s: fcntl(F_SETFL) clears O_APPEND, then it can be rewritten",
			    name.data ? name.data : "");
		diag_help(a->diags, diag, "a pipe cannot be rewound:  deliver pipe;");
	}
	if (ast->modes & POLICY_LIST) {
		diag = diag_add(a->diags, DIAG_WARNING, "W115", mode_place(ast, POLICY_LIST),
				"'list' hands out a descriptor of a directory");
		diag_detail(a->diags, diag, "list %s: a receiver in a chroot can leave it by ..",
			    name.data ? name.data : "");
	}
	/* Without `as root` the kernel asks whether he may read, and so list, it himself. */
	if (ast->modes & POLICY_WATCH && ast->as_root && may_be_directory(ast)) {
		diag = diag_add(a->diags, DIAG_WARNING, "W115", mode_place(ast, POLICY_WATCH),
				"'watch' as root tells the names in a directory");
		diag_detail(a->diags, diag,
			    "watch %s: what comes, goes and is opened there, and when",
			    name.data ? name.data : "");
		diag_help(a->diags, diag, "if only files are meant:  type regular;");
	}
	return 0;
}

static bool is_for_anyone(const struct who_set *who)
{
	for (size_t i = 0; i < who->n; i++) {
		bool anyone = true;

		for (size_t j = 0; j < who->conjs[i].n && anyone; j++)
			anyone = who->conjs[i].terms[j]->kind == AST_TERM_ANYONE &&
				 !who->conjs[i].terms[j]->negated;
		if (anyone)
			return true;
	}
	return false;
}

/* The rule's path that a pattern with a wildcard, or with `**`, came from. */
static const struct language_pattern *broad_pattern(const struct analysed_rule *rule, bool deep)
{
	for (size_t i = 0; i < rule->area.paths.n; i++) {
		const struct language_pattern *pattern = rule->area.paths.items[i];

		if (deep ? pattern->has_deep : pattern->n_wildcards > 0)
			return pattern;
	}
	return NULL;
}

static int check_breadth(struct analysis *a, const struct analysed_rule *rule)
{
	_cleanup_(text_done) struct text name = TEXT_EMPTY;
	bool anyone = is_for_anyone(rule->who) && broad_pattern(rule, false);
	struct diag *diag;

	if (!anyone && !(rule->ast->as_root && broad_pattern(rule, true)))
		return 0;
	if (example_of(a, rule, &name) < 0)
		return -ENOMEM;
	diag = diag_add(a->diags, DIAG_WARNING, "W111", rule->ast->paths.items[0].place,
			anyone ? "broad: anyone, and any name that fits rule %s"
			       : "broad: rule %s gives a whole tree as root",
			rule->id);
	diag_detail(a->diags, diag, "%s %s%s", first_mode(rule->ast->modes),
		    name.data ? name.data : "", rule->ast->as_root ? " as root" : "");
	diag_help(a->diags, diag,
		  anyone ? "name the callers, or the files"
			 : "name the directory and the kind of file:  \"…/*.conf\"");
	return 0;
}

static void check_label(struct analysis *a, const struct analysed_rule *rule)
{
	if (rule->ast->label)
		return;
	diag_help(a->diags,
		  diag_add(a->diags, DIAG_NOTE, "N116", rule->ast->place,
			   "rule without a label: %s changes with the lines above it", rule->id),
		  "write  name: %s …", rule->ast->allow ? "allow" : "deny");
}

int analysis_rule(struct analysis *a, struct analysed_rule *rule)
{
	int r;

	check_label(a, rule);
	r = check_until(a, rule);
	if (r == 0)
		r = check_except(a, rule);
	rule->dead |= is_for_nobody(a, rule);
	if (r < 0 || rule->dead || !rule->ast->allow)
		return r;
	r = check_modes(a, rule);
	return r < 0 ? r : check_breadth(a, rule);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `show`: one rule by its id, with the definitions that it uses and what its
 * defaults add; with --builtin the floor, which no file has.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/json.h"
#include "ctl/written.h"
#include "policy/explain.h"
#include "policy/floor.h"
#include "policy/keywords.h"
#include "policy/parser.h"

/* what a rule uses */

/* "@homes/.ssh" uses @homes. */
static bool path_uses(const struct ast_paths *paths, const char *set)
{
	size_t len = strlen(set);

	for (size_t i = 0; i < paths->n; i++)
		if (paths->items[i].kind != AST_PATH_LITERAL &&
		    strncmp(paths->items[i].text, set, len) == 0 &&
		    (paths->items[i].text[len] == '\0' || paths->items[i].text[len] == '/'))
			return true;
	return false;
}

static bool who_uses(const struct ast_who *who, const char *subject)
{
	for (size_t i = 0; i < who->n; i++)
		for (size_t j = 0; j < who->conjs[i].n; j++) {
			const struct ast_term *term = &who->conjs[i].terms[j];

			if (term->kind == AST_TERM_SUBJECT &&
			    strcmp(term->values.items[0].text, subject) == 0)
				return true;
		}
	return false;
}

static bool uses(const struct written_rule *rule, const struct ast_statement *statement)
{
	switch (statement->kind) {
	case AST_LET:
	case AST_EXTEND:
		return path_uses(&rule->rule->paths, statement->set.name) ||
		       path_uses(&rule->rule->except, statement->set.name);
	case AST_SUBJECT:
		return rule->scope && who_uses(&rule->scope->who, statement->subject.name);
	case AST_SCOPE:
	case AST_DENY:
	case AST_EXPECT:
	case AST_DISABLE:
		break;
	}
	return false;
}

static void add_place(const struct ctl *ctl, const struct place *place, struct text *out)
{
	struct text origin = TEXT_EMPTY;

	text_printf(&origin, "# %s:%u", place->source->path, place->line);
	screen_paint(&ctl->out, out, PAINT_HINT, origin.data ? origin.data : "");
	text_puts(out, "\n");
	text_done(&origin);
}

static bool defines(const struct ast_statement *statement, const char *set)
{
	return (statement->kind == AST_LET || statement->kind == AST_EXTEND) &&
	       strcmp(statement->set.name, set) == 0;
}

/* The definitions that @rule uses; or without one those of @set. */
static void add_used(const struct ctl *ctl, const struct written *written,
		     const struct written_rule *rule, const char *set, struct text *out)
{
	for (size_t i = 0; i < written->files.n; i++)
		for (size_t j = 0; j < written->files.trees[i]->n; j++) {
			const struct ast_statement *statement =
				&written->files.trees[i]->statements[j];
			struct text text = TEXT_EMPTY;

			if (rule ? !uses(rule, statement) : !defines(statement, set))
				continue;
			add_place(ctl, &statement->place, out);
			ast_print_statement(statement, &text);
			screen_add_text(out, text.data ? text.data : "", text.len);
			text_done(&text);
		}
}

/* one rule */

static const struct policy_rule *find_compiled(const struct policy *policy, const char *id)
{
	for (size_t i = 0; i < policy_n_rules(policy); i++)
		if (strcmp(policy_rule(policy, i)->id, id) == 0)
			return policy_rule(policy, i);
	return NULL;
}

static void add_meaning(const struct ctl *ctl, const struct policy_rule *rule, struct text *out)
{
	struct text conditions = TEXT_EMPTY, line = TEXT_EMPTY;

	if (!rule) {
		text_puts(&line, "# switched off by `disable`");
	} else {
		explain_conditions(rule, &conditions);
		if (conditions.len > 0)
			text_printf(&line, "# with its defaults: %s", conditions.data);
	}
	if (line.len > 0) {
		screen_paint(&ctl->out, out, PAINT_HINT, line.data);
		text_puts(out, "\n");
	}
	text_done(&conditions);
	text_done(&line);
}

static void show_text(const struct ctl *ctl, const struct written *written,
		      const struct written_rule *rule, const struct policy_rule *compiled)
{
	struct text out = TEXT_EMPTY, text = TEXT_EMPTY;

	add_used(ctl, written, rule, NULL, &out);
	add_place(ctl, &rule->place, &out);
	written_print(rule, &text);
	screen_add_text(&out, text.data ? text.data : "", text.len);
	text_done(&text);
	add_meaning(ctl, compiled, &out);
	screen_show(&ctl->out, &out);
}

static struct json_object *rule_json(const struct written_rule *rule)
{
	struct json_object *object = json_part();
	struct text text = TEXT_EMPTY;

	json_add_text(object, "rule", rule->id);
	json_add_text(object, "file", rule->source->path);
	json_add_number(object, "line", rule->place.line);
	json_add_text(object, "action", rule->rule->allow ? "allow" : "deny");
	json_add_bool(object, "as_root", rule->rule->as_root);
	policy_modes_print(rule->rule->modes, &text);
	json_add_text(object, "modes", text.data);
	text_done(&text);
	written_add_who(rule, &text);
	json_add_text(object, "who", text.data);
	text_done(&text);
	written_print(rule, &text);
	json_add_text(object, "text", text.data);
	text_done(&text);
	return object;
}

static void show_json(const struct ctl *ctl, const struct written_rule *rule,
		      const struct policy_rule *compiled)
{
	struct json_object *answer = json_answer(), *object = rule_json(rule);
	struct text conditions = TEXT_EMPTY;

	if (compiled)
		explain_conditions(compiled, &conditions);
	json_add_bool(object, "disabled", !compiled);
	json_add_text(object, "conditions", conditions.data);
	json_add(answer, "rule", object);
	json_show(&ctl->out, answer);
	text_done(&conditions);
}

static enum exit_code not_found(const struct ctl *ctl, const struct written *written,
				const char *id)
{
	_cleanup_(freep) const char **ids = calloc(written->n + 1, sizeof(*ids));
	struct keyword_table table = { ids, written->n };
	const char *nearest;

	if (!ids)
		return ctl_fail(ctl, EXIT_IO, "out of memory");
	for (size_t i = 0; i < written->n; i++)
		ids[i] = written->items[i].id;
	nearest = keyword_nearest(&table, id);
	return ctl_fail(ctl, EXIT_NO, "there is no rule %s%s%s%s", id,
			nearest ? "; did you mean " : "", nearest ? nearest : "",
			nearest ? "?" : "");
}

static enum exit_code show_set(const struct ctl *ctl, const struct written *written,
			       const char *name)
{
	struct json_object *answer = json_answer();
	struct text out = TEXT_EMPTY;

	if (!written_definition(written, AST_LET, name)) {
		json_object_put(answer);
		return ctl_fail(ctl, EXIT_NO, "there is no set %s", name);
	}
	add_used(ctl, written, NULL, name, &out);
	json_add_text(answer, "set", name);
	json_add_text(answer, "text", out.data);
	if (ctl->options.json && !ctl->options.quiet)
		json_show(&ctl->out, answer);
	else
		json_object_put(answer);
	if (ctl->options.json || ctl->options.quiet)
		text_done(&out);
	else
		screen_show(&ctl->out, &out);
	return EXIT_YES;
}

static enum exit_code show_rule(const struct ctl *ctl, const struct written *written,
				const struct policy *policy, const char *id)
{
	const struct written_rule *rule = written_find(written, id);

	if (*id == '@')
		return show_set(ctl, written, id);
	if (!rule)
		return not_found(ctl, written, id);
	if (ctl->options.quiet)
		return EXIT_YES;
	if (ctl->options.json)
		show_json(ctl, rule, find_compiled(policy, id));
	else
		show_text(ctl, written, rule, find_compiled(policy, id));
	return EXIT_YES;
}

/* many */

static void show_list(const struct ctl *ctl, const struct written *written)
{
	struct json_object *answer = json_answer(), *list = json_list();
	struct text out = TEXT_EMPTY;

	for (size_t i = 0; i < written->n; i++) {
		const struct written_rule *rule = &written->items[i];

		if (ctl->options.json) {
			json_append(list, rule_json(rule));
			continue;
		}
		screen_paint(&ctl->out, &out, PAINT_RULE, rule->id);
		text_puts(&out, "\n");
	}
	json_add(answer, "rules", list);
	if (ctl->options.json)
		json_show(&ctl->out, answer);
	else
		json_object_put(answer);
	screen_show(&ctl->out, &out);
}

static enum exit_code show_builtin(const struct ctl *ctl)
{
	_cleanup_(written_done) struct written written = WRITTEN_EMPTY;
	struct text out = TEXT_EMPTY;

	if (ctl->n_operands > 0)
		return ctl_usage(ctl, "--builtin takes no RULE");
	if (written_floor(&written) < 0)
		return ctl_fail(ctl, EXIT_IO, "out of memory");
	if (ctl->options.json && !ctl->options.quiet) {
		show_list(ctl, &written);
	} else if (!ctl->options.quiet) {
		text_puts(&out, "# Part of every policy; nothing switches it off.\n");
		text_add(&out, floor_text, floor_size);
		screen_show(&ctl->out, &out);
	}
	return EXIT_YES;
}

enum exit_code command_show(struct ctl *ctl)
{
	_cleanup_(written_done) struct written written = WRITTEN_EMPTY;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct load_options options;
	enum exit_code code;

	if (ctl->options.builtin)
		return show_builtin(ctl);
	options = input_options(ctl, &ctl->options.with, ctl->options.with != NULL);
	code = written_load(ctl, &options, &written);
	if (code == EXIT_YES && ctl->n_operands == 0) {
		if (!ctl->options.quiet)
			show_list(ctl, &written);
		return EXIT_YES;
	}
	if (code == EXIT_YES)
		code = input_load(ctl, &policy);
	for (int i = 0; code == EXIT_YES && i < ctl->n_operands; i++)
		code = show_rule(ctl, &written, policy, ctl->operands[i]);
	return code;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Parse, print, parse gives the same tree. The random trees are built here and
 * never seen by the parser before they are printed, so that what the grammar
 * can say and no example says is printed too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "policy/array.h"
#include "policy/format.h"
#include "policy/parser.h"
#include "tests/support/parsed.h"
#include "tests/support/suite.h"

static bool same_string(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_values(const struct ast_values *a, const struct ast_values *b)
{
	if (a->n != b->n || a->braced != b->braced)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (a->items[i].kind != b->items[i].kind ||
		    !same_string(a->items[i].text, b->items[i].text))
			return false;
	}
	return true;
}

static bool same_paths(const struct ast_paths *a, const struct ast_paths *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (a->items[i].kind != b->items[i].kind ||
		    !same_string(a->items[i].text, b->items[i].text))
			return false;
	}
	return true;
}

static bool same_term(const struct ast_term *a, const struct ast_term *b)
{
	return a->kind == b->kind && a->negated == b->negated && a->key == b->key &&
	       same_values(&a->values, &b->values);
}

static bool same_conj(const struct ast_conj *a, const struct ast_conj *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (!same_term(&a->terms[i], &b->terms[i]))
			return false;
	}
	return true;
}

static bool same_who(const struct ast_who *a, const struct ast_who *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (!same_conj(&a->conjs[i], &b->conjs[i]))
			return false;
	}
	return true;
}

static bool same_rule(const struct ast_rule *a, const struct ast_rule *b)
{
	if (!same_string(a->label, b->label) || a->allow != b->allow || a->as_root != b->as_root ||
	    a->modes != b->modes || !same_paths(&a->paths, &b->paths) ||
	    !same_paths(&a->except, &b->except) || a->n_attrs != b->n_attrs)
		return false;
	for (size_t i = 0; i < a->n_attrs; i++) {
		if (a->attrs[i].name != b->attrs[i].name ||
		    !same_values(&a->attrs[i].values, &b->attrs[i].values))
			return false;
	}
	return true;
}

static bool same_scope(const struct ast_scope *a, const struct ast_scope *b)
{
	if (!same_who(&a->who, &b->who) || a->mode != b->mode || a->n_rules != b->n_rules)
		return false;
	for (size_t i = 0; i < a->n_rules; i++) {
		if (!same_rule(&a->rules[i], &b->rules[i]))
			return false;
	}
	return true;
}

static bool same_statement(const struct ast_statement *a, const struct ast_statement *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case AST_LET:
	case AST_EXTEND:
		return same_string(a->set.name, b->set.name) &&
		       same_paths(&a->set.paths, &b->set.paths);
	case AST_SUBJECT:
		return same_string(a->subject.name, b->subject.name) &&
		       same_who(&a->subject.who, &b->subject.who);
	case AST_SCOPE:
		return same_scope(&a->scope, &b->scope);
	case AST_DENY:
		return same_rule(&a->rule, &b->rule);
	case AST_EXPECT:
		return a->expect.allow == b->expect.allow && a->expect.modes == b->expect.modes &&
		       same_string(a->expect.path.text, b->expect.path.text) &&
		       same_conj(&a->expect.who, &b->expect.who);
	case AST_DISABLE:
		return a->disable.rule.kind == b->disable.rule.kind &&
		       same_string(a->disable.rule.text, b->disable.rule.text);
	}
	return false;
}

static void assert_same_when_printed(const struct ast *ast, const char *name)
{
	char *printed = parsed_print(ast);
	struct parsed again = parsed_string(printed);

	ck_assert_msg(again.diags.n == 0, "%s: %s in\n%s", name,
		      again.diags.n ? again.diags.items[0].message : "", printed);
	ck_assert_msg(again.ast->n == ast->n, "%s", name);
	for (size_t i = 0; i < ast->n; i++)
		ck_assert_msg(same_statement(&ast->statements[i], &again.ast->statements[i]),
			      "%s: statement %zu of\n%s", name, i, printed);
	parsed_done(&again);
	free(printed);
}

static const char *const examples[] = {
	"00-floor", "20-nginx", "30-myapp-log", "40-viewer", "50-devices",
	"60-ci",    "70-pdf",	"80-spool",	"85-config", "90-breakglass",
};

START_TEST(print_gives_each_example_back)
{
	struct parsed parsed;
	char path[128];
	size_t size;
	char *text;

	snprintf(path, sizeof(path), "examples/policy/%s.fdp", examples[_i]);
	text = parsed_file(path, &size);
	parsed = parsed_text(path, text, size);
	ck_assert_uint_eq(parsed.diags.n, 0);
	ck_assert_uint_gt(parsed.ast->n, 0);
	assert_same_when_printed(parsed.ast, path);
	free(text);
	parsed_done(&parsed);
}
END_TEST

static size_t below(size_t n)
{
	return (size_t)rand() % n;
}

/* A new element of an array of the tree under construction. */
#define ADD(items, n)                                                                              \
	({                                                                                         \
		__typeof__(items) _added = ARRAY_ADD(items, n);                                    \
		ck_assert_ptr_nonnull(_added);                                                     \
		_added;                                                                            \
	})

static char *pick(const char *const *words, size_t n)
{
	return strdup(words[below(n)]);
}

static void random_value(struct ast_value *value)
{
	static const char *const words[] = { "root", "1000-2000", "188:*", "20/s", "2027-01-31",
					     "a.b",  "allow",	  "for",   "_x",   "any" };
	static const char *const patterns[] = { "a b",	"",	"x\\\"y",   "*.{a,b}",
						"\\\\", "# no", "\xc3\xa4;" };
	static const char *const literals[] = { "", "a\\", "\"", "/x y", "}" };

	value->kind = (enum ast_value_kind)below(3);
	value->text = value->kind == AST_WORD	   ? pick(words, ELEMENTSOF(words))
		      : value->kind == AST_PATTERN ? pick(patterns, ELEMENTSOF(patterns))
						   : pick(literals, ELEMENTSOF(literals));
}

static void random_values(struct ast_values *values, size_t least)
{
	size_t n = least + below(3);

	values->braced = n > 1 || (n == 1 && below(2));
	while (values->n < n)
		random_value(ADD(values->items, values->n));
}

static void random_paths(struct ast_paths *paths)
{
	static const char *const texts[][2] = {
		[AST_PATH_PATTERN] = { "/a/{b,c}/**", "@x/\\\"y" },
		[AST_PATH_LITERAL] = { "/a \\b", "" },
		[AST_PATH_SET] = { "@a", "@a-b1" },
	};
	size_t n = 1 + below(3);

	while (paths->n < n) {
		struct ast_path *path = ADD(paths->items, paths->n);

		path->kind = (enum ast_path_kind)below(3);
		path->text = strdup(texts[path->kind][below(2)]);
	}
}

static void random_conj(struct ast_conj *conj)
{
	size_t n = 1 + below(3);

	while (conj->n < n) {
		struct ast_term *term = ADD(conj->terms, conj->n);

		term->kind = (enum ast_term_kind)below(3);
		term->negated = below(2);
		if (term->kind == AST_TERM_KEY) {
			term->key = (enum ast_key)below(AST_KEY_MAX);
			random_values(&term->values, 1);
		} else if (term->kind == AST_TERM_SUBJECT) {
			ADD(term->values.items, term->values.n)->text = strdup("some-body");
		}
	}
}

static void random_who(struct ast_who *who)
{
	size_t n = 1 + below(3);

	while (who->n < n)
		random_conj(ADD(who->conjs, who->n));
}

static uint32_t random_modes(void)
{
	return below(4) ? 1 + (uint32_t)below(POLICY_ANY - 1) : POLICY_ANY;
}

static void random_rule(struct ast_rule *rule, bool allow)
{
	size_t n = below(4);

	rule->label = below(2) ? strdup("a-label1") : NULL;
	rule->allow = allow;
	rule->as_root = below(2);
	rule->modes = random_modes();
	random_paths(&rule->paths);
	if (below(2))
		random_paths(&rule->except);
	while (rule->n_attrs < n) {
		struct ast_attr *attr = ADD(rule->attrs, rule->n_attrs);

		attr->name = (enum ast_attr_name)below(AST_ATTR_MAX);
		random_values(&attr->values, 0);
	}
}

static void random_statement(struct ast_statement *statement)
{
	statement->kind = (enum ast_kind)below(AST_DISABLE + 1);
	switch (statement->kind) {
	case AST_LET:
	case AST_EXTEND:
		statement->set.name = strdup("@a-set");
		random_paths(&statement->set.paths);
		break;
	case AST_SUBJECT:
		statement->subject.name = strdup("web");
		random_who(&statement->subject.who);
		break;
	case AST_SCOPE:
		random_who(&statement->scope.who);
		statement->scope.mode = (enum ast_scope_mode)below(3);
		for (size_t n = below(4); statement->scope.n_rules < n;)
			random_rule(ADD(statement->scope.rules, statement->scope.n_rules),
				    below(2));
		break;
	case AST_DENY:
		random_rule(&statement->rule, false);
		break;
	case AST_EXPECT:
		statement->expect.allow = below(2);
		statement->expect.modes = random_modes();
		statement->expect.path =
			(struct ast_path){ .kind = AST_PATH_LITERAL, .text = strdup("/x \\\"y") };
		random_conj(&statement->expect.who);
		break;
	case AST_DISABLE:
		do {
			free(statement->disable.rule.text);
			random_value(&statement->disable.rule);
		} while (statement->disable.rule.kind == AST_WORD);
		break;
	}
}

START_TEST(print_gives_random_trees_back)
{
	srand(4711);
	for (int i = 0; i < 5000; i++) {
		struct ast *ast = calloc(1, sizeof(*ast));

		for (size_t n = below(6); ast->n < n;)
			random_statement(ADD(ast->statements, ast->n));
		assert_same_when_printed(ast, "random tree");
		ast_free(ast);
	}
}
END_TEST

/* The canonical text with comments and empty lines thrown in where a line ends, and some lines
 * joined: what people write. */
static char *untidy(const char *printed)
{
	static const char *const ends[] = {
		"\n", " ", "\n\n\n", " # behind\n", "\n\t# \"own\n\n", "#{;\n#}\n",
	};
	struct text out = TEXT_EMPTY;
	char *text;

	for (; *printed; printed++) {
		if (*printed == '\n')
			text_puts(&out, ends[below(ELEMENTSOF(ends))]);
		else
			text_add(&out, printed, 1);
	}
	text_puts(&out, "\n");
	ck_assert_int_eq(text_finish(&out, &text), 0);
	return text;
}

static char *format(const char *text)
{
	struct text out = TEXT_EMPTY;
	struct source *source;
	char *formatted;

	ck_assert_int_eq(source_new(&source, "text", text, strlen(text), SOURCE_ADMIN), 0);
	ck_assert_int_eq(format_source(source, &out), 0);
	ck_assert_int_eq(text_finish(&out, &formatted), 0);
	source_free(source);
	return formatted;
}

static size_t count(const char *text, char c)
{
	size_t n = 0;

	while (*text)
		n += *text++ == c;
	return n;
}

static void assert_same_when_formatted(const struct ast *ast)
{
	char *printed = parsed_print(ast), *text = untidy(printed);
	char *once = format(text), *twice = format(once), *reprinted;
	struct parsed again = parsed_string(once);

	ck_assert_msg(again.diags.n == 0, "%s in\n%s",
		      again.diags.n ? again.diags.items[0].message : "", once);
	reprinted = parsed_print(again.ast);
	ck_assert_str_eq(printed, reprinted);
	ck_assert_str_eq(once, twice);
	ck_assert_uint_eq(count(once, '#'), count(text, '#'));
	parsed_done(&again);
	free(printed);
	free(text);
	free(once);
	free(twice);
	free(reprinted);
}

START_TEST(format_keeps_the_tree_and_the_comments_of_random_texts)
{
	srand(1147);
	for (int i = 0; i < 5000; i++) {
		struct ast *ast = calloc(1, sizeof(*ast));

		for (size_t n = below(6); ast->n < n;)
			random_statement(ADD(ast->statements, ast->n));
		assert_same_when_formatted(ast);
		ast_free(ast);
	}
}
END_TEST

START_TEST(print_is_a_fixed_point)
{
	struct parsed parsed = parsed_string("version 1;deny any \"/a\",@b{hide;note'x';}\n");
	char *once = parsed_print(parsed.ast), *twice;
	struct parsed again = parsed_string(once);

	twice = parsed_print(again.ast);
	ck_assert_str_eq(once, twice);
	ck_assert_str_eq(once,
			 "version 1;\n\ndeny any \"/a\", @b {\n    hide;\n    note 'x';\n}\n");
	free(once);
	free(twice);
	parsed_done(&again);
	parsed_done(&parsed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("print");
	TCase *tcase = suite_case(suite, "print");

	tcase_add_loop_test(tcase, print_gives_each_example_back, 0, ELEMENTSOF(examples));
	tcase_add_test(tcase, print_gives_random_trees_back);
	tcase_add_test(tcase, print_is_a_fixed_point);
	tcase_add_test(tcase, format_keeps_the_tree_and_the_comments_of_random_texts);
	return suite_main(suite);
}

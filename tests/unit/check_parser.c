/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "policy/check.h"
#include "tests/support/parsed.h"
#include "tests/support/suite.h"

/* A text after "version 1;\n" and the errors that it has, and no others: "ID:line:column …". */
static const struct {
	const char *text;
	const char *errors;
} cases[] = {
	{ "deny any \"/a\";\n", "" },
	/* After each kind of error, the next statement is read as if nothing had been. */
	{ "deny any /a;\nallow read \"/b\";\n", "E001:2:10 E011:3:1" },
	{ "deny any;\nallow read \"/b\";\n", "E001:2:9 E011:3:1" },
	{ "deny;\nallow read \"/b\";\n", "E001:2:5 E011:3:1" },
	{ "let a = \"/x\";\nallow read \"/b\";\n", "E001:2:5 E011:3:1" },
	{ "let @a \"/x\";\nallow read \"/b\";\n", "E001:2:8 E011:3:1" },
	{ "extend @a = \"/x\";\nallow read \"/b\";\n", "E001:2:11 E011:3:1" },
	{ "subject = user 0;\nallow read \"/b\";\n", "E001:2:9 E011:3:1" },
	{ "for user { deny any \"/a\"; }\nallow read \"/b\";\n", "E001:2:10 E011:3:1" },
	{ "for user 0 and { deny any \"/a\"; }\nallow read \"/b\";\n", "E001:2:16 E011:3:1" },
	{ "for user { 0, } { deny any \"/a\"; }\nallow read \"/b\";\n", "E001:2:15 E011:3:1" },
	{ "for user 0;\nallow read \"/b\";\n", "E001:2:11 E011:3:1" },
	{ "expect allow read '/a';\nallow read \"/b\";\n", "E001:2:23 E011:3:1" },
	{ "disable;\nallow read \"/b\";\n", "E001:2:8 E011:3:1" },
	{ "\"/a\";\nallow read \"/b\";\n", "E001:2:1 E011:3:1" },
	{ "}}}\nallow read \"/b\";\n", "E001:2:1 E001:2:2 E001:2:3 E011:3:1" },
	{ "frob \"/a\" { x; y { z; } }\nallow read \"/b\";\n", "E002:2:1 E011:3:1" },
	{ "deny any \"/a\nallow read \"/b\";\n", "E001:2:10 E011:3:1" },
	/* Inside a block. */
	{ "for user 0 {\nread \"/a\";\ndney any \"/b\";\n}\n", "E002:3:1 E002:4:1" },
	{ "for user 0 {\nallow read \"/a\" { note \"x; }\nb: allow raed \"/b\";\n}\n",
	  "E001:3:24 E002:4:10" },
	{ "for user 0 {\nallow read \"/a\" {\nowner root\nlinks 1\n}\n}\n", "E001:4:11 E001:5:8" },
	{ "for user 0 {\nallow read \"/a\" { , ; owner root; }\nallow raed \"/b\";\n}\n",
	  "E001:3:19 E002:4:7" },
	{ "for user 0 {\nallow read \"/a\" { type { a b }; ownr root; }\n}\n",
	  "E001:3:28 E002:3:33" },
	{ "for user 0 {\nallow read \"/a\"\n\nfor user 1 { }\n", "E001:3:16 E001:5:1" },
	{ "for usr { a, b } and gruop c { }\n", "E002:2:5 E002:2:22" },
	{ "expect deny read, raed '/a' as usr b;\n", "E002:2:19 E002:2:32" },
	{ "version 2;\n", "E003:2:1" },
};

START_TEST(parser_goes_on_after_an_error_and_finds_no_false_one)
{
	struct text found = TEXT_EMPTY;
	char text[512], *string;
	struct parsed p;

	snprintf(text, sizeof(text), "version 1;\n%s", cases[_i].text);
	p = parsed_string(text);
	diags_sort(&p.diags);
	for (size_t i = 0; i < p.diags.n; i++)
		text_printf(&found, "%s%s:%u:%u", i ? " " : "", p.diags.items[i].id,
			    p.diags.items[i].place.line, p.diags.items[i].place.column);
	ck_assert_int_eq(text_finish(&found, &string), 0);
	ck_assert_msg(strcmp(string, cases[_i].errors) == 0, "%s: %s", cases[_i].text, string);
	free(string);
	parsed_done(&p);
}
END_TEST

START_TEST(parser_builds_the_tree_as_written)
{
	struct parsed p =
		parsed_string("version 1;\n"
			      "for not user { a, 5 } and anyone or subject s mode enforce {\n"
			      "  x: allow read, create as root @a, '/b' except \"/c\" {\n"
			      "    rate 1/s burst 2 per uid; hide; }\n"
			      "}\n");
	const struct ast_scope *scope = &p.ast->statements[0].scope;
	const struct ast_rule *rule = &scope->rules[0];

	ck_assert_uint_eq(p.diags.n, 0);
	ck_assert_uint_eq(p.ast->n, 1);
	ck_assert_int_eq(p.ast->statements[0].kind, AST_SCOPE);
	ck_assert_uint_eq(scope->who.n, 2);
	ck_assert_uint_eq(scope->who.conjs[0].n, 2);
	ck_assert(scope->who.conjs[0].terms[0].negated);
	ck_assert(scope->who.conjs[0].terms[0].values.braced);
	ck_assert_str_eq(scope->who.conjs[0].terms[0].values.items[1].text, "5");
	ck_assert_int_eq(scope->who.conjs[0].terms[1].kind, AST_TERM_ANYONE);
	ck_assert_int_eq(scope->who.conjs[1].terms[0].kind, AST_TERM_SUBJECT);
	ck_assert_int_eq(scope->mode, AST_SCOPE_ENFORCE);
	ck_assert_str_eq(rule->label, "x");
	ck_assert(rule->allow && rule->as_root);
	ck_assert_uint_eq(rule->modes, POLICY_READ | POLICY_CREATE);
	ck_assert_uint_eq(rule->modes_written.items[1].place.column, 18);
	ck_assert_int_eq(rule->paths.items[0].kind, AST_PATH_SET);
	ck_assert_int_eq(rule->paths.items[1].kind, AST_PATH_LITERAL);
	ck_assert_str_eq(rule->except.items[0].text, "/c");
	ck_assert_uint_eq(rule->attrs[0].values.n, 5);
	ck_assert_int_eq(rule->attrs[1].name, AST_ATTR_HIDE);
	ck_assert_uint_eq(rule->place.line, 3);
	ck_assert_uint_eq(rule->place.column, 6);
	parsed_done(&p);
}
END_TEST

/* About 4 KiB with every kind of statement, from the examples. */
static char *large_policy(size_t *ret_size)
{
	static const char *const files[] = { "00-floor",   "20-nginx", "30-myapp-log", "40-viewer",
					     "50-devices", "60-ci",    "90-breakglass" };
	struct text out = TEXT_EMPTY;
	char *string;

	text_puts(&out, "version 1;");
	for (size_t i = 0; i < ELEMENTSOF(files); i++) {
		char path[128];
		size_t size;
		char *text;

		snprintf(path, sizeof(path), "examples/policy/%s.fdp", files[i]);
		text = parsed_file(path, &size);
		text_puts(&out, text + strlen("version 1;"));
		free(text);
	}
	*ret_size = out.len;
	ck_assert_int_eq(text_finish(&out, &string), 0);
	ck_assert_uint_ge(*ret_size, 3500);
	return string;
}

/* P62: cut at any byte but after a whole line between statements, a policy is refused. */
START_TEST(parser_refuses_a_policy_cut_at_any_byte)
{
	size_t size;
	char *text = large_policy(&size);
	unsigned int whole = 0;

	for (size_t n = 0; n < size; n++) {
		struct parsed p = parsed_text("test.fdp", text, n);

		if (p.diags.n_errors == 0) {
			char *rest = parsed_print(p.ast);

			ck_assert_msg(text[n - 1] == '\n', "cut at %zu", n);
			ck_assert_ptr_nonnull(rest);
			free(rest);
			whole++;
		} else if (n > 0 && text[n - 1] != '\n') {
			/* One cut, one message. */
			ck_assert_msg(p.diags.n_errors == 1, "cut at %zu", n);
			ck_assert_str_eq(p.diags.items[0].message, "file is cut short");
		}
		parsed_done(&p);
	}
	ck_assert_uint_gt(whole, 10);
	free(text);
}
END_TEST

START_TEST(parser_survives_a_changed_byte_anywhere)
{
	static const char bytes[] = "\0\n\"'{};,@:#\xff/= a";
	size_t size;
	char *text = large_policy(&size);

	for (size_t n = 0; n < size; n += 7) {
		char before = text[n];
		struct parsed p;

		text[n] = bytes[n % (sizeof(bytes) - 1)];
		p = parsed_checked("test.fdp", text, size);
		free(parsed_render(&p));
		parsed_done(&p);
		text[n] = before;
	}
	free(text);
}
END_TEST

START_TEST(parser_survives_any_sequence_of_tokens)
{
	static const char *const tokens[] = {
		"for",	  "user",    "0",	"{",	 "}",  ";",   ",",    "allow",
		"deny",	  "read",    "\"/a\"",	"'/b'",	 "@s", "let", "=",    "+=",
		"extend", "subject", "x",	"and",	 "or", "not", "as",   "root",
		"except", "expect",  "disable", "owner", "a:", "\n",  "mode", "complain",
		"any",	  "/c",	     "\"",	"rate",
	};

	srand(4711);
	for (int i = 0; i < 4000; i++) {
		char text[512] = "version 1;\n";
		struct parsed p;

		for (int j = rand() % 30; j > 0; j--) {
			strcat(text, tokens[(size_t)rand() % ELEMENTSOF(tokens)]);
			strcat(text, " ");
		}
		strcat(text, "\n");
		p = parsed_checked("test.fdp", text, strlen(text));
		parsed_done(&p);
	}
}
END_TEST

/* One mebibyte that repeats @text. */
static const char *const hostile[] = {
	"{", "}",  "/{", "for user 0 {", "let @a=@a,", "a: ",	       "deny any \"/{",
	"@", "# ", "\"", "\xff",	 "\n",	       "for user {0,",
};

START_TEST(parser_is_not_hurt_by_repetition)
{
	size_t len = strlen(hostile[_i]);
	char *text = malloc(POLICY_FILE_MAX);
	struct parsed p;

	memcpy(text, "version 1;\n", 11);
	for (size_t i = 11; i < POLICY_FILE_MAX; i++)
		text[i] = hostile[_i][(i - 11) % len];
	text[POLICY_FILE_MAX - 1] = '\n';
	p = parsed_checked("test.fdp", text, POLICY_FILE_MAX);
	ck_assert_uint_le(p.diags.n, DIAGS_MAX);
	free(text);
	parsed_done(&p);
}
END_TEST

START_TEST(parser_refuses_a_file_that_is_one_byte_too_large)
{
	char *text = malloc(POLICY_FILE_MAX + 1);
	struct parsed p;

	memset(text, '\n', POLICY_FILE_MAX + 1);
	memcpy(text, "version 1;", 10);
	p = parsed_text("test.fdp", text, POLICY_FILE_MAX);
	ck_assert_uint_eq(p.diags.n_errors, 0);
	parsed_done(&p);
	p = parsed_text("test.fdp", text, POLICY_FILE_MAX + 1);
	ck_assert_uint_eq(p.diags.n_errors, 1);
	ck_assert_str_eq(p.diags.items[0].id, "E016");
	ck_assert_str_eq(p.diags.items[0].message, "file is larger than 1048576 bytes");
	parsed_done(&p);
	free(text);
}
END_TEST

static const struct {
	const char *text;
	const char *printed; /* or NULL: errors */
} conjs[] = {
	{ "unit \"a.service\" and user www-data", "unit \"a.service\" and user www-data" },
	{ "not anyone", "not anyone" },
	{ "user 0 or user 1", NULL },
	{ "user", NULL },
	{ "", NULL },
	{ "usr 0", NULL },
	{ "user 0 {", NULL },
};

START_TEST(parser_parse_conj_reads_what_stands_alone)
{
	struct text printed = TEXT_EMPTY;
	struct diags diags = DIAGS_EMPTY;
	struct ast_conj *conj = NULL;
	struct source *source;

	ck_assert_int_eq(source_new(&source, "--as", conjs[_i].text, strlen(conjs[_i].text),
				    SOURCE_ADMIN),
			 0);
	ck_assert_int_eq(parser_parse_conj(source, &diags, &conj), 0);
	ck_assert_msg((conj != NULL) == (conjs[_i].printed != NULL), "%s", conjs[_i].text);
	ck_assert((conj == NULL) == (diags.n_errors > 0));
	if (conj) {
		ast_print_conj(conj, &printed);
		ck_assert_str_eq(printed.data, conjs[_i].printed);
	}
	text_done(&printed);
	diags_done(&diags);
	ast_conj_free(conj);
	source_free(source);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("parser");
	TCase *tcase = suite_case(suite, "parser");

	tcase_add_loop_test(tcase, parser_goes_on_after_an_error_and_finds_no_false_one, 0,
			    ELEMENTSOF(cases));
	tcase_add_test(tcase, parser_builds_the_tree_as_written);
	tcase_add_test(tcase, parser_refuses_a_policy_cut_at_any_byte);
	tcase_add_test(tcase, parser_survives_a_changed_byte_anywhere);
	tcase_add_test(tcase, parser_survives_any_sequence_of_tokens);
	tcase_add_loop_test(tcase, parser_is_not_hurt_by_repetition, 0, ELEMENTSOF(hostile));
	tcase_add_test(tcase, parser_refuses_a_file_that_is_one_byte_too_large);
	tcase_add_loop_test(tcase, parser_parse_conj_reads_what_stands_alone, 0, ELEMENTSOF(conjs));
	return suite_main(suite);
}

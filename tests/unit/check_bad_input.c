/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Policies that nobody wrote by hand: what is said about them is short, can be
 * shown to a person, and costs neither the daemon nor fdbrokerctl much time or
 * memory. Each test is a process of its own, which getrusage(2) is asked about.
 */

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "policy/source.h"
#include "tests/support/policy.h"
#include "tests/support/suite.h"

DEFINE_CLEANUP(struct policy *, policy_free)

#ifdef __SANITIZE_ADDRESS__
enum { DEARER = 8 }; /* red zones, and what was freed is kept for a while */
#else
enum { DEARER = 1 };
#endif

#define CPU_MAX	     (20L * DEARER) /* seconds; it takes some tenths */
#define RENDERED_MAX 4096U	    /* bytes of one finding, with the line that it shows */

static long peak_kib(void)
{
	struct rusage usage;

	ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

static long cpu_seconds(void)
{
	struct rusage usage;

	ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
}

/* No control character but the ends of lines, nothing that turns the order of text round. */
static bool is_for_a_terminal(const struct text *text)
{
	for (size_t i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)text->data[i];

		if ((c < ' ' && c != '\n') || c == 0x7f)
			return false;
	}
	return !memmem(text->data, text->len, "\u202e", 3);
}

static void check_rendered(const struct diags *diags)
{
	ck_assert_uint_le(diags->n, DIAGS_MAX);
	for (size_t i = 0; i < diags->n; i++) {
		_cleanup_(text_done) struct text text = TEXT_EMPTY;

		diag_render(&diags->items[i], false, &text);
		ck_assert(!text.failed && is_for_a_terminal(&text));
		ck_assert_msg(text.len <= RENDERED_MAX, "%zu bytes: %.200s", text.len, text.data);
	}
}

static void check_found(const struct diags *diags, const char *id, const char *message)
{
	bool found = false;

	for (size_t i = 0; i < diags->n; i++)
		found |= strcmp(diags->items[i].id, id) == 0 &&
			 strstr(diags->items[i].message, message);
	ck_assert_msg(found, "no %s '%s' among %zu, of which the first is %s: %.200s", id, message,
		      diags->n_errors, diags->n > 0 ? diags->items[0].id : "none",
		      diags->n > 0 ? diags->items[0].message : "");
}

/* One text: what stands before, what is repeated, what stands behind. */
static const struct {
	const char *what, *before, *repeated, *behind;
	size_t times; /* 0: to the limit of a file */
	const char *id, *message;
} texts[] = {
	{ "a line of 1 MiB", "version 1; ", "deny any '/a'; ", "nonsense;\n", 0, "E002",
	  "unknown statement 'nonsense'" },
	{ "a line of 1 MiB, wrong throughout", "version 1; ", "deny ani '/a'; ", "\n", 0, "E002",
	  "unknown access mode 'ani'" },
	{ "a word of 1 MiB", "version 1; ", "a", ";\n", 0, "E002", "unknown statement 'aaa" },
	{ "a name of 1 MiB", "version 1; deny any @", "a", ";\n", 0, "E007", "@aaa" },
	{ "a pattern of 1 MiB", "version 1; deny any \"/", "a", "\";\n", 0, "E016",
	  "longer than 4095 bytes" },
	{ "a string of 1 MiB without an end", "version 1; deny any \"/", "a", "\n", 0, "E001",
	  "unterminated pattern" },
	{ "a list of 1 MiB", "version 1; deny any '/a'", ", '/a'", "\n", 0, "E001", "';'" },
	{ "10,000 braces", "version 1; for anyone ", "{", "\n", 10000, "E001", "found '{'" },
	{ "10,000 braces and their ends", "version 1; for anyone ", "{}", "\n", 10000, "E001",
	  "expected" },
	{ "10,000 values in values", "version 1; for user ", "{", "\n", 10000, "E001",
	  "found '{'" },
	{ "10,000 braces in a pattern", "version 1; deny any \"/", "{", "\";\n", 4000, "E004", "" },
	{ "10,000 braces in a pattern that is too long", "version 1; deny any \"/", "{a,", "\";\n",
	  10000, "E016", "longer than 4095 bytes" },
	{ "bytes that are no UTF-8", "version 1; ", "\xff\xc0\xed\xa0\x80", "\n", 0, "E018",
	  "UTF-8" },
	{ "bytes that are no UTF-8, a line each", "version 1;", "\n\xff", "\n", 0, "E018",
	  "UTF-8" },
	{ "bidi characters", "version 1; # ", "\u202e", "\n", 0, "E018", "" },
	{ "bidi characters in paths", "version 1;", "\ndeny any '/\u202e';", "\n", 0, "E018", "" },
	{ "escape sequences", "version 1;", "\ndeny any '/\033[2J';", "\n", 0, "E018", "" },
};

static char *text_of(int i, size_t *ret_size)
{
	size_t before = strlen(texts[i].before), behind = strlen(texts[i].behind);
	size_t len = strlen(texts[i].repeated), times = texts[i].times;
	char *text = malloc(POLICY_FILE_MAX), *at = text;

	ck_assert_ptr_nonnull(text);
	if (times == 0)
		times = (POLICY_FILE_MAX - before - behind) / len;
	at = mempcpy(at, texts[i].before, before);
	while (times-- > 0)
		at = mempcpy(at, texts[i].repeated, len);
	at = mempcpy(at, texts[i].behind, behind);
	*ret_size = (size_t)(at - text);
	return text;
}

START_TEST(one_bad_text_is_refused_clearly_and_cheaply)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	_cleanup_(freep) char *text = NULL;
	long before = peak_kib();
	size_t size;

	text = text_of(_i, &size);
	ck_assert_int_eq(load_text("test.fdp", text, size, &diags, &policy), 0);
	ck_assert_msg(!policy, "%s: it loads", texts[_i].what);
	check_found(&diags, texts[_i].id, texts[_i].message);
	check_rendered(&diags);
	ck_assert_int_le(cpu_seconds(), CPU_MAX);
	ck_assert_msg(peak_kib() - before <= 100L * 1024 * DEARER, "%s: %ld KiB", texts[_i].what,
		      peak_kib() - before);
}
END_TEST

/* Many files. */

static char directory[64];

#define FILES_MAX (POLICY_TOTAL_MAX / POLICY_FILE_MAX)

static const char *file_name(size_t i)
{
	static char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s/%03zu.fdp", directory, i);
	return name;
}

/* A file in which @text stands @times; 0: as often as it may. */
static void write_file(size_t i, const char *text, size_t times)
{
	_cleanup_(freep) char *bytes = malloc(POLICY_FILE_MAX);
	size_t len = strlen(text);
	char *at = bytes;
	FILE *file;

	ck_assert_ptr_nonnull(bytes);
	at = mempcpy(at, "version 1;\n", 11);
	if (times == 0)
		times = (POLICY_FILE_MAX - 12) / len;
	while (times-- > 0)
		at = mempcpy(at, text, len);
	*at++ = '\n';
	file = fopen(file_name(i), "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, (size_t)(at - bytes), file), (size_t)(at - bytes));
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(file_name(i), 0644), 0);
}

static void set_up(void)
{
	suite_make_directory("/tmp", directory, sizeof(directory));
}

static void tear_down(void)
{
	suite_remove(directory);
}

static size_t parse_files(struct diags *diags)
{
	const struct load_options options = {
		.directory = directory,
		.trust = LOAD_TRUST_NOTE,
	};
	_cleanup_(policy_files_done) struct policy_files files = { 0 };

	ck_assert_int_eq(load_trees(&options, diags, &files), 0);
	return files.n;
}

START_TEST(the_rule_after_the_last_one_is_named)
{
	const size_t each = POLICY_RULES_MAX / 2;

	write_file(0, "deny any '/a';\n", each);
	write_file(1, "for user 1 {deny any'/';deny any'/';deny any'/';deny any'/';}\n", each / 4);
	for (size_t more = 0; more <= 1; more++) {
		_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;

		if (more)
			write_file(2, "deny any '/a';\n", 1);
		ck_assert_uint_eq(parse_files(&diags), 2 + more);
		ck_assert_uint_eq(diags.n_errors, more);
		ck_assert_uint_eq(count_findings(&diags, "E016"), more);
		ck_assert(more == 0 || diags.items[0].place.line == 2);
	}
}
END_TEST

/* What fills 64 MiB. */
static const struct {
	const char *what, *text;
	const char *id, *message;
} fillings[] = {
	{ "rules", "deny any'/';", "E016", "more than 100000 rules" },
	{ "rules in scopes", "for user 1{allow read'/';}", "E016", "more than 100000 rules" },
	{ "lists of paths", "deny any'/','/','/','/','/','/','/','/','/','/','/','/','/','/','/';",
	  "E016", "more than 1000000 paths" },
	{ "what is no policy", "x;", "E002", "unknown statement 'x'" },
};

START_TEST(a_policy_of_64_mebibytes_is_refused_clearly_and_cheaply)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	long before = peak_kib();

	for (size_t i = 0; i < FILES_MAX; i++)
		write_file(i, fillings[_i].text, 0);
	parse_files(&diags);
	check_found(&diags, fillings[_i].id, fillings[_i].message);
	check_rendered(&diags);
	ck_assert_int_le(cpu_seconds(), CPU_MAX);
	ck_assert_msg(peak_kib() - before <= 400L * 1024 * DEARER, "%s: %ld KiB", fillings[_i].what,
		      peak_kib() - before);
}
END_TEST

static Suite *bad_input_suite(void)
{
	Suite *suite = suite_create("bad_input");
	TCase *tcase = suite_case(suite, "text");

	tcase_add_loop_test(tcase, one_bad_text_is_refused_clearly_and_cheaply, 0,
			    ELEMENTSOF(texts));

	tcase = suite_case(suite, "files");
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, the_rule_after_the_last_one_is_named);
	tcase_add_loop_test(tcase, a_policy_of_64_mebibytes_is_refused_clearly_and_cheaply, 0,
			    ELEMENTSOF(fillings));
	return suite;
}

int main(void)
{
	return suite_main(bad_input_suite());
}

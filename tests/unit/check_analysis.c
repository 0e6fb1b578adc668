/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The findings about valid policies: as data, tests/policy/bad/warn/ID-what.fdp and the screen that it
 * gives; and planted one by one in random policies that have none.
 */
#include "policy/analysis.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "tests/policy/random_policy.h"
#include "tests/support/parsed.h"
#include "tests/support/suite.h"

#define WARN "tests/policy/bad/warn"
#define NOW  UINT64_C(1795305600) /* 2026-11-22 */

static struct parsed analysed(const char *name, const char *text, size_t size)
{
	struct parsed parsed = parsed_checked(name, text, size);
	const struct ast *ast = parsed.ast;

	ck_assert_msg(parsed.diags.n_errors == 0, "%s: %s", name,
		      parsed.diags.n ? parsed.diags.items[0].message : "");
	ck_assert_int_eq(analysis_run(&ast, 1, NOW, &parsed.diags), 0);
	diags_sort(&parsed.diags);
	return parsed;
}

static struct parsed analysed_file(const char *name)
{
	struct parsed parsed;
	char path[4096];
	size_t size;
	char *text;

	snprintf(path, sizeof(path), "%s/%s", WARN, name);
	text = parsed_file(path, &size);
	parsed = analysed(name, text, size);
	free(text);
	return parsed;
}

START_TEST(analysis_shows_each_finding_as_written_in_tests_policy_warn)
{
	struct dirent **names;
	int n = parsed_list(WARN, &names);

	for (int i = 0; i < n; i++) {
		struct parsed parsed = analysed_file(names[i]->d_name);
		_cleanup_(freep) char *shown = parsed_render(&parsed),
				      *expected = parsed_expected(WARN, names[i]->d_name);

		ck_assert_msg(strcmp(shown, expected) == 0, "%s:1: shows\n%s", names[i]->d_name,
			      shown);
		parsed_done(&parsed);
	}
	parsed_list_done(names, n);
}
END_TEST

static const char *const ids[] = {
	"W101", "W102", "W103", "W105", "W106", "W107", "W109", "W111",
	"W112", "W113", "W114", "W115", "W301", "N104", "N116",
};

START_TEST(analysis_has_a_case_for_each_finding)
{
	struct dirent **names;
	int n = parsed_list(WARN, &names);
	bool shown = false;

	for (int i = 0; i < n; i++)
		shown |= strncmp(names[i]->d_name, ids[_i], 4) == 0;
	parsed_list_done(names, n);
	ck_assert_msg(shown, "no case for %s", ids[_i]);
}
END_TEST

/* A rule of a policy in which nothing is to be found: a directory and a unit of its own. */
static void add_clean_rule(struct random *random, unsigned int i, struct text *out)
{
	static const char *const forms[] = {
		"for unit \"u%1$u.service\" { r%1$u: allow read \"/srv/d%1$u/*.conf\"; }\n",
		"for unit \"u%1$u@*.service\" { r%1$u: allow read \"/srv/d%1$u/%%i/**\"; }\n",
		"for unit \"u%1$u.service\" { r%1$u: allow read, write \"/srv/d%1$u/{a,b}\" "
		"{ owner root; } }\n",
		"let @s%1$u = \"/srv/d%1$u/a\", \"/srv/d%1$u/b\";\n"
		"for user %1$u and group %1$u { r%1$u: allow read \"@s%1$u/x\" except "
		"\"@s%1$u/y\"; }\n",
		"subject s%1$u = slice \"s%1$u.slice\" or unit \"u%1$u.service\";\n"
		"for subject s%1$u { r%1$u: allow create \"/srv/d%1$u/?.log\"; }\n",
		"r%1$u: deny any \"/srv/e%1$u/[a-f]*\";\n",
	};
	const char *form = forms[random_below(random, ELEMENTSOF(forms))];
	char line[512];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(line, sizeof(line), form, i);
#pragma GCC diagnostic pop
	text_puts(out, line);
}

static void add_clean_policy(struct random *random, unsigned int n, struct text *out)
{
	text_puts(out, "version 1;\n");
	for (unsigned int i = 1; i <= n; i++)
		add_clean_rule(random, i, out);
}

static const struct defect {
	const char *id, *text;
} defects[] = {
	{ "W101", "for unit \"p.service\" { p: allow read \"/srv/p/x\"; }\n"
		  "q: deny any \"/srv/p/*\";\n" },
	{ "W101", "for unit \"p.service\" { p: allow read, write \"/srv/p/**/x\"; }\n"
		  "for not unit \"other*\" { q: deny read, write \"/srv/p/**\"; }\n" },
	{ "W102", "for unit \"p.service\" { p: allow read \"/srv/p/x*\"; }\n"
		  "for unit \"p*.service\" { q: allow read, write \"/srv/p/*\"; }\n" },
	{ "W103",
	  "for unit \"p.service\" and unit \"q*.service\" { p: allow read \"/srv/p/x\"; }\n" },
	{ "W103", "for unit \"p.service\" { p: allow read \"/srv/p/?\" except \"/srv/**\"; }\n" },
	{ "W103", "for unit \"p.service\" { p: allow read \"/srv/p/x\" { until 2020-01-01; } }\n" },
	{ "W105",
	  "for unit \"p.service\" { p: allow read \"/srv/p/a*\" { rate 1/s burst 1 per uid; } "
	  "q: allow read \"/srv/p/*a\" { owner root; } }\n" },
	{ "W106", "for unit \"p.service\" { p: allow read \"/srv/p/[ab]\"; "
		  "q: allow read \"/srv/p/a\", \"/srv/p/b\"; }\n" },
	{ "W107", "let @p = \"/srv/p\";\n" },
	{ "W107", "subject p = unit \"p.service\";\n" },
	{ "W109", "for unit \"p.service\" { p: allow read \"/srv/p/x\" { until 2026-11-30; } }\n" },
	{ "W111", "for anyone { p: allow read \"/srv/p/*\"; }\n" },
	{ "W111", "for unit \"p.service\" { p: allow read as root \"/srv/p/**/x\"; }\n" },
	{ "W112", "for unit \"p.service\" { p: allow read as root \"/etc/ssl/*/x.key\"; }\n" },
	{ "W113", "for unit \"p.service\" { p: allow attributes as root \"/etc/pam.d/x\"; }\n" },
	{ "W113", "for unit \"p.service\" { p: allow remove as root \"/etc/cron.d\"; }\n" },
	{ "W113", "for unit \"p.service\" { p: allow remove as root \"/etc\"; }\n" },
	{ "W113", "for unit \"p.service\" { p: allow create as root \"/usr/lib/x\"; }\n" },
	{ "W112", "for unit \"p.service\" { p: allow attributes as root \"/etc/x.keytab\"; }\n" },
	{ "W112", "for unit \"p.service\" { p: allow connect as root \"/run/docker.sock\"; }\n" },
	{ "W111", "for unit \"p.service\" { p: allow remove as root \"/srv/p/**\"; }\n" },
	{ "W101", "for unit \"p.service\" { p: allow remove, watch \"/srv/p/x\"; }\n"
		  "q: deny watch \"/srv/p/*\"; q2: deny remove \"/srv/p/x\";\n" },
	{ "W102", "for unit \"p.service\" { p: allow connect \"/srv/p/x\"; }\n"
		  "for unit \"p*.service\" { q: allow connect, attributes \"/srv/p/x\"; }\n" },
	{ "N104", "for unit \"p.service\" { p: allow attributes \"/srv/p/*\"; }\n"
		  "q: deny attributes \"/srv/p/x\";\n" },
	{ "W114", "for unit \"p.service\" { p: allow append \"/srv/p/x\"; }\n" },
	{ "W115", "for unit \"p.service\" { p: allow list \"/srv/p/x\"; }\n" },
	{ "W301", "for exe \"/usr/bin/p\" { p: allow read \"/srv/p/x\"; }\n" },
	{ "N104", "for unit \"p.service\" { p: allow read \"/srv/p/*\"; }\n"
		  "q: deny read \"/srv/p/x\";\n" },
	{ "N116", "for unit \"p.service\" { allow read \"/srv/p/x\"; }\n" },
};

static struct parsed planted(uint64_t seed, const char *defect)
{
	struct random random = { seed };
	struct text text = TEXT_EMPTY;
	struct parsed parsed;

	add_clean_policy(&random, 40, &text);
	text_puts(&text, defect);
	parsed = analysed("p.fdp", text.data, text.len);
	text_done(&text);
	return parsed;
}

START_TEST(analysis_finds_nothing_in_a_clean_policy)
{
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct parsed parsed = planted(seed, "");
		_cleanup_(freep) char *shown = parsed_render(&parsed);

		ck_assert_msg(parsed.diags.n == 0, "%s", shown);
		parsed_done(&parsed);
	}
}
END_TEST

START_TEST(analysis_finds_exactly_the_defect_that_was_planted)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct parsed parsed = planted(seed * 1000 + 1, defects[_i].text);
		_cleanup_(freep) char *shown = parsed_render(&parsed);

		ck_assert_msg(parsed.diags.n == 1 &&
				      strcmp(parsed.diags.items[0].id, defects[_i].id) == 0,
			      "%s in %s\n%s", defects[_i].id, defects[_i].text, shown);
		parsed_done(&parsed);
	}
}
END_TEST

static double processor_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double seconds_of(const char *text, size_t size)
{
	struct parsed parsed = parsed_checked("p.fdp", text, size);
	const struct ast *ast = parsed.ast;
	double start = processor_seconds(), end;

	ck_assert_uint_eq(parsed.diags.n_errors, 0);
	ck_assert_int_ne(analysis_run(&ast, 1, NOW, &parsed.diags), -ENOMEM);
	end = processor_seconds();
	parsed_done(&parsed);
	return end - start;
}

/* Not measured under a sanitizer. */
static double allowed_seconds(void)
{
	const char *sanitized = getenv("ASAN_OPTIONS");

	return sanitized ? 60 : 5;
}

START_TEST(analysis_of_5000_rules_takes_5_seconds_at_most)
{
	struct random random = { 5000 };
	struct text text = TEXT_EMPTY;

	add_clean_policy(&random, 4990, &text);
	text_puts(&text, "all: deny read \"/srv/**/*.key\";\n");
	ck_assert_double_le(seconds_of(text.data, text.len), allowed_seconds());
	text_done(&text);
}
END_TEST

/* All of them in one directory, and each overlaps each. */
START_TEST(analysis_of_5000_rules_that_all_overlap_is_given_up_in_time)
{
	struct text text = TEXT_EMPTY;

	text_puts(&text, "version 1;\n");
	for (unsigned int i = 0; i < 5000; i++)
		text_printf(&text,
			    "for unit \"u.service\" { r%u: allow read \"/srv/*%u*/**/*a?b*\"; }\n",
			    i, i);
	ck_assert_double_le(seconds_of(text.data, text.len), 4 * allowed_seconds());
	text_done(&text);
}
END_TEST

/* What compares whom a rule is for costs as much as what compares names. */
static const char *const many[] = {
	"for subject s and user %1$u { r%1$u: allow read \"/srv/a\"; }\n",
	"for subject s { r%1$u: allow read \"/srv/*%1$u*\"; }\n",
	"for unit \"*a%1$u*b*c*d*.service\" { r%1$u: allow read \"/srv/a\"; }\n",
	"for unit \"u%1$u*.service\" or unit \"w%1$u?x*.service\" { r%1$u: allow read \"/srv/a\"; "
	"}\n",
	"for unit \"u.service\" { r%1$u: allow read \"/srv/a\"; }\n",
	"for unit \"u%1$u.service\" { r%1$u: allow read \"/srv/**\" except @s; }\n",
	"for unit \"u%1$u.service\" { r%1$u: allow read, write, remove, attributes, connect as "
	"root "
	"\"/srv/%1$u/x\"; }\n",
};

START_TEST(analysis_of_5000_rules_of_any_kind_ends_in_time)
{
	struct text text = TEXT_EMPTY;

	text_puts(&text, "version 1;\nsubject s = unit \"x.service\"");
	for (unsigned int i = 0; i < 200; i++)
		text_printf(&text, " or unit \"x%u*.service\"", i);
	text_puts(&text, ";\nlet @s = \"/srv/x\"");
	for (unsigned int i = 0; i < 190; i++)
		text_printf(&text, ", \"/srv/%u/**/*%ux\"", i, i);
	text_puts(&text, ";\n");
	for (unsigned int i = 0; i < 5000; i++) {
		char line[512];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(line, sizeof(line), many[_i], i);
#pragma GCC diagnostic pop
		text_puts(&text, line);
	}
	ck_assert_double_le(seconds_of(text.data, text.len), 2 * allowed_seconds());
	text_done(&text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("analysis");
	TCase *tcase = suite_case(suite, "analysis");

	tcase_add_test(tcase, analysis_shows_each_finding_as_written_in_tests_policy_warn);
	tcase_add_loop_test(tcase, analysis_has_a_case_for_each_finding, 0, ELEMENTSOF(ids));
	tcase_add_test(tcase, analysis_finds_nothing_in_a_clean_policy);
	tcase_add_loop_test(tcase, analysis_finds_exactly_the_defect_that_was_planted, 0,
			    ELEMENTSOF(defects));
	tcase_add_test(tcase, analysis_of_5000_rules_takes_5_seconds_at_most);
	tcase_add_test(tcase, analysis_of_5000_rules_that_all_overlap_is_given_up_in_time);
	tcase_add_loop_test(tcase, analysis_of_5000_rules_of_any_kind_ends_in_time, 0,
			    ELEMENTSOF(many));
	return suite_main(suite);
}

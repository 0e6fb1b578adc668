/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Containment and intersection of patterns against brute force: every name up to a length is
 * tried with a matcher that tries everything, and must give the same answer.
 */
#include "policy/language.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "tests/policy/random_policy.h"
#include "tests/policy/reference_glob.h"
#include "tests/support/suite.h"

#define ROUNDS	    3000
#define NAME_LEN    6
#define AREAS	    3
#define PATTERN_LEN 64

struct area_text {
	char paths[2][PATTERN_LEN], except[PATTERN_LEN];
	size_t n_paths, n_except;
};

static void random_component(struct random *random, char *ret)
{
	static const char *const pieces[] = { "a", "b", ".", "*", "?", "[ab]", "[.a]", "a", "b" };
	uint32_t n = 1 + random_below(random, 3);

	*ret = '\0';
	for (uint32_t i = 0; i < n; i++) {
		const char *piece = pieces[random_below(random, ELEMENTSOF(pieces))];
		size_t len = strlen(ret);

		if (*piece != '*' || len == 0 || ret[len - 1] != '*')
			strcat(ret, piece);
	}
	if (strcmp(ret, ".") == 0 || strcmp(ret, "..") == 0)
		strcpy(ret, "a");
}

static void random_pattern(struct random *random, char *ret)
{
	uint32_t n = 1 + random_below(random, 3);

	*ret = '\0';
	for (uint32_t i = 0; i < n; i++) {
		char component[16];

		random_component(random, component);
		strcat(ret, "/");
		strcat(ret, random_below(random, 4) == 0 ? "**" : component);
	}
}

static void random_area(struct random *random, struct area_text *ret)
{
	ret->n_paths = 1 + random_below(random, 2);
	ret->n_except = random_below(random, 3) == 0;
	for (size_t i = 0; i < ret->n_paths; i++)
		random_pattern(random, ret->paths[i]);
	random_pattern(random, ret->except);
}

static void add_pattern(struct language_list *list, struct arena *arena, const char *text)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	_cleanup_(freep) char *copy = strdup(text);
	struct ast_path path = { .kind = AST_PATH_PATTERN, .text = copy };

	ck_assert_int_eq(glob_parse(&path, NULL, &glob), 0);
	for (size_t i = 0; i < glob->n; i++)
		ck_assert_int_eq(language_add(list, arena, NULL, &glob->paths[i]), 0);
}

static void make_area(const struct area_text *text, struct arena *arena, struct language_area *ret)
{
	*ret = (struct language_area){ 0 };
	for (size_t i = 0; i < text->n_paths; i++)
		add_pattern(&ret->paths, arena, text->paths[i]);
	if (text->n_except)
		add_pattern(&ret->except, arena, text->except);
}

static bool is_inside(const struct area_text *area, const char *name)
{
	bool inside = false;

	for (size_t i = 0; i < area->n_paths; i++)
		inside |= pattern_matches(area->paths[i], name);
	return inside && !(area->n_except && pattern_matches(area->except, name));
}

/* In the first @n_in areas and in none of the others. */
static bool is_answer(const struct area_text *areas, size_t n_in, const char *name)
{
	for (size_t i = 0; i < AREAS; i++) {
		if (is_inside(&areas[i], name) != (i < n_in))
			return false;
	}
	return true;
}

static bool is_clean(const char *name)
{
	size_t len = strlen(name);

	if (strcmp(name, "/") == 0)
		return true;
	return name[0] == '/' && name[len - 1] != '/' && !strstr(name, "//") &&
	       !strstr(name, "/./") && !strstr(name, "/../") &&
	       strcmp(name + len - (len > 1 ? 2 : 0), "/.") != 0 &&
	       (len < 3 || strcmp(name + len - 3, "/..") != 0);
}

/* The next string over the alphabet, shorter ones first. */
static bool next_name(char *name)
{
	static const char alphabet[] = "abc./";
	size_t len = strlen(name), i = len;

	while (i-- > 0) {
		const char *at = strchr(alphabet, name[i]);

		if (at[1]) {
			name[i] = at[1];
			return true;
		}
		name[i] = alphabet[0];
	}
	name[len] = alphabet[0];
	name[len + 1] = '\0';
	return len < NAME_LEN;
}

static size_t list_names(char (**ret)[NAME_LEN + 2])
{
	char name[NAME_LEN + 2] = "";
	size_t n = 0;

	*ret = malloc(32768 * sizeof(**ret));
	ck_assert_ptr_nonnull(*ret);
	while (next_name(name)) {
		if (is_clean(name) && n < 32768)
			strcpy((*ret)[n++], name);
	}
	return n;
}

static char *describe(const struct area_text *areas, size_t n_in)
{
	struct text text = TEXT_EMPTY;
	char *string;

	for (size_t i = 0; i < AREAS; i++) {
		text_puts(&text, i < n_in ? " in" : " not in");
		for (size_t j = 0; j < areas[i].n_paths; j++)
			text_printf(&text, " %s", areas[i].paths[j]);
		if (areas[i].n_except)
			text_printf(&text, " except %s", areas[i].except);
	}
	ck_assert_int_eq(text_finish(&text, &string), 0);
	return string;
}

struct names {
	char (*items)[NAME_LEN + 2];
	size_t n;
};

static void compare_with_brute_force(const struct area_text *areas, size_t n_in,
				     const struct names *names)
{
	struct arena arena = ARENA_EMPTY;
	struct language_area made[AREAS];
	const struct language_area *pointers[AREAS];
	struct text witness = TEXT_EMPTY;
	char *what = describe(areas, n_in);
	const char *found = NULL;
	int r;

	for (size_t i = 0; i < AREAS; i++) {
		make_area(&areas[i], &arena, &made[i]);
		pointers[i] = &made[i];
	}
	r = language_find(&(struct language_question){ .in = pointers,
						       .n_in = n_in,
						       .out = pointers + n_in,
						       .n_out = AREAS - n_in },
			  &witness);
	for (size_t i = 0; i < names->n && !found; i++)
		found = is_answer(areas, n_in, names->items[i]) ? names->items[i] : NULL;
	ck_assert_msg(r == 0 || r == 1, "%s: %d", what, r);
	ck_assert_msg(r == 1 || !found, "%s: %s was not found", what, found);
	if (r == 1) {
		ck_assert_msg(is_clean(witness.data) && is_answer(areas, n_in, witness.data),
			      "%s: %s is no answer", what, witness.data);
		ck_assert_msg(found ? strlen(found) == witness.len : witness.len > NAME_LEN,
			      "%s: %s is not the shortest, see %s", what, witness.data, found);
	}
	text_done(&witness);
	for (size_t i = 0; i < AREAS; i++) {
		language_list_done(&made[i].paths);
		language_list_done(&made[i].except);
	}
	arena_done(&arena);
	free(what);
}

START_TEST(language_agrees_with_brute_force_over_random_patterns)
{
	struct random random = { 20260 + (uint64_t)_i };
	struct names names;

	names.n = list_names(&names.items);
	for (size_t i = 0; i < ROUNDS / 3; i++) {
		struct area_text areas[AREAS];

		for (size_t j = 0; j < AREAS; j++)
			random_area(&random, &areas[j]);
		compare_with_brute_force(areas, (size_t)_i + 1, &names);
	}
	free(names.items);
}
END_TEST

static const struct pair {
	const char *name, *inner, *outer;
	bool is_contained;
	const char *witness; /* of inner without outer */
} pairs[] = {
	{ "a name in its directory", "/a/b", "/a/*", true, NULL },
	{ "a directory is not below itself", "/a", "/a/**", false, "/a" },
	{ "what is below may be deeper", "/a/**", "/a/*", false, "/a/a/a" },
	{ "a name that no request can have is none", "/a/[.x]", "/a/x", true, NULL },
	{ "classes that make up another", "/a/[a-z]", "/a/{[a-m],[n-z]}", true, NULL },
	{ "a star is no component", "/a/*/b", "/a/?*/b", true, NULL },
	{ "any depth, none too", "/a/b", "/a/**/b", true, NULL },
	{ "the same specifier", "/a/%i.key", "/a/%i.*", true, NULL },
	{ "another specifier", "/a/%i", "/a/%u", false, "/a/x" },
	{ "a specifier is one component", "/a/%i", "/a/*", true, NULL },
	{ "a specifier is of any length", "/a/%i", "/a/?", false, "/a/x" },
	{ "a specifier is no text that is known", "/a/%i", "/a/x", false, "/a/x" },
	{ "a home directory", "%h/x", "%h/*", true, NULL },
	{ "a home directory is anywhere", "%h/x", "/home/*/x", false, "/home/user/x" },
	{ "and yet below the root", "%h/x", "/**", true, NULL },
	{ "the root itself", "/", "/**", false, "/" },
	{ "bytes above ASCII", "/\xc3\xa4", "/??", true, NULL },
};

static struct language_area area_of(const char *pattern, struct arena *arena)
{
	struct language_area area = { 0 };

	add_pattern(&area.paths, arena, pattern);
	return area;
}

START_TEST(language_contains)
{
	const struct pair *pair = &pairs[_i];
	struct arena arena = ARENA_EMPTY;
	struct language_area inner = area_of(pair->inner, &arena),
			     outer = area_of(pair->outer, &arena);
	const struct language_area *in = &inner, *out = &outer;
	struct text witness = TEXT_EMPTY;
	int r = language_find(&(struct language_question){ .in = &in,
							   .n_in = 1,
							   .out = &out,
							   .n_out = 1 },
			      &witness);

	ck_assert_msg(r == !pair->is_contained, "%s: %d", pair->name, r);
	if (pair->witness)
		ck_assert_str_eq(witness.data, pair->witness);
	text_done(&witness);
	language_list_done(&inner.paths);
	language_list_done(&outer.paths);
	arena_done(&arena);
}
END_TEST

static const struct meeting {
	const char *a, *b, *witness; /* NULL: they never meet */
} meetings[] = {
	{ "/etc/ci/%i.token", "/etc/ci/a*", "/etc/ci/a.token" },
	{ "/etc/ssh/%i", "/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_rsa_key" },
	{ "%h/.ssh/**", "/home/*/.ssh/*", "/home/a/.ssh/a" },
	{ "%h/.ssh/**", "/root/.ssh/id", "/root/.ssh/id" },
	{ "%h/Documents/**", "/home/*/.ssh/*", NULL },
	{ "/a/%i", "/a/b/c", NULL },
	{ "/a/*.key", "/a/*.pem", NULL },
};

START_TEST(language_meets)
{
	const struct meeting *meeting = &meetings[_i];
	struct arena arena = ARENA_EMPTY;
	struct language_area a = area_of(meeting->a, &arena), b = area_of(meeting->b, &arena);
	const struct language_area *in[] = { &a, &b };
	struct text witness = TEXT_EMPTY;
	int r = language_find(&(struct language_question){ .in = in, .n_in = 2, .loose = true },
			      &witness);

	ck_assert_msg(r == (meeting->witness != NULL), "%s and %s: %d", meeting->a, meeting->b, r);
	if (meeting->witness)
		ck_assert_str_eq(witness.data, meeting->witness);
	text_done(&witness);
	language_list_done(&a.paths);
	language_list_done(&b.paths);
	arena_done(&arena);
}
END_TEST

START_TEST(language_apart_is_never_wrong)
{
	struct random random = { 77 };
	size_t n_apart = 0;

	for (size_t i = 0; i < ROUNDS; i++) {
		struct arena arena = ARENA_EMPTY;
		char a[PATTERN_LEN], b[PATTERN_LEN];
		struct language_area x, y;
		const struct language_area *in[] = { &x, &y };

		random_pattern(&random, a);
		random_pattern(&random, b);
		x = area_of(a, &arena);
		y = area_of(b, &arena);
		if (language_apart(x.paths.items[0], y.paths.items[0])) {
			n_apart++;
			ck_assert_msg(language_find(&(struct language_question){ .in = in,
										 .n_in = 2 },
						    NULL) == 0,
				      "%s %s", a, b);
		}
		language_list_done(&x.paths);
		language_list_done(&y.paths);
		arena_done(&arena);
	}
	ck_assert_uint_gt(n_apart, ROUNDS / 20);
}
END_TEST

/* Subsets that double with each wildcard: given up, not computed. */
START_TEST(language_gives_up_when_the_budget_is_spent)
{
	struct arena arena = ARENA_EMPTY;
	struct language_area a = area_of("/**/a?\?\?\?\?\?\?\?\?\?\?\?\?/**/b", &arena),
			     b = area_of("/**/*a?\?\?\?\?\?\?\?\?\?\?\?\?*", &arena);
	const struct language_area *in = &a, *out = &b;
	size_t budget = 10000;

	ck_assert_int_eq(language_find(&(struct language_question){ .in = &in,
								    .n_in = 1,
								    .out = &out,
								    .n_out = 1,
								    .budget = &budget },
				       NULL),
			 -E2BIG);
	ck_assert_uint_eq(budget, 0);
	language_list_done(&a.paths);
	language_list_done(&b.paths);
	arena_done(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("language");
	TCase *tcase = suite_case(suite, "language");

	tcase_add_loop_test(tcase, language_agrees_with_brute_force_over_random_patterns, 0, AREAS);
	tcase_add_loop_test(tcase, language_contains, 0, ELEMENTSOF(pairs));
	tcase_add_loop_test(tcase, language_meets, 0, ELEMENTSOF(meetings));
	tcase_add_test(tcase, language_apart_is_never_wrong);
	tcase_add_test(tcase, language_gives_up_when_the_budget_is_spent);
	return suite_main(suite);
}

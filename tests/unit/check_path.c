/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"
#include "tests/support/suite.h"

static const struct row {
	const char *name;
	int expected;
	const char *path;
	bool directory;
} rows[] = {
	{ "/a/b", 0, "/a/b", false },
	{ "/", 0, "/", true },
	{ "//", 0, "/", true },
	{ "/.", 0, "/", true },
	/* one spelling of each (P05) */
	{ "//a///b", 0, "/a/b", false },
	{ "/./a/././b", 0, "/a/b", false },
	{ "/a/b/", 0, "/a/b", true },
	{ "/a/b/.", 0, "/a/b", true },
	{ "/a/b//", 0, "/a/b", true },
	/* names that only look like "." and ".." (P04) */
	{ "/a/..b", 0, "/a/..b", false },
	{ "/a/...", 0, "/a/...", false },
	{ "/a/.b", 0, "/a/.b", false },
	/* the parent of the root is the root */
	{ "/..", 0, "/", true },
	{ "/../../a", 0, "/a", false },
	{ "/./../a", 0, "/a", false },
	/* only the file system knows where these lead */
	{ "/a/..", -EINVAL, NULL, false },
	{ "/a/../b", -EINVAL, NULL, false },
	{ "/../a/..", -EINVAL, NULL, false },
	{ "a/../b", -EINVAL, NULL, false },
	{ NULL, -EFAULT, NULL, false },
	{ "", -ENOENT, NULL, false },
};

/* As it may be on a stack: nothing is false of it by itself. */
static int find_spelling(const char *name, struct path *ret)
{
	memset(ret, true, sizeof(*ret));
	return path_absolute(name, ret);
}

START_TEST(a_name_has_one_spelling)
{
	const struct row *row = &rows[_i];
	struct path path;
	int r = find_spelling(row->name, &path);

	ck_assert_msg(r == row->expected, "%s: %d", row->name, r);
	if (r < 0)
		return;
	ck_assert_str_eq(path.text, row->path);
	ck_assert_uint_eq(path.len, strlen(row->path));
	ck_assert_int_eq(path.directory, row->directory);
}
END_TEST

/* What stands between two components, and what is said of it. */
static const struct {
	const char *between, *spelling;
} seams[] = {
	{ "/", "/" },	    { "//", "/" },	{ "///", "/" },	  { "/./", "/" },
	{ "/.//", "/" },    { "/././", "/" },	{ "/.x", "/.x" }, { "/..x", "/..x" },
	{ "/...", "/..." }, { "/x./", "/x./" }, { ".", "." },	  { "/.x//", "/.x/" },
};

static void assert_spelling(const char *name, const char *spelling, bool directory)
{
	struct path path;

	ck_assert_int_eq(find_spelling(name, &path), 0);
	ck_assert_str_eq(path.text, spelling);
	ck_assert_uint_eq(path.len, strlen(spelling));
	ck_assert_int_eq(path.directory, directory);
}

/* Names are looked at by eight bytes: wherever it stands in them. */
START_TEST(a_name_has_one_spelling_wherever_the_other_begins)
{
	static const char as[] = "aaaaaaaaaaaaaaaaaaaa";
	char name[80], spelling[80];

	for (int before = 1; before <= 20; before++)
		for (int behind = 1; behind <= 20; behind++) {
			snprintf(name, sizeof(name), "/%.*s%s%.*s", before, as, seams[_i].between,
				 behind, as);
			snprintf(spelling, sizeof(spelling), "/%.*s%s%.*s", before, as,
				 seams[_i].spelling, behind, as);
			assert_spelling(name, spelling, false);
			strcat(name, "/");
			assert_spelling(name, spelling, true);
			strcat(name, ".");
			assert_spelling(name, spelling, true);
		}
}
END_TEST

/* Whatever slashes are behind them. */
static const struct {
	const char *name;
	bool dots;
} ends[] = {
	{ "/a/.", true },      { "/a/./", true },      { "/a/.//", true },  { "/..", true },
	{ "/../", true },      { "/a/", false },       { "/a/./b", false }, { "/a/./b/", false },
	{ "/a/./b//", false }, { "/aaaaaaaa", false },
};

START_TEST(a_name_that_ends_in_dots_says_so)
{
	struct path path;

	ck_assert_int_eq(find_spelling(ends[_i].name, &path), 0);
	ck_assert_msg(path.dots == ends[_i].dots, "%s", ends[_i].name);
}
END_TEST

static const struct row relative_rows[] = {
	{ "x", 0, "/deep/er/x", false },
	{ ".", 0, "/deep/er", true },
	{ "./x/", 0, "/deep/er/x", true },
	/* what getcwd(3) said holds no link */
	{ "..", 0, "/deep", true },
	{ "../x", 0, "/deep/x", false },
	{ ".././../x", 0, "/x", false },
	{ "../x/..", -EINVAL, NULL, false },
};

START_TEST(a_relative_name_is_joined_with_the_working_directory)
{
	const struct row *row = &relative_rows[_i];
	char base[64], expected[256];
	struct path path;
	int r;

	suite_make_directory("/tmp", base, sizeof(base));
	ck_assert_int_eq(chdir(base), 0);
	ck_assert_int_eq(mkdir("deep", 0700), 0);
	ck_assert_int_eq(mkdir("deep/er", 0700), 0);
	ck_assert_int_eq(chdir("deep/er"), 0);
	r = path_absolute(row->name, &path);
	snprintf(expected, sizeof(expected), "%s%s", base, row->path ? row->path : "");
	suite_remove(base);

	ck_assert_msg(r == row->expected, "%s: %d", row->name, r);
	if (r < 0)
		return;
	ck_assert_str_eq(path.text, expected);
	ck_assert_int_eq(path.directory, row->directory);
}
END_TEST

START_TEST(a_working_directory_without_a_name_is_an_error)
{
	char base[64];
	struct path path;

	suite_make_directory("/tmp", base, sizeof(base));
	ck_assert_int_eq(chdir(base), 0);
	ck_assert_int_eq(rmdir(base), 0);
	ck_assert_int_eq(path_absolute("x", &path), -ENOENT);
	ck_assert_int_eq(path_absolute("/x", &path), 0);
}
END_TEST

/* "/aaa…/aaa…/…" of @len bytes in components of at most @component */
static void fill(char *text, size_t len, size_t component)
{
	for (size_t i = 0; i < len; i++)
		text[i] = i % (component + 1) == 0 ? '/' : 'a';
	text[len] = '\0';
}

static const struct {
	const char *name;
	size_t len, component;
	int expected;
} sizes[] = {
	{ "a path of 4094 bytes", 4094, 100, 0 },
	{ "a path of 4095", 4095, 100, 0 },
	{ "a path of 4096", 4096, 100, -ENAMETOOLONG },
	{ "a component of 254 bytes", 255, 254, 0 },
	{ "a component of 255", 256, 255, 0 },
	{ "a component of 256", 257, 256, -ENAMETOOLONG },
};

START_TEST(a_name_beyond_the_limits_is_too_long)
{
	char text[5000];
	struct path path;

	fill(text, sizes[_i].len, sizes[_i].component);
	ck_assert_msg(path_absolute(text, &path) == sizes[_i].expected, "%s", sizes[_i].name);
}
END_TEST

/* As to the kernel, which does not count what it would come to either. */
START_TEST(a_name_beyond_the_limit_is_too_long_whatever_it_means)
{
	char text[4097];
	struct path path;

	for (size_t i = 0; i < 4096; i++)
		text[i] = i % 2 == 0 ? '/' : '.';
	text[4096] = '\0';
	ck_assert_int_eq(path_absolute(text, &path), -ENAMETOOLONG);
	text[4095] = '\0';
	ck_assert_int_eq(path_absolute(text, &path), 0);
	ck_assert_str_eq(path.text, "/");
}
END_TEST

START_TEST(a_joined_name_beyond_the_limit_is_too_long)
{
	char text[4096];
	struct path path;

	ck_assert_int_eq(chdir("/tmp"), 0);
	fill(text, 4095, 100);
	ck_assert_int_eq(path_absolute(text + 1, &path), -ENAMETOOLONG);
	ck_assert_int_eq(path_absolute(text + 5, &path), 0);
	ck_assert_uint_eq(path.len, 4095);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("path");
	TCase *tcase = suite_case(suite, "absolute");

	tcase_add_loop_test(tcase, a_name_has_one_spelling, 0, (int)ELEMENTSOF(rows));
	tcase_add_loop_test(tcase, a_name_has_one_spelling_wherever_the_other_begins, 0,
			    (int)ELEMENTSOF(seams));
	tcase_add_loop_test(tcase, a_relative_name_is_joined_with_the_working_directory, 0,
			    (int)ELEMENTSOF(relative_rows));
	tcase_add_test(tcase, a_working_directory_without_a_name_is_an_error);
	tcase_add_loop_test(tcase, a_name_beyond_the_limits_is_too_long, 0, (int)ELEMENTSOF(sizes));
	tcase_add_loop_test(tcase, a_name_that_ends_in_dots_says_so, 0, (int)ELEMENTSOF(ends));
	tcase_add_test(tcase, a_name_beyond_the_limit_is_too_long_whatever_it_means);
	tcase_add_test(tcase, a_joined_name_beyond_the_limit_is_too_long);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/descent.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "tests/support/suite.h"

/* In a directory of the test's own: a/b/c, a-b, link → a, and 1/2/3/…, deeper than what is held. */

#define DEEP 24 /* directories, one in the other */
static_assert(DEEP > DESCENT_HELD, "not all of them are held");

static char top[64], deep[256];

static void make(const char *name)
{
	char path[320];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	ck_assert_int_eq(mkdir(path, 0755), 0);
}

static void set_up(void)
{
	char path[128];

	suite_make_directory("/tmp", top, sizeof(top));
	make("a"), make("a/b"), make("a/b/c"), make("a-b");
	snprintf(path, sizeof(path), "%s/link", top);
	ck_assert_int_eq(symlink("a", path), 0);
	deep[0] = '\0';
	for (int i = 1; i <= DEEP; i++) {
		snprintf(deep + strlen(deep), sizeof(deep) - strlen(deep), "%s%d", i > 1 ? "/" : "",
			 i);
		make(deep);
	}
}

static void tear_down(void)
{
	suite_remove(top);
}

static void assert_same(const struct descent_step *a, const struct descent_step *b)
{
	struct stat x, y;

	ck_assert_int_eq(!a, !b);
	if (!a)
		return;
	ck_assert_uint_eq(a->len, b->len);
	ck_assert(fstat(a->fd, &x) == 0 && fstat(b->fd, &y) == 0);
	ck_assert(x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* What it comes to is what one finds who begins at the root. */
static void go_both_ways(struct descent *way, const char *path)
{
	_cleanup_(descent_done) struct descent fresh = DESCENT_NONE;

	ck_assert_int_eq(descent_go(way, path), 0);
	ck_assert_int_eq(descent_go(&fresh, path), 0);
	ck_assert_int_eq(way->complete, fresh.complete);
	assert_same(descent_last(way), descent_last(&fresh));
	assert_same(descent_parent(way), descent_parent(&fresh));
}

/* One after another; "%" is the deepest directory, "/" the root. */
static const char *const names[] = {
	"/a",  "/a/b/c", "/a/b/missing", "/a/b",      "/a-b",	  "/a/b/c", "/link/b", "",
	"/a/", "%",	 "/1",		 "%/missing", "/1/2/3/4", "/",	    "%",       "/a/b/c/d/e"
};

static void path_of(const char *name, char *ret, size_t size)
{
	if (name[0] == '%')
		snprintf(ret, size, "%s/%s%s", top, deep, name + 1);
	else
		snprintf(ret, size, "%s%s", strcmp(name, "/") == 0 ? "" : top, name);
}

START_TEST(a_way_is_the_same_whatever_was_gone_before)
{
	_cleanup_(descent_done) struct descent way = DESCENT_NONE;
	char paths[ELEMENTSOF(names)][512];

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		path_of(names[i], paths[i], sizeof(paths[i]));
		go_both_ways(&way, paths[i]);
	}
}
END_TEST

START_TEST(a_way_ends_above_what_is_held_too)
{
	_cleanup_(descent_done) struct descent way = DESCENT_NONE;
	char deepest[512], above[512];

	path_of("%", deepest, sizeof(deepest));
	for (size_t len = strlen(deepest); len-- > 1;) {
		if (deepest[len] != '/')
			continue;
		go_both_ways(&way, deepest);
		snprintf(above, sizeof(above), "%.*s", (int)len, deepest);
		go_both_ways(&way, above);
	}
}
END_TEST

START_TEST(what_two_ways_have_in_common_is_gone_once)
{
	_cleanup_(descent_done) struct descent way = DESCENT_NONE;
	char first[96], second[96], there[96], away[96];

	path_of("/a/b/missing", first, sizeof(first));
	path_of("/a/b/c", second, sizeof(second));
	path_of("/a", there, sizeof(there));
	path_of("/away", away, sizeof(away));
	ck_assert_int_eq(descent_go(&way, first), 0);
	ck_assert(!way.complete);
	ck_assert_int_eq(rename(there, away), 0);
	ck_assert_int_eq(descent_go(&way, second), 0);
	ck_assert(way.complete);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("descent");
	TCase *tcase = suite_case(suite, "ways");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_way_is_the_same_whatever_was_gone_before);
	tcase_add_test(tcase, a_way_ends_above_what_is_held_too);
	tcase_add_test(tcase, what_two_ways_have_in_common_is_gone_once);
	return suite_main(suite);
}

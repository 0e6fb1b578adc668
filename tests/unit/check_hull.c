/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hull.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "policy/policy.h"
#include "tests/support/forked.h"
#include "tests/support/policy.h"
#include "tests/support/suite.h"

/*
 * A child puts itself into the hull of a policy, changes the file system as its
 * parent may, and opens. @ in policies and names is the test's own directory:
 *
 *	@/in/deep/file	@/in/other	@/out/file	@/in/link → /usr
 */

static char top[64];

static void in_top(char *ret, size_t size, const char *format)
{
	size_t len = 0;

	for (; *format && len + sizeof(top) < size; format++)
		if (*format == '@')
			len += (size_t)snprintf(ret + len, size - len, "%s", top);
		else
			ret[len++] = *format;
	ret[len] = '\0';
}

static void make_file(const char *format)
{
	char path[256];

	in_top(path, sizeof(path), format);
	fd_close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
}

static void make_directory(const char *format)
{
	char path[256];

	in_top(path, sizeof(path), format);
	ck_assert_int_eq(mkdir(path, 0777), 0);
}

static void set_up(void)
{
	char path[256];

	suite_make_directory("/tmp", top, sizeof(top));
	make_directory("@/in");
	make_directory("@/in/deep");
	make_directory("@/out");
	make_file("@/in/deep/file");
	make_file("@/in/other");
	make_file("@/out/file");
	in_top(path, sizeof(path), "@/in/link");
	ck_assert_int_eq(symlink("/usr", path), 0);
}

static void tear_down(void)
{
	suite_remove(top);
}

struct trial {
	const char *name, *rules;
	void (*change)(void);
	const char *path;
	int flags, expected;
};

static struct hull *hull_of(const char *rules)
{
	char text[512] = "version 1;\n";
	struct hull *hull = NULL;
	struct policy *policy;

	in_top(text + strlen(text), sizeof(text) - strlen(text) - 1, rules);
	strcat(text, "\n");
	policy = policy_of(text);
	ck_assert_int_eq(hull_new(&hull, policy, NULL), 0);
	policy_free(policy);
	return hull;
}

static int enter_and_open(const void *arg)
{
	const struct trial *trial = arg;
	struct hull *hull = hull_of(trial->rules);
	char path[256];
	int fd, r;

	/* Who changes things is somebody else. */
	if (trial->change)
		trial->change();
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	r = hull_enforce(hull);
	hull_free(hull);
	if (r < 0)
		return 200;
	in_top(path, sizeof(path), trial->path);
	fd = open(path, trial->flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	fd_close(fd);
	return 0;
}

static void replace_directory(void)
{
	char a[256], b[256];

	in_top(a, sizeof(a), "@/in/deep");
	in_top(b, sizeof(b), "@/in/gone");
	rename(a, b);
	mkdir(a, 0777);
	make_file("@/in/deep/file");
}

static void replace_file(void)
{
	char a[256], b[256];

	in_top(a, sizeof(a), "@/in/other");
	in_top(b, sizeof(b), "@/in/deep/file");
	rename(a, b);
}

static const struct trial trials[] = {
	{ "what is read", "for anyone { allow read '@/in/deep/file'; }", NULL, "@/in/deep/file",
	  O_RDONLY, 0 },
	{ "what is beside it", "for anyone { allow read '@/in/deep/file'; }", NULL, "@/out/file",
	  O_RDONLY, EACCES },
	{ "a secret", "for anyone { allow read '@/in/deep/file'; }", NULL, "/etc/shadow", O_RDONLY,
	  EACCES },
	{ "reading is not writing", "for anyone { allow read '@/in/deep/file'; }", NULL,
	  "@/in/deep/file", O_WRONLY, EACCES },
	{ "writing is not reading", "for anyone { allow append '@/in/deep/file'; }", NULL,
	  "@/in/deep/file", O_RDONLY, EACCES },
	{ "writing", "for anyone { allow append '@/in/deep/file'; }", NULL, "@/in/deep/file",
	  O_WRONLY, 0 },
	{ "appending is not truncating", "for anyone { allow append '@/in/deep/file'; }", NULL,
	  "@/in/deep/file", O_WRONLY | O_TRUNC, EACCES },
	{ "writing is truncating", "for anyone { allow write '@/in/deep/file'; }", NULL,
	  "@/in/deep/file", O_WRONLY | O_TRUNC, 0 },
	{ "writing is not making", "for anyone { allow write \"@/in/deep/*\"; }", NULL,
	  "@/in/deep/new", O_WRONLY | O_CREAT, EACCES },
	{ "making", "for anyone { allow create \"@/in/deep/*\"; }", NULL, "@/in/deep/new",
	  O_WRONLY | O_CREAT | O_EXCL, 0 },
	{ "a file without a name", "for anyone { allow tmpfile '@/in/deep'; }", NULL, "@/in/deep",
	  O_RDWR | O_TMPFILE, 0 },
	{ "reading is not listing", "for anyone { allow read \"@/in/deep/**\"; }", NULL,
	  "@/in/deep", O_RDONLY | O_DIRECTORY, EACCES },
	{ "listing", "for anyone { allow list '@/in/deep'; }", NULL, "@/in/deep",
	  O_RDONLY | O_DIRECTORY, 0 },
	{ "a directory that is made anew", "for anyone { allow read '@/in/deep/file'; }",
	  replace_directory, "@/in/deep/file", O_RDONLY, 0 },
	{ "a file that is replaced", "for anyone { allow read '@/in/deep/file'; }", replace_file,
	  "@/in/deep/file", O_RDONLY, 0 },
	{ "a directory that is not there yet", "for anyone { allow read '@/in/deep/new/x'; }", NULL,
	  "@/in/deep/file", O_RDONLY, 0 },
	{ "nothing at the top is not everything",
	  "for anyone { allow read '/fdbroker-not-there/x'; }", NULL, "@/out/file", O_RDONLY,
	  EACCES },
	{ "below the top is not everything", "for anyone { allow read '/etc/hostname'; }", NULL,
	  "@/out/file", O_RDONLY, EACCES },
	{ "a link is not followed", "for anyone { allow read '@/in/link/bin/x'; }", NULL,
	  "/usr/bin/env", O_RDONLY, EACCES },
	{ "what is denied only", "for anyone { deny read '@/in/deep/file'; }", NULL,
	  "@/in/deep/file", O_RDONLY, EACCES },
	{ "everything", "for anyone { allow read \"/**\"; }", NULL, "@/out/file", O_RDONLY, 0 },
};

START_TEST(hull_is_what_may_be_opened)
{
	int got;

	set_up();
	got = forked_run(enter_and_open, &trials[_i]);
	tear_down();
	ck_assert_msg(got == trials[_i].expected, "%s: %d", trials[_i].name, got);
}
END_TEST

START_TEST(hull_of_nothing_has_nothing)
{
	struct hull *hull = NULL;
	struct text text = TEXT_EMPTY;

	ck_assert_int_eq(hull_new(&hull, NULL, NULL), 0);
	hull_print(hull, 8, &text);
	ck_assert_ptr_null(text.data);
	hull_free(hull);
}
END_TEST

/* @rights but those that the directory @path gives. */
static uint64_t without(const struct hull *hull, uint64_t rights, const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return hull_without(hull, rights, st.st_dev, st.st_ino);
}

START_TEST(hull_lacks_what_no_place_on_the_way_gives)
{
	uint64_t reading, both;
	struct hull *hull;
	char in[256];

	set_up();
	hull = hull_of("for anyone { allow read '@/in/deep/file'; }");
	reading = hull_wants(hull, POLICY_READ);
	both = hull_wants(hull, POLICY_READ | POLICY_WRITE);
	in_top(in, sizeof(in), "@/in");
	ck_assert_uint_ne(reading, 0);
	ck_assert_uint_eq(without(hull, reading, "/"), reading);
	ck_assert_uint_eq(without(hull, reading, top), reading);
	ck_assert_uint_eq(without(hull, reading, in), 0);
	ck_assert_uint_eq(without(hull, both, in), both & ~reading);
	hull_free(hull);
	tear_down();
}
END_TEST

START_TEST(hull_is_printed_place_by_place)
{
	struct text text = TEXT_EMPTY;
	struct hull *hull;

	hull = hull_of(
		"for anyone { allow read, list '/etc/x'; allow read '/usr/bin/y', '/var/z'; }");
	hull_print(hull, 2, &text);
	ck_assert_msg(strstr(text.data, "hull-more 1\n"), "%s", text.data);
	text_done(&text);
	hull_print(hull, 3, &text);
	ck_assert_msg(strstr(text.data, "hull /etc read,list\n"), "%s", text.data);
	ck_assert_msg(strstr(text.data, "hull /usr read\n"), "%s", text.data);
	text_done(&text);
	hull_free(hull);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hull");
	TCase *tcase = suite_case(suite, "hull");

	if (geteuid() != 0)
		return 77;
	tcase_add_loop_test(tcase, hull_is_what_may_be_opened, 0, ELEMENTSOF(trials));
	tcase_add_test(tcase, hull_of_nothing_has_nothing);
	tcase_add_test(tcase, hull_lacks_what_no_place_on_the_way_gives);
	tcase_add_test(tcase, hull_is_printed_place_by_place);
	return suite_main(suite);
}

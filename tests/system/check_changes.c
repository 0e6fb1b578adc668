/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/acts.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"

/* What the library changes besides the content of files, with the real daemon. */

static const char changing[] =
	"for user 30000 {\n"
	"    his: allow remove, create, attributes, truncate \"@t/his/**\";\n"
	"    lent: allow remove, create, attributes as root \"@t/lent/**\";\n"
	"    sticky: allow remove as root \"@t/sticky/*\" { note \"x\"; }\n"
	"    files: allow remove \"@t/files/*\" { type regular; }\n"
	"}\n"
	"kept: deny remove, attributes \"@t/his/kept\";\n";

static const struct acts_row changes[] = {
	{ UNLINK, "his/file", 0, GRANTED },
	{ UNLINK, "his/file", 0, HIDDEN },
	{ UNLINK, "his/kept", 0, BY_RULE },
	{ UNLINK, "elsewhere", 0, BY_DEFAULT },
	{ UNLINK, "elsewhere-absent", 0, BY_DEFAULT },
	{ UNLINK, "his/link", 0, GRANTED },
	{ UNLINK, "his/full", 0, KERNEL(EISDIR) },
	{ RMDIR, "his/full", 0, KERNEL(ENOTEMPTY) },
	{ RMDIR, "his/empty", 0, GRANTED },
	{ RMDIR, "his/other", 0, KERNEL(ENOTDIR) },
	{ UNLINK, "his/out/file", 0, BY_DEFAULT },
	{ UNLINK, "files/link", 0, CONDITION },
	{ UNLINK, "files/roots", 0, KERNEL(EACCES) },
	{ UNLINK, "lent/roots", 0, GRANTED },
	{ UNLINK, "sticky/bobs", 0, GRANTED },
	{ MKDIR, "his/new", 0777, GRANTED },
	{ MKDIR, "his/new", 0777, KERNEL(EEXIST) },
	{ MKDIR, "lent/new", 0700, GRANTED },
	{ MKDIR, "elsewhere-absent", 0700, BY_DEFAULT },
	{ CHMOD, "his/other", 0640, GRANTED },
	{ CHMOD, "his/kept", 0640, BY_RULE },
	{ CHMOD, "his/roots", 0640, KERNEL(EPERM) },
	{ CHMOD, "his/out-file", 0640, BY_DEFAULT },
	{ CHMOD, "lent/mode", 0644, GRANTED },
	{ TOUCH, "his/other", 0, GRANTED },
	{ TOUCH, "lent/mode", 0, GRANTED },
	{ TOUCH, "his/roots", 0, KERNEL(EPERM) },
	{ TRUNCATE, "his/other", 2, GRANTED },
	{ TRUNCATE, "lent/mode", 2, BY_DEFAULT },
	{ TRUNCATE, "his/roots", 2, KERNEL(EACCES) },
};

static void start_changing(void)
{
	acts_prepare(changing);
	acts_make_directory("his", ALICE, 0755);
	acts_make_directory("his/full", ALICE, 0755);
	acts_make_directory("his/full/er", ALICE, 0755);
	acts_make_directory("his/empty", ALICE, 0755);
	acts_make_directory("lent", 0, 0755);
	acts_make_directory("sticky", 0, 01777);
	acts_make_directory("files", 0, 0755);
	acts_make_directory("elsewhere-directory", ALICE, 0755);
	acts_make_file("elsewhere-directory/file", ALICE, 0644);
	acts_make_file("his/file", ALICE, 0644);
	acts_make_file("his/other", ALICE, 0644);
	acts_make_file("his/kept", ALICE, 0644);
	acts_make_file("his/roots", 0, 0644);
	acts_make_file("elsewhere", ALICE, 0644);
	acts_make_file("lent/roots", 0, 0644);
	acts_make_file("lent/mode", 0, 0600);
	acts_make_file("sticky/bobs", BOB, 0644);
	acts_make_file("files/roots", 0, 0644);
	acts_make_link("files/link", "roots");
	acts_make_link("his/link", acts_path("elsewhere"));
	acts_make_link("his/out-file", acts_path("elsewhere"));
	acts_make_link("his/out", acts_path("elsewhere-directory"));
	scene_start(&acts_scene);
}

START_TEST(names_and_attributes_change_as_the_policy_lets_them)
{
	struct stat st;

	start_changing();
	acts_assert_rows(changes);
	ck_assert_int_eq(access(acts_path("elsewhere"), F_OK), 0);
	ck_assert_int_eq(access(acts_path("his/file"), F_OK), -1);
	acts_assert_is("his/new", ALICE, S_IFDIR | 0755);
	acts_assert_is("lent/new", 0, S_IFDIR | 0700);
	acts_assert_is("his/other", ALICE, S_IFREG | 0640);
	acts_assert_is("lent/mode", 0, S_IFREG | 0644);
	acts_assert_is("elsewhere", ALICE, S_IFREG | 0644);
	ck_assert_int_eq(stat(acts_path("lent/mode"), &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, 3);
	ck_assert_int_eq(stat(acts_path("his/other"), &st), 0);
	ck_assert_int_eq(st.st_size, 2);
	scene_assert_unharmed(&acts_scene);
	scene_stop(&acts_scene);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("changes");
	TCase *tcase = suite_case(suite, "changes");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, names_and_attributes_change_as_the_policy_lets_them);
	return suite_main(suite);
}

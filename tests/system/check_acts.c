/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/acts.h"
#include "tests/support/suite.h"

/*
 * What the library asks of names besides opening them: what it is told. What it changes is in
 * check_changes.c.
 */

static const char looking[] = "for user 30000 {\n"
			      "    look: allow stat \"@t/open/**\";\n"
			      "    both: allow read, stat \"@t/open/readable\";\n"
			      "    roots: allow stat as root \"@t/closed/**\";\n"
			      "    mine: allow stat \"@t/mine/*\" { owner caller; }\n"
			      "}\n"
			      "gone: deny stat \"@t/open/hidden\" { hide; }\n"
			      "never: deny stat \"@t/open/denied\", \"@t/open/absent-denied\";\n";

static const struct acts_row looks[] = {
	{ STAT, "open/file", 0, GRANTED },
	{ STAT, "open/directory", 0, GRANTED },
	{ STAT, "open/absent", 0, HIDDEN },
	{ STAT, "open/hidden", 0, HIDDEN },
	{ STAT, "open/denied", 0, BY_RULE },
	{ STAT, "open/absent-denied", 0, BY_RULE },
	{ STAT, "elsewhere", 0, BY_DEFAULT },
	{ STAT, "elsewhere-absent", 0, BY_DEFAULT },
	/* where a link leads is judged before it is looked at */
	{ STAT, "open/link", 0, GRANTED },
	{ STAT, "open/out", 0, BY_DEFAULT },
	{ STAT, "open/out-absent", 0, BY_DEFAULT },
	{ STAT, "open/dangling", 0, HIDDEN },
	{ LSTAT, "open/link", 0, GRANTED },
	{ LSTAT, "open/out", 0, GRANTED },
	{ LSTAT, "open/out-absent", 0, GRANTED },
	{ READLINK, "open/out", 0, GRANTED },
	{ READLINK, "open/file", 0, KERNEL(EINVAL) },
	{ READLINK, "elsewhere-link", 0, BY_DEFAULT },
	/* what ends in a slash is a directory, and no link: path_resolution(7) */
	{ STAT, "open/file/", 0, KERNEL(ENOTDIR) },
	{ STAT, "open/directory/", 0, GRANTED },
	{ STAT, "open/directory/.", 0, GRANTED },
	{ STAT, "open/link/", 0, KERNEL(ENOTDIR) },
	{ LSTAT, "open/link/", 0, KERNEL(ENOTDIR) },
	{ LSTAT, "open/to-directory/", 0, GRANTED },
	{ STAT, "open/absent/", 0, HIDDEN },
	{ STAT, "elsewhere/", 0, BY_DEFAULT },
	{ READLINK, "open/to-directory/", 0, KERNEL(EINVAL) },
	{ READLINK, "open/link/", 0, KERNEL(ENOTDIR) },
	{ ACCESS, "open/file/", F_OK, KERNEL(ENOTDIR) },
	{ ACCESS, "open/to-directory/", X_OK, GRANTED },
	/* the caller's rights, or root's */
	{ STAT, "open/private/file", 0, KERNEL(EACCES) },
	{ STAT, "closed/file", 0, GRANTED },
	{ STAT, "mine/his", 0, GRANTED },
	{ STAT, "mine/roots", 0, CONDITION },
	/* who asks first may trust the answer */
	{ ACCESS, "open/file", F_OK, GRANTED },
	{ ACCESS, "open/file", X_OK, KERNEL(EACCES) },
	{ ACCESS, "open/directory", X_OK, GRANTED },
	{ ACCESS, "open/file", R_OK, BY_DEFAULT },
	{ ACCESS, "open/readable", R_OK, GRANTED },
	{ ACCESS, "open/readable", W_OK, BY_DEFAULT },
	{ ACCESS, "closed/file", F_OK, GRANTED },
};

static void start_looking(void)
{
	acts_prepare(looking);
	acts_make_directory("open", 0, 0755);
	acts_make_directory("open/directory", 0, 0755);
	acts_make_directory("open/private", 0, 0700);
	acts_make_directory("closed", 0, 0700);
	acts_make_directory("mine", 0, 0755);
	acts_make_file("open/file", 0, 0644);
	acts_make_file("open/readable", 0, 0644);
	acts_make_file("open/hidden", 0, 0644);
	acts_make_file("open/denied", 0, 0644);
	acts_make_file("open/private/file", 0, 0644);
	acts_make_file("closed/file", 0, 0600);
	acts_make_file("mine/his", ALICE, 0600);
	acts_make_file("mine/roots", 0, 0600);
	acts_make_file("elsewhere", 0, 0644);
	acts_make_link("open/link", "file");
	acts_make_link("open/to-directory", "directory");
	acts_make_link("open/out", acts_path("elsewhere"));
	acts_make_link("open/out-absent", acts_path("elsewhere-absent"));
	acts_make_link("open/dangling", acts_path("open/absent"));
	acts_make_link("elsewhere-link", "elsewhere");
	scene_start(&acts_scene);
}

START_TEST(stat_readlink_and_access_tell_what_the_policy_lets_them)
{
	start_looking();
	acts_assert_rows(looks);
	acts_stop();
}
END_TEST

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_mode == b->st_mode &&
	       a->st_nlink == b->st_nlink && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       a->st_rdev == b->st_rdev && a->st_size == b->st_size &&
	       a->st_blksize == b->st_blksize && a->st_blocks == b->st_blocks &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int compare(const void *arg)
{
	struct stat told, seen;
	struct fdbroker *broker;
	char target[256] = "", cut[3] = "";

	(void)arg;
	if (fdbroker_connect(&broker, acts_scene.daemon.socket) < 0)
		return 200;
	if (fdbroker_stat(broker, acts_path("open/link"), 0, &told, NULL) < 0 ||
	    stat(acts_path("open/file"), &seen) < 0 || !same(&told, &seen))
		return 1;
	if (fdbroker_stat(broker, acts_path("open/link"), AT_SYMLINK_NOFOLLOW, &told, NULL) < 0 ||
	    lstat(acts_path("open/link"), &seen) < 0 || !same(&told, &seen))
		return 2;
	if (fdbroker_readlink(broker, acts_path("open/link"), target, sizeof(target), NULL) != 4 ||
	    strcmp(target, "file") != 0)
		return 3;
	if (fdbroker_readlink(broker, acts_path("open/link"), cut, 2, NULL) != 2 ||
	    strcmp(cut, "fi") != 0)
		return 4;
	fdbroker_close(broker);
	return 0;
}

START_TEST(what_is_told_is_what_the_kernel_tells)
{
	start_looking();
	ck_assert_int_eq(scene_as(ALICE, compare, NULL), 0);
	acts_stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("acts");
	TCase *tcase = suite_case(suite, "acts");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, stat_readlink_and_access_tell_what_the_policy_lets_them);
	tcase_add_test(tcase, what_is_told_is_what_the_kernel_tells);
	return suite_main(suite);
}

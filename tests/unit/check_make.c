/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/macro.h"
#include "tests/support/held.h"
#include "tests/support/suite.h"
#include "wire/proto.h"

/*
 * A directory is made where set-group-ID gives it another group than the rule does, and where others may
 * write. The broker is held when the directory is there and nothing more has been done.
 */

#define ALICE 30000
#define BOB   30001
#define GROUP 30077 /* the directory's */
#define GIVEN 2000  /* the rule's */

#define MADE "shared/new"

static char directory[64];
static mode_t create_mode; /* the rule's */

static const char *in_directory(const char *name)
{
	static char paths[4][256];
	static size_t next;
	char *path = paths[next++ % ELEMENTSOF(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static const char *policy(void)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		 "version 1;\n"
		 "for user %d { allow create as root \"%s/shared/*\" {\n"
		 "    create-owner \"root:%d\"; create-mode 0%o; parents any; note \"test\";\n"
		 "} }\n",
		 ALICE, directory, GIVEN, create_mode);
	return text;
}

static struct held_act making(void)
{
	return (struct held_act){
		.policy = policy(),
		.uid = ALICE,
		.opcode = WIRE_OPCODE_MKDIR,
		.path = in_directory(MADE),
		.other = "",
		.argument = 0700,
	};
}

/* When the directory has been made. */
static pid_t hold(void)
{
	const struct held_act act = making();
	pid_t pid = held_start(&act);

	while (held_call(pid) != SYS_mkdirat)
		continue;
	held_return(pid);
	return pid;
}

/* what comes there meanwhile */

static void make_directory(const char *name, uid_t owner, gid_t group, mode_t mode)
{
	ck_assert_int_eq(mkdir(in_directory(name), 0700), 0);
	ck_assert_int_eq(chown(in_directory(name), owner, group), 0);
	ck_assert_int_eq(chmod(in_directory(name), mode), 0);
}

static struct stat look(const char *name)
{
	struct stat st = { 0 };

	ck_assert_msg(lstat(in_directory(name), &st) == 0, "%s: %m", name);
	return st;
}

/* The clock of file systems stands still for some milliseconds, and a birth can be ahead of it. */
static void await_time_after_birth(const char *name)
{
	struct timespec now;
	struct statx sx;

	ck_assert_int_eq(statx(AT_FDCWD, in_directory(name), 0, STATX_BTIME, &sx), 0);
	do
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	while (now.tv_sec < sx.stx_btime.tv_sec ||
	       (now.tv_sec == sx.stx_btime.tv_sec && now.tv_nsec <= (long)sx.stx_btime.tv_nsec));
}

static const struct {
	const char *name;
	bool before; /* it was there when the request came */
	uid_t owner;
	mode_t mode;
	int error;
} others[] = {
	{ "an older one", true, 0, 02700, EPERM },
	{ "a younger one that others may use", false, 0, 02770, EPERM },
	{ "somebody else's", false, BOB, 02700, 0 },
};

static void assert_given(const struct stat *st, mode_t mode)
{
	ck_assert_uint_eq(st->st_uid, 0);
	ck_assert_uint_eq(st->st_gid, GIVEN);
	ck_assert_uint_eq(st->st_mode, S_IFDIR | mode);
}

/* P21 */
START_TEST(make_gives_a_directory_its_group_before_that_can_use_it)
{
	pid_t pid = hold();
	struct stat st;

	st = look(MADE);
	ck_assert_uint_eq(st.st_uid, 0);
	ck_assert_uint_eq(st.st_mode, S_IFDIR | S_ISGID | 0700);
	ck_assert_int_eq(held_release(pid), 0);
	st = look(MADE);
	assert_given(&st, 0750);
}
END_TEST

/* P02 */
START_TEST(make_changes_nothing_that_was_put_there_instead)
{
	struct stat before, after, made;
	pid_t pid;

	if (others[_i].before) {
		make_directory("shared/other", others[_i].owner, GROUP, others[_i].mode);
		await_time_after_birth("shared/other");
	}
	pid = hold();
	if (!others[_i].before)
		make_directory("shared/other", others[_i].owner, GROUP, others[_i].mode);
	before = look("shared/other");
	ck_assert_int_eq(rename(in_directory(MADE), in_directory("shared/taken")), 0);
	ck_assert_int_eq(rename(in_directory("shared/other"), in_directory(MADE)), 0);
	ck_assert_int_eq(held_release(pid), others[_i].error);
	after = look(MADE);
	ck_assert_msg(after.st_ino == before.st_ino && after.st_mode == before.st_mode &&
			      after.st_gid == GROUP,
		      "%s: %o of %u", others[_i].name, after.st_mode, after.st_gid);
	made = look("shared/taken");
	ck_assert_uint_eq(made.st_mode, S_IFDIR | S_ISGID | 0700);
}
END_TEST

/* The parent on a file system that writes no births down, and what the rule says. */
static const struct {
	const char *name;
	mode_t parent;
	gid_t group; /* the parent's */
	mode_t rule;
	int error;
	mode_t made;
} unborn[] = {
	{ "its group is another, and its own may write", 02770, GROUP, 0750, EOPNOTSUPP, 0 },
	{ "its group may be another, and its own may write", 0770, GROUP, 0750, EOPNOTSUPP, 0 },
	{ "its group may be another, and others may write", 0702, GROUP, 0750, EOPNOTSUPP, 0 },
	{ "its group is another, and only root may write", 02755, GROUP, 0750, 0, 0750 },
	{ "its group may be another, and only root may write", 0755, GROUP, 0750, 0, 0750 },
	{ "its group can do no more than others", 0770, GROUP, 0755, 0, 0755 },
	{ "its group is the rule's", 02770, GIVEN, 0750, 0, S_ISGID | 0750 },
};

static void make_unborn(int i)
{
	struct held_act act;
	struct stat st;

	ck_assert_int_eq(mount("ramfs", in_directory("shared"), "ramfs", 0, ""), 0);
	ck_assert_int_eq(chown(in_directory("shared"), 0, unborn[i].group), 0);
	ck_assert_int_eq(chmod(in_directory("shared"), unborn[i].parent), 0);
	create_mode = unborn[i].rule;
	act = making();
	ck_assert_msg(held_not(&act) == unborn[i].error, "%s", unborn[i].name);
	if (unborn[i].error == 0) {
		st = look(MADE);
		assert_given(&st, unborn[i].made);
	} else {
		ck_assert_int_eq(lstat(in_directory(MADE), &st), -1);
	}
	ck_assert_int_eq(umount2(in_directory("shared"), MNT_DETACH), 0);
}

/* ramfs writes none down, and is nobody's but this machine's. */
START_TEST(make_makes_nothing_that_it_would_not_know_again)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	make_unborn(_i);
}
END_TEST

/* ext4(5), grpid: what is made has the group of its directory, which does not tell. In an inode
 * of 128 bytes there is no room for a birth. */
static void mount_grpid(int inode_size)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "PATH=$PATH:/usr/sbin:/sbin; cd %s && truncate -s 1M image &&"
		 " mke2fs -q -F -t ext4 -I %d -O ^has_journal image &&"
		 " mount -o loop,grpid image shared",
		 directory, inode_size);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(chown(in_directory("shared"), 0, GROUP), 0);
	ck_assert_int_eq(chmod(in_directory("shared"), 0770), 0);
}

START_TEST(make_gives_a_directory_its_group_where_the_mount_gives_another)
{
	struct stat st;
	pid_t pid;

	mount_grpid(256);
	pid = hold();
	st = look(MADE);
	ck_assert_uint_eq(st.st_gid, GROUP);
	ck_assert_uint_eq(st.st_mode, S_IFDIR | 0700);
	ck_assert_int_eq(held_release(pid), 0);
	st = look(MADE);
	assert_given(&st, 0750);
	ck_assert_int_eq(umount2(in_directory("shared"), MNT_DETACH), 0);
}
END_TEST

START_TEST(make_leaves_a_directory_to_a_group_that_can_do_no_more_than_others)
{
	struct held_act act;
	struct stat st;

	mount_grpid(128);
	create_mode = 0755;
	act = making();
	ck_assert_int_eq(held_not(&act), EPERM);
	st = look(MADE);
	ck_assert_uint_eq(st.st_gid, GROUP);
	ck_assert_int_eq(umount2(in_directory("shared"), MNT_DETACH), 0);
}
END_TEST

static bool has_loop_devices(void)
{
	if (access("/dev/loop-control", F_OK) == 0)
		return true;
	puts("SKIP: without loop devices no file system is mounted with grpid");
	return false;
}

static void prepare(void)
{
	suite_make_directory("/tmp", directory, sizeof(directory));
	make_directory("shared", 0, GROUP, 02770);
	create_mode = 0750;
}

static void clean_up(void)
{
	suite_remove(directory);
}

int main(void)
{
	Suite *suite = suite_create("make");
	TCase *tcase = suite_case(suite, "make");

	if (geteuid() != 0)
		return 77;
	tcase_add_checked_fixture(tcase, prepare, clean_up);
	tcase_add_test(tcase, make_gives_a_directory_its_group_before_that_can_use_it);
	tcase_add_loop_test(tcase, make_changes_nothing_that_was_put_there_instead, 0,
			    ELEMENTSOF(others));
	tcase_add_loop_test(tcase, make_makes_nothing_that_it_would_not_know_again, 0,
			    ELEMENTSOF(unborn));
	if (has_loop_devices()) {
		tcase_add_test(tcase,
			       make_gives_a_directory_its_group_where_the_mount_gives_another);
		tcase_add_test(tcase,
			       make_leaves_a_directory_to_a_group_that_can_do_no_more_than_others);
	}
	return suite_main(suite);
}

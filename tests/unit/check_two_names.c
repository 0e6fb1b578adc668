/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/held.h"
#include "tests/support/suite.h"
#include "wire/proto.h"

/*
 * Alice renames a file of hers over another one, in a directory that is hers, and Bob's file comes to either name.
 * The broker is held after each of its looks in turn, as often as there are any; only what comes after its
 * last look at a name, when nothing but the rename is left, can be no more than what she can do herself.
 */

#define ALICE 30000
#define BOB   30001

static char directory[64];

static const char *in_directory(const char *name)
{
	static char paths[16][256];
	static size_t next;
	char *path = paths[next++ % ELEMENTSOF(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static const char *policy(void)
{
	static char text[512];

	snprintf(text, sizeof(text),
		 "version 1;\n"
		 "for user %d { allow read, create, remove \"%s/{old,new}\" { owner caller; } }\n",
		 ALICE, directory);
	return text;
}

static struct held_act act_of(uint16_t opcode)
{
	return (struct held_act){
		.policy = policy(),
		.uid = ALICE,
		.opcode = opcode,
		.path = in_directory("old"),
		.other = in_directory("new"),
	};
}

static void make_file(const char *name, uid_t owner)
{
	const int flags = O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC;
	int fd = open(in_directory(name), flags, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchown(fd, owner, owner), 0);
	fd_close(fd);
}

static void make_files(void)
{
	(void)unlink(in_directory("old"));
	(void)unlink(in_directory("new"));
	make_file("old", ALICE);
	make_file("new", ALICE);
	make_file("bobs", BOB);
}

/* Looks before the rename, if nobody comes in between. */
static unsigned int count_looks(void)
{
	const struct held_act act = act_of(WIRE_OPCODE_RENAME);
	unsigned int n = 0;
	pid_t pid;
	long call;

	make_files();
	pid = held_start(&act);
	while ((call = held_call(pid)) != SYS_renameat2)
		n += call == SYS_openat2;
	ck_assert_int_eq(held_release(pid), 0);
	return n;
}

/* The first is opener_init()'s: it tries what the kernel can do. */
static pid_t hold_after(unsigned int looks)
{
	const struct held_act act = act_of(WIRE_OPCODE_RENAME);
	pid_t pid = held_start(&act);

	while (looks > 0)
		looks -= held_call(pid) == SYS_openat2;
	held_return(pid);
	return pid;
}

static const struct {
	const char *name;
	unsigned int after; /* looks that come after the last one at this name */
} names[] = { { "new", 0 }, { "old", 1 } };

/* P02 */
START_TEST(two_names_leave_what_came_to_one_since)
{
	unsigned int n = count_looks() - names[_i].after;
	struct stat before, after;

	ck_assert_uint_ge(n, 6);
	for (unsigned int i = 1; i < n; i++) {
		pid_t pid;

		make_files();
		pid = hold_after(i);
		ck_assert_int_eq(stat(in_directory("bobs"), &before), 0);
		ck_assert_int_eq(rename(in_directory("bobs"), in_directory(names[_i].name)), 0);
		ck_assert_int_eq(held_release(pid), EACCES);
		ck_assert_int_eq(stat(in_directory(names[_i].name), &after), 0);
		ck_assert_msg(before.st_ino == after.st_ino, "%s after %u looks of %u",
			      names[_i].name, i, n);
	}
}
END_TEST

static ino_t inode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(in_directory(name), &st), 0);
	return st.st_ino;
}

/* There is no new name, and all that is left is @call. */
static pid_t hold_before(uint16_t opcode, long call)
{
	const struct held_act act = act_of(opcode);
	pid_t pid;

	make_files();
	ck_assert_int_eq(unlink(in_directory("new")), 0);
	pid = held_start(&act);
	while (held_call(pid) != call)
		continue;
	return pid;
}

/* P02: what was not there when it was looked for. */
START_TEST(two_names_replace_nothing_that_was_not_judged)
{
	pid_t pid = hold_before(WIRE_OPCODE_RENAME, SYS_renameat2);
	ino_t bobs = inode_of("bobs");

	ck_assert_int_eq(rename(in_directory("bobs"), in_directory("new")), 0);
	ck_assert_int_eq(held_release(pid), EACCES);
	ck_assert(inode_of("new") == bobs);
}
END_TEST

/* P02: whatever has the old name by now. */
START_TEST(two_names_link_the_file_that_was_judged)
{
	pid_t pid = hold_before(WIRE_OPCODE_LINK, SYS_linkat);
	ino_t alices = inode_of("old");

	ck_assert_int_eq(renameat2(AT_FDCWD, in_directory("old"), AT_FDCWD, in_directory("bobs"),
				   RENAME_EXCHANGE),
			 0);
	ck_assert_int_eq(held_release(pid), 0);
	ck_assert(inode_of("new") == alices);
}
END_TEST

static void prepare(void)
{
	suite_make_directory("/tmp", directory, sizeof(directory));
	ck_assert_int_eq(chown(directory, ALICE, ALICE), 0);
}

static void clean_up(void)
{
	suite_remove(directory);
}

int main(void)
{
	Suite *suite = suite_create("two names");
	TCase *tcase = suite_case(suite, "two names");

	if (geteuid() != 0)
		return 77;
	tcase_add_checked_fixture(tcase, prepare, clean_up);
	tcase_add_loop_test(tcase, two_names_leave_what_came_to_one_since, 0, ELEMENTSOF(names));
	tcase_add_test(tcase, two_names_replace_nothing_that_was_not_judged);
	tcase_add_test(tcase, two_names_link_the_file_that_was_judged);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/authority.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/macro.h"
#include "daemon/confine.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"

/*
 * Each row takes identities one after the other in a process confined as the
 * broker is, with all the capabilities that `as root` can bring, and then opens
 * one file with the last.
 */

#define BROKER_ID 4242
#define ALICE	  30000
#define BOB	  30001
#define SHARED	  2000 /* a group of alice's */

#define ALL_CAPS UINT64_MAX

static char directory[64];

enum who {
	NOBODY,
	BROKER,
	CREATOR,
	CALLER_ALICE,
	CALLER_BOB,
	CALLER_ROOT,
	CALLER_WEAK_ROOT,
	CALLER_ALICE_AGAIN,
	CALLER_ALICE_ALONE,
	CALLER_ALICE_ELSEWHERE,
	CALLER_ALICE_AS_SHARED
};

static const gid_t alice_groups[] = { 4, SHARED };
static const gid_t other_groups[] = { 4, SHARED + 1 };

static const struct principal principals[] = {
	[CALLER_ALICE] = { 1, ALICE, ALICE, alice_groups, ELEMENTSOF(alice_groups), 0 },
	[CALLER_BOB] = { 2, BOB, BOB, NULL, 0, 0 },
	[CALLER_ROOT] = { 3, 0, 0, NULL, 0, ALL_CAPS },
	[CALLER_WEAK_ROOT] = { 4, 0, 0, NULL, 0, 0 },
	[CALLER_ALICE_AGAIN] = { 5, ALICE, ALICE, alice_groups, ELEMENTSOF(alice_groups), 0 },
	[CALLER_ALICE_ALONE] = { 6, ALICE, ALICE, NULL, 0, 0 },
	[CALLER_ALICE_ELSEWHERE] = { 7, ALICE, ALICE, other_groups, ELEMENTSOF(other_groups), 0 },
	[CALLER_ALICE_AS_SHARED] = { 8, ALICE, SHARED, NULL, 0, 0 },
};

static int take(struct authority *authority, enum who who)
{
	if (who == BROKER)
		authority_broker(authority);
	else if (who == CREATOR)
		return authority_creator(authority, 0, 0);
	else if (who != NOBODY)
		return authority_caller(authority, &principals[who]);
	return 0;
}

static const struct row {
	const char *name;
	enum who who[3]; /* one after the other */
	const char *file;
	int expected;	 /* errno, or 0 */
	bool no_as_root; /* the policy lends nothing */
} rows[] = {
	{ "alice, a root-only file", { CALLER_ALICE }, "root", EACCES, false },
	{ "alice, bob's file", { CALLER_ALICE }, "bob", EACCES, false },
	{ "alice, her own file", { CALLER_ALICE }, "alice", 0, false },
	{ "alice, by a supplementary group", { CALLER_ALICE }, "shared", 0, false },
	{ "bob, not in that group", { CALLER_BOB }, "shared", EACCES, false },
	{ "bob after alice", { CALLER_ALICE, CALLER_BOB }, "shared", EACCES, false },
	{ "bob after alice, hers", { CALLER_ALICE, CALLER_BOB }, "alice", EACCES, false },
	{ "alice after root, a root-only file",
	  { CALLER_ROOT, CALLER_ALICE },
	  "root",
	  EACCES,
	  false },
	{ "alice after root, bob's file", { CALLER_ROOT, CALLER_ALICE }, "bob", EACCES, false },
	{ "alice after root, by group", { CALLER_ROOT, CALLER_ALICE }, "shared", 0, false },
	{ "bob after root, not in that group",
	  { CALLER_ROOT, CALLER_BOB },
	  "shared",
	  EACCES,
	  false },
	{ "alice after as-root", { BROKER, CALLER_ALICE }, "root", EACCES, false },
	{ "alice after a creation", { CREATOR, CALLER_ALICE }, "root", EACCES, false },
	{ "as root", { BROKER }, "root", 0, false },
	{ "as root after alice", { CALLER_ALICE, BROKER }, "root", 0, false },
	{ "as root after root", { CALLER_ROOT, BROKER }, "root", 0, false },
	{ "as root after a weak root", { CALLER_WEAK_ROOT, BROKER }, "locked", 0, false },
	{ "as root, where it is not lent", { BROKER }, "root", EACCES, true },
	{ "root, a locked file", { CALLER_ROOT }, "locked", 0, false },
	{ "root after alice, a locked file", { CALLER_ALICE, CALLER_ROOT }, "locked", 0, false },
	{ "root without capabilities, a locked file",
	  { CALLER_WEAK_ROOT },
	  "locked",
	  EACCES,
	  false },
	{ "root without capabilities, its own", { CALLER_WEAK_ROOT }, "root", 0, false },
	{ "weak root after root", { CALLER_ROOT, CALLER_WEAK_ROOT }, "locked", EACCES, false },
	{ "alice by another connection", { CALLER_ALICE, CALLER_ALICE_AGAIN }, "shared", 0, false },
	{ "alice without her groups, after alice",
	  { CALLER_ALICE, CALLER_ALICE_ALONE },
	  "shared",
	  EACCES,
	  false },
	{ "alice with them, after alice without",
	  { CALLER_ALICE_ALONE, CALLER_ALICE },
	  "shared",
	  0,
	  false },
	{ "alice with other groups, after alice",
	  { CALLER_ALICE, CALLER_ALICE_ELSEWHERE },
	  "shared",
	  EACCES,
	  false },
	{ "alice by another gid, after alice without groups",
	  { CALLER_ALICE_ALONE, CALLER_ALICE_AS_SHARED },
	  "shared",
	  0,
	  false },
	{ "alice by her own, after that",
	  { CALLER_ALICE_AS_SHARED, CALLER_ALICE_ALONE },
	  "shared",
	  EACCES,
	  false },
	{ "root after a weak root", { CALLER_WEAK_ROOT, CALLER_ROOT }, "locked", 0, false },
	{ "root, where nothing is lent", { CALLER_ROOT }, "locked", EACCES, true },
};

static int open_name(const char *file, int flags)
{
	struct open_how how = { .flags = (uint64_t)flags, .mode = flags & O_CREAT ? 0600 : 0 };
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	return syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how)) < 0 ? errno : 0;
}

static int confine_for_test(struct authority *authority, bool no_as_root)
{
	const struct confine_needs needs = {
		.uid = BROKER_ID,
		.gid = BROKER_ID,
		.reads_as_root = !no_as_root,
		.writes_as_root = !no_as_root,
	};

	if (confine_broker(&needs) < 0)
		return -1;
	return authority_init(authority);
}

static int take_turns(const void *arg)
{
	const struct row *row = arg;
	struct authority authority;

	if (confine_for_test(&authority, row->no_as_root) < 0)
		return 200;
	for (size_t i = 0; i < ELEMENTSOF(row->who); i++)
		if (take(&authority, row->who[i]) < 0)
			return 201;
	return open_name(row->file, O_RDONLY);
}

START_TEST(authority_opens_what_its_owner_may_and_no_more)
{
	const struct row *row = &rows[_i];
	int got = forked_run(take_turns, row);

	ck_assert_msg(got == row->expected, "%s: %d", row->name, got);
}
END_TEST

/* Bob's rights behind its back: whoever switches loses them, and that is seen. */
static int change_connection(const void *arg)
{
	const enum who *next = arg;
	struct authority authority;

	if (confine_for_test(&authority, false) < 0)
		return 200;
	if (take(&authority, CALLER_ALICE) < 0)
		return 201;
	syscall(SYS_setfsuid, BOB);
	if (take(&authority, *next) < 0)
		return 202;
	return open_name("bob", O_RDONLY);
}

START_TEST(authority_stays_where_another_connection_has_the_same)
{
	ck_assert_int_eq(forked_run(change_connection, &(enum who){ CALLER_ALICE_AGAIN }), 0);
	ck_assert_int_eq(forked_run(change_connection, &(enum who){ CALLER_ALICE_ALONE }), EACCES);
}
END_TEST

static const struct creation {
	enum who who;
	const char *file;
	uid_t uid;
} creations[] = {
	{ CALLER_ALICE, "by-alice", ALICE },
	{ CREATOR, "by-root", 0 },
};

static int create_one(const void *arg)
{
	const struct creation *creation = arg;
	struct authority authority;

	if (confine_for_test(&authority, false) < 0)
		return 200;
	if (take(&authority, CALLER_ROOT) < 0 || take(&authority, creation->who) < 0)
		return 201;
	return open_name(creation->file, O_WRONLY | O_CREAT | O_EXCL);
}

START_TEST(authority_owns_what_it_creates)
{
	const struct creation *creation = &creations[_i];
	char path[128];
	struct stat st;

	ck_assert_int_eq(forked_run(create_one, creation), 0);
	snprintf(path, sizeof(path), "%s/%s", directory, creation->file);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(st.st_uid, creation->uid);
	ck_assert_int_eq(st.st_gid, creation->uid);
}
END_TEST

static int take_without_privilege(const void *arg)
{
	struct authority authority;

	(void)arg;
	if (setresuid(BROKER_ID, BROKER_ID, BROKER_ID) < 0)
		return 200;
	return authority_init(&authority) < 0 ? 0 : 1;
}

START_TEST(authority_needs_the_right_to_switch)
{
	ck_assert_int_eq(forked_run(take_without_privilege, NULL), 0);
}
END_TEST

static const struct {
	const char *name;
	uid_t uid;
	gid_t gid;
	mode_t mode;
} files[] = {
	{ "root", 0, 0, 0600 },	       { "bob", BOB, BOB, 0600 }, { "alice", ALICE, ALICE, 0600 },
	{ "shared", 0, SHARED, 0640 }, { "locked", 0, 0, 0 },
};

static void make_files(void)
{
	char path[128];

	suite_make_directory("/tmp", directory, sizeof(directory));
	ck_assert_int_eq(chmod(directory, 0777), 0);
	for (size_t i = 0; i < ELEMENTSOF(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, files[i].name);
		ck_assert_int_eq(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0)), 0);
		ck_assert_int_eq(chown(path, files[i].uid, files[i].gid), 0);
		ck_assert_int_eq(chmod(path, files[i].mode), 0);
	}
}

static void remove_files(void)
{
	suite_remove(directory);
}

int main(void)
{
	Suite *suite = suite_create("authority");
	TCase *tcase = suite_case(suite, "authority");

	if (geteuid() != 0)
		return 77;
	tcase_add_unchecked_fixture(tcase, make_files, remove_files);
	tcase_add_loop_test(tcase, authority_opens_what_its_owner_may_and_no_more, 0,
			    ELEMENTSOF(rows));
	tcase_add_loop_test(tcase, authority_owns_what_it_creates, 0, ELEMENTSOF(creations));
	tcase_add_test(tcase, authority_stays_where_another_connection_has_the_same);
	tcase_add_test(tcase, authority_needs_the_right_to_switch);
	return suite_main(suite);
}

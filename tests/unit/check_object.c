/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "policy/decide.h"
#include "tests/support/policy.h"
#include "tests/support/suite.h"

DEFINE_CLEANUP(struct policy *, policy_free)
DEFINE_CLEANUP(struct policy_caller *, policy_caller_free)
DEFINE_CLEANUP(struct candidates *, candidates_free)

#define FUSE_MAGIC 0x65735546U

/* makedev(3) of small numbers, as a constant. */
#define DEV(major, minor) ((major) << 8 | (minor))

/* The objects of all tests: what differs from an ordinary file. */
enum which {
	ORDINARY,
	LINKED,
	DIRECTORY,
	FIFO,
	SOCKET,
	TTY,
	MEMORY,
	DISK,
	SETUID,
	SETGID,
	BIG,
	OF_ROOT,
	PRIVATE,
	ON_PROC,
	ON_SYSFS,
	ON_FUSE,
	ON_AUTOFS,
	ON_NFS,
	FRESH,
	FRESH_DIRECTORY,
	FRESH_LINK,
	FRESH_ON_FUSE,
	ON_DEVPTS,
	ON_MQUEUE,
	ON_UNKNOWN,
	ON_XFS,
	SCSI,
	ON_CAREFUL,
	FRESH_ON_CAREFUL,
};

#define FILE_OF(...)                                                                               \
	{                                                                                          \
		.mode = S_IFREG | 0644, .uid = 1, .gid = 2, .links = 1, .size = 10, __VA_ARGS__    \
	}

static const struct policy_object objects[] = {
	[ORDINARY] = FILE_OF(.fs_magic = EXT4_SUPER_MAGIC),
	[LINKED] = { .mode = S_IFREG | 0644,
		     .uid = 1,
		     .gid = 2,
		     .links = 2,
		     .fs_magic = EXT4_SUPER_MAGIC },
	[DIRECTORY] = { .mode = S_IFDIR | 0755,
			.uid = 1,
			.gid = 2,
			.links = 3,
			.fs_magic = EXT4_SUPER_MAGIC },
	[FIFO] = { .mode = S_IFIFO | 0644,
		   .uid = 1,
		   .gid = 2,
		   .links = 1,
		   .fs_magic = EXT4_SUPER_MAGIC },
	[SOCKET] = { .mode = S_IFSOCK | 0644,
		     .uid = 1,
		     .gid = 2,
		     .links = 1,
		     .fs_magic = EXT4_SUPER_MAGIC },
	[TTY] = { .mode = S_IFCHR | 0660,
		  .links = 1,
		  .rdev = DEV(188, 3),
		  .fs_magic = EXT4_SUPER_MAGIC },
	[MEMORY] = { .mode = S_IFCHR | 0640,
		     .links = 1,
		     .rdev = DEV(1, 1),
		     .fs_magic = EXT4_SUPER_MAGIC },
	[DISK] = { .mode = S_IFBLK | 0660,
		   .links = 1,
		   .rdev = DEV(8, 0),
		   .fs_magic = EXT4_SUPER_MAGIC },
	[SETUID] = { .mode = S_IFREG | S_ISUID | 0755,
		     .uid = 1,
		     .links = 1,
		     .fs_magic = EXT4_SUPER_MAGIC },
	[SETGID] = { .mode = S_IFREG | S_ISGID | 0755,
		     .uid = 1,
		     .links = 1,
		     .fs_magic = EXT4_SUPER_MAGIC },
	[BIG] = { .mode = S_IFREG | 0644,
		  .uid = 1,
		  .links = 1,
		  .size = 64 * 1024 + 1,
		  .fs_magic = EXT4_SUPER_MAGIC },
	[OF_ROOT] = { .mode = S_IFREG | 0644,
		      .uid = 0,
		      .gid = 0,
		      .links = 1,
		      .fs_magic = EXT4_SUPER_MAGIC },
	[PRIVATE] = { .mode = S_IFREG | 0600,
		      .uid = 1,
		      .gid = 2,
		      .links = 1,
		      .fs_magic = EXT4_SUPER_MAGIC },
	[ON_PROC] = FILE_OF(.fs_magic = PROC_SUPER_MAGIC),
	[ON_SYSFS] = FILE_OF(.fs_magic = SYSFS_MAGIC),
	[ON_FUSE] = FILE_OF(.fs_magic = FUSE_MAGIC),
	[ON_AUTOFS] = FILE_OF(.fs_magic = AUTOFS_SUPER_MAGIC),
	[ON_NFS] = FILE_OF(.fs_magic = NFS_SUPER_MAGIC),
	[FRESH] = { .mode = S_IFREG | 0644,
		    .uid = 1,
		    .gid = 1,
		    .links = 1,
		    .fresh = true,
		    .fs_magic = EXT4_SUPER_MAGIC },
	[FRESH_DIRECTORY] = { .mode = S_IFDIR | 0755, .fresh = true, .fs_magic = EXT4_SUPER_MAGIC },
	[FRESH_LINK] = { .mode = S_IFLNK | 0777, .fresh = true, .fs_magic = EXT4_SUPER_MAGIC },
	[FRESH_ON_FUSE] = FILE_OF(.fs_magic = FUSE_MAGIC, .fresh = true),
	[ON_DEVPTS] = FILE_OF(.fs_magic = DEVPTS_SUPER_MAGIC),
	[ON_MQUEUE] = FILE_OF(.fs_magic = 0x19800202),
	[ON_UNKNOWN] = FILE_OF(.fs_magic = 0x12345678),
	[SCSI] = { .mode = S_IFCHR | 0660,
		   .links = 1,
		   .rdev = DEV(21, 0),
		   .fs_magic = TMPFS_MAGIC },
	[ON_XFS] = FILE_OF(.fs_magic = 0x58465342),
	[ON_CAREFUL] = FILE_OF(.mount_flags = ST_NODEV | ST_NOSUID, .fs_magic = EXT4_SUPER_MAGIC),
	[FRESH_ON_CAREFUL] = FILE_OF(.mount_flags = ST_NODEV | ST_NOSUID, .fresh = true,
				     .fs_magic = EXT4_SUPER_MAGIC),
};

/* One allow with these attributes, for user 1. Expected: "allow", or the condition that fails. */
static const struct {
	const char *attrs;
	const char *modes;
	enum which object;
	const char *expected;
} cases[] = {
	/* defaults: type */
	{ "", "read", ORDINARY, "allow" },
	{ "", "read", DIRECTORY, "type" },
	{ "", "read", FIFO, "type" },
	{ "", "read", SOCKET, "type" },
	{ "", "read", TTY, "type" },
	{ "", "list", DIRECTORY, "allow" },
	{ "", "list", ORDINARY, "type" },
	{ "", "connect", SOCKET, "allow" },
	{ "", "connect", ORDINARY, "type" },
	{ "", "stat", FIFO, "allow" },
	{ "", "remove", SOCKET, "allow" },
	{ "", "attributes", DIRECTORY, "allow" },
	{ "", "watch", DIRECTORY, "allow" },
	/* defaults: links */
	{ "", "read", LINKED, "allow" },
	{ "", "write", LINKED, "links" },
	{ "", "append", LINKED, "links" },
	{ "", "read,write", LINKED, "links" },
	{ "", "read,truncate", LINKED, "links" },
	{ "", "attributes", LINKED, "links" },
	{ "", "attributes", DIRECTORY, "allow" },
	{ "links any;", "attributes", LINKED, "allow" },
	{ "links any;", "write", LINKED, "allow" },
	{ "links 1;", "read", LINKED, "links" },
	/* defaults: file system */
	{ "", "read", ON_PROC, "fs" },
	{ "", "read", ON_SYSFS, "fs" },
	{ "", "read", ON_FUSE, "fs" },
	{ "", "read", ON_AUTOFS, "fs" },
	{ "", "read", ON_NFS, "allow" },
	/* P07: the kernel's own, and what nobody has said to be harmless */
	{ "", "read", ON_DEVPTS, "fs" },
	{ "", "read", ON_MQUEUE, "fs" },
	{ "", "read", ON_UNKNOWN, "fs" },
	{ "fs any;", "read", ON_UNKNOWN, "fs" },
	{ "fs local;", "read", ON_UNKNOWN, "fs" },
	{ "", "read", ON_XFS, "allow" },
	{ "fs devpts;", "read", ON_DEVPTS, "allow" },
	{ "fs proc;", "read", ON_PROC, "allow" },
	{ "fs proc;", "write", ON_PROC, "fs" },
	{ "fs proc;", "read", ORDINARY, "fs" },
	{ "fs any;", "read", ON_PROC, "fs" },
	{ "fs any;", "read", ON_FUSE, "allow" },
	{ "fs local;", "read", ON_NFS, "fs" },
	{ "fs { ext4, nfs };", "read", ON_NFS, "allow" },
	/* type */
	{ "type char;", "read", TTY, "allow" },
	{ "type char;", "read", ORDINARY, "type" },
	{ "type { regular, fifo };", "read", FIFO, "allow" },
	{ "type block;", "read", DISK, "allow" },
	/* P17: a directory's descriptor is for `list`, whatever the rule's types */
	{ "type { regular, directory };", "read", DIRECTORY, "type" },
	{ "type directory; links any;", "write", DIRECTORY, "type" },
	{ "type directory;", "list", DIRECTORY, "allow" },
	{ "type char; device 188:*;", "read", TTY, "allow" },
	{ "type char; device 188:3;", "read", TTY, "allow" },
	{ "type char; device 188:4;", "read", TTY, "device" },
	{ "type char; device { 189:*, 166:* };", "read", TTY, "device" },
	/* owner and group */
	{ "owner 1;", "read", ORDINARY, "allow" },
	{ "owner caller;", "read", ORDINARY, "allow" },
	{ "owner caller;", "read", OF_ROOT, "owner" },
	{ "owner root;", "read", OF_ROOT, "allow" },
	{ "owner root;", "read", ORDINARY, "owner" },
	{ "owner { root, caller };", "read", ORDINARY, "allow" },
	{ "file-group 2;", "read", ORDINARY, "allow" },
	{ "file-group 3;", "read", ORDINARY, "file-group" },
	/* mode and size */
	{ "mode-max 0644;", "read", ORDINARY, "allow" },
	{ "mode-max 0640;", "read", ORDINARY, "mode-max" },
	{ "mode-max 0600;", "read", PRIVATE, "allow" },
	{ "mode-max 0755;", "read", SETUID, "mode-max" },
	{ "max-size 64K;", "read", ORDINARY, "allow" },
	{ "max-size 64K;", "read", BIG, "max-size" },
	{ "max-size 65537;", "read", BIG, "allow" },
	/* the first that fails is named */
	{ "owner root; mode-max 0600; max-size 1;", "read", ORDINARY, "owner" },
	/* what is not there yet is asked for its place alone */
	{ "owner root; type fifo; links 1; max-size 0;", "create", FRESH, "allow" },
	{ "", "create", FRESH_ON_FUSE, "fs" },
	{ "fs fuse;", "create", FRESH_ON_FUSE, "allow" },
	/* but a directory or a link only where the rule's types have room for it */
	{ "", "create", FRESH_DIRECTORY, "allow" },
	{ "", "create", FRESH_LINK, "allow" },
	{ "type regular;", "create", FRESH_DIRECTORY, "type" },
	{ "type regular;", "create", FRESH_LINK, "type" },
	{ "type { regular, symlink };", "create", FRESH_LINK, "allow" },
	{ "type directory;", "create", FRESH_DIRECTORY, "allow" },
	/* all of a list of mount flags, one of a list of file systems */
	{ "", "read", ON_CAREFUL, "allow" },
	{ "mount nodev;", "read", ON_CAREFUL, "allow" },
	{ "mount { nodev, nosuid };", "read", ON_CAREFUL, "allow" },
	{ "mount { nodev, noexec };", "read", ON_CAREFUL, "mount" },
	{ "mount ro;", "read", ON_CAREFUL, "mount" },
	{ "mount nodev;", "read", ORDINARY, "mount" },
	{ "fs local; mount nodev;", "create", FRESH_ON_CAREFUL, "allow" },
	{ "mount noexec;", "create", FRESH_ON_CAREFUL, "mount" },
};

struct fixture {
	struct policy *policy;
	struct policy_caller *caller;
	struct candidates *answer;
	struct policy_query query;
};

static struct fixture fixture_of(const char *text, const char *modes)
{
	struct fixture f = { .policy = policy_of(text) };

	f.caller = caller_of(f.policy, "user 1");
	f.query = (struct policy_query){
		.caller = f.caller,
		.path = "/x",
		.modes = modes_of(modes),
	};
	ck_assert_int_eq(candidates_new(&f.answer, f.policy), 0);
	decide_name(f.policy, &f.query, f.answer);
	return f;
}

static void fixture_done(struct fixture *f)
{
	candidates_free(f->answer);
	policy_caller_free(f->caller);
	policy_free(f->policy);
}

static const char *answer(struct fixture *f, size_t i, enum which object)
{
	struct decision decision;

	if (f->answer->reason != POLICY_REASON_OK || i >= f->answer->n_allows)
		return "refused by name";
	decision = decide_object(f->answer, i, &f->query, &objects[object]);
	if (decision.verdict == VERDICT_DENY)
		return decision.rule->id;
	if (decision.verdict == VERDICT_ALLOW)
		return "allow";
	return policy_condition_name(decision.condition);
}

START_TEST(object_is_held_to_conditions_and_defaults)
{
	_cleanup_(fixture_done) struct fixture f = { 0 };
	char text[512];

	snprintf(text, sizeof(text), "version 1;\nfor user 1 { allow %s \"/*\" { %s } }\n",
		 cases[_i].modes, cases[_i].attrs);
	f = fixture_of(text, cases[_i].modes);
	ck_assert_msg(strcmp(answer(&f, 0, cases[_i].object), cases[_i].expected) == 0,
		      "%s of object %d under { %s }: %s, not %s", cases[_i].modes, cases[_i].object,
		      cases[_i].attrs, answer(&f, 0, cases[_i].object), cases[_i].expected);
}
END_TEST

/* One deny with these attributes, under a rule that allows anything. */
static const struct {
	const char *attrs;
	const char *modes;
	enum which object;
	const char *expected;
} denies[] = {
	{ "owner root;", "read", OF_ROOT, "test.no" },
	{ "owner root;", "read", ORDINARY, "allow" },
	{ "owner caller;", "read", ORDINARY, "test.no" },
	{ "owner root; mode-max 0600;", "read", OF_ROOT, "allow" },
	{ "type char;", "read", TTY, "test.no" },
	{ "type char;", "read", ORDINARY, "allow" },
	/* no defaults: not the type, not the links, not the file system */
	{ "owner 1;", "read", FIFO, "test.no" },
	{ "owner 1;", "write", LINKED, "test.no" },
	{ "owner 1;", "read", ON_FUSE, "test.no" },
	{ "fs proc;", "read", ON_PROC, "test.no" },
	{ "links 1;", "read", ORDINARY, "test.no" },
	{ "links 1;", "read", LINKED, "allow" },
	{ "device 8:*;", "read", DISK, "test.no" },
	{ "device 8:*;", "read", ORDINARY, "allow" },
	{ "max-size 64K;", "read", BIG, "allow" },
	/* what would be made is judged by a deny */
	{ "type regular;", "create", FRESH, "test.no" },
	{ "type symlink;", "create", FRESH_LINK, "test.no" },
	{ "type symlink;", "create", FRESH_DIRECTORY, "allow" },
	{ "owner 7;", "create", FRESH, "allow" },
	{ "mount nosuid;", "read", ON_CAREFUL, "test.no" },
	{ "mount { nosuid, ro };", "read", ON_CAREFUL, "allow" },
	{ "mount nosuid;", "create", FRESH_ON_CAREFUL, "test.no" },
	{ "mount nosuid;", "read", ORDINARY, "allow" },
	{ "fs { nfs, proc };", "read", ON_NFS, "test.no" },
	{ "fs any;", "read", ON_PROC, "test.no" },
	{ "fs local;", "read", ON_NFS, "allow" },
};

#define ANYTHING                                                                                   \
	"{ type { regular, directory, fifo, socket, char, block }; links any; fs { ext4, ext3, "   \
	"proc, sysfs, fuse, autofs, nfs, tmpfs, any }; }"

START_TEST(object_denies_only_where_all_of_its_conditions_hold)
{
	_cleanup_(fixture_done) struct fixture f = { 0 };
	char text[1024];

	snprintf(text, sizeof(text),
		 "version 1;\nfor user 1 { allow %s \"/*\" " ANYTHING " }\n"
		 "no: deny %s \"/*\" { %s }\n",
		 denies[_i].modes, denies[_i].modes, denies[_i].attrs);
	f = fixture_of(text, denies[_i].modes);
	ck_assert_msg(strcmp(answer(&f, 0, denies[_i].object), denies[_i].expected) == 0,
		      "%s of object %d, deny { %s }: %s, not %s", denies[_i].modes,
		      denies[_i].object, denies[_i].attrs, answer(&f, 0, denies[_i].object),
		      denies[_i].expected);
}
END_TEST

static const struct {
	const char *modes;
	enum which object;
	const char *expected;
} floors[] = {
	{ "write", SETUID, "builtin.set-id" },
	{ "append", SETGID, "builtin.set-id" },
	{ "read", SETUID, "allow" },
	{ "write", ORDINARY, "allow" },
	{ "write", DISK, "builtin.disk" },
	{ "read", DISK, "allow" },
	{ "attributes", DISK, "builtin.disk" },
	{ "remove", DISK, "allow" },
	{ "write", SCSI, "builtin.disk-device" },
	{ "attributes", SCSI, "builtin.disk-device" },
	{ "read", SCSI, "allow" },
	{ "read", MEMORY, "builtin.memory-device" },
	{ "write", TTY, "allow" },
	{ "create", FRESH, "allow" },
};

/* The same under `as root`. */
static const struct {
	const char *attrs;
	enum which object;
	const char *expected;
} lent[] = {
	{ "", FRESH, "allow" },
	{ "", FRESH_DIRECTORY, "allow" },
	{ "", FRESH_LINK, "type" },
	{ "type regular;", FRESH_LINK, "type" },
	{ "type symlink;", FRESH_LINK, "allow" },
};

START_TEST(object_that_is_roots_link_is_made_only_where_a_rule_means_it)
{
	_cleanup_(fixture_done) struct fixture f = { 0 };
	char text[512];

	snprintf(text, sizeof(text),
		 "version 1;\nfor user 1 { allow create as root \"/*\" { %s } }\n", lent[_i].attrs);
	f = fixture_of(text, "create");
	ck_assert_str_eq(answer(&f, 0, lent[_i].object), lent[_i].expected);
}
END_TEST

START_TEST(object_floor_holds_under_any_rule)
{
	_cleanup_(fixture_done) struct fixture f = { 0 };
	char text[512];

	snprintf(text, sizeof(text), "version 1;\nfor user 1 { allow %s \"/*\" " ANYTHING " }\n",
		 floors[_i].modes);
	f = fixture_of(text, floors[_i].modes);
	ck_assert_msg(strcmp(answer(&f, 0, floors[_i].object), floors[_i].expected) == 0,
		      "%s of object %d: %s, not %s", floors[_i].modes, floors[_i].object,
		      answer(&f, 0, floors[_i].object), floors[_i].expected);
}
END_TEST

START_TEST(object_as_root_is_never_on_a_kernel_file_system)
{
	_cleanup_(fixture_done) struct fixture f =
		fixture_of("version 1;\nfor user 1 { allow read as root \"/*\" { fs { ext4, proc "
			   "}; } }\n",
			   "read");

	ck_assert_str_eq(answer(&f, 0, ON_PROC), "fs");
}
END_TEST

START_TEST(object_may_satisfy_a_less_specific_rule)
{
	_cleanup_(fixture_done) struct fixture f =
		fixture_of("version 1;\nfor user 1 { allow read '/x' { owner root; }\n"
			   "allow read \"/*\" { owner caller; } }\n",
			   "read");

	ck_assert_str_eq(answer(&f, 0, ORDINARY), "owner");
	ck_assert_str_eq(answer(&f, 1, ORDINARY), "allow");
}
END_TEST

/* Or the other deny would tell that there is something to hide. */
START_TEST(object_that_one_of_two_denies_hides_is_hidden)
{
	_cleanup_(fixture_done) struct fixture f =
		fixture_of("version 1;\nfor user 1 { allow read \"/*\"; }\n"
			   "a: deny read \"/*\" { owner 1; }\n"
			   "b: deny read \"/*\" { mode-max 0644; hide; }\n"
			   "c: deny read \"/*\" { mode-max 0666; }\n",
			   "read");

	ck_assert_str_eq(answer(&f, 0, ORDINARY), "test.b");
	ck_assert_str_eq(answer(&f, 0, SETUID), "test.a");
}
END_TEST

START_TEST(object_owner_that_does_not_exist_is_nobody)
{
	_cleanup_(fixture_done) struct fixture f =
		fixture_of("version 1;\nfor user 1 { allow read \"/*\" { owner no-such-user; } }\n",
			   "read");

	ck_assert_str_eq(answer(&f, 0, ORDINARY), "owner");
	ck_assert_str_eq(answer(&f, 0, OF_ROOT), "owner");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("object");
	TCase *tcase = suite_case(suite, "object");

	tcase_add_loop_test(tcase, object_is_held_to_conditions_and_defaults, 0, ELEMENTSOF(cases));
	tcase_add_loop_test(tcase, object_denies_only_where_all_of_its_conditions_hold, 0,
			    ELEMENTSOF(denies));
	tcase_add_loop_test(tcase, object_that_is_roots_link_is_made_only_where_a_rule_means_it, 0,
			    ELEMENTSOF(lent));
	tcase_add_loop_test(tcase, object_floor_holds_under_any_rule, 0, ELEMENTSOF(floors));
	tcase_add_test(tcase, object_as_root_is_never_on_a_kernel_file_system);
	tcase_add_test(tcase, object_that_one_of_two_denies_hides_is_hidden);
	tcase_add_test(tcase, object_may_satisfy_a_less_specific_rule);
	tcase_add_test(tcase, object_owner_that_does_not_exist_is_nobody);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/locality.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/macro.h"
#include "tests/support/suite.h"

#define MOUNT	   0x80000001U
#define FUSE_MAGIC 0x65735546 /* fs/fuse/inode.c */

static const char *const places[] = { "/", "/tmp", "/proc", "/dev/shm", "/sys" };

static struct locality locality;
static uint32_t magic;

static void forget(void)
{
	locality = (struct locality){ 0 };
	magic = 0;
}

START_TEST(locality_remembers_what_is_local)
{
	ck_assert(!locality_recall(&locality, MOUNT, &magic));
	locality_learn(&locality, MOUNT, EXT4_SUPER_MAGIC);
	ck_assert(locality_recall(&locality, MOUNT, &magic));
	ck_assert_uint_eq(magic, EXT4_SUPER_MAGIC);
	ck_assert(locality_is_local(magic));
	ck_assert(!locality_recall(&locality, MOUNT + 1, &magic));
	ck_assert(!locality_is_local(FUSE_MAGIC));
}
END_TEST

/* P48: users can mount their own, as many as they like. */
START_TEST(locality_of_users_mounts_takes_no_place_of_others)
{
	locality_learn(&locality, MOUNT, EXT4_SUPER_MAGIC);
	for (uint32_t i = 1; i < 64 * LOCALITY_PLACES; i++)
		locality_learn(&locality, MOUNT + i, FUSE_MAGIC);
	ck_assert(locality_recall(&locality, MOUNT, &magic));
	ck_assert_uint_eq(magic, EXT4_SUPER_MAGIC);
}
END_TEST

/* Before Linux 6.8 a number can come to mean another mount. */
START_TEST(locality_unlearns)
{
	locality_learn(&locality, MOUNT, EXT4_SUPER_MAGIC);
	locality_learn(&locality, MOUNT, FUSE_MAGIC);
	ck_assert(!locality_recall(&locality, MOUNT, &magic));
}
END_TEST

/* As a hull does: by what the kernel knows alone. */
START_TEST(locality_learns_of_a_place_what_fstatfs_would_tell)
{
	int fd = open(places[_i], O_PATH | O_CLOEXEC);
	struct statfs fs;
	struct statx sx;
	bool is_learnt;

	ck_assert_int_eq(fstatfs(fd, &fs), 0);
	ck_assert_int_eq(statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID_UNIQUE, &sx), 0);
	locality_learn_at(&locality, fd);
	fd_close(fd);
	is_learnt = locality_recall(&locality, (uint32_t)sx.stx_mnt_id, &magic);
	ck_assert_int_eq(is_learnt, (sx.stx_mask & STATX_MNT_ID_UNIQUE) &&
					    locality_is_local((uint32_t)fs.f_type));
	if (is_learnt)
		ck_assert_uint_eq(magic, (uint32_t)fs.f_type);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("locality");
	TCase *tcase = suite_case(suite, "locality");

	tcase_add_checked_fixture(tcase, forget, NULL);
	tcase_add_test(tcase, locality_remembers_what_is_local);
	tcase_add_test(tcase, locality_of_users_mounts_takes_no_place_of_others);
	tcase_add_test(tcase, locality_unlearns);
	tcase_add_loop_test(tcase, locality_learns_of_a_place_what_fstatfs_would_tell, 0,
			    ELEMENTSOF(places));
	return suite_main(suite);
}

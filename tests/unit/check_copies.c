/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/copies.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/suite.h"

static struct copies copies;

/* Of a page, for it to be mapped. */
static int new_copy(void)
{
	int fd = memfd_create("copy", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 4096), 0);
	return fd;
}

static void assert_held(size_t n)
{
	copies_forget(&copies);
	ck_assert_uint_eq(copies.n, n);
}

static void await_held(size_t n)
{
	uint64_t deadline = clock_monotonic_usec() + 20 * USEC_PER_SEC;

	while (copies.n > n) {
		ck_assert_int_gt(clock_wait(copies.watches, POLLIN, deadline), 0);
		copies_forget(&copies);
	}
	ck_assert_uint_eq(copies.n, n);
}

static const struct {
	uint64_t bytes;
	size_t places;
} sizes[] = {
	{ 0, 1 },
	{ 1, 1 },
	{ COPIES_UNIT - 1, 1 },
	{ COPIES_UNIT, 1 },
	{ COPIES_UNIT + 1, 2 },
	{ 10 * COPIES_UNIT, 10 },
};

START_TEST(copies_take_places_by_their_size_until_they_are_gone)
{
	int fd = new_copy();
	struct stat st;

	ck_assert_int_eq(copies_init(&copies, 100, 10), 0);
	ck_assert_int_eq(copies_add(&copies, fd, 7, sizes[_i].bytes), 0);
	ck_assert_uint_eq(quota_of(&copies.quota, 7), sizes[_i].places);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0444);
	assert_held(1);
	fd_close(fd);
	await_held(0);
	ck_assert_uint_eq(copies.quota.taken, 0);
	copies_done(&copies);
}
END_TEST

START_TEST(copies_of_one_uid_and_of_all_are_bounded)
{
	int fds[3];

	ck_assert_int_eq(copies_init(&copies, 15, 10), 0);
	for (size_t i = 0; i < ELEMENTSOF(fds); i++)
		fds[i] = new_copy();
	ck_assert_int_eq(copies_add(&copies, fds[0], 7, 10 * COPIES_UNIT + 1), -EUSERS);
	ck_assert_int_eq(copies_add(&copies, fds[0], 7, UINT64_MAX), -EUSERS);
	ck_assert_int_eq(copies_add(&copies, fds[0], 7, 10 * COPIES_UNIT), 0);
	ck_assert_int_eq(copies_add(&copies, fds[1], 7, 1), -EUSERS);
	ck_assert_int_eq(copies_add(&copies, fds[1], 8, 6 * COPIES_UNIT), -ENOSPC);
	ck_assert_int_eq(copies_add(&copies, fds[1], 0, 5 * COPIES_UNIT), 0);
	ck_assert_int_eq(copies_add(&copies, fds[2], 0, 1), -ENOSPC);
	assert_held(2);
	fd_close(fds[0]);
	await_held(1);
	ck_assert_int_eq(copies_add(&copies, fds[2], 7, 1), 0);
	fd_close(fds[1]);
	fd_close(fds[2]);
	await_held(0);
	copies_done(&copies);
}
END_TEST

/* Of none of these does the kernel tell when the descriptor itself is closed. */
START_TEST(copies_count_while_anybody_has_a_way_to_them)
{
	int fd = new_copy(), path, again;
	char name[64];
	void *map;

	ck_assert_int_eq(copies_init(&copies, 10, 10), 0);
	ck_assert_int_eq(copies_add(&copies, fd, 7, 4096), 0);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(map, MAP_FAILED);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	path = open(name, O_PATH | O_CLOEXEC);
	again = open(name, O_RDONLY | O_CLOEXEC);
	fd_close(fd);
	assert_held(1);
	fd_close(again);
	assert_held(1);
	munmap(map, 4096);
	assert_held(1);
	fd_close(path);
	await_held(0);
	copies_done(&copies);
}
END_TEST

START_TEST(copies_that_cannot_be_watched_take_no_place)
{
	int fd = new_copy();

	ck_assert_int_eq(copies_init(&copies, 10, 10), 0);
	ck_assert_int_eq(copies_add(&copies, -EBADF, 7, 1), -EBADF);
	ck_assert_int_eq(copies_add(&copies, fd, 7, 1), 0);
	/* Nor is one counted twice, and then given back once. */
	ck_assert_int_eq(copies_add(&copies, fd, 7, 1), -EEXIST);
	ck_assert_uint_eq(copies.quota.taken, 1);
	assert_held(1);
	fd_close(fd);
	await_held(0);
	ck_assert_uint_eq(copies.quota.taken, 0);
	copies_done(&copies);
}
END_TEST

/* More than one read gives. */
START_TEST(copies_that_go_at_once_are_all_forgotten)
{
	int fds[900];

	ck_assert_int_eq(copies_init(&copies, 1000, 1000), 0);
	for (size_t i = 0; i < ELEMENTSOF(fds); i++)
		fds[i] = new_copy();
	for (size_t i = 0; i < ELEMENTSOF(fds); i++)
		ck_assert_int_eq(copies_add(&copies, fds[i], (uid_t)(i % 5), 1), 0);
	for (size_t i = 0; i < ELEMENTSOF(fds); i += 2)
		fd_close(fds[i]);
	await_held(450);
	ck_assert_uint_eq(copies.quota.taken, 450);
	for (size_t i = 1; i < ELEMENTSOF(fds); i += 2)
		fd_close(fds[i]);
	await_held(0);
	copies_done(&copies);
}
END_TEST

START_TEST(copies_done_gives_up_what_is_still_held)
{
	int fd = new_copy();

	ck_assert_int_eq(copies_init(&copies, 10, 10), 0);
	ck_assert_int_eq(copies_add(&copies, fd, 7, 1), 0);
	copies_done(&copies);
	fd_close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("copies");
	TCase *tcase = suite_case(suite, "copies");

	tcase_add_loop_test(tcase, copies_take_places_by_their_size_until_they_are_gone, 0,
			    ELEMENTSOF(sizes));
	tcase_add_test(tcase, copies_of_one_uid_and_of_all_are_bounded);
	tcase_add_test(tcase, copies_count_while_anybody_has_a_way_to_them);
	tcase_add_test(tcase, copies_that_cannot_be_watched_take_no_place);
	tcase_add_test(tcase, copies_that_go_at_once_are_all_forgotten);
	tcase_add_test(tcase, copies_done_gives_up_what_is_still_held);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/rings.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "daemon/attendant.h"
#include "daemon/control.h"
#include "daemon/limits.h"
#include "tests/support/suite.h"

/* Without a process, so that nobody reads anything. */
static struct attendant audit;
static struct rings rings;
static int bells[LIMIT_RINGS + 2]; /* of each generation, as its broker has it; [0] is nobody's */

static void begin(void)
{
	audit = (struct attendant){ .control = -EBADF };
	rings_init(&rings, &audit);
	for (size_t i = 0; i < ELEMENTSOF(bells); i++)
		bells[i] = -EBADF;
}

static void end(void)
{
	rings_done(&rings);
	for (size_t i = 0; i < ELEMENTSOF(bells); i++)
		fd_close(bells[i]);
}

static void open_until(uint64_t last)
{
	int memory;

	for (uint64_t generation = 1; generation <= last; generation++)
		ck_assert_int_eq(rings_open(&rings, generation, &memory, &bells[generation]), 0);
}

/* Whether what a broker says is kept for somebody. */
static bool is_kept(uint64_t generation)
{
	return send(bells[generation], "", 1, MSG_NOSIGNAL) == 1;
}

static const struct {
	uint64_t opened, oldest_kept;
} counts[] = { { LIMIT_RINGS - 1, 1 }, { LIMIT_RINGS, 1 }, { LIMIT_RINGS + 1, 2 } };

START_TEST(rings_keep_no_more_than_so_many_and_the_oldest_goes)
{
	open_until(counts[_i].opened);
	for (uint64_t generation = 1; generation <= counts[_i].opened; generation++)
		ck_assert_int_eq(is_kept(generation), generation >= counts[_i].oldest_kept);
}
END_TEST

START_TEST(rings_that_are_read_make_room)
{
	open_until(LIMIT_RINGS);
	rings_close(&rings, 7);
	ck_assert(!is_kept(7));
	rings_close(&rings, 7);
	ck_assert_uint_eq(rings.n, LIMIT_RINGS - 1);
	ck_assert(is_kept(6));
	ck_assert(is_kept(8));
}
END_TEST

/* The number of the next ring that the audit process is given; 0: none is. */
static uint64_t given(int control)
{
	static uint8_t buffer[CONTROL_SIZE_MAX];
	struct control message;

	if (control_receive(control, buffer, sizeof(buffer), &message) <= 0)
		return 0;
	ck_assert_int_eq(message.type, CONTROL_RING);
	fd_close(message.fd);
	fd_close(message.bell);
	return message.ring;
}

START_TEST(rings_are_given_once_and_to_who_is_new_again)
{
	int pair[2], memory;

	open_until(2);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	audit.control = pair[0];
	audit.is_greeted = true;
	ck_assert_int_eq(rings_open(&rings, 3, &memory, &bells[3]), 0);
	for (uint64_t generation = 1; generation <= 3; generation++)
		ck_assert_uint_eq(given(pair[1]), generation);
	ck_assert_int_eq(rings_open(&rings, 4, &memory, &bells[4]), 0);
	ck_assert_uint_eq(given(pair[1]), 4);
	rings_close(&rings, 2);
	rings_give_anew(&rings);
	ck_assert_uint_eq(given(pair[1]), 1);
	ck_assert_uint_eq(given(pair[1]), 3);
	ck_assert_uint_eq(given(pair[1]), 4);
	ck_assert_uint_eq(given(pair[1]), 0);
	fd_close(pair[0]);
	fd_close(pair[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rings");
	TCase *tcase = suite_case(suite, "rings");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_loop_test(tcase, rings_keep_no_more_than_so_many_and_the_oldest_goes, 0,
			    ELEMENTSOF(counts));
	tcase_add_test(tcase, rings_that_are_read_make_room);
	tcase_add_test(tcase, rings_are_given_once_and_to_who_is_new_again);
	return suite_main(suite);
}

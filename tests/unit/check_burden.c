/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/burden.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/suite.h"
#include "wire/message.h"

/* as bytes */

static const struct burden burdens[] = {
	{ .kind = BURDEN_PIPE, .uid = 4294967294U, .name = "/var/log/a\nb" },
	{ .kind = BURDEN_SNAPSHOT, .uid = 0, .bytes = UINT64_MAX },
	{ .kind = BURDEN_WATCH, .uid = 30000 },
};

static struct burden read_back;
static uint8_t buffer[BURDEN_SIZE_MAX];

static size_t write_burden(const struct burden *burden)
{
	int size = burden_write(burden, buffer, sizeof(buffer));

	ck_assert_int_gt(size, 0);
	return (size_t)size;
}

START_TEST(burden_is_read_as_it_was_written)
{
	size_t size = write_burden(&burdens[_i]);

	ck_assert_int_eq(burden_read(buffer, size, &read_back), 0);
	ck_assert_int_eq(read_back.kind, burdens[_i].kind);
	ck_assert_uint_eq(read_back.uid, burdens[_i].uid);
	ck_assert_uint_eq(read_back.bytes, burdens[_i].bytes);
	ck_assert_str_eq(read_back.name, burdens[_i].name);
	ck_assert_int_eq(read_back.fds[0], -EBADF);
	ck_assert_int_eq(read_back.fds[1], -EBADF);
}
END_TEST

START_TEST(burden_of_any_other_length_is_refused)
{
	size_t size = write_burden(&burdens[_i]);

	for (size_t n = 0; n < size; n++)
		ck_assert_int_eq(burden_read(buffer, n, &read_back), -EBADMSG);
	buffer[size] = 0;
	ck_assert_int_eq(burden_read(buffer, size + 1, &read_back), -EBADMSG);
}
END_TEST

START_TEST(burden_of_an_unknown_kind_is_refused)
{
	size_t size = write_burden(&burdens[0]);

	for (unsigned int kind = 0; kind <= UINT16_MAX; kind++) {
		int r = kind >= BURDEN_PIPE && kind <= BURDEN_WATCH ? 0 : -EBADMSG;
		uint16_t number = (uint16_t)kind;

		memcpy(buffer, &number, sizeof(number));
		ck_assert_int_eq(burden_read(buffer, size, &read_back), r);
	}
}
END_TEST

START_TEST(burden_has_room_for_the_longest_name)
{
	static struct burden burden = { .kind = BURDEN_PIPE };
	size_t size;

	memset(burden.name, 'x', BURDEN_NAME_MAX);
	size = write_burden(&burden);
	ck_assert_int_eq(burden_read(buffer, size, &read_back), 0);
	ck_assert_str_eq(read_back.name, burden.name);
}
END_TEST

/* between broker and pump */

/* A broker that asks, in a thread of its own: it waits for the answer. */
struct asking {
	struct burden burden;
	int queue[2]; /* the broker's, the pump's */
	pthread_t thread;
	int r;
};

static void *place(void *argument)
{
	struct asking *a = argument;

	a->r = burden_place(a->queue[0], &a->burden);
	return NULL;
}

static int new_file(void)
{
	int fd = memfd_create("burden", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void set_up(struct asking *a, enum burden_kind kind)
{
	*a = (struct asking){ .burden = { .kind = kind, .uid = 7, .fds = { -EBADF, -EBADF } } };
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, a->queue), 0);
	a->burden.fds[0] = new_file();
	if (kind != BURDEN_SNAPSHOT)
		a->burden.fds[1] = new_file();
}

static void tear_down(struct asking *a)
{
	burden_done(&a->burden);
	fd_close(a->queue[0]);
	fd_close(a->queue[1]);
}

static void assert_same_file(int a, int b)
{
	struct stat st[2];

	ck_assert_int_eq(fstat(a, &st[0]), 0);
	ck_assert_int_eq(fstat(b, &st[1]), 0);
	ck_assert_uint_eq(st[0].st_ino, st[1].st_ino);
	ck_assert_int_ne(a, b);
}

/* What the pump gets; the place where it answers. */
static int receive(struct asking *a)
{
	uint64_t deadline = clock_monotonic_usec() + 20 * USEC_PER_SEC;
	int reply = -EBADF;

	ck_assert_int_eq(pthread_create(&a->thread, NULL, place, a), 0);
	ck_assert_int_gt(clock_wait(a->queue[1], POLLIN, deadline), 0);
	ck_assert_int_eq(burden_receive(a->queue[1], &read_back, &reply), 1);
	ck_assert_int_eq(read_back.kind, a->burden.kind);
	ck_assert_uint_eq(read_back.uid, 7);
	assert_same_file(read_back.fds[0], a->burden.fds[0]);
	if (a->burden.kind != BURDEN_SNAPSHOT)
		assert_same_file(read_back.fds[1], a->burden.fds[1]);
	else
		ck_assert_int_eq(read_back.fds[1], -EBADF);
	burden_done(&read_back);
	return reply;
}

static const struct {
	int said, heard;
} answers[] = { { 0, 0 }, { -EAGAIN, -EAGAIN }, { -ENOMEM, -ENOMEM }, { 1, -EPROTO } };

START_TEST(burden_brings_its_descriptors_and_gets_its_answer)
{
	static const enum burden_kind kinds[] = { BURDEN_PIPE, BURDEN_SNAPSHOT, BURDEN_WATCH };
	struct asking a;

	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		set_up(&a, kinds[i]);
		burden_answer(receive(&a), answers[_i].said);
		pthread_join(a.thread, NULL);
		ck_assert_int_eq(a.r, answers[_i].heard);
		tear_down(&a);
	}
}
END_TEST

START_TEST(burden_of_a_pump_that_dies_is_not_taken_on)
{
	struct asking a;

	set_up(&a, BURDEN_SNAPSHOT);
	fd_close(receive(&a));
	pthread_join(a.thread, NULL);
	ck_assert_int_eq(a.r, -EAGAIN);
	tear_down(&a);
}
END_TEST

START_TEST(burden_that_nobody_receives_is_not_waited_for_for_ever)
{
	struct asking a;

	set_up(&a, BURDEN_PIPE);
	ck_assert_int_eq(burden_place(a.queue[0], &a.burden), -EAGAIN);
	tear_down(&a);
}
END_TEST

/* The first time with what was sent before and not received: ECONNRESET, and then EPIPE. */
START_TEST(burden_without_a_pump_finds_nobody_that_answers)
{
	struct asking a;

	set_up(&a, BURDEN_WATCH);
	ck_assert_int_eq(message_send(a.queue[0], "unread", 6, NULL), 0);
	a.queue[1] = fd_close(a.queue[1]);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(burden_place(a.queue[0], &a.burden), -EAGAIN);
	tear_down(&a);
}
END_TEST

START_TEST(burden_receive_has_nothing_or_never_will)
{
	struct asking a;
	int reply;

	set_up(&a, BURDEN_SNAPSHOT);
	ck_assert_int_eq(burden_receive(a.queue[1], &read_back, &reply), -EAGAIN);
	a.queue[0] = fd_close(a.queue[0]);
	ck_assert_int_eq(burden_receive(a.queue[1], &read_back, &reply), 0);
	tear_down(&a);
}
END_TEST

/* With one descriptor too few or too many for its kind: none of them stays. */
START_TEST(burden_with_other_descriptors_than_its_kind_has_is_refused)
{
	static const struct {
		enum burden_kind kind;
		size_t n_fds; /* with the one for the answer */
		int r;
	} sent[] = { { BURDEN_PIPE, 2, -EBADMSG },     { BURDEN_PIPE, 0, -EBADMSG },
		     { BURDEN_PIPE, 4, -E2BIG },       { BURDEN_SNAPSHOT, 1, -EBADMSG },
		     { BURDEN_SNAPSHOT, 3, -EBADMSG }, { BURDEN_SNAPSHOT, 0, -EBADMSG },
		     { BURDEN_WATCH, 2, -EBADMSG },    { BURDEN_WATCH, 4, -E2BIG } };
	struct asking a;
	int reply;

	set_up(&a, BURDEN_PIPE);
	for (size_t i = 0; i < ELEMENTSOF(sent); i++) {
		const int fds[] = { a.burden.fds[0], a.burden.fds[0], a.burden.fds[1],
				    a.burden.fds[1] };
		const struct message_attach attach = { .fds = fds, .n_fds = sent[i].n_fds };
		const struct burden burden = { .kind = sent[i].kind };
		size_t size = write_burden(&burden);

		ck_assert_int_eq(message_send(a.queue[0], buffer, size, &attach), 0);
		ck_assert_int_eq(burden_receive(a.queue[1], &read_back, &reply), sent[i].r);
	}
	ck_assert_int_eq(message_send(a.queue[0], "nonsense", 8, NULL), 0);
	ck_assert_int_eq(burden_receive(a.queue[1], &read_back, &reply), -EBADMSG);
	tear_down(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("burden");
	TCase *tcase = suite_case(suite, "burden");

	tcase_add_loop_test(tcase, burden_is_read_as_it_was_written, 0, ELEMENTSOF(burdens));
	tcase_add_loop_test(tcase, burden_of_any_other_length_is_refused, 0, ELEMENTSOF(burdens));
	tcase_add_test(tcase, burden_of_an_unknown_kind_is_refused);
	tcase_add_test(tcase, burden_has_room_for_the_longest_name);
	tcase_add_loop_test(tcase, burden_brings_its_descriptors_and_gets_its_answer, 0,
			    ELEMENTSOF(answers));
	tcase_add_test(tcase, burden_of_a_pump_that_dies_is_not_taken_on);
	tcase_add_test(tcase, burden_that_nobody_receives_is_not_waited_for_for_ever);
	tcase_add_test(tcase, burden_without_a_pump_finds_nobody_that_answers);
	tcase_add_test(tcase, burden_receive_has_nothing_or_never_will);
	tcase_add_test(tcase, burden_with_other_descriptors_than_its_kind_has_is_refused);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* fdbroker_open_batch() in front of brokers that answer well, badly, in part or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "client/fdbroker.h"
#include "tests/support/fake_broker.h"
#include "tests/support/suite.h"
#include "wire/batch.h"
#include "wire/codec.h"
#include "wire/message.h"

#define N 6

/* Ask for /0, /1, …; what fdbroker_open_batch() returns. */
static int ask(const struct fake_stage *stage, struct fdbroker_request *requests)
{
	static const char *const paths[N] = { "/0", "/1", "/2", "/3", "/4", "/5" };

	for (size_t i = 0; i < N; i++)
		requests[i] = (struct fdbroker_request){ .path = paths[i] };
	return fdbroker_open_batch(stage->broker, requests, N);
}

/* What a broker saw: its id, 0 when the client is gone. */
static uint64_t receive_batch(int sock, uint16_t n)
{
	static const struct message_want want = { .credentials = true };
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	static uint8_t bytes[WIRE_MESSAGE_MAX];
	struct wire_header header;
	struct wire_batch batch;
	struct message m;
	int r;

	while ((r = message_receive(sock, bytes, sizeof(bytes), &want, &m)) == -EAGAIN)
		poll(&pfd, 1, -1);
	if (r == 0 || r == -ECONNRESET)
		return 0;
	ck_assert_int_eq(r, 1);
	ck_assert_int_eq(wire_header_read(bytes, m.size, &header), 0);
	ck_assert_uint_eq(header.opcode, WIRE_OPCODE_BATCH);
	ck_assert_int_eq(wire_batch_read(bytes, m.size, &batch), 0);
	ck_assert_uint_eq(batch.n, n);
	return header.id;
}

/* Every third is refused, and each granted one comes with a pipe that has its number in it. */
static void answer_n(int sock, uint64_t id, uint16_t n, size_t n_fds)
{
	struct wire_answer results[N];
	int fds[N + 1], ends[2];
	struct message_attach attach = { .fds = fds, .n_fds = n_fds };
	uint8_t bytes[WIRE_BATCH_REPLY(N)];
	size_t next = 0;

	for (uint16_t i = 0; i < N; i++)
		results[i] = i % 3 == 2 ? (struct wire_answer){ .reason = WIRE_REASON_RULE,
								.error = EACCES,
								.decision = i + 1u }
					: (struct wire_answer){ .n_fds = 1, .decision = i + 1u };
	for (size_t i = 0; i < N + 1; i++) {
		while (next < N && next % 3 == 2)
			next++;
		ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
		ck_assert_int_eq(write(ends[1], &(char){ (char)('0' + next) }, 1), 1);
		fds[i] = ends[0];
		fd_close(ends[1]);
		next++;
	}
	ck_assert_int_gt(wire_batch_answer_write(id, results, n, bytes, sizeof(bytes)), 0);
	(void)message_send(sock, bytes, WIRE_BATCH_REPLY(n), &attach);
	for (size_t i = 0; i < N + 1; i++)
		fd_close(fds[i]);
}

static void answer(int sock)
{
	uint64_t id;

	while ((id = receive_batch(sock, N)) != 0)
		answer_n(sock, id, N, 4);
}

static void assert_all(const struct fdbroker_request *requests, int error)
{
	for (size_t i = 0; i < N; i++)
		ck_assert_int_eq(requests[i].fd, error);
}

static void assert_answered(const struct fdbroker_request *requests)
{
	for (size_t i = 0; i < N; i++) {
		char number = 0;

		ck_assert_uint_eq(requests[i].answer.decision, i + 1);
		if (i % 3 == 2) {
			ck_assert_int_eq(requests[i].fd, -EACCES);
			ck_assert_int_eq(requests[i].answer.reason, FDBROKER_REASON_RULE);
			continue;
		}
		ck_assert_int_eq(fcntl(requests[i].fd, F_GETFD), FD_CLOEXEC);
		ck_assert_int_eq(read(requests[i].fd, &number, 1), 1);
		ck_assert_int_eq(number, (char)('0' + i));
		fd_close(requests[i].fd);
	}
}

START_TEST(each_result_has_its_own_descriptor)
{
	struct fdbroker_request requests[N];
	struct fake_stage stage;

	fake_stage_begin(&stage, answer);
	ck_assert_int_eq(ask(&stage, requests), 4);
	assert_answered(requests);
	fake_stage_end(&stage);
}
END_TEST

static void set_limit(rlim_t limit)
{
	struct rlimit rl;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &rl), 0);
	rl.rlim_cur = limit;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &rl), 0);
}

/* The broker is this process too: it must have made its own before the table is full. */
static int made[4];

static void answer_with_what_is_made(int sock)
{
	struct wire_answer results[N];
	const struct message_attach attach = { .fds = made, .n_fds = 4 };
	uint8_t bytes[WIRE_BATCH_REPLY(N)];
	uint64_t id = receive_batch(sock, N);

	for (uint16_t i = 0; i < N; i++)
		results[i] = i % 3 == 2 ? (struct wire_answer){ .reason = WIRE_REASON_RULE,
								.error = EACCES }
					: (struct wire_answer){ .n_fds = 1, .decision = 1 };
	ck_assert_int_gt(wire_batch_answer_write(id, results, N, bytes, sizeof(bytes)), 0);
	ck_assert_int_eq(message_send(sock, bytes, sizeof(bytes), &attach), 0);
	answer(sock);
}

/* P31: @_i of four find room. Which of them are lost only the kernel knows: so all are. */
START_TEST(what_finds_no_room_is_nobodys_and_the_connection_lives_on)
{
	struct fdbroker_request requests[N];
	struct fake_stage stage;
	int before, free_fd;

	for (size_t i = 0; i < 4; i++)
		made[i] = dup(0);
	fake_stage_begin(&stage, answer_with_what_is_made);
	before = suite_count_fds(0);
	free_fd = dup(0);
	fd_close(free_fd);
	set_limit((rlim_t)(free_fd + _i));
	ck_assert_int_eq(ask(&stage, requests), 0);
	set_limit(256);
	ck_assert_int_eq(suite_count_fds(0), before);
	for (size_t i = 0; i < N; i++) {
		ck_assert_int_eq(requests[i].fd, i % 3 == 2 ? -EACCES : -EMFILE);
		ck_assert_int_eq(requests[i].answer.reason,
				 i % 3 == 2 ? FDBROKER_REASON_RULE : FDBROKER_REASON_OK);
	}
	ck_assert_int_eq(ask(&stage, requests), 4);
	assert_answered(requests);
	for (size_t i = 0; i < 4; i++)
		fd_close(made[i]);
	fake_stage_end(&stage);
}
END_TEST

static void answer_with_one_more(int sock)
{
	answer_n(sock, receive_batch(sock, N), N, 5);
}

static void answer_with_one_less(int sock)
{
	answer_n(sock, receive_batch(sock, N), N, 3);
}

static void answer_with_none(int sock)
{
	answer_n(sock, receive_batch(sock, N), N, 0);
}

static void answer_half(int sock)
{
	answer_n(sock, receive_batch(sock, N), N / 2, 2);
}

static void answer_another(int sock)
{
	answer_n(sock, receive_batch(sock, N) + 1, N, 4);
}

static void answer_as_an_open(int sock)
{
	static const struct wire_answer yes = { .n_fds = 1 };

	fake_answer(sock, receive_batch(sock, N), &yes, 0);
}

static void (*const nonsense[])(int sock) = {
	answer_with_one_more, answer_with_one_less, answer_with_none,
	answer_half,	      answer_another,	    answer_as_an_open,
};

/* P30 */
START_TEST(an_answer_without_sense_gives_nobody_anything)
{
	struct fdbroker_request requests[N];
	struct fake_stage stage;

	fake_stage_begin(&stage, nonsense[_i]);
	ck_assert_int_eq(ask(&stage, requests), 0);
	assert_all(requests, -EPROTO);
	fake_stage_end(&stage);
}
END_TEST

static void lose_once(int sock)
{
	uint64_t id = receive_batch(sock, N), again;

	fake_notice(sock, WIRE_NOTICE_LOST);
	again = receive_batch(sock, N);
	ck_assert_uint_ne(id, again);
	/* One from before the notice is to be dropped, with all that came with it. */
	answer_n(sock, id, N, 4);
	answer_n(sock, again, N, 4);
}

START_TEST(a_lost_batch_is_asked_for_once_more)
{
	struct fdbroker_request requests[N];
	struct fake_stage stage;

	fake_stage_begin(&stage, lose_once);
	ck_assert_int_eq(ask(&stage, requests), 4);
	assert_answered(requests);
	fake_stage_end(&stage);
}
END_TEST

/* And of its opens the second as often. */
static void lose_twice(int sock)
{
	struct fake_request request;

	for (int i = 0; i < 2; i++) {
		receive_batch(sock, N);
		fake_notice(sock, WIRE_NOTICE_LOST);
	}
	while (fake_receive(sock, &request))
		if (request.path[1] == '1')
			fake_notice(sock, WIRE_NOTICE_LOST);
		else
			fake_open(sock, &request);
}

START_TEST(a_batch_that_is_lost_twice_is_asked_for_singly)
{
	struct fdbroker_request requests[N];
	struct fake_stage stage;

	fake_stage_begin(&stage, lose_twice);
	ck_assert_int_eq(ask(&stage, requests), N - 1);
	for (size_t i = 0; i < N; i++)
		if (i != 1)
			fd_close(requests[i].fd);
	ck_assert_int_eq(requests[1].fd, -ECONNRESET);
	fake_stage_end(&stage);
}
END_TEST

static void know_no_batches(int sock)
{
	fake_refuse(sock, receive_batch(sock, N), EOPNOTSUPP, WIRE_REASON_UNSUPPORTED);
	fake_serve(sock);
}

static void want_each_singly(int sock)
{
	static const struct wire_answer singly = { .reason = WIRE_REASON_SINGLY, .error = EAGAIN };
	const struct wire_answer results[N] = { singly, singly, singly, singly, singly, singly };
	uint8_t bytes[WIRE_BATCH_REPLY(N)];

	ck_assert_int_gt(wire_batch_answer_write(receive_batch(sock, N), results, N, bytes,
						 sizeof(bytes)),
			 0);
	fake_send(sock, bytes, sizeof(bytes), -1, 0);
	fake_serve(sock);
}

static void (*const singly[])(int sock) = { know_no_batches, want_each_singly };

START_TEST(what_is_not_to_be_had_in_a_batch_is_asked_for_by_itself)
{
	struct fdbroker_request requests[N];
	struct fake_stage stage;

	fake_stage_begin(&stage, singly[_i]);
	ck_assert_int_eq(ask(&stage, requests), N);
	for (size_t i = 0; i < N; i++) {
		char path[4] = "";

		ck_assert_int_eq(read(requests[i].fd, path, 3), 2);
		ck_assert_str_eq(path, requests[i].path);
		fd_close(requests[i].fd);
	}
	fake_stage_end(&stage);
}
END_TEST

static void be_busy(int sock)
{
	fake_refuse(sock, receive_batch(sock, N), EAGAIN, WIRE_REASON_BUSY);
}

START_TEST(a_batch_that_is_refused_whole_is_refused_to_each)
{
	struct fdbroker_request requests[N];
	struct fake_stage stage;

	fake_stage_begin(&stage, be_busy);
	ck_assert_int_eq(ask(&stage, requests), 0);
	assert_all(requests, -EAGAIN);
	ck_assert_int_eq(requests[0].answer.reason, FDBROKER_REASON_BUSY);
	fake_stage_end(&stage);
}
END_TEST

/* Whoever repeated it would do it twice. */
static void serve_changes(int sock)
{
	static const uint32_t flags[] = {
		WIRE_OPEN_WRITE | WIRE_OPEN_CREATE,
		WIRE_OPEN_WRITE | WIRE_OPEN_TRUNCATE,
		WIRE_OPEN_WRITE | WIRE_OPEN_TMPFILE,
	};
	struct fake_request request;

	for (size_t i = 0; i < ELEMENTSOF(flags); i++) {
		ck_assert(fake_receive(sock, &request));
		ck_assert_uint_eq(request.flags, flags[i]);
		fake_open(sock, &request);
	}
	fake_refuse(sock, receive_batch(sock, 1), EAGAIN, WIRE_REASON_BUSY);
}

START_TEST(what_changes_a_file_is_in_no_batch)
{
	struct fdbroker_request requests[] = {
		{ .path = "/0", .flags = O_WRONLY | O_CREAT, .mode = 0600 },
		{ .path = "/1", .flags = O_RDONLY },
		{ .path = "/2", .flags = O_WRONLY | O_TRUNC },
		{ .path = "/3", .flags = O_WRONLY | O_TMPFILE, .mode = 0600 },
	};
	struct fake_stage stage;

	fake_stage_begin(&stage, serve_changes);
	ck_assert_int_eq(fdbroker_open_batch(stage.broker, requests, ELEMENTSOF(requests)), 3);
	ck_assert_int_eq(requests[1].fd, -EAGAIN);
	for (size_t i = 0; i < ELEMENTSOF(requests); i++)
		fd_close(requests[i].fd);
	fake_stage_end(&stage);
}
END_TEST

START_TEST(what_makes_no_sense_is_not_asked)
{
	struct fdbroker_request requests[N] = { { .path = "/0" } };
	struct fake_stage stage;

	fake_stage_begin(&stage, fake_serve);
	ck_assert_int_eq(fdbroker_open_batch(NULL, requests, N), -EINVAL);
	ck_assert_int_eq(fdbroker_open_batch(stage.broker, NULL, N), -EINVAL);
	ck_assert_int_eq(fdbroker_open_batch(stage.broker, requests, 0), -EINVAL);
	ck_assert_int_eq(fdbroker_open_batch(stage.broker, requests, FDBROKER_BATCH_MAX + 1),
			 -EINVAL);
	requests[0].path = NULL;
	requests[1] = (struct fdbroker_request){ .path = "" };
	requests[2] = (struct fdbroker_request){ .path = "/a/../b" };
	requests[3] = (struct fdbroker_request){ .path = "/a", .flags = O_PATH };
	ck_assert_int_eq(fdbroker_open_batch(stage.broker, requests, 4), 0);
	ck_assert_int_eq(requests[0].fd, -EFAULT);
	ck_assert_int_eq(requests[1].fd, -ENOENT);
	ck_assert_int_eq(requests[2].fd, -EINVAL);
	ck_assert_int_eq(requests[3].fd, -EINVAL);
	ck_assert_int_eq(requests[3].answer.reason, FDBROKER_REASON_NONE);
	fake_stage_end(&stage);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("library, batch");
	TCase *tcase = suite_case(suite, "batch");

	tcase_add_test(tcase, each_result_has_its_own_descriptor);
	tcase_add_loop_test(tcase, what_finds_no_room_is_nobodys_and_the_connection_lives_on, 0, 4);
	tcase_add_loop_test(tcase, an_answer_without_sense_gives_nobody_anything, 0,
			    ELEMENTSOF(nonsense));
	tcase_add_test(tcase, a_lost_batch_is_asked_for_once_more);
	tcase_add_test(tcase, a_batch_that_is_lost_twice_is_asked_for_singly);
	tcase_add_loop_test(tcase, what_is_not_to_be_had_in_a_batch_is_asked_for_by_itself, 0,
			    ELEMENTSOF(singly));
	tcase_add_test(tcase, a_batch_that_is_refused_whole_is_refused_to_each);
	tcase_add_test(tcase, what_changes_a_file_is_in_no_batch);
	tcase_add_test(tcase, what_makes_no_sense_is_not_asked);
	return suite_main(suite);
}

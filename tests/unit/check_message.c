/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Forged messages, each over a socketpair and over a connection to a
 * listening socket. The loop index counts rows times transports.
 */
#include "wire/message.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/macro.h"
#include "tests/support/forge.h"
#include "tests/support/suite.h"
#include "wire/ancillary.h"

#define DATA	  "request"
#define DATA_SIZE 7

static const struct message_want want_nothing = { 0 };
static const struct message_want want_sender = { .credentials = true };

static char buffer[65536];

/* Receive, expecting nothing but a return value, and that no descriptor is left of it. */
static int receive(int sock, size_t size, const struct message_want *want)
{
	int before = suite_count_fds(0);
	struct message m;
	int r = message_receive(sock, buffer, size, want, &m);

	if (r < 0)
		ck_assert_uint_eq(m.n_fds, 0);
	message_done(&m);
	ck_assert_int_eq(suite_count_fds(0), before);
	return r;
}

START_TEST(a_message_comes_with_its_sender_and_descriptors)
{
	struct forge_pair pair = forge_pair(_i);
	struct message_want want = { .fds = MESSAGE_FDS_MAX, .credentials = true };
	struct ucred self = { getpid(), geteuid(), getegid() };
	int fds[MESSAGE_FDS_MAX];
	struct message_attach attach_all = { fds, MESSAGE_FDS_MAX, &self };
	struct message m;

	for (size_t i = 0; i < ELEMENTSOF(fds); i++)
		fds[i] = pair.sender;
	ck_assert_int_eq(message_send(pair.sender, DATA, DATA_SIZE, &attach_all), 0);
	ck_assert_int_eq(message_receive(pair.receiver, buffer, sizeof(buffer), &want, &m), 1);
	ck_assert_uint_eq(m.size, DATA_SIZE);
	ck_assert_mem_eq(buffer, DATA, DATA_SIZE);
	ck_assert(m.has_credentials);
	ck_assert_mem_eq(&m.sender, &self, sizeof(self));
	ck_assert_uint_eq(m.n_fds, MESSAGE_FDS_MAX);
	for (size_t i = 0; i < m.n_fds; i++)
		ck_assert_int_eq(fcntl(m.fds[i], F_GETFD), FD_CLOEXEC);
	message_done(&m);
	ck_assert_uint_eq(m.n_fds, 0);
	forge_pair_done(&pair);
}
END_TEST

/* P29 P30 P35: n_fds descriptors in up to three control messages against a receiver of `want`. */
static const struct {
	const char *name;
	size_t n_fds[3];
	size_t want;
	int expected;
} surplus[] = {
	{ "one, unwanted", { 1 }, 0, -E2BIG },
	{ "two, unwanted", { 2 }, 0, -E2BIG },
	{ "all, unwanted", { 253 }, 0, -E2BIG },
	{ "one, wanted", { 1 }, 1, 1 },
	{ "two in the space of one", { 2 }, 1, -E2BIG },
	{ "three for one", { 3 }, 1, -E2BIG },
	{ "all for one", { 253 }, 1, -E2BIG },
	{ "all that may be wanted", { 8 }, 8, 1 },
	{ "and one more", { 9 }, 8, -E2BIG },
	{ "all for eight", { 253 }, 8, -E2BIG },
	{ "all, wanted", { 253 }, 253, 1 },
	{ "one, and one", { 1, 1 }, 1, -E2BIG },
	{ "one, and one, unwanted", { 1, 1 }, 0, -E2BIG },
	{ "five, four and three", { 5, 4, 3 }, 8, -E2BIG },
	{ "two, and all the rest", { 2, 251 }, 1, -E2BIG },
};

START_TEST(surplus_descriptors_refuse_the_message_and_are_closed)
{
	size_t row = (size_t)_i / FORGE_TRANSPORTS;
	struct forge_pair pair = forge_pair(_i % FORGE_TRANSPORTS);
	struct message_want want = { .fds = surplus[row].want };
	struct forge forge = { .data = DATA, .size = DATA_SIZE };
	int r;

	memcpy(forge.n_fds, surplus[row].n_fds, sizeof(forge.n_fds));
	ck_assert_int_eq(forge_send(pair.sender, &forge), 0);
	r = receive(pair.receiver, sizeof(buffer), &want);
	ck_assert_msg(r == surplus[row].expected, "%s: %d", surplus[row].name, r);
	forge_pair_done(&pair);
}
END_TEST

START_TEST(ten_thousand_hostile_messages_leak_no_descriptor)
{
	struct forge_pair pair = forge_pair(_i);
	int before = suite_count_fds(0);

	/* P29 */
	for (size_t i = 0; i < 10000; i++) {
		struct forge forge = { .data = DATA, .size = i % 3 ? DATA_SIZE : 0 };
		struct message_want want = { .fds = i % 2 };
		struct message m;

		forge.n_fds[i % 2] = 2 + i % 7;
		ck_assert_int_eq(forge_send(pair.sender, &forge), 0);
		ck_assert_int_eq(message_receive(pair.receiver, buffer, 4 + i % 5, &want, &m),
				 i % 3 == 0		 ? -EBADMSG
				 : 4 + i % 5 < DATA_SIZE ? -EMSGSIZE
							 : -E2BIG);
	}
	ck_assert_int_eq(suite_count_fds(0), before);
	forge_pair_done(&pair);
}
END_TEST

START_TEST(descriptors_come_with_credentials_in_one_message)
{
	struct forge_pair pair = forge_pair(_i);
	struct message_want want = { .fds = 1, .credentials = true };
	struct ucred self = { getpid(), getuid(), getgid() };
	struct forge forge = { DATA, DATA_SIZE, { 1 }, &self };

	ck_assert_int_eq(forge_send(pair.sender, &forge), 0);
	ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want), 1);
	forge_pair_done(&pair);
}
END_TEST

static const struct {
	size_t size; /* of the message */
	size_t room;
	int expected;
} sizes[] = {
	{ 1, 1, 1 },
	{ 63, 64, 1 },
	{ 64, 64, 1 },
	{ 65, 64, -EMSGSIZE },
	{ 65535, 65536, 1 },
	{ 65536, 65536, 1 },
	{ 65537, 65536, -EMSGSIZE },
	{ 150000, 65536, -EMSGSIZE },
	{ 200 * 1024, 65536, -EMSGSIZE },
};

START_TEST(a_message_longer_than_the_buffer_is_refused_and_gone)
{
	size_t row = (size_t)_i / FORGE_TRANSPORTS;
	struct forge_pair pair = forge_pair(_i % FORGE_TRANSPORTS);
	_cleanup_(freep) void *data = calloc(1, sizes[row].size);
	struct forge forge = { .data = data, .size = sizes[row].size, .n_fds = { 1 } };
	struct message_want want = { .fds = 1 };

	/* P58: never its prefix, and the next message is not its rest. */
	ck_assert_int_eq(forge_send(pair.sender, &forge), 0);
	ck_assert_int_eq(receive(pair.receiver, sizes[row].room, &want), sizes[row].expected);
	forge = (struct forge){ .data = "", .size = 1 };
	ck_assert_int_eq(forge_send(pair.sender, &forge), 0);
	ck_assert_int_eq(receive(pair.receiver, 1, &want), 1);
	ck_assert_int_eq(receive(pair.receiver, 1, &want), -EAGAIN);
	forge_pair_done(&pair);
}
END_TEST

START_TEST(a_message_without_a_byte_is_refused_whatever_comes_with_it)
{
	struct forge_pair pair = forge_pair(_i);
	struct forge empty = { .data = "", .size = 0 };
	struct forge empty_with_fds = { .data = "", .size = 0, .n_fds = { 2 } };
	struct message_want want = { .fds = 2 };

	ck_assert_int_eq(forge_send(pair.sender, &empty), 0);
	ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want_sender), -EBADMSG);
	ck_assert_int_eq(forge_send(pair.sender, &empty_with_fds), 0);
	ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want), -EBADMSG);
	ck_assert_int_eq(forge_send(pair.sender, &empty_with_fds), 0);
	ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want_nothing), -EBADMSG);
	/* And is no end: what follows is received. */
	ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want_nothing), -EAGAIN);
	forge_pair_done(&pair);
}
END_TEST

START_TEST(a_peer_that_left_is_an_end)
{
	struct forge_pair pair = forge_pair(_i);

	ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want_nothing), -EAGAIN);
	pair.sender = fd_close(pair.sender);
	ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want_sender), 0);
	forge_pair_done(&pair);
}
END_TEST

START_TEST(what_was_sent_before_the_end_is_received)
{
	struct forge_pair pair = forge_pair(_i);
	struct forge forge = { .data = DATA, .size = DATA_SIZE, .n_fds = { 1 } };
	struct message_want want = { .fds = 1 };

	ck_assert_int_eq(forge_send(pair.sender, &forge), 0);
	pair.sender = fd_close(pair.sender);
	ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want), 1);
	ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want), 0);
	forge_pair_done(&pair);
}
END_TEST

START_TEST(missing_credentials_are_an_error_of_their_own)
{
	struct forge_pair pair = forge_pair(_i);
	struct message_want want = { .fds = 1, .credentials = true };
	struct forge forge = { .data = DATA, .size = DATA_SIZE };
	static const int off = 0;

	ck_assert_int_eq(setsockopt(pair.receiver, SOL_SOCKET, SO_PASSCRED, &off, sizeof(off)), 0);
	ck_assert_int_eq(forge_send(pair.sender, &forge), 0);
	ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want), -ENODATA);
	forge.n_fds[0] = 1;
	ck_assert_int_eq(forge_send(pair.sender, &forge), 0);
	ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want), -ENODATA);
	ck_assert_int_eq(forge_send(pair.sender, &forge), 0);
	want.credentials = false;
	ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want), 1);
	forge_pair_done(&pair);
}
END_TEST

START_TEST(credentials_of_a_message_sent_too_early_name_nobody)
{
	struct message m;
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	ck_assert_int_eq(message_send(ends[1], DATA, DATA_SIZE, NULL), 0);
	ck_assert_int_eq(message_accept_credentials(ends[0], false), 0);
	ck_assert_int_eq(message_receive(ends[0], buffer, sizeof(buffer), &want_sender, &m), 1);
	ck_assert_int_eq(m.sender.pid, 0);
	fd_close(ends[0]);
	fd_close(ends[1]);
}
END_TEST

/* Lower the limit so that just @slots more descriptors can be made. */
static void leave_slots(int slots)
{
	struct rlimit limit;
	int next[8] = { 0 };

	for (int i = 0; i <= slots; i++)
		next[i] = dup(0);
	ck_assert_int_ge(next[slots], 0);
	for (int i = 0; i <= slots; i++)
		fd_close(next[i]);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)next[slots];
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(at_the_descriptor_limit_the_message_comes_without_descriptors)
{
	int slots = _i / FORGE_TRANSPORTS;
	struct forge_pair pair = forge_pair(_i % FORGE_TRANSPORTS);
	struct forge forge = { .data = DATA, .size = DATA_SIZE, .n_fds = { 3 } };
	struct message_want want = { .fds = 3, .credentials = true };
	struct rlimit limit;
	struct message m;
	int before = suite_count_fds(0);

	/* P31: the kernel installs what fits, or nothing, and says so in a flag only. */
	ck_assert_int_eq(forge_send(pair.sender, &forge), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	leave_slots(slots);
	ck_assert_int_eq(message_receive(pair.receiver, buffer, sizeof(buffer), &want, &m),
			 slots < 3 ? -EMFILE : 1);
	ck_assert_uint_eq(m.n_fds, slots < 3 ? 0 : 3);
	ck_assert_uint_eq(m.size, DATA_SIZE);
	ck_assert_mem_eq(buffer, DATA, DATA_SIZE);
	message_done(&m);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(suite_count_fds(0), before);
	forge_pair_done(&pair);
}
END_TEST

START_TEST(a_pidfd_that_nobody_wants_is_closed_and_refuses_the_message)
{
	struct forge_pair pair = forge_pair(_i);
	struct forge forge = { .data = DATA, .size = DATA_SIZE, .n_fds = { 1 } };
	struct message_want want = { .fds = 2, .credentials = true };
	static const int on = 1;

	/* Linux 6.5; before it no such control message exists. */
	if (setsockopt(pair.receiver, SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on)) == 0) {
		ck_assert_int_eq(forge_send(pair.sender, &forge), 0);
		ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want), -EBADMSG);
	}
	forge_pair_done(&pair);
}
END_TEST

/* There is no room for any then, and so the kernel says the same as where no more may be open. */
START_TEST(descriptors_beside_wanted_credentials_are_too_many)
{
	struct forge_pair pair = forge_pair(_i);
	struct forge forge = { .data = DATA, .size = DATA_SIZE, .n_fds = { 1 } };

	ck_assert_int_ge(message_accept_credentials(pair.receiver, false), 0);
	ck_assert_int_eq(forge_send(pair.sender, &forge), 0);
	ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want_sender), -E2BIG);
	forge_pair_done(&pair);
}
END_TEST

START_TEST(descriptors_are_refused_at_the_sender_where_the_kernel_can)
{
	struct forge_pair pair = forge_pair(_i);
	struct forge forge = { .data = DATA, .size = DATA_SIZE, .n_fds = { 1 } };
	int refused = message_accept_credentials(pair.receiver, true);

	/* P29 */
	ck_assert_int_ge(refused, 0);
	ck_assert_int_eq(forge_send(pair.sender, &forge), refused ? -EPERM : 0);
	if (!refused)
		ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want_sender), -E2BIG);
	forge_pair_done(&pair);
}
END_TEST

START_TEST(accept_credentials_fails_where_there_are_none)
{
	ck_assert_int_eq(message_accept_credentials(-1, true), -EBADF);
}
END_TEST

START_TEST(sending_to_a_peer_that_left_is_an_error_and_no_signal)
{
	struct forge_pair pair = forge_pair(_i);
	int before;

	/* P33 */
	pair.receiver = fd_close(pair.receiver);
	before = suite_count_fds(0);
	for (int round = 0; round < 100; round++) {
		struct message_attach one = { .fds = &pair.sender, .n_fds = 1 };
		int r = message_send(pair.sender, DATA, DATA_SIZE, &one);

		ck_assert_msg(r == -EPIPE || r == -ECONNRESET, "%d", r);
	}
	ck_assert_int_eq(suite_count_fds(0), before);
	forge_pair_done(&pair);
}
END_TEST

/* What a thread that is to be cancelled gets done. */
struct cancelled {
	struct forge_pair pair;
	int sent, received;
};

static void *cancel_and_exchange(void *arg)
{
	struct cancelled *c = arg;
	struct message m;

	pthread_cancel(pthread_self());
	c->sent = message_send(c->pair.sender, DATA, DATA_SIZE, NULL);
	c->received = message_receive(c->pair.receiver, buffer, sizeof(buffer), &want_nothing, &m);
	/* Not at all: AddressSanitizer takes what its stack was for a fault. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return c;
}

START_TEST(no_thread_is_cancelled_in_between)
{
	struct cancelled c = { .pair = forge_pair(_i), .sent = -1 };
	pthread_t thread;
	void *status;

	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_and_exchange, &c), 0);
	ck_assert_int_eq(pthread_join(thread, &status), 0);
	ck_assert_ptr_eq(status, &c);
	ck_assert_int_eq(c.sent, 0);
	ck_assert_int_eq(c.received, 1);
	forge_pair_done(&c.pair);
}
END_TEST

START_TEST(sending_to_a_peer_that_does_not_read_does_not_block)
{
	struct forge_pair pair = forge_pair(_i);
	int r = 0;

	for (int sent = 0; sent < 100000 && r == 0; sent++)
		r = message_send(pair.sender, DATA, DATA_SIZE, NULL);
	ck_assert_int_eq(r, -EAGAIN);
	forge_pair_done(&pair);
}
END_TEST

START_TEST(nothing_is_sent_that_could_not_be_received)
{
	struct forge_pair pair = forge_pair(_i);
	int fds[MESSAGE_FDS_MAX + 1] = { 0 };
	struct message_attach many = { .fds = fds, .n_fds = ELEMENTSOF(fds) };

	ck_assert_int_eq(message_send(pair.sender, "", 0, NULL), -EINVAL);
	ck_assert_int_eq(message_send(pair.sender, DATA, DATA_SIZE, &many), -EINVAL);
	ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want_nothing), -EAGAIN);
	forge_pair_done(&pair);
}
END_TEST

START_TEST(a_process_that_does_not_exist_cannot_be_claimed)
{
	struct forge_pair pair = forge_pair(_i);
	struct ucred nobody = { .pid = INT32_MAX, .uid = getuid(), .gid = getgid() };
	struct message_attach claim = { .credentials = &nobody };

	ck_assert_int_eq(message_send(pair.sender, DATA, DATA_SIZE, &claim),
			 geteuid() == 0 ? -ESRCH : -EPERM);
	forge_pair_done(&pair);
}
END_TEST

START_TEST(an_unprivileged_process_cannot_claim_to_be_root)
{
	struct forge_pair pair = forge_pair(_i);
	struct ucred root = { .pid = getpid() };
	struct message_attach claim = { .credentials = &root };
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(1);
		root.pid = getpid();
		_exit(message_send(pair.sender, DATA, DATA_SIZE, &claim) == -EPERM ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(receive(pair.receiver, sizeof(buffer), &want_sender), -EAGAIN);
	forge_pair_done(&pair);
}
END_TEST

/* The control bytes that message.c last gave to the kernel: this syscall() is linked before libc's. */
static uint8_t given[256];
static size_t given_size;

static void note_given(const struct msghdr *msg)
{
	given_size = msg->msg_controllen;
	if (given_size <= sizeof(given))
		memcpy(given, msg->msg_control, given_size);
}

long syscall(long number, ...)
{
	__typeof__(syscall) *libcs = (__typeof__(syscall) *)dlsym(RTLD_NEXT, "syscall");
	long a[6];
	va_list list;

	va_start(list, number);
	for (size_t i = 0; i < ELEMENTSOF(a); i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_sendmsg)
		note_given((const struct msghdr *)a[1]);
	return libcs(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

START_TEST(no_byte_of_control_data_is_left_uninitialised)
{
	struct forge_pair pair = forge_pair(_i);
	struct ucred self = { getpid(), getuid(), getgid() };
	struct message_attach attach_both = { &pair.sender, 1, &self };
	uint8_t expected[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))] = { 0 };
	struct cmsghdr creds = { CMSG_LEN(sizeof(self)), SOL_SOCKET, SCM_CREDENTIALS };
	struct cmsghdr rights = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };

	/* P84: both payloads are padded by four bytes. */
	memcpy(expected, &creds, sizeof(creds));
	memcpy(expected + CMSG_LEN(0), &self, sizeof(self));
	memcpy(expected + CMSG_SPACE(sizeof(self)), &rights, sizeof(rights));
	memcpy(expected + CMSG_SPACE(sizeof(self)) + CMSG_LEN(0), &pair.sender, sizeof(int));
	ck_assert_int_eq(message_send(pair.sender, DATA, DATA_SIZE, &attach_both), 0);
	ck_assert_uint_eq(given_size, sizeof(expected));
	ck_assert_mem_eq(given, expected, sizeof(expected));
	forge_pair_done(&pair);
}
END_TEST

#define ROWS(table) ((int)ELEMENTSOF(table) * FORGE_TRANSPORTS)

static void add_receive(Suite *suite)
{
	TCase *tcase = suite_case(suite, "receive");
	int n = FORGE_TRANSPORTS;

	tcase_add_loop_test(tcase, a_message_comes_with_its_sender_and_descriptors, 0, n);
	tcase_add_loop_test(tcase, a_message_longer_than_the_buffer_is_refused_and_gone, 0,
			    ROWS(sizes));
	tcase_add_loop_test(tcase, a_message_without_a_byte_is_refused_whatever_comes_with_it, 0,
			    n);
	tcase_add_loop_test(tcase, a_peer_that_left_is_an_end, 0, n);
	tcase_add_loop_test(tcase, what_was_sent_before_the_end_is_received, 0, n);
	tcase_add_loop_test(tcase, missing_credentials_are_an_error_of_their_own, 0, n);
	tcase_add_test(tcase, credentials_of_a_message_sent_too_early_name_nobody);
	tcase_add_test(tcase, accept_credentials_fails_where_there_are_none);
}

static void add_descriptors(Suite *suite)
{
	TCase *tcase = suite_case(suite, "descriptors");
	int n = FORGE_TRANSPORTS;

	tcase_add_loop_test(tcase, surplus_descriptors_refuse_the_message_and_are_closed, 0,
			    ROWS(surplus));
	tcase_add_loop_test(tcase, ten_thousand_hostile_messages_leak_no_descriptor, 0, n);
	tcase_add_loop_test(tcase, descriptors_come_with_credentials_in_one_message, 0, n);
	tcase_add_loop_test(tcase, at_the_descriptor_limit_the_message_comes_without_descriptors, 0,
			    4 * n);
	tcase_add_loop_test(tcase, a_pidfd_that_nobody_wants_is_closed_and_refuses_the_message, 0,
			    n);
	tcase_add_loop_test(tcase, descriptors_beside_wanted_credentials_are_too_many, 0, n);
	tcase_add_loop_test(tcase, descriptors_are_refused_at_the_sender_where_the_kernel_can, 0,
			    n);
}

static void add_send(Suite *suite)
{
	TCase *tcase = suite_case(suite, "send");
	int n = FORGE_TRANSPORTS;

	tcase_add_loop_test(tcase, sending_to_a_peer_that_left_is_an_error_and_no_signal, 0, n);
	tcase_add_loop_test(tcase, sending_to_a_peer_that_does_not_read_does_not_block, 0, n);
	tcase_add_loop_test(tcase, no_thread_is_cancelled_in_between, 0, n);
	tcase_add_loop_test(tcase, nothing_is_sent_that_could_not_be_received, 0, n);
	tcase_add_loop_test(tcase, a_process_that_does_not_exist_cannot_be_claimed, 0, n);
	tcase_add_loop_test(tcase, an_unprivileged_process_cannot_claim_to_be_root, 0, n);
	tcase_add_loop_test(tcase, no_byte_of_control_data_is_left_uninitialised, 0, n);
}

int main(void)
{
	Suite *suite = suite_create("message");

	add_receive(suite);
	add_descriptors(suite);
	add_send(suite);
	return suite_main(suite);
}

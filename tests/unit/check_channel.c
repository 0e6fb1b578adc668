/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A connection that somebody else has a descriptor of, too, and makes O_NONBLOCK whenever he likes; and
 * threads that are to be cancelled. For whoever asks nothing may change.
 */
#include "client/channel.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "client/fdbroker.h"
#include "tests/support/fake_broker.h"
#include "tests/support/suite.h"
#include "wire/message.h"

/* Of both ends of a connection, and of the thread that asks. */
struct scene {
	struct fdbroker *broker;
	int client, server;
	pid_t asker;
	clockid_t clock;  /* the asker's processor time */
	pthread_t thread; /* the broker's */
};

static struct scene scene;

static void make_nonblocking(void)
{
	ck_assert_int_eq(fcntl(scene.client, F_SETFL, O_NONBLOCK), 0);
}

/* proc(5): the call in which the thread sleeps; -1 if it does not. */
static long call_of(pid_t thread)
{
	char path[64];
	FILE *file;
	long number;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", thread);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

/* Let it go to sleep in poll(2). Who tries again and again takes a processor's time instead. */
static void await_sleep(void)
{
	struct timespec used = { 0 };

	while (call_of(scene.asker) != SYS_poll) {
		ck_assert_int_eq(clock_gettime(scene.clock, &used), 0);
		ck_assert_msg(used.tv_sec < 1, "it does not sleep");
	}
}

/* Serve two requests, each when its asker sleeps until there is something to read, and go. */
static void *serve_who_sleeps(void *argument)
{
	struct fake_request request;

	(void)argument;
	for (int i = 0; i < 2; i++) {
		ck_assert(fake_receive(scene.server, &request));
		await_sleep();
		fake_open(scene.server, &request);
	}
	scene.server = fd_close(scene.server);
	return NULL;
}

static void begin(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_ge(message_accept_credentials(pair[1], false), 0);
	scene = (struct scene){ .client = pair[0], .server = pair[1], .asker = gettid() };
	ck_assert_int_eq(pthread_getcpuclockid(pthread_self(), &scene.clock), 0);
}

static const struct {
	const char *name;
	bool before; /* it is adopted; or after it was */
} times[] = { { "inherited so", true }, { "made so later", false } };

START_TEST(a_connection_that_does_not_block_is_waited_for)
{
	begin();
	if (times[_i].before)
		make_nonblocking();
	ck_assert_int_eq(fdbroker_adopt(&scene.broker, scene.client), 0);
	if (!times[_i].before)
		make_nonblocking();
	ck_assert_int_eq(pthread_create(&scene.thread, NULL, serve_who_sleeps, NULL), 0);
	for (int i = 0; i < 2; i++) {
		_cleanup_(fd_closep) int fd = fdbroker_open(scene.broker, "/a", O_RDONLY, 0, NULL);

		ck_assert_msg(fd >= 0, "%s: %d", times[_i].name, fd);
	}
	ck_assert_int_eq(fdbroker_open(scene.broker, "/a", O_RDONLY, 0, NULL), -ECONNRESET);
	ck_assert_int_eq(pthread_join(scene.thread, NULL), 0);
	fdbroker_close(scene.broker);
}
END_TEST

/* A broker that answers and goes while the kernel, in one call of recvmsg(2), has looked for a message
 * and found none, and has not yet looked for the end. */
static bool goes_in_between;

static long answer_and_go_unseen(struct msghdr *msg)
{
	struct fake_request request;

	goes_in_between = false;
	ck_assert(fake_receive(scene.server, &request));
	fake_open(scene.server, &request);
	scene.server = fd_close(scene.server);
	msg->msg_controllen = 0;
	msg->msg_flags = 0;
	return 0;
}

/* Linked before libc's. */
long syscall(long number, ...)
{
	__typeof__(syscall) *libcs = (__typeof__(syscall) *)dlsym(RTLD_NEXT, "syscall");
	long a[4];
	va_list list;

	va_start(list, number);
	for (size_t i = 0; i < ELEMENTSOF(a); i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_recvmsg && goes_in_between && a[0] == scene.client)
		return answer_and_go_unseen((struct msghdr *)a[1]);
	return libcs(number, a[0], a[1], a[2], a[3]);
}

START_TEST(an_answer_is_not_lost_by_the_end_that_follows_it)
{
	int fd;

	begin();
	make_nonblocking();
	ck_assert_int_eq(fdbroker_adopt(&scene.broker, scene.client), 0);
	goes_in_between = true;
	fd = fdbroker_open(scene.broker, "/a", O_RDONLY, 0, NULL);
	ck_assert_msg(fd >= 0, "%d", fd);
	fd_close(fd);
	ck_assert_int_eq(fdbroker_open(scene.broker, "/a", O_RDONLY, 0, NULL), -ECONNRESET);
	fdbroker_close(scene.broker);
}
END_TEST

/* A thread that asks, and may then be cancelled. */
struct asker {
	pthread_t thread;
	_Atomic pid_t id;
	int fd;
	struct fake_request request; /* as the broker got it */
};

static void *ask_and_end(void *argument)
{
	struct asker *asker = argument;

	asker->id = gettid();
	asker->fd = fdbroker_open(scene.broker, "/a", O_RDONLY, 0, NULL);
	pthread_testcancel();
	return NULL;
}

/* Until it sleeps in that call. */
static void start_asker(struct asker *asker, long call)
{
	ck_assert_int_eq(pthread_create(&asker->thread, NULL, ask_and_end, asker), 0);
	ck_assert(fake_receive(scene.server, &asker->request));
	while (call_of(asker->id) != call)
		continue;
}

/* Answer it; what pthread_join(3) says of it. */
static void *end_asker(struct asker *asker)
{
	void *status;

	fake_open(scene.server, &asker->request);
	ck_assert_int_eq(pthread_join(asker->thread, &status), 0);
	ck_assert_msg(asker->fd >= 0, "%d", asker->fd);
	fd_close(asker->fd);
	return status;
}

static const struct {
	const char *name;
	bool nonblocking, second; /* another thread asks, and reads for both */
	long call;
} sleeps[] = {
	{ "for the broker", false, false, SYS_recvmsg },
	{ "for the broker, by poll(2)", true, false, SYS_poll },
	{ "for another thread", false, true, SYS_futex },
};

START_TEST(who_is_to_be_cancelled_gets_an_answer_first)
{
	struct asker reader = { .fd = -EBADF }, asker = { .fd = -EBADF };

	begin();
	if (sleeps[_i].nonblocking)
		make_nonblocking();
	ck_assert_int_eq(fdbroker_adopt(&scene.broker, scene.client), 0);
	if (sleeps[_i].second)
		start_asker(&reader, SYS_recvmsg);
	start_asker(&asker, sleeps[_i].call);
	ck_assert_int_eq(pthread_cancel(asker.thread), 0);
	ck_assert_ptr_eq(end_asker(&asker), PTHREAD_CANCELED);
	if (sleeps[_i].second)
		ck_assert_ptr_null(end_asker(&reader));
	fdbroker_close(scene.broker);
	scene.server = fd_close(scene.server);
}
END_TEST

/* Of the two who sleep one reads on, whether he is the next to be answered or the last; and who asks
 * meanwhile does not. */
START_TEST(who_has_an_answer_has_another_read_on)
{
	struct asker askers[3] = { { .fd = -EBADF }, { .fd = -EBADF }, { .fd = -EBADF } };
	struct asker late = { .fd = -EBADF };
	struct asker *left[] = { &askers[1 + _i], &askers[2 - _i] };

	begin();
	ck_assert_int_eq(fdbroker_adopt(&scene.broker, scene.client), 0);
	for (size_t i = 0; i < ELEMENTSOF(askers); i++)
		start_asker(&askers[i], i == 0 ? SYS_recvmsg : SYS_futex);
	ck_assert_ptr_null(end_asker(&askers[0]));
	while (call_of(askers[1].id) != SYS_recvmsg && call_of(askers[2].id) != SYS_recvmsg)
		continue;
	start_asker(&late, SYS_futex);
	for (size_t i = 0; i < ELEMENTSOF(left); i++)
		ck_assert_ptr_null(end_asker(left[i]));
	ck_assert_ptr_null(end_asker(&late));
	fdbroker_close(scene.broker);
	scene.server = fd_close(scene.server);
}
END_TEST

START_TEST(all_who_sleep_learn_that_the_broker_is_gone)
{
	struct asker askers[3] = { { .fd = -EBADF }, { .fd = -EBADF }, { .fd = -EBADF } };

	begin();
	ck_assert_int_eq(fdbroker_adopt(&scene.broker, scene.client), 0);
	for (size_t i = 0; i < ELEMENTSOF(askers); i++)
		start_asker(&askers[i], i == 0 ? SYS_recvmsg : SYS_futex);
	scene.server = fd_close(scene.server);
	for (size_t i = 0; i < ELEMENTSOF(askers); i++) {
		ck_assert_int_eq(pthread_join(askers[i].thread, NULL), 0);
		ck_assert_int_eq(askers[i].fd, -ECONNRESET);
	}
	fdbroker_close(scene.broker);
}
END_TEST

static _Atomic bool signalled;

static void note_signal(int signal)
{
	(void)signal;
	signalled = true;
}

/* A signal, without SA_RESTART: signal(7). Then it goes on where it was. */
static void disturb(const struct asker *asker, long call)
{
	static const struct sigaction action = { .sa_handler = note_signal };

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	ck_assert_int_eq(pthread_kill(asker->thread, SIGUSR1), 0);
	while (!signalled)
		continue;
	while (call_of(asker->id) != call)
		continue;
}

/* A broker that has read nothing for long. */
START_TEST(who_waits_to_send_is_not_disturbed_by_a_signal)
{
	struct asker asker = { .fd = -EBADF };
	unsigned int others = 0;
	char byte;

	begin();
	ck_assert_int_eq(fdbroker_adopt(&scene.broker, scene.client), 0);
	while (send(scene.client, "x", 1, MSG_DONTWAIT) == 1)
		others++;
	ck_assert_int_eq(pthread_create(&asker.thread, NULL, ask_and_end, &asker), 0);
	while (asker.id == 0)
		continue;
	while (call_of(asker.id) != SYS_poll)
		continue;
	disturb(&asker, SYS_poll);
	while (others-- > 0)
		ck_assert_int_eq(recv(scene.server, &byte, 1, 0), 1);
	ck_assert(fake_receive(scene.server, &asker.request));
	ck_assert_ptr_null(end_asker(&asker));
	fdbroker_close(scene.broker);
	scene.server = fd_close(scene.server);
}
END_TEST

static struct sockaddr_un listening = { .sun_family = AF_UNIX };

/* With room for one connection, which is taken. */
static int listen_without_room(int *ret_filler)
{
	const struct sockaddr *address = (const struct sockaddr *)&listening;
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(listening.sun_path, sizeof(listening.sun_path), "/tmp/channel.%d", getpid());
	ck_assert_int_eq(bind(listener, address, sizeof(listening)), 0);
	ck_assert_int_eq(listen(listener, 0), 0);
	*ret_filler = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(*ret_filler, address, sizeof(listening)), 0);
	return listener;
}

static void *connect_and_end(void *argument)
{
	struct asker *asker = argument;

	asker->id = gettid();
	asker->fd = fdbroker_connect(&scene.broker, listening.sun_path);
	pthread_testcancel();
	return NULL;
}

START_TEST(who_is_disturbed_and_to_be_cancelled_is_connected_first)
{
	_cleanup_(fd_closep) int listener = -EBADF, filler = -EBADF, accepted = -EBADF;
	struct asker asker = { .fd = -EBADF };
	void *status;

	listener = listen_without_room(&filler);
	ck_assert_int_eq(pthread_create(&asker.thread, NULL, connect_and_end, &asker), 0);
	while (asker.id == 0 || call_of(asker.id) != SYS_connect)
		continue;
	disturb(&asker, SYS_connect);
	ck_assert_int_eq(pthread_cancel(asker.thread), 0);
	accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_eq(pthread_join(asker.thread, &status), 0);
	unlink(listening.sun_path);
	ck_assert_ptr_eq(status, PTHREAD_CANCELED);
	ck_assert_int_eq(asker.fd, 0);
	fdbroker_close(scene.broker);
}
END_TEST

/* Who is not woken sleeps for ever. */
static TCase *case_with_deadline(Suite *suite, const char *name)
{
	TCase *tcase = suite_case(suite, name);

	tcase_set_timeout(tcase, 30);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("channel");
	TCase *tcase = case_with_deadline(suite, "not blocking");

	tcase_add_loop_test(tcase, a_connection_that_does_not_block_is_waited_for, 0,
			    (int)ELEMENTSOF(times));
	tcase_add_test(tcase, an_answer_is_not_lost_by_the_end_that_follows_it);
	tcase = case_with_deadline(suite, "threads");
	tcase_add_loop_test(tcase, who_has_an_answer_has_another_read_on, 0, 2);
	tcase_add_test(tcase, who_waits_to_send_is_not_disturbed_by_a_signal);
	tcase_add_test(tcase, all_who_sleep_learn_that_the_broker_is_gone);
	tcase = case_with_deadline(suite, "to be cancelled");
	tcase_add_loop_test(tcase, who_is_to_be_cancelled_gets_an_answer_first, 0,
			    (int)ELEMENTSOF(sleeps));
	tcase_add_test(tcase, who_is_disturbed_and_to_be_cancelled_is_connected_first);
	return suite_main(suite);
}

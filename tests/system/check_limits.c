/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "daemon/broker.h"
#include "daemon/limits.h"
#include "tests/support/daemon.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

#define POLICY "version 1;\nfor anyone { a: allow read \"/etc/hostname\"; }\n"
#define CROWD  500

static const struct user alice = { 30000, 30000, NULL, 0 };
static const struct user bob = { 30001, 30001, NULL, 0 };

static struct daemon d;
static int pipe_fds[2]; /* a count, from the crowd */

static void start(void)
{
	daemon_prepare(&d);
	daemon_write_policy(&d, "a.fdp", POLICY);
	daemon_start(&d);
}

/* 0 served, or the errno of what went wrong. */
static int ask_once(const void *arg)
{
	int sock = daemon_try_connect(d.socket), fd;

	(void)arg;
	if (sock < 0)
		return -sock;
	fd = daemon_ask(sock, "/etc/hostname", WIRE_OPEN_READ, NULL);
	fd_close(sock);
	if (fd < 0)
		return -fd;
	fd_close(fd);
	return 0;
}

/* Connect many times, keep all, and say how many are served. Stays until the test ends it. */
static int crowd_in(const void *arg)
{
	int n = 0;

	user_become(arg);
	for (int i = 0; i < CROWD; i++) {
		int sock = daemon_try_connect(d.socket), fd;

		fd = sock < 0 ? sock : daemon_ask(sock, "/etc/hostname", WIRE_OPEN_READ, NULL);
		n += fd >= 0;
		fd_close(fd);
	}
	if (write(pipe_fds[1], &n, sizeof(n)) != sizeof(n))
		return 1;
	for (;;)
		pause();
}

static pid_t start_crowd(int *ret_served)
{
	pid_t pid;

	ck_assert_int_eq(pipe(pipe_fds), 0);
	pid = forked_start(crowd_in, &alice);
	ck_assert_int_eq(read(pipe_fds[0], ret_served, sizeof(*ret_served)), sizeof(*ret_served));
	fd_close(pipe_fds[0]);
	fd_close(pipe_fds[1]);
	return pid;
}

static void end_crowd(pid_t pid)
{
	kill(pid, SIGKILL);
	forked_wait(pid);
	daemon_await_number(&d, "connections", 0);
}

/* P45, P46 */
START_TEST(limits_of_one_uid_do_not_touch_another)
{
	int served, again;
	pid_t crowd;

	start();
	crowd = start_crowd(&served);
	ck_assert_int_eq(served, LIMIT_CLIENTS_PER_UID);
	ck_assert_uint_eq(daemon_number(&d, "connections"), LIMIT_CLIENTS_PER_UID);
	ck_assert_uint_eq(daemon_number(&d, "refused-per-uid"), CROWD - LIMIT_CLIENTS_PER_UID);
	ck_assert_int_eq(user_run(&bob, ask_once, NULL), 0);
	ck_assert_int_ne(user_run(&alice, ask_once, NULL), 0);
	end_crowd(crowd);
	ck_assert_int_eq(user_run(&alice, ask_once, NULL), 0);
	crowd = start_crowd(&again);
	ck_assert_int_eq(again, LIMIT_CLIENTS_PER_UID);
	end_crowd(crowd);
	daemon_stop(&d);
}
END_TEST

/* Each stays connected; how many of @n are served. */
static int count_served(int *socks, int n)
{
	int served = 0;

	for (int i = 0; i < n; i++) {
		int fd;

		socks[i] = daemon_connect(&d);
		fd = daemon_ask(socks[i], "/etc/hostname", WIRE_OPEN_READ, NULL);
		served += fd >= 0;
		fd_close(fd);
	}
	return served;
}

START_TEST(limits_are_those_of_the_settings)
{
	int socks[6];
	pid_t crowd;
	int served;

	daemon_prepare(&d);
	daemon_write_policy(&d, "a.fdp", POLICY);
	daemon_write_config(&d, "max-clients 5; max-per-uid 3;");
	daemon_start(&d);
	crowd = start_crowd(&served);
	ck_assert_int_eq(served, 3);
	ck_assert_int_eq(count_served(socks, 6), 2);
	ck_assert_int_ne(user_run(&bob, ask_once, NULL), 0);
	for (int i = 0; i < 6; i++)
		fd_close(socks[i]);
	end_crowd(crowd);
	daemon_stop(&d);
}
END_TEST

static void set_files(pid_t pid, rlim_t n)
{
	struct rlimit limit;

	ck_assert_int_eq(prlimit(pid, RLIMIT_NOFILE, NULL, &limit), 0);
	limit.rlim_cur = n;
	ck_assert_int_eq(prlimit(pid, RLIMIT_NOFILE, &limit, NULL), 0);
}

/* Until who comes is turned away since there is none: what is open for a moment may be counted first. */
static void use_up_files(pid_t parent)
{
	/* "." and ".." are counted too: all numbers are taken, and one is the reserve. */
	for (int n = suite_count_fds(parent) - 3; daemon_number(&d, "refused-clients") == 0; n--) {
		ck_assert_int_gt(n, 3);
		set_files(parent, (rlim_t)n);
		ck_assert_int_ne(user_run(&alice, ask_once, NULL), 0);
	}
}

/* Whoever comes then is turned away and does not wait, and the next one is served: P47. */
START_TEST(limits_of_descriptors_turn_away_and_recover)
{
	uint64_t before;
	pid_t parent;
	int sock;

	start();
	ck_assert_int_eq(user_run(&alice, ask_once, NULL), 0);
	daemon_await_number(&d, "connections", 0);
	parent = daemon_pid(&d, "parent");
	use_up_files(parent);
	before = daemon_number(&d, "refused-clients");
	for (int i = 0; i < 100; i++)
		ck_assert_int_ne(user_run(&alice, ask_once, NULL), 0);
	ck_assert_uint_ge(daemon_number(&d, "refused-clients"), before + 100);
	set_files(parent, 1024);
	sock = daemon_connect(&d);
	fd_close(daemon_ask(sock, "/etc/hostname", WIRE_OPEN_READ, NULL));
	fd_close(sock);
	ck_assert_int_eq(user_run(&alice, ask_once, NULL), 0);
	daemon_stop(&d);
}
END_TEST

/* prlimit(2): of a process whose ids are the caller's, without a capability. */
static void limit_broker(rlim_t n)
{
	struct passwd *entry = getpwnam(BROKER_USER);
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		pid_t broker = daemon_pid(&d, "broker");

		if (setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
		    setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0)
			_exit(1);
		set_files(broker, n);
		_exit(0);
	}
	ck_assert_int_eq(forked_wait(child), 0);
}

static void assert_ended(int sock)
{
	struct pollfd poller = { .fd = sock, .events = POLLIN };
	ssize_t n;

	ck_assert_int_eq(poll(&poller, 1, 30000), 1);
	n = recv(sock, &(char){ 0 }, 1, 0);
	ck_assert_msg(n == 0, "received %zd, %s", n, strerror(errno));
}

/* P31, P47: who comes then is ended; the broker and whom it serves live on. */
START_TEST(limits_of_the_brokers_descriptors_end_nobody_else)
{
	int first, second;
	pid_t broker;

	start();
	broker = daemon_pid(&d, "broker");
	first = daemon_connect(&d);
	fd_close(daemon_ask(first, "/etc/hostname", WIRE_OPEN_READ, NULL));
	limit_broker(1);
	second = daemon_connect(&d);
	assert_ended(second);
	fd_close(second);
	limit_broker(1024);
	fd_close(daemon_ask(first, "/etc/hostname", WIRE_OPEN_READ, NULL));
	fd_close(first);
	ck_assert_int_eq(daemon_pid(&d, "broker"), broker);
	ck_assert_int_eq(user_run(&alice, ask_once, NULL), 0);
	daemon_stop(&d);
}
END_TEST

/* So that a crowd cannot reach it: each connection, and what is on its way on each. */
START_TEST(limits_fit_the_descriptors_that_there_are)
{
	const struct rlimit few = { 352, 352 };

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	start();
	ck_assert_uint_eq(daemon_number(&d, "max-clients"), 100);
	daemon_stop(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("limits");
	TCase *tcase = suite_case(suite, "limits");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, limits_of_one_uid_do_not_touch_another);
	tcase_add_test(tcase, limits_are_those_of_the_settings);
	tcase_add_test(tcase, limits_of_descriptors_turn_away_and_recover);
	tcase_add_test(tcase, limits_of_the_brokers_descriptors_end_nobody_else);
	tcase_add_test(tcase, limits_fit_the_descriptors_that_there_are);
	return suite_main(suite);
}

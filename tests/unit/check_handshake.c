/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/handshake.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/forge.h"
#include "tests/support/suite.h"

#define LONG_USEC  (20 * USEC_PER_SEC) /* a test that waits this long has failed */
#define SHORT_USEC (30 * USEC_PER_MSEC)
#define NO_PID	   INT32_MAX

/* Both ends of a pair; the child's and the parent's processes close what is not theirs. */
struct ends {
	int parent;
	int child;
};

static struct ends ends_open(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	return (struct ends){ .parent = pair[0], .child = pair[1] };
}

static void ends_done(struct ends *ends)
{
	ends->parent = fd_close(ends->parent);
	ends->child = fd_close(ends->child);
}

static struct ucred self(void)
{
	return (struct ucred){ .pid = getpid(), .uid = geteuid(), .gid = getegid() };
}

/* fork(2), in new namespaces if told so; a plain fork's memory semantics either way. */
static pid_t start_child(struct ends *ends, bool namespaces)
{
	unsigned long flags = SIGCHLD;
	pid_t pid;

	if (namespaces)
		flags |= CLONE_NEWUSER | CLONE_NEWPID;
	pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ends->parent = fd_close(ends->parent);
	} else {
		ends->child = fd_close(ends->child);
	}
	return pid;
}

/* The child's verdict: 0, or the number of the expectation that failed. */
static int child_verdict(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WIFEXITED(status), 1);
	return WEXITSTATUS(status);
}

START_TEST(the_receiver_learns_who_the_sender_is)
{
	struct ends ends = ends_open();
	struct ucred mine = self(), theirs;
	pid_t child = start_child(&ends, false);

	if (child == 0) {
		mine = self();
		_exit(handshake_send(ends.child, &mine, LONG_USEC) == 0 ? 0 : 1);
	}
	ck_assert_int_eq(handshake_receive(ends.parent, LONG_USEC, &theirs), 0);
	ck_assert_int_eq(theirs.pid, child);
	ck_assert_uint_eq(theirs.uid, mine.uid);
	ck_assert_uint_eq(theirs.gid, mine.gid);
	ck_assert_int_eq(child_verdict(child), 0);
	ends_done(&ends);
}
END_TEST

START_TEST(an_event_loop_can_be_the_sender)
{
	struct ends ends = ends_open();
	struct ucred mine = self(), theirs;
	pid_t parent = getpid();
	pid_t child = start_child(&ends, false);

	if (child == 0) {
		if (handshake_receive(ends.child, LONG_USEC, &theirs) < 0)
			_exit(1);
		_exit(theirs.pid == parent ? 0 : 2);
	}
	ck_assert_int_gt(clock_wait(ends.parent, POLLIN, clock_monotonic_usec() + LONG_USEC), 0);
	ck_assert_int_eq(handshake_answer(ends.parent, &mine), 0);
	ck_assert_int_eq(child_verdict(child), 0);
	ends_done(&ends);
}
END_TEST

START_TEST(there_is_nothing_to_answer_before_the_ping)
{
	struct ends ends = ends_open();
	struct ucred mine = self();

	ck_assert_int_eq(handshake_answer(ends.parent, &mine), -EAGAIN);
	ends_done(&ends);
}
END_TEST

/* A child in its own pid and user namespace; there it is pid 1. */

START_TEST(a_pid_is_translated_into_the_childs_namespace)
{
	struct ends ends = ends_open();
	struct ucred theirs, named = { .uid = geteuid(), .gid = getegid() };
	pid_t child = start_child(&ends, true);

	if (child == 0) {
		if (handshake_receive(ends.child, LONG_USEC, &theirs) < 0)
			_exit(1);
		_exit(getpid() == 1 && theirs.pid == 1 ? 0 : 2);
	}
	/* unix(7): CAP_SYS_ADMIN lets us name another process than ourselves. */
	named.pid = geteuid() == 0 ? child : NO_PID;
	if (geteuid() == 0) {
		ck_assert_int_eq(handshake_send(ends.parent, &named, LONG_USEC), 0);
		ck_assert_int_eq(child_verdict(child), 0);
	} else {
		ck_assert_int_eq(handshake_send(ends.parent, &named, LONG_USEC), -EPERM);
		ck_assert_int_eq(child_verdict(child), 1);
	}
	ends_done(&ends);
}
END_TEST

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	fd_close(fd);
	return written;
}

/* In the child: have uid and gid 0 be the parent's. user_namespaces(7): without a map no id is
 * valid, and sendmsg(2) says EINVAL. */
static bool map_ids(const struct ucred *parent)
{
	char uids[32], gids[32];

	snprintf(uids, sizeof(uids), "0 %u 1", parent->uid);
	snprintf(gids, sizeof(gids), "0 %u 1", parent->gid);
	return write_file("/proc/self/setgroups", "deny") &&
	       write_file("/proc/self/uid_map", uids) && write_file("/proc/self/gid_map", gids);
}

/* In the child: a process of its namespace that waits until its parent is gone. */
static pid_t start_grandchild(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

START_TEST(a_pid_is_translated_out_of_the_childs_namespace)
{
	struct ends ends = ends_open();
	struct ucred mine = self(), theirs, named;
	pid_t child = start_child(&ends, true);
	int r;

	if (child == 0) {
		if (!map_ids(&mine))
			_exit(3);
		named = self();
		r = handshake_send(ends.child, &named, LONG_USEC);
		named.pid = start_grandchild();
		if (r < 0 || named.pid != 2)
			_exit(1);
		r = handshake_send(ends.child, &named, LONG_USEC);
		_exit(r == 0 ? 0 : 2);
	}
	ck_assert_int_eq(handshake_receive(ends.parent, LONG_USEC, &theirs), 0);
	ck_assert_int_eq(theirs.pid, child);
	ck_assert_uint_eq(theirs.uid, mine.uid);
	ck_assert_int_eq(handshake_receive(ends.parent, LONG_USEC, &theirs), 0);
	ck_assert_int_gt(theirs.pid, 2);
	ck_assert_int_ne(theirs.pid, child);
	ck_assert_int_eq(child_verdict(child), 0);
	ends_done(&ends);
}
END_TEST

START_TEST(a_process_outside_the_childs_namespace_has_no_pid_there)
{
	struct ends ends = ends_open();
	struct ucred mine = self(), theirs;
	pid_t child = start_child(&ends, true);

	if (child == 0)
		_exit(handshake_receive(ends.child, LONG_USEC, &theirs) == -ENODATA ? 0 : 1);
	ck_assert_int_eq(handshake_send(ends.parent, &mine, LONG_USEC), 0);
	ck_assert_int_eq(child_verdict(child), 0);
	ends_done(&ends);
}
END_TEST

START_TEST(both_sides_hear_that_a_process_does_not_exist)
{
	struct ends ends = ends_open();
	struct ucred mine = self(), theirs = { .pid = 77 }, named;
	pid_t child = start_child(&ends, true);

	if (child == 0) {
		if (!map_ids(&mine))
			_exit(3);
		named = self();
		named.pid = NO_PID;
		_exit(handshake_send(ends.child, &named, LONG_USEC) == -ESRCH ? 0 : 1);
	}
	ck_assert_int_eq(handshake_receive(ends.parent, LONG_USEC, &theirs), -ESRCH);
	ck_assert_int_eq(theirs.pid, 77);
	ck_assert_int_eq(child_verdict(child), 0);
	ends_done(&ends);
}
END_TEST

/* Become a process that may name nobody but itself. */
static bool give_up_root(void)
{
	return geteuid() != 0 || (setgid(65534) == 0 && setuid(65534) == 0);
}

START_TEST(both_sides_hear_that_a_claim_is_not_permitted)
{
	struct ends ends = ends_open();
	struct ucred theirs, named;
	pid_t child = start_child(&ends, false);

	if (child == 0) {
		named = self();
		named.pid = getppid();
		if (!give_up_root())
			_exit(1);
		_exit(handshake_send(ends.child, &named, LONG_USEC) == -EPERM ? 0 : 2);
	}
	ck_assert_int_eq(handshake_receive(ends.parent, LONG_USEC, &theirs), -EPERM);
	ck_assert_int_eq(child_verdict(child), 0);
	ends_done(&ends);
}
END_TEST

START_TEST(a_receiver_waits_for_a_silent_sender_no_longer_than_told)
{
	struct ends ends = ends_open();
	struct ucred theirs;
	uint64_t start = clock_monotonic_usec(), waited;

	ck_assert_int_eq(handshake_receive(ends.parent, SHORT_USEC, &theirs), -ETIMEDOUT);
	waited = clock_monotonic_usec() - start;
	ck_assert(waited >= SHORT_USEC && waited < LONG_USEC);
	ends_done(&ends);
}
END_TEST

START_TEST(a_sender_waits_for_a_silent_receiver_no_longer_than_told)
{
	struct ends ends = ends_open();
	struct ucred mine = self();
	uint64_t start = clock_monotonic_usec(), waited;

	ck_assert_int_eq(handshake_send(ends.parent, &mine, SHORT_USEC), -ETIMEDOUT);
	waited = clock_monotonic_usec() - start;
	ck_assert(waited >= SHORT_USEC && waited < LONG_USEC);
	ends_done(&ends);
}
END_TEST

static void on_alarm(int signal)
{
	(void)signal;
}

START_TEST(signals_do_not_prolong_the_wait)
{
	struct ends ends = ends_open();
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerspec often = { .it_value.tv_nsec = 1000000, .it_interval.tv_nsec = 1000000 };
	struct ucred theirs;
	timer_t timer;
	uint64_t start = clock_monotonic_usec();

	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
	ck_assert_int_eq(timer_settime(timer, 0, &often, NULL), 0);
	ck_assert_int_eq(handshake_receive(ends.parent, SHORT_USEC, &theirs), -ETIMEDOUT);
	timer_delete(timer);
	ck_assert_uint_lt(clock_monotonic_usec() - start, LONG_USEC);
	ends_done(&ends);
}
END_TEST

/* Set the wall clock forward by this much whenever it is looked at. */
static time_t wall_clock_step_sec;

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	static time_t ahead_sec;
	int r = (int)syscall(SYS_clock_gettime, clock, ret);

	if (clock == CLOCK_REALTIME)
		ret->tv_sec += ahead_sec += wall_clock_step_sec;
	return r;
}

START_TEST(a_step_of_the_wall_clock_does_not_cut_the_wait)
{
	struct ends ends = ends_open();
	struct timespec start, end;
	struct ucred theirs;

	wall_clock_step_sec = 3600;
	clock_gettime(CLOCK_MONOTONIC, &start);
	ck_assert_int_eq(handshake_receive(ends.parent, SHORT_USEC, &theirs), -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ck_assert_int_ge((end.tv_sec - start.tv_sec) * 1000000 +
				 (end.tv_nsec - start.tv_nsec) / 1000,
			 (intmax_t)SHORT_USEC);
	ends_done(&ends);
}
END_TEST

START_TEST(a_peer_that_dies_is_noticed_at_once)
{
	struct ends ends = ends_open();
	struct ucred mine = self(), theirs;
	pid_t child = start_child(&ends, false);
	int r;

	if (child == 0) {
		clock_wait(ends.child, POLLIN, clock_monotonic_usec() + LONG_USEC);
		_exit(0);
	}
	/* Dies with our ping unread, or before we ask. */
	r = handshake_receive(ends.parent, LONG_USEC, &theirs);
	ck_assert_int_eq(r, -ECONNRESET);
	ck_assert_int_eq(child_verdict(child), 0);
	ck_assert_int_eq(handshake_receive(ends.parent, LONG_USEC, &theirs), -ECONNRESET);
	ck_assert_int_eq(handshake_send(ends.parent, &mine, LONG_USEC), -ECONNRESET);
	ends_done(&ends);
}
END_TEST

START_TEST(a_receiver_that_dies_after_its_ping_is_an_error_and_no_signal)
{
	struct ends ends = ends_open();
	struct ucred mine = self();

	ck_assert_int_eq(send(ends.child, "?", 1, 0), 1);
	ends.child = fd_close(ends.child);
	ck_assert_int_eq(handshake_send(ends.parent, &mine, LONG_USEC), -EPIPE);
	ends_done(&ends);
}
END_TEST

static const struct {
	const char *name;
	struct forge forge;
	int ping;   /* what it is as a ping */
	int answer; /* and as an answer */
} wrong[] = {
	{ "wrong byte", { .data = "!", .size = 1 }, -EPROTO, -EPROTO },
	{ "two bytes", { .data = "??", .size = 2 }, -EPROTO, -EPROTO },
	{ "no byte", { .data = "", .size = 0 }, -ECONNRESET, -EPROTO },
	{ "one byte of an answer less", { .data = "\0\0", .size = 3 }, -EPROTO, -EPROTO },
	{ "one byte of an answer more", { .data = "\0\0\0\0", .size = 5 }, -EPROTO, -EPROTO },
	{ "ping and descriptor", { .data = "?", .size = 1, .n_fds = { 1 } }, -EPROTO, -EPROTO },
	{ "answer and descriptors",
	  { .data = "\0\0\0", .size = 4, .n_fds = { 2 } },
	  -EPROTO,
	  -EPROTO },
	{ "answer without credentials", { .data = "\0\0\0", .size = 4 }, -EPROTO, -ENODATA },
	{ "negative errno", { .data = "\377\377\377\377", .size = 4 }, -EPROTO, -EPROTO },
	{ "no such errno", { .data = "\0\20\0", .size = 4 }, -EPROTO, -EPROTO },
};

START_TEST(anything_but_a_ping_is_a_broken_protocol)
{
	struct ends ends = ends_open();
	struct ucred mine = self();
	int r;

	ck_assert_int_eq(forge_send(ends.child, &wrong[_i].forge), 0);
	r = handshake_send(ends.parent, &mine, LONG_USEC);
	ck_assert_msg(r == wrong[_i].ping, "%s: %d", wrong[_i].name, r);
	ck_assert_int_eq(recv(ends.child, &mine, 1, MSG_DONTWAIT), -1);
	ends_done(&ends);
}
END_TEST

START_TEST(anything_but_an_answer_is_a_broken_protocol)
{
	struct ends ends = ends_open();
	struct ucred theirs = { .pid = 77 };
	int r;

	/* Sent before the receiver asks, so that the kernel attaches nobody's credentials. */
	ck_assert_int_eq(forge_send(ends.child, &wrong[_i].forge), 0);
	r = handshake_receive(ends.parent, LONG_USEC, &theirs);
	ck_assert_msg(r == wrong[_i].answer, "%s: %d", wrong[_i].name, r);
	ck_assert_int_eq(theirs.pid, 77);
	ends_done(&ends);
}
END_TEST

static void add_exchange(Suite *suite)
{
	TCase *tcase = suite_case(suite, "exchange");

	tcase_add_test(tcase, the_receiver_learns_who_the_sender_is);
	tcase_add_test(tcase, an_event_loop_can_be_the_sender);
	tcase_add_test(tcase, there_is_nothing_to_answer_before_the_ping);
	tcase_add_test(tcase, both_sides_hear_that_a_claim_is_not_permitted);
}

static void add_namespaces(Suite *suite)
{
	TCase *tcase = suite_case(suite, "namespaces");

	tcase_add_test(tcase, a_pid_is_translated_into_the_childs_namespace);
	tcase_add_test(tcase, a_pid_is_translated_out_of_the_childs_namespace);
	tcase_add_test(tcase, a_process_outside_the_childs_namespace_has_no_pid_there);
	tcase_add_test(tcase, both_sides_hear_that_a_process_does_not_exist);
}

static void add_bad_peers(Suite *suite)
{
	TCase *tcase = suite_case(suite, "bad peers");

	tcase_add_test(tcase, a_receiver_waits_for_a_silent_sender_no_longer_than_told);
	tcase_add_test(tcase, a_sender_waits_for_a_silent_receiver_no_longer_than_told);
	tcase_add_test(tcase, signals_do_not_prolong_the_wait);
	tcase_add_test(tcase, a_step_of_the_wall_clock_does_not_cut_the_wait);
	tcase_add_test(tcase, a_peer_that_dies_is_noticed_at_once);
	tcase_add_test(tcase, a_receiver_that_dies_after_its_ping_is_an_error_and_no_signal);
	tcase_add_loop_test(tcase, anything_but_a_ping_is_a_broken_protocol, 0,
			    (int)ELEMENTSOF(wrong));
	tcase_add_loop_test(tcase, anything_but_an_answer_is_a_broken_protocol, 0,
			    (int)ELEMENTSOF(wrong));
}

int main(void)
{
	Suite *suite = suite_create("handshake");

	add_exchange(suite);
	add_namespaces(suite);
	add_bad_peers(suite);
	return suite_main(suite);
}

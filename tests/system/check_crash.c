/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "daemon/control.h"
#include "tests/support/daemon.h"
#include "tests/support/forked.h"
#include "tests/support/halt.h"
#include "tests/support/suite.h"
#include "wire/codec.h"
#include "wire/message.h"

#define POLICY                                                                                     \
	"version 1;\nfor user root { a: allow read \"/etc/hostname\"; }\n"                         \
	"for user root { pumped: allow read \"/etc/group\" { deliver snapshot; } }\n"

#define PATIENCE_USEC (30 * USEC_PER_SEC)

static struct daemon d;

static void prepare(void)
{
	daemon_prepare(&d);
	daemon_write_policy(&d, "a.fdp", POLICY);
	d.may_be_killed = true;
}

static void start(void)
{
	prepare();
	daemon_start(&d);
}

static void assert_serves(int sock)
{
	int fd = daemon_ask(sock, "/etc/hostname", WIRE_OPEN_READ, NULL);

	ck_assert_int_ge(fd, 0);
	fd_close(fd);
}

static void ask(int sock)
{
	static const struct wire_open request = { .flags = WIRE_OPEN_READ,
						  .path = "/etc/hostname",
						  .path_len = sizeof("/etc/hostname") - 1 };
	const struct ucred self = { getpid(), geteuid(), getegid() };
	uint8_t buffer[256];
	int size = wire_open_write(1, &request, buffer, sizeof(buffer));

	ck_assert_int_gt(size, 0);
	ck_assert_int_eq(message_send(sock, buffer, (size_t)size,
				      &(struct message_attach){ .credentials = &self }),
			 0);
}

/* Whether it is told of a loss before what it asks now is answered. */
static bool is_told(int sock)
{
	static const struct message_want want = { .fds = 1, .wait = true };
	static uint8_t buffer[WIRE_MESSAGE_MAX];
	bool told = false;
	struct message m;
	uint16_t which;
	int r;

	ask(sock);
	for (;;) {
		ck_assert_int_eq(message_receive(sock, buffer, sizeof(buffer), &want, &m), 1);
		r = wire_notice_read(buffer, m.size, &which);
		message_done(&m);
		if (r < 0)
			return told;
		told = which == WIRE_NOTICE_LOST;
	}
}

/* P67 */
START_TEST(crash_of_the_broker_loses_no_connection)
{
	int busy, idle, i;

	start();
	busy = daemon_connect(&d);
	idle = daemon_connect(&d);
	for (i = 1; i <= 3; i++) {
		assert_serves(busy);
		ck_assert_int_eq(kill(daemon_pid(&d, "broker"), SIGKILL), 0);
		assert_serves(busy);
		ck_assert_uint_eq(daemon_number(&d, "crashes"), i);
	}
	assert_serves(idle);
	ck_assert_uint_eq(daemon_number(&d, "connections"), 2);
	fd_close(busy);
	fd_close(idle);
	daemon_stop(&d);
}
END_TEST

/* Whoever starts it may not want to hear of his children, and the kernel would reap ours, too. */
START_TEST(crash_is_noticed_where_children_were_ignored)
{
	int sock;

	prepare();
	d.ignores_children = true;
	daemon_start(&d);
	sock = daemon_connect(&d);
	assert_serves(sock);
	ck_assert_int_eq(kill(daemon_pid(&d, "broker"), SIGKILL), 0);
	assert_serves(sock);
	ck_assert_uint_eq(daemon_number(&d, "crashes"), 1);
	fd_close(sock);
	daemon_stop(&d);
}
END_TEST

START_TEST(crash_of_the_broker_is_told_to_those_it_served)
{
	int old, new;

	start();
	old = daemon_connect(&d);
	assert_serves(old);
	ck_assert_int_eq(kill(daemon_pid(&d, "broker"), SIGKILL), 0);
	/* So that it is not the one that died who hears of what comes now. */
	daemon_await_number(&d, "crashes", 1);
	new = daemon_connect(&d);
	ck_assert(is_told(old));
	ck_assert(!is_told(old));
	ck_assert(!is_told(new));
	fd_close(old);
	fd_close(new);
	daemon_stop(&d);
}
END_TEST

START_TEST(crash_while_a_client_is_leaving_leaves_nothing)
{
	int sock;

	start();
	sock = daemon_connect(&d);
	assert_serves(sock);
	kill(daemon_pid(&d, "broker"), SIGSTOP);
	fd_close(sock);
	daemon_await_number(&d, "connections", 0);
	kill(daemon_pid(&d, "broker"), SIGKILL);
	sock = daemon_connect(&d);
	assert_serves(sock);
	fd_close(sock);
	daemon_stop(&d);
}
END_TEST

START_TEST(crash_of_the_audit_process_is_repaired_and_counted)
{
	int sock, n = 0;
	char *audit;

	start();
	sock = daemon_connect(&d);
	ck_assert_int_eq(daemon_ask(sock, "/refused/before", WIRE_OPEN_READ, NULL), -EACCES);
	daemon_await_at_least(&d, "records-written", 1);
	ck_assert_int_eq(kill(daemon_pid(&d, "audit"), SIGKILL), 0);
	ck_assert_int_eq(daemon_ask(sock, "/refused/after", WIRE_OPEN_READ, NULL), -EACCES);
	daemon_await_at_least(&d, "audit-restarts", 1);
	do {
		audit = daemon_read_audit(&d);
		n = strstr(audit, "/refused/before") && strstr(audit, "/refused/after");
		free(audit);
	} while (n == 0);
	fd_close(sock);
	daemon_stop(&d);
}
END_TEST

static void await_log(const char *part)
{
	char *log;
	bool found;

	do {
		log = daemon_read_log(&d);
		found = strstr(log, part);
		free(log);
	} while (!found);
}

/* As when there is no room for a process more. */
START_TEST(crash_of_the_audit_process_is_repaired_when_there_is_room)
{
	struct rlimit files, none;
	int sock;

	start();
	sock = daemon_connect(&d);
	assert_serves(sock);
	daemon_await_attendants(&d);
	ck_assert_int_eq(prlimit(d.pid, RLIMIT_NOFILE, NULL, &files), 0);
	none = (struct rlimit){ 0, files.rlim_max };
	ck_assert_int_eq(prlimit(d.pid, RLIMIT_NOFILE, &none, NULL), 0);
	ck_assert_int_eq(kill(daemon_pid(&d, "audit"), SIGKILL), 0);
	await_log("cannot start the audit process: Too many open files");
	assert_serves(sock);
	ck_assert_int_eq(daemon_ask(sock, "/refused", WIRE_OPEN_READ, NULL), -EACCES);
	ck_assert_int_eq(prlimit(d.pid, RLIMIT_NOFILE, &files, NULL), 0);
	free(daemon_await_record(&d, "/refused"));
	fd_close(sock);
	daemon_stop(&d);
}
END_TEST

/* It is asked to stop, does not, and is ended: who waits for it gets the next one. */
START_TEST(crash_by_hanging_does_not_hold_up_a_reload)
{
	int sock;

	start();
	sock = daemon_connect(&d);
	assert_serves(sock);
	ck_assert_int_eq(kill(daemon_pid(&d, "broker"), SIGSTOP), 0);
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	ck_assert(is_told(sock));
	assert_serves(sock);
	ck_assert_uint_eq(daemon_number(&d, "generation"), 2);
	fd_close(sock);
	daemon_stop(&d);
}
END_TEST

/* P11: one that is in the kernel's hands does not even end when it is killed. That of a traced
 * process is kept from its parent until the tracer waits for it: ptrace(2). */
START_TEST(crash_in_the_hands_of_the_kernel_does_not_hold_up_a_reload)
{
	pid_t old;
	int sock;

	start();
	sock = daemon_connect(&d);
	assert_serves(sock);
	old = daemon_pid(&d, "broker");
	halt_process(old);
	ck_assert_int_eq(ptrace(PTRACE_SEIZE, old, NULL, NULL), 0);
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	ck_assert(is_told(sock));
	assert_serves(sock);
	ck_assert_uint_eq(daemon_number(&d, "generation"), 2);
	ck_assert_uint_eq(daemon_number(&d, "leaving"), 1);
	fd_close(sock);
	/* The kernel lets go of it, and it ends in order. */
	ck_assert_int_eq(forked_wait(old), FORKED_SIGNALLED + SIGKILL);
	daemon_await_number(&d, "leaving", 0);
	daemon_stop(&d);
}
END_TEST

/* The parent's youngest child: proc(5). */
static pid_t find_youngest(void)
{
	char path[64];
	FILE *file;
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", d.pid, d.pid);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	while (fscanf(file, "%d", &pid) == 1)
		continue;
	fclose(file);
	return pid;
}

/* The old one has been told to stop for it, and nobody is there when it does. */
START_TEST(crash_of_the_next_broker_leaves_nobody_waiting)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;
	pid_t old, new;
	int sock;

	start();
	sock = daemon_connect(&d);
	assert_serves(sock);
	old = daemon_pid(&d, "broker");
	halt_process(old);
	ck_assert_int_eq(kill(d.pid, SIGHUP), 0);
	halt_await_message(old, CONTROL_FD);
	new = find_youngest();
	ck_assert_int_ne(new, old);
	ck_assert_int_eq(kill(new, SIGKILL), 0);
	while (kill(new, 0) == 0)
		ck_assert_msg(clock_monotonic_usec() < deadline, "it does not end");
	ck_assert_int_eq(kill(old, SIGCONT), 0);
	assert_serves(sock);
	fd_close(sock);
	daemon_stop(&d);
}
END_TEST

static pid_t await_broker_after(pid_t last)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;
	pid_t broker;

	do {
		ck_assert_msg(clock_monotonic_usec() < deadline, "no other broker");
		broker = daemon_pid(&d, "broker");
	} while (broker == 0 || broker == last);
	return broker;
}

/* A request that kills its broker, again and again, must not keep the machine busy. */
START_TEST(crash_after_crash_is_answered_ever_slower)
{
	pid_t last = 0, broker;
	uint64_t began;
	int i;

	start();
	began = clock_monotonic_usec();
	for (i = 0; i < 5; last = broker, i++) {
		broker = await_broker_after(last);
		ck_assert_int_eq(kill(broker, SIGKILL), 0);
	}
	(void)await_broker_after(last);
	/* 0, 50, 100, 200 and 400 ms. */
	ck_assert_uint_gt(clock_monotonic_usec() - began, 700 * USEC_PER_MSEC);
	daemon_stop(&d);
}
END_TEST

START_TEST(crash_of_the_parent_ends_its_children)
{
	pid_t broker, audit, pump;

	start();
	/* One that has not met its parent yet ends with an error if the parent dies, and rightly. */
	daemon_await_attendants(&d);
	broker = daemon_pid(&d, "broker");
	audit = daemon_pid(&d, "audit");
	pump = daemon_pid(&d, "pump");
	/* Its orphans are ours to wait for: prctl(2). */
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	kill(d.pid, SIGKILL);
	forked_wait(d.pid);
	ck_assert_int_eq(forked_wait(broker), 0);
	ck_assert_int_eq(forked_wait(audit), 0);
	ck_assert_int_eq(forked_wait(pump), 0);
	daemon_discard(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crash");
	TCase *tcase = suite_case(suite, "crash");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, crash_of_the_broker_loses_no_connection);
	tcase_add_test(tcase, crash_is_noticed_where_children_were_ignored);
	tcase_add_test(tcase, crash_of_the_broker_is_told_to_those_it_served);
	tcase_add_test(tcase, crash_while_a_client_is_leaving_leaves_nothing);
	tcase_add_test(tcase, crash_of_the_audit_process_is_repaired_and_counted);
	tcase_add_test(tcase, crash_of_the_audit_process_is_repaired_when_there_is_room);
	tcase_add_test(tcase, crash_by_hanging_does_not_hold_up_a_reload);
	tcase_add_test(tcase, crash_in_the_hands_of_the_kernel_does_not_hold_up_a_reload);
	tcase_add_test(tcase, crash_of_the_next_broker_leaves_nobody_waiting);
	tcase_add_test(tcase, crash_after_crash_is_answered_ever_slower);
	tcase_add_test(tcase, crash_of_the_parent_ends_its_children);
	return suite_main(suite);
}

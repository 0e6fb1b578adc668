/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/forked.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

/* P07: "/proc/self" means whoever connected, in the real daemon. */

#define POLICY                                                                                     \
	"version 1;\nfor user 30000 { allow read \"/proc/self/**\" { fs proc; }\n"                 \
	" allow list \"/proc/self/task\" { fs proc; }\n"                                           \
	" allow read \"/proc/thread-self/**\", \"/proc/*\" { fs proc; } }\n"                       \
	"for user 30001 { allow read \"/proc/self/**\"; }\n"                                       \
	"for user 0 { allow read as root \"/proc/self/**\"; }\n"

static struct scene s;
static const struct user alice = { .uid = ALICE, .gid = ALICE };

static void start(void)
{
	scene_prepare(&s);
	daemon_write_policy(&s.daemon, "scene.fdp", POLICY);
	scene_start(&s);
}

/* The number in the status that is handed out, or -errno. */
static int pid_of_self(int sock)
{
	char status[1024], *line;
	int fd = daemon_ask(sock, "/proc/self/status", WIRE_OPEN_READ, NULL);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, status, sizeof(status) - 1);
	fd_close(fd);
	if (n < 0)
		return -errno;
	status[n] = '\0';
	line = strstr(status, "\nPid:\t");
	return line ? atoi(line + 6) : -EBADMSG;
}

static int is_own(const void *arg)
{
	int sock = daemon_connect(&s.daemon);

	(void)arg;
	return pid_of_self(sock) == getpid() ? 0 : 1;
}

START_TEST(self_is_who_connected)
{
	start();
	ck_assert_int_eq(scene_as(ALICE, is_own, NULL), 0);
	scene_stop(&s);
}
END_TEST

/* Here it has another number for itself. */
static int is_own_by_the_daemons_number(const void *arg)
{
	int pipefd[2], number = 0, sock;
	pid_t pid;

	(void)arg;
	if (pipe(pipefd) < 0 || unshare(CLONE_NEWPID) < 0)
		return 99;
	pid = fork();
	if (pid == 0) {
		user_become(&alice);
		sock = daemon_connect(&s.daemon);
		number = getpid() == 1 ? pid_of_self(sock) : -1;
		_exit(write(pipefd[1], &number, sizeof(number)) != sizeof(number));
	}
	if (read(pipefd[0], &number, sizeof(number)) != sizeof(number) || forked_wait(pid) != 0)
		return 98;
	return number == pid ? 0 : 1;
}

START_TEST(self_of_another_pid_namespace_is_still_who_connected)
{
	start();
	ck_assert_int_eq(forked_run(is_own_by_the_daemons_number, NULL), 0);
	scene_stop(&s);
}
END_TEST

/* A child asks on its parent's connection: it acts as its parent. */
static int delegate_sees_the_connector(const void *arg)
{
	int sock = daemon_connect(&s.daemon);
	pid_t connector = getpid(), pid = fork();

	(void)arg;
	if (pid == 0)
		_exit(pid_of_self(sock) == connector ? 0 : 1);
	return forked_wait(pid);
}

START_TEST(self_of_a_delegate_is_the_connector)
{
	start();
	ck_assert_int_eq(scene_as(ALICE, delegate_sees_the_connector, NULL), 0);
	scene_stop(&s);
}
END_TEST

static int go[2], told[2];

/* Connects, leaves the connection to a child, and goes. */
static int leave_a_delegate(const void *arg)
{
	int sock, number;
	char byte;

	(void)arg;
	user_become(&alice);
	sock = daemon_connect(&s.daemon);
	if (pid_of_self(sock) != getpid())
		return 1;
	if (fork() != 0)
		return 0;
	number = read(go[0], &byte, 1) == 1 ? pid_of_self(sock) : 0;
	_exit(write(told[1], &number, sizeof(number)) != sizeof(number));
}

static const bool is_given_again[] = { false, true };

/* P37: neither the process that is gone, nor, worse, who has its number now. */
START_TEST(self_that_is_gone_is_nobody)
{
	int number;
	pid_t pid;

	start();
	ck_assert_int_eq(pipe(go), 0);
	ck_assert_int_eq(pipe(told), 0);
	pid = forked_start(leave_a_delegate, NULL);
	ck_assert_int_eq(forked_wait(pid), 0);
	if (is_given_again[_i])
		ck_assert_int_eq(forked_start_as(pid), pid);
	ck_assert_int_eq(write(go[1], "", 1), 1);
	ck_assert_int_eq(read(told[0], &number, sizeof(number)), sizeof(number));
	ck_assert_int_eq(number, -ESRCH);
	if (is_given_again[_i]) {
		kill(pid, SIGKILL);
		forked_wait(pid);
	}
	for (size_t i = 0; i < 2; i++) {
		fd_close(go[i]);
		fd_close(told[i]);
	}
	scene_stop(&s);
}
END_TEST

static const struct row {
	uid_t uid;
	const char *path;
	uint32_t flags;
	int error;
	enum wire_reason reason;
} rows[] = {
	{ ALICE, "/proc/self/limits", WIRE_OPEN_READ, 0, WIRE_REASON_OK },
	{ ALICE, "/proc/self/task", WIRE_OPEN_READ | WIRE_OPEN_DIRECTORY, 0, WIRE_REASON_OK },
	/* What the kernel keeps for who may trace the process: she may trace herself. */
	{ ALICE, "/proc/self/limits", WIRE_OPEN_READ, 0, WIRE_REASON_OK },
	/* To be read by who may trace; landlock(7): nobody outside of a domain, by it. */
	{ ALICE, "/proc/self/maps", WIRE_OPEN_READ, EACCES, WIRE_REASON_KERNEL },
	{ ALICE, "/proc/self/no-such", WIRE_OPEN_READ, ENOENT, WIRE_REASON_NOT_FOUND },
	{ ALICE, "/proc/self/mem", WIRE_OPEN_WRITE, EACCES, WIRE_REASON_RULE },
	{ ALICE, "/proc/self/comm", WIRE_OPEN_WRITE, EACCES, WIRE_REASON_RULE },
	{ ALICE, "/proc/self/fd/0", WIRE_OPEN_READ, EACCES, WIRE_REASON_CONDITION },
	{ ALICE, "/proc/self/exe", WIRE_OPEN_READ, EACCES, WIRE_REASON_CONDITION },
	{ ALICE, "/proc/self/cwd/x", WIRE_OPEN_READ, EACCES, WIRE_REASON_CONDITION },
	{ ALICE, "/proc/self/root/etc/hostname", WIRE_OPEN_READ, EACCES, WIRE_REASON_CONDITION },
	/* No thread is attested. */
	{ ALICE, "/proc/thread-self/status", WIRE_OPEN_READ, EACCES, WIRE_REASON_CONDITION },
	/* The same directory by its number: the floor's. */
	{ ALICE, NULL, WIRE_OPEN_READ, EACCES, WIRE_REASON_RULE },
	/* Not without `fs proc`, never as root. */
	{ BOB, "/proc/self/status", WIRE_OPEN_READ, EACCES, WIRE_REASON_CONDITION },
	{ 0, "/proc/self/status", WIRE_OPEN_READ, EACCES, WIRE_REASON_CONDITION },
};

static int ask_for(const void *arg)
{
	const struct row *row = arg;
	int sock = daemon_connect(&s.daemon), r;
	struct wire_answer answer;
	char own[64];

	/* Having been root has made it 0, and the directory root's: proc(5). */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return 99;
	snprintf(own, sizeof(own), "/proc/%d/status", getpid());
	r = daemon_ask(sock, row->path ? row->path : own, row->flags, &answer);
	return (r < 0 ? -r : 0) == row->error && answer.reason == row->reason ? 0 : 1;
}

START_TEST(self_is_opened_as_any_file_is)
{
	start();
	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		ck_assert_msg(scene_as(rows[i].uid, ask_for, &rows[i]) == 0, "uid %u: %s",
			      rows[i].uid, rows[i].path);
	scene_stop(&s);
}
END_TEST

/* A link whose text is a name like any other. */
START_TEST(self_may_be_where_a_link_leads)
{
	const struct row row = { ALICE, s.lent, WIRE_OPEN_READ, 0, WIRE_REASON_OK };
	char policy[512];

	scene_prepare(&s);
	snprintf(policy, sizeof(policy),
		 "version 1;\nfor user 30000 { allow read \"%s\", \"/proc/self/mounts\" { fs { "
		 "local, proc }; } }\n",
		 s.lent);
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
	scene_start(&s);
	ck_assert_int_eq(unlink(s.lent), 0);
	ck_assert_int_eq(symlink("/proc/self/mounts", s.lent), 0);
	ck_assert_int_eq(scene_as(ALICE, ask_for, &row), 0);
	scene_stop(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("self");
	TCase *tcase = suite_case(suite, "self");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, self_is_who_connected);
	tcase_add_test(tcase, self_of_another_pid_namespace_is_still_who_connected);
	tcase_add_test(tcase, self_of_a_delegate_is_the_connector);
	tcase_add_loop_test(tcase, self_that_is_gone_is_nobody, 0, ELEMENTSOF(is_given_again));
	tcase_add_test(tcase, self_is_opened_as_any_file_is);
	tcase_add_test(tcase, self_may_be_where_a_link_leads);
	return suite_main(suite);
}

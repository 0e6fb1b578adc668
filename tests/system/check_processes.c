/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/daemon.h"
#include "tests/support/suite.h"

/* What each process is and holds while it serves: P75, P77, P78. */

static struct daemon d;

static void start(const char *policy)
{
	int sock;

	daemon_prepare(&d);
	d.has_stray = true;
	daemon_write_policy(&d, "a.fdp", policy);
	daemon_start(&d);
	daemon_await_attendants(&d);
	sock = daemon_connect(&d);
	fd_close(daemon_ask(sock, "/etc/hostname", WIRE_OPEN_READ, NULL));
	fd_close(sock);
	while (daemon_number(&d, "connections") > 0)
		continue;
}

/* The value of "Key:" in /proc/PID/status; the caller frees it. */
static char *status_of(pid_t pid, const char *key)
{
	char path[64], *line = NULL, *value = NULL;
	size_t capacity = 0, len = strlen(key);
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	while (!value && getline(&line, &capacity, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, key, len) == 0 && line[len] == ':')
			value = strdup(line + len + 1 + strspn(line + len + 1, " \t"));
	}
	free(line);
	fclose(file);
	ck_assert_ptr_nonnull(value);
	return value;
}

static void assert_status(const char *process, const char *key, const char *expected)
{
	char *value = status_of(daemon_pid(&d, process), key);

	ck_assert_msg(strcmp(value, expected) == 0, "%s of %s is '%s', not '%s'", key, process,
		      value, expected);
	free(value);
}

/* Real, effective and saved; the fourth is whose authority the last open had. */
static void assert_ids(const char *process, const char *key, unsigned int expected)
{
	char *value = status_of(daemon_pid(&d, process), key);
	unsigned int real, effective, saved;

	ck_assert_int_eq(sscanf(value, "%u %u %u", &real, &effective, &saved), 3);
	free(value);
	ck_assert_uint_eq(real, expected);
	ck_assert_uint_eq(effective, expected);
	ck_assert_uint_eq(saved, expected);
}

static void assert_user(const char *process, const char *name)
{
	const struct passwd *user = getpwnam(name);

	assert_ids(process, "Uid", user->pw_uid);
	assert_ids(process, "Gid", user->pw_gid);
}

static const char *const confined[] = { "broker", "audit", "pump" };

START_TEST(processes_are_confined)
{
	static const char *const users[] = { "fdbroker", "fdbroker-audit", "fdbroker" };

	start("version 1;\nfor user root { a: allow read \"/etc/hostname\"; }\n");
	assert_user(confined[_i], users[_i]);
	assert_status(confined[_i], "NoNewPrivs", "1");
	assert_status(confined[_i], "Seccomp", "2");
	assert_status(confined[_i], "CapInh", "0000000000000000");
	assert_status(confined[_i], "CapAmb", "0000000000000000");
	/* CAP_SETUID and CAP_SETGID to open as the caller; and nothing. */
	assert_status(confined[_i], "CapPrm", _i == 0 ? "00000000000000c0" : "0000000000000000");
	assert_status(confined[_i], "CapBnd", _i == 0 ? "00000000000000c0" : "0000000000000000");
	daemon_stop(&d);
}
END_TEST

static const struct {
	const char *policy;
	const char *capabilities;
} needs[] = {
	{ "version 1;\n", "00000000000000c0" },
	{ "version 1;\nfor user root { a: allow read as root \"/srv/a\"; }\n", "00000000000000c4" },
	{ "version 1;\nfor user root { a: allow write as root \"/srv/a\"; }\n",
	  "00000000000000c2" },
};

/* P74 */
START_TEST(processes_hold_what_the_policy_needs)
{
	start(needs[_i].policy);
	assert_status("broker", "CapPrm", needs[_i].capabilities);
	assert_status("broker", "CapBnd", needs[_i].capabilities);
	daemon_stop(&d);
}
END_TEST

/* What each descriptor is, without the numbers of sockets. */
static void describe_fd(pid_t pid, int fd, char *ret, size_t size)
{
	char path[64], *end;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	n = readlink(path, ret, size - 1);
	ret[n < 0 ? 0 : n] = '\0';
	end = strpbrk(ret, "[");
	if (end && strncmp(ret, "anon_inode", 10) != 0)
		*end = '\0';
	if (strncmp(ret, d.directory, strlen(d.directory)) == 0)
		memmove(ret, ret + strlen(d.directory), strlen(ret + strlen(d.directory)) + 1);
	else if (strncmp(ret, "/proc/", 6) == 0 && strchr(ret + 6, '/'))
		strcpy(ret, "own descriptors");
}

static void list_fds(pid_t pid, char *ret, size_t size)
{
	char what[128];

	ret[0] = '\0';
	for (int fd = 2; fd < 32; fd++) {
		describe_fd(pid, fd, what, sizeof(what));
		if (what[0] == '\0')
			continue;
		snprintf(ret + strlen(ret), size - strlen(ret), "%d %s\n", fd, what);
	}
}

/* P77. 0 and 1 are whatever the test has. */
static const struct {
	const char *process, *fds;
} held[] = {
	{ "broker", "2 /log\n3 socket:\n4 socket:\n5 socket:\n6 own descriptors\n"
		    "7 /proc\n8 anon_inode:[eventpoll]\n" },
	{ "audit", "2 /log\n3 socket:\n4 socket:\n5 /audit.json\n6 anon_inode:[eventpoll]\n" },
	{ "pump", "2 /log\n3 socket:\n4 socket:\n5 pipe:\n6 pipe:\n7 pipe:\n8 pipe:\n"
		  "9 anon_inode:inotify\n" },
};

START_TEST(processes_hold_the_descriptors_they_need)
{
	char list[2048];

	start("version 1;\nfor user root { a: allow read \"/etc/hostname\"; }\n");
	list_fds(daemon_pid(&d, held[_i].process), list, sizeof(list));
	ck_assert_str_eq(list, held[_i].fds);
	daemon_stop(&d);
}
END_TEST

START_TEST(processes_of_the_daemon_leave_no_core)
{
	char path[64], limits[4096] = "";
	FILE *file;

	start("version 1;\n");
	snprintf(path, sizeof(path), "/proc/%d/limits", daemon_pid(&d, confined[_i]));
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(limits, 1, sizeof(limits) - 1, file), 0);
	fclose(file);
	ck_assert_ptr_nonnull(strstr(limits, "Max core file size        0"));
	daemon_stop(&d);
}
END_TEST

/* strace(1) of @pid into @path, once it has attached. */
static pid_t trace(pid_t pid, const char *path)
{
	char number[16], line[256];
	int out[2];
	ssize_t n;
	pid_t tracer;

	snprintf(number, sizeof(number), "%d", pid);
	ck_assert_int_eq(pipe(out), 0);
	tracer = fork();
	ck_assert_int_ge(tracer, 0);
	if (tracer == 0) {
		dup2(out[1], STDERR_FILENO);
		closefrom(STDERR_FILENO + 1);
		execlp("strace", "strace", "-e", "trace=network,read,readv,pread64", "-o", path,
		       "-p", number, NULL);
		_exit(127);
	}
	fd_close(out[1]);
	n = read(out[0], line, sizeof(line) - 1);
	ck_assert_int_gt(n, 0);
	line[n] = '\0';
	ck_assert_msg(strstr(line, "attached"), "%s", line);
	fd_close(out[0]);
	return tracer;
}

/* P73 */
START_TEST(processes_that_are_root_read_nothing_that_a_client_sent)
{
	char path[128], text[65536] = "";
	pid_t tracer;
	FILE *file;
	int sock;

	start("version 1;\nfor user root { a: allow read \"/etc/hostname\"; }\n");
	snprintf(path, sizeof(path), "%s/trace", d.directory);
	tracer = trace(daemon_pid(&d, "parent"), path);
	sock = daemon_connect(&d);
	for (int i = 0; i < 10; i++)
		fd_close(daemon_ask(sock, "/etc/hostname", WIRE_OPEN_READ, NULL));
	send(sock, "nonsense", 8, MSG_NOSIGNAL);
	fd_close(sock);
	kill(tracer, SIGINT);
	waitpid(tracer, NULL, 0);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, file), 0);
	fclose(file);
	ck_assert_ptr_nonnull(strstr(text, "accept4("));
	ck_assert_msg(!strstr(text, "recv"), "%s", text);
	daemon_stop(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("processes");
	TCase *tcase = suite_case(suite, "processes");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_loop_test(tcase, processes_are_confined, 0, ELEMENTSOF(confined));
	tcase_add_loop_test(tcase, processes_hold_what_the_policy_needs, 0, ELEMENTSOF(needs));
	tcase_add_loop_test(tcase, processes_hold_the_descriptors_they_need, 0, ELEMENTSOF(held));
	tcase_add_loop_test(tcase, processes_of_the_daemon_leave_no_core, 0, ELEMENTSOF(confined));
	tcase_add_test(tcase, processes_that_are_root_read_nothing_that_a_client_sent);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/macro.h"
#include "tests/support/daemon.h"
#include "tests/support/suite.h"

/* What each process is and holds while it serves: P75, P77, P78. */

static struct daemon d;
static const char *variable; /* that it is started with, or NULL */

#define PUMPED "for user root { pumped: allow read \"/etc/group\" { deliver snapshot; } }\n"

static void start(const char *policy)
{
	int sock;

	daemon_prepare(&d);
	d.has_stray = true;
	d.environment[0] = variable;
	daemon_write_policy(&d, "a.fdp", policy);
	daemon_start(&d);
	daemon_assert_status(&d, "state", "active");
	daemon_await_attendants(&d);
	sock = daemon_connect(&d);
	fd_close(daemon_ask(sock, "/etc/hostname", WIRE_OPEN_READ, NULL));
	fd_close(sock);
	daemon_await_number(&d, "connections", 0);
}

/* Before Linux 6.8 a mount is only known when it was asked for. */
static bool knows_mounts(void)
{
	struct statx sx;

	return statx(AT_FDCWD, "/", 0, STATX_MNT_ID_UNIQUE, &sx) == 0 &&
	       sx.stx_mask & STATX_MNT_ID_UNIQUE;
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

static void assert_status_of(pid_t pid, const char *key, const char *expected)
{
	char *value = status_of(pid, key);

	ck_assert_msg(strcmp(value, expected) == 0, "%s of %d is '%s', not '%s'", key, pid, value,
		      expected);
	free(value);
}

static void assert_status(const char *process, const char *key, const char *expected)
{
	assert_status_of(daemon_pid(&d, process), key, expected);
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

/* A thread to wait for somebody is started when there is somebody to wait for; which a machine that is too
 * busy to let the broker open one file may make of anybody, but not of each of so many brokers. */
START_TEST(processes_have_one_thread_that_serves_what_is_local)
{
	const char *expected = knows_mounts() ? "2" : "3";
	bool found = false;

	for (unsigned int i = 0; i < 5 && !found; i++) {
		char *threads;

		start("version 1;\nfor user root { a: allow read \"/etc/hostname\"; }\n");
		threads = status_of(daemon_pid(&d, "broker"), "Threads");
		found = strcmp(threads, expected) == 0;
		free(threads);
		daemon_stop(&d);
	}
	ck_assert_msg(found, "no broker had %s threads", expected);
}
END_TEST

static const char *const confined[] = { "broker", "audit", "pump" };

START_TEST(processes_are_confined)
{
	static const char *const users[] = { "fdbroker", "fdbroker-audit", "fdbroker" };

	start("version 1;\n" PUMPED "for user root { a: allow read \"/etc/hostname\"; }\n");
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

#define SWITCH "cap_setuid,cap_setgid"

/* To open as anybody, which each policy needs; and what more. */
static const struct {
	const char *rules, *capabilities;
} needs[] = {
	{ "", SWITCH },
	{ "a: allow read, write, append, create, truncate, list, stat, tmpfile \"/srv/**\";",
	  SWITCH },
	{ "a: allow remove, attributes \"/srv/**\";", SWITCH },
	{ "a: allow create \"/srv/**\" { create-owner \"root:root\"; }", SWITCH },
	{ "a: deny any \"/srv/**\";", SWITCH },
	{ "a: allow read as root \"/srv/a\";", SWITCH ",cap_dac_read_search" },
	{ "a: allow list as root \"/srv\";", SWITCH ",cap_dac_read_search" },
	{ "a: allow stat as root \"/srv/a\";", SWITCH ",cap_dac_read_search" },
	{ "a: allow read as root \"/srv/a\"; b: allow write \"/srv/b\";",
	  SWITCH ",cap_dac_read_search" },
	{ "a: allow write as root \"/srv/a\";", SWITCH ",cap_dac_override" },
	{ "a: allow append as root \"/srv/a\";", SWITCH ",cap_dac_override" },
	/* What is created is made as its owner: no CAP_CHOWN, whoever that is. */
	{ "a: allow create as root \"/srv/**\";", SWITCH ",cap_dac_override" },
	{ "a: allow create as root \"/srv/**\" { create-owner \"daemon:daemon\"; }",
	  SWITCH ",cap_dac_override" },
	{ "a: allow remove as root \"/srv/a\";", SWITCH ",cap_dac_override,cap_fowner" },
	{ "a: allow read, write as root \"/srv/a\";",
	  SWITCH ",cap_dac_read_search,cap_dac_override" },
};

static uint64_t mask_of(const char *names)
{
	char *copy = strdup(names), *state = NULL;
	uint64_t mask = 0;
	cap_value_t cap;

	for (char *name = strtok_r(copy, ",", &state); name; name = strtok_r(NULL, ",", &state)) {
		ck_assert_msg(cap_from_name(name, &cap) == 0, "%s", name);
		mask |= UINT64_C(1) << cap;
	}
	free(copy);
	return mask;
}

/* What `status` says, what it ought to say, and what the kernel says, of each thread. */
static void assert_capabilities(const char *expected)
{
	char pattern[64], mask[32], *shown = daemon_status(&d, "capabilities");
	glob_t threads;

	ck_assert_str_eq(shown, expected);
	free(shown);
	snprintf(mask, sizeof(mask), "%016" PRIx64, mask_of(expected));
	snprintf(pattern, sizeof(pattern), "/proc/%d/task/[0-9]*", daemon_pid(&d, "broker"));
	ck_assert_int_eq(glob(pattern, 0, NULL, &threads), 0);
	ck_assert_uint_gt(threads.gl_pathc, 1);
	for (size_t i = 0; i < threads.gl_pathc; i++) {
		pid_t thread = atoi(strrchr(threads.gl_pathv[i], '/') + 1);

		assert_status_of(thread, "CapPrm", mask);
		assert_status_of(thread, "CapBnd", mask);
		assert_status_of(thread, "CapInh", "0000000000000000");
		assert_status_of(thread, "CapAmb", "0000000000000000");
	}
	globfree(&threads);
}

static const char *policy_with(const char *rules)
{
	static char policy[512];

	snprintf(policy, sizeof(policy), "version 1;\nfor user root { %s }\n", rules);
	return policy;
}

/* P74 */
START_TEST(processes_hold_what_the_policy_needs)
{
	start(policy_with(needs[_i].rules));
	assert_capabilities(needs[_i].capabilities);
	assert_user("broker", "fdbroker");
	daemon_stop(&d);
}
END_TEST

/* P74: a generation's capabilities are its policy's, and not those of the one before. */
START_TEST(processes_hold_what_the_policy_needs_now)
{
	start(policy_with("a: allow read, write as root \"/srv/a\";"));
	assert_capabilities(SWITCH ",cap_dac_read_search,cap_dac_override");
	daemon_write_policy(&d, "a.fdp", policy_with("a: allow read as root \"/srv/a\";"));
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	assert_capabilities(SWITCH ",cap_dac_read_search");
	daemon_write_policy(&d, "a.fdp", policy_with("a: allow read \"/srv/a\";"));
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	assert_capabilities(SWITCH);
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
	{ "audit", "2 /log\n3 socket:\n4 anon_inode:[eventpoll]\n5 /audit.json\n7 socket:\n" },
	{ "pump", "2 /log\n3 socket:\n4 socket:\n5 pipe:\n6 pipe:\n7 pipe:\n8 pipe:\n"
		  "9 pipe:\n10 pipe:\n11 anon_inode:inotify\n" },
};

START_TEST(processes_hold_the_descriptors_they_need)
{
	char list[2048];

	start("version 1;\n" PUMPED "for user root { a: allow read \"/etc/hostname\"; }\n");
	list_fds(daemon_pid(&d, held[_i].process), list, sizeof(list));
	ck_assert_str_eq(list, held[_i].fds);
	daemon_stop(&d);
}
END_TEST

/* What is loaded is memory, time at each start, and code that somebody may find a use for. */
static const struct {
	const char *process, *library;
} unused[] = {
	{ "parent", "libseccomp." }, { "parent", "libnettle." }, { "parent", "libjson-c." },
	{ "broker", "libsystemd." }, { "broker", "libjson-c." }, { "audit", "libnettle." },
	{ "audit", "libsystemd." },  { "pump", "libsystemd." },	 { "pump", "libnettle." },
	{ "pump", "libjson-c." },
};

START_TEST(processes_load_no_library_that_they_do_not_use)
{
	char path[64], line[512];
	bool has_libc = false;
	FILE *file;

	start("version 1;\n" PUMPED);
	snprintf(path, sizeof(path), "/proc/%d/maps", daemon_pid(&d, unused[_i].process));
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file)) {
		has_libc = has_libc || strstr(line, "libc.so");
		ck_assert_msg(!strstr(line, unused[_i].library), "%s", line);
	}
	fclose(file);
	ck_assert(has_libc);
	daemon_stop(&d);
}
END_TEST

/* proc(5): each variable that it was started with ends with a NUL. */
static void assert_has_variable(pid_t pid, const char *expected)
{
	char path[64], *one = NULL;
	size_t capacity = 0;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	while (!found && getdelim(&one, &capacity, '\0', file) > 0)
		found = strcmp(one, expected) == 0;
	free(one);
	fclose(file);
	ck_assert_msg(found, "%s is not in %s", expected, path);
}

static const struct {
	const char *given, *expected;
} tunables[] = {
	{ NULL, "GLIBC_TUNABLES=glibc.malloc.tcache_count=0" },
	{ "GLIBC_TUNABLES=glibc.malloc.tcache_count=5",
	  "GLIBC_TUNABLES=glibc.malloc.tcache_count=5" },
};

/* Unless whoever starts the daemon knows better. */
START_TEST(processes_are_told_to_keep_no_freed_memory)
{
	ck_assert_int_eq(unsetenv("GLIBC_TUNABLES"), 0);
	variable = tunables[_i].given;
	start("version 1;\n" PUMPED);
	for (size_t i = 0; i < ELEMENTSOF(confined); i++)
		assert_has_variable(daemon_pid(&d, confined[i]), tunables[_i].expected);
	daemon_stop(&d);
}
END_TEST

START_TEST(processes_of_the_daemon_leave_no_core)
{
	char path[64], limits[4096] = "";
	FILE *file;

	start("version 1;\n" PUMPED);
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
		execlp("strace", "strace", "-e", "trace=%network,%desc", "-o", path, "-p", number,
		       NULL);
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

#define CLIENTS 4

/* Nothing that begins with the number of a connection, from when it was accepted until it is closed
 * and the number may be another file's, takes bytes from it. */
static void assert_reads_none(const char *text)
{
	static const char *const readers[] = { "read(",	    "readv(",	"pread64(",  "preadv(",
					       "recvfrom(", "recvmsg(", "recvmmsg(", "splice(",
					       "tee(",	    "ioctl(",	"sendfile(" };
	const char *end, *found;
	char call[64];
	int n = 0;

	for (const char *at = text; (at = strstr(at, "accept4(")); n++) {
		int fd;

		at += strcspn(at, "\n");
		while (*--at != '=')
			continue;
		fd = atoi(at + 1);
		ck_assert_int_ge(fd, 3);
		snprintf(call, sizeof(call), "\nclose(%d)", fd);
		end = strstr(at, call);
		for (size_t i = 0; i < ELEMENTSOF(readers); i++) {
			snprintf(call, sizeof(call), "\n%s%d,", readers[i], fd);
			found = strstr(at, call);
			ck_assert_msg(!found || (end && found > end), "%.2000s", found);
		}
	}
	ck_assert_int_eq(n, CLIENTS);
}

/* P73: strace(1) shows all that the parent does with descriptors while clients send. */
START_TEST(processes_that_are_root_read_nothing_that_a_client_sent)
{
	char path[128], text[65536] = "";
	int socks[CLIENTS];
	const char *heard;
	pid_t tracer;
	FILE *file;

	start("version 1;\nfor user root { a: allow read \"/etc/hostname\"; }\n");
	snprintf(path, sizeof(path), "%s/trace", d.directory);
	tracer = trace(daemon_pid(&d, "parent"), path);
	for (int i = 0; i < CLIENTS; i++)
		socks[i] = daemon_connect(&d);
	for (int i = 0; i < CLIENTS; i++) {
		fd_close(daemon_ask(socks[i], "/etc/hostname", WIRE_OPEN_READ, NULL));
		send(socks[i], "nonsense", 8, MSG_NOSIGNAL);
	}
	for (int i = 0; i < CLIENTS; i++)
		fd_close(socks[i]);
	kill(tracer, SIGINT);
	waitpid(tracer, NULL, 0);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, file), 0);
	fclose(file);
	assert_reads_none(text);
	/* Nor in another way: it hears nobody at all. */
	heard = strstr(text, "recv");
	ck_assert_msg(!heard, "%.2000s", heard);
	daemon_stop(&d);
}
END_TEST

static pid_t reload_and_wait(const char *policy)
{
	daemon_write_policy(&d, "a.fdp", policy);
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	daemon_await_attendants(&d);
	return daemon_pid(&d, "pump");
}

static const char *const pumped[] = {
	"version 1;\n" PUMPED,
	"version 1;\nfor user root { allow append \"/nothing\" { deliver pipe; } }\n",
	"version 1;\nfor user root { allow watch \"/nothing\"; }\n",
	"version 1;\nfor user root mode complain { }\n",
};

START_TEST(processes_have_a_pump_from_the_first_policy_that_needs_it)
{
	pid_t pump;

	start("version 1;\nfor user root { a: allow read \"/etc/hostname\"; }\n");
	ck_assert_int_eq(daemon_pid(&d, "pump"), 0);
	pump = reload_and_wait(pumped[_i]);
	ck_assert_int_gt(pump, 0);
	/* What it was given outlives the policy. */
	ck_assert_int_eq(reload_and_wait("version 1;\n"), pump);
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
	tcase_add_test(tcase, processes_have_one_thread_that_serves_what_is_local);
	tcase_add_loop_test(tcase, processes_are_confined, 0, ELEMENTSOF(confined));
	tcase_add_loop_test(tcase, processes_hold_what_the_policy_needs, 0, ELEMENTSOF(needs));
	tcase_add_test(tcase, processes_hold_what_the_policy_needs_now);
	tcase_add_loop_test(tcase, processes_hold_the_descriptors_they_need, 0, ELEMENTSOF(held));
	tcase_add_loop_test(tcase, processes_have_a_pump_from_the_first_policy_that_needs_it, 0,
			    ELEMENTSOF(pumped));
	tcase_add_loop_test(tcase, processes_load_no_library_that_they_do_not_use, 0,
			    ELEMENTSOF(unused));
	tcase_add_loop_test(tcase, processes_are_told_to_keep_no_freed_memory, 0,
			    ELEMENTSOF(tunables));
	tcase_add_loop_test(tcase, processes_of_the_daemon_leave_no_core, 0, ELEMENTSOF(confined));
	tcase_add_test(tcase, processes_that_are_root_read_nothing_that_a_client_sent);
	return suite_main(suite);
}

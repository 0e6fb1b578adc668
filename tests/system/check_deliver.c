/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/daemon.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

/* What a client holds by `deliver snapshot` and `deliver pipe`, and what it cannot do with it. */

#define PATIENCE_USEC (20 * USEC_PER_SEC)
#define APPEND	      (WIRE_OPEN_WRITE | WIRE_OPEN_APPEND)

static const struct user client = { .uid = 30000, .gid = 30000 };

static struct daemon d;
static char file[128];

/* A daemon whose one rule is for @file in its directory. */
static void start(const char *modes, const char *attributes)
{
	char policy[512];

	daemon_prepare(&d);
	snprintf(file, sizeof(file), "%s/file", d.directory);
	snprintf(policy, sizeof(policy),
		 "version 1;\nfor user { 0, 30000-30001 } {\n"
		 "    it: allow %s as root \"%s/**\" { %s; parents any; note \"test\"; }\n}\n",
		 modes, d.directory, attributes);
	daemon_write_policy(&d, "a.fdp", policy);
	daemon_start(&d);
}

static void write_file(const char *text)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
}

static void assert_file(const char *expected)
{
	char text[4096] = "";
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(read(fd, text, sizeof(text) - 1), 0);
	close(fd);
	ck_assert_str_eq(text, expected);
}

/* Until the status says so. */
static void await_number(const char *key, uint64_t expected)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;

	while (daemon_number(&d, key) != expected)
		ck_assert_msg(clock_monotonic_usec() < deadline, "%s is not %llu", key,
			      (unsigned long long)expected);
}

static int ask(uint32_t flags)
{
	int sock = daemon_connect(&d), fd = daemon_ask(sock, file, flags, NULL);

	fd_close(sock);
	return fd;
}

/* snapshots */

static int reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

static int refuses(int r, int error)
{
	return r < 0 && errno == error ? 0 : 1;
}

/* 0, or which of it was possible. */
static int try_to_change(const void *arg)
{
	int fd = ask(WIRE_OPEN_READ);

	(void)arg;
	if (fd < 0)
		return 1;
	if (fcntl(fd, F_GET_SEALS) !=
	    (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | 0x20 /* F_SEAL_EXEC */))
		return 2;
	if (refuses(reopen(fd, O_RDWR), EACCES) || refuses(reopen(fd, O_WRONLY), EACCES))
		return 3;
	if (refuses(fchmod(fd, 0666), EPERM) || refuses(fchown(fd, 30000, -1), EPERM))
		return 4;
	if (refuses(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM))
		return 5;
	if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED)
		return 6;
	if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		return 7;
	if (fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK | O_APPEND))
		return 8;
	return 0;
}

START_TEST(a_snapshot_cannot_be_changed_by_whoever_holds_it)
{
	start("read", "deliver snapshot");
	write_file("as it was");
	ck_assert_int_eq(user_run(&client, try_to_change, NULL), 0);
	daemon_stop(&d);
}
END_TEST

START_TEST(a_snapshot_is_the_file_as_it_was)
{
	char text[32] = "";
	struct stat st;
	int fd, again;

	start("read", "deliver snapshot");
	write_file("as it was");
	fd = ask(WIRE_OPEN_READ);
	ck_assert_int_ge(fd, 0);
	write_file("other");
	ck_assert_int_eq(read(fd, text, sizeof(text) - 1), 9);
	ck_assert_str_eq(text, "as it was");
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 9);
	ck_assert_uint_eq(st.st_mode & 07777, 0444);
	/* Nor can root, who may open it again. */
	again = reopen(fd, O_RDWR);
	ck_assert_int_ge(again, 0);
	ck_assert_int_eq(refuses((int)write(again, "x", 1), EPERM), 0);
	ck_assert_int_eq(refuses(ftruncate(again, 0), EPERM), 0);
	close(again);
	close(fd);
	daemon_stop(&d);
}
END_TEST

/* pipes */

START_TEST(a_pipe_appends_and_can_do_nothing_else)
{
	struct stat st;
	int fd;

	start("append", "deliver pipe");
	write_file("first\n");
	fd = ask(APPEND);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	ck_assert_int_eq(refuses(ftruncate(fd, 0), EINVAL), 0);
	ck_assert_int_eq(refuses((int)lseek(fd, 0, SEEK_SET), ESPIPE), 0);
	ck_assert_int_eq(refuses((int)pwrite(fd, "x", 1, 0), ESPIPE), 0);
	ck_assert_int_eq(fcntl(fd, F_SETFL, 0), 0);
	ck_assert_int_eq(write(fd, "second\n", 7), 7);
	close(fd);
	await_number("pipes", 0);
	assert_file("first\nsecond\n");
	daemon_stop(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deliver");
	TCase *tcase = suite_case(suite, "deliver");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, a_snapshot_cannot_be_changed_by_whoever_holds_it);
	tcase_add_test(tcase, a_snapshot_is_the_file_as_it_was);
	tcase_add_test(tcase, a_pipe_appends_and_can_do_nothing_else);
	return suite_main(suite);
}

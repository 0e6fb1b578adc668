/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a name alone decides, as a client sees it, and that each grant is a file of its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/daemon.h"
#include "tests/support/suite.h"

static struct daemon d;
static int sock;
static char file[128];

static void write_file(const char *path)
{
	FILE *out = fopen(path, "we");

	ck_assert_ptr_nonnull(out);
	ck_assert_int_ge(fputs("content", out), 0);
	fclose(out);
}

static void start(const char *policy)
{
	daemon_prepare(&d);
	snprintf(file, sizeof(file), "%s/file", d.directory);
	write_file(file);
	daemon_write_policy(&d, "a.fdp", policy);
	daemon_start(&d);
	sock = daemon_connect(&d);
}

static void stop(void)
{
	sock = fd_close(sock);
	daemon_stop(&d);
}

/* P04, P05: of all spellings of a name the wire knows one. */
static const struct {
	const char *spelling; /* after the directory */
	int expected;	      /* 0: opened */
} spellings[] = {
	{ "/file", 0 },		{ "/..file", -ENOENT },
	{ "/...", -ENOENT },	{ "//file", -EINVAL },
	{ "/./file", -EINVAL }, { "/file/", -EINVAL },
	{ "/file/.", -EINVAL }, { "/policy.d/../file", -EINVAL },
	{ "/..", -EINVAL },	{ "/.", -EINVAL },
	{ "/", -EINVAL },
};

START_TEST(names_have_one_spelling)
{
	char name[256];
	int fd;

	start("version 1;\nfor user root { a: allow read \"/**\"; }\n");
	for (size_t i = 0; i < ELEMENTSOF(spellings); i++) {
		snprintf(name, sizeof(name), "%s%s", d.directory, spellings[i].spelling);
		fd = daemon_ask(sock, name, WIRE_OPEN_READ, NULL);
		ck_assert_msg(fd < 0 ? fd == spellings[i].expected : spellings[i].expected == 0,
			      "%s: %d", name, fd);
		fd_close(fd);
	}
	ck_assert_int_eq(daemon_ask(sock, file + 1, WIRE_OPEN_READ, NULL), -EINVAL);
	ck_assert_int_eq(daemon_ask(sock, "file", WIRE_OPEN_READ, NULL), -EINVAL);
	ck_assert_int_eq(daemon_ask(sock, "..", WIRE_OPEN_READ, NULL), -EINVAL);
	stop();
}
END_TEST

/* P82: of what a caller may not name he learns nothing, whatever is there. */
START_TEST(names_that_no_rule_names_are_all_refused_alike)
{
	static const char *const others[] = { "/file",	   "/file/x", "/missing", "/missing/x",
					      "/loop",	   "/loop/x", "/link",	  "/dangling",
					      "/policy.d", "/fifo" };
	struct wire_answer first, answer;
	char name[256];
	int r;

	start("version 1;\nfor user root { a: allow read \"/srv/nothing/*\"; }\n");
	ck_assert_int_eq(chdir(d.directory), 0);
	ck_assert_int_eq(symlink("loop", "loop"), 0);
	ck_assert_int_eq(symlink("file", "link"), 0);
	ck_assert_int_eq(symlink("none", "dangling"), 0);
	ck_assert_int_eq(mkfifo("fifo", 0666), 0);
	for (size_t i = 0; i < ELEMENTSOF(others); i++) {
		snprintf(name, sizeof(name), "%s%s", d.directory, others[i]);
		r = daemon_ask(sock, name, WIRE_OPEN_READ, &answer);
		ck_assert_msg(r == -EACCES, "%s: %d", name, r);
		if (i == 0)
			first = answer;
		ck_assert_msg(answer.reason == first.reason && answer.error == first.error &&
				      answer.n_fds == 0,
			      "%s: reason %d", name, answer.reason);
	}
	ck_assert_int_eq(chdir("/"), 0);
	stop();
}
END_TEST

/* P24 */
START_TEST(names_granted_twice_are_two_open_files)
{
	int one, other;

	start("version 1;\nfor user root { a: allow read \"/**\"; }\n");
	one = daemon_ask(sock, file, WIRE_OPEN_READ, NULL);
	other = daemon_ask(sock, file, WIRE_OPEN_READ, NULL);
	ck_assert_int_eq(lseek(one, 3, SEEK_SET), 3);
	ck_assert_int_eq(fcntl(one, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(lseek(other, 0, SEEK_CUR), 0);
	ck_assert_int_eq(fcntl(other, F_GETFL) & O_NONBLOCK, 0);
	fd_close(one);
	fd_close(other);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("names");
	TCase *tcase = suite_case(suite, "names");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, names_have_one_spelling);
	tcase_add_test(tcase, names_that_no_rule_names_are_all_refused_alike);
	tcase_add_test(tcase, names_granted_twice_are_two_open_files);
	return suite_main(suite);
}

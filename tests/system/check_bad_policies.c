/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"

/*
 * A policy that is not as it should be. At a reload the old one stays, at the
 * start nothing is served and clients are told so; and once it is repaired,
 * everybody is served again, those included who were there all the time.
 */

static struct scene s;
static char file[128], aside[128]; /* the policy, and where it is kept meanwhile */

static void prepare(void)
{
	scene_prepare(&s);
	snprintf(file, sizeof(file), "%s/scene.fdp", s.daemon.policy);
	snprintf(aside, sizeof(aside), "%s/aside", s.daemon.directory);
}

/* What becomes of it */

static void empty(void)
{
	ck_assert_int_eq(truncate(file, 0), 0);
}

static void somebodys(void)
{
	ck_assert_int_eq(chown(file, ALICE, 0), 0);
}

static void writable_by_its_group(void)
{
	ck_assert_int_eq(chmod(file, 0664), 0);
}

static void writable_by_all(void)
{
	ck_assert_int_eq(chmod(file, 0646), 0);
}

static void in_somebodys_directory(void)
{
	ck_assert_int_eq(chown(s.daemon.policy, ALICE, 0), 0);
}

static void in_a_directory_for_all(void)
{
	ck_assert_int_eq(chmod(s.daemon.policy, 01777), 0);
}

static void a_link_to_itself(void)
{
	ck_assert_int_eq(rename(file, aside), 0);
	ck_assert_int_eq(symlink("../aside", file), 0);
}

static void a_link_to_nothing(void)
{
	ck_assert_int_eq(rename(file, aside), 0);
	ck_assert_int_eq(symlink("nothing", file), 0);
}

static void a_directory(void)
{
	ck_assert_int_eq(rename(file, aside), 0);
	ck_assert_int_eq(mkdir(file, 0755), 0);
}

static void a_fifo(void)
{
	ck_assert_int_eq(rename(file, aside), 0);
	ck_assert_int_eq(mkfifo(file, 0644), 0);
}

static void a_device(void)
{
	ck_assert_int_eq(rename(file, aside), 0);
	ck_assert_int_eq(mknod(file, S_IFCHR | 0644, makedev(1, 5)), 0); /* /dev/zero */
}

static void append(const void *text, size_t size)
{
	int fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, size), (ssize_t)size);
	fd_close(fd);
}

static void with_a_nul(void)
{
	append("\0\n", 2);
}

static void not_utf8(void)
{
	append("# \xff\xfe\n", 5);
}

static void with_escapes(void)
{
	append("\x1b]0;owned\a\x1b[2J\n", 15);
}

static void huge(void)
{
	ck_assert_int_eq(truncate(file, INT64_C(1) << 40), 0);
}

static const struct change {
	const char *name;
	void (*change)(void);
} changes[] = {
	{ "empty", empty },
	{ "somebody's", somebodys },
	{ "writable by its group", writable_by_its_group },
	{ "writable by all", writable_by_all },
	{ "in somebody's directory", in_somebodys_directory },
	{ "in a directory for all", in_a_directory_for_all },
	{ "a link to a good one", a_link_to_itself },
	{ "a link to nothing", a_link_to_nothing },
	{ "a directory", a_directory },
	{ "a FIFO", a_fifo },
	{ "a device that never ends", a_device },
	{ "with a NUL", with_a_nul },
	{ "not UTF-8", not_utf8 },
	{ "with escapes for a terminal", with_escapes },
	{ "a terabyte of nothing", huge },
};

/* Put back what it was. */
static void repair(const char *policy)
{
	if (unlink(file) < 0 && errno == EISDIR)
		ck_assert_int_eq(rmdir(file), 0);
	unlink(aside);
	ck_assert_int_eq(chown(s.daemon.policy, 0, 0), 0);
	ck_assert_int_eq(chmod(s.daemon.policy, 0755), 0);
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
}

static char *read_policy(void)
{
	static char text[2048];
	FILE *from = fopen(file, "re");
	size_t n;

	ck_assert_ptr_nonnull(from);
	n = fread(text, 1, sizeof(text) - 1, from);
	text[n] = '\0';
	fclose(from);
	return text;
}

static void assert_printable(const char *text)
{
	for (; *text; text++)
		ck_assert_msg(*text == '\n' || (unsigned char)*text >= ' ', "byte %d", *text);
}

/* P60, P61 */
START_TEST(a_bad_policy_at_a_reload_changes_nothing)
{
	char *text, *policy;
	int r;

	prepare();
	policy = read_policy();
	scene_start(&s);
	changes[_i].change();
	r = daemon_reload(&s.daemon, &text);
	ck_assert_msg(r == 2 && text[0], "%s: %d: %s", changes[_i].name, r, text);
	assert_printable(text);
	free(text);
	ck_assert_uint_eq(daemon_number(&s.daemon, "generation"), 1);
	scene_assert_unharmed(&s);
	repair(policy);
	ck_assert_int_eq(daemon_reload(&s.daemon, NULL), 0);
	scene_assert_bob_is_served(&s);
	scene_stop(&s);
}
END_TEST

START_TEST(a_bad_policy_at_the_start_serves_nobody_and_says_so)
{
	struct wire_answer answer;
	char *policy;
	int sock;

	prepare();
	policy = read_policy();
	changes[_i].change();
	daemon_start(&s.daemon);
	daemon_assert_status(&s.daemon, "state", "degraded");
	sock = daemon_connect(&s.daemon);
	ck_assert_int_eq(daemon_ask(sock, s.own, WIRE_OPEN_READ, &answer), -EACCES);
	ck_assert_int_eq(answer.reason, WIRE_REASON_DEGRADED);
	repair(policy);
	ck_assert_int_eq(daemon_reload(&s.daemon, NULL), 0);
	daemon_assert_status(&s.daemon, "state", "active");
	ck_assert_int_eq(daemon_ask(sock, s.own, WIRE_OPEN_READ, &answer), -EACCES);
	ck_assert_int_eq(answer.reason, WIRE_REASON_DEFAULT);
	fd_close(sock);
	scene_assert_bob_is_served(&s);
	scene_stop(&s);
}
END_TEST

/* P62: cut at every byte. A cut between two statements' lines cannot be told from an edit. */
START_TEST(a_policy_cut_anywhere_is_refused_unless_a_line_ends_there)
{
	size_t size, loaded = 0;
	char *policy;

	prepare();
	policy = read_policy();
	size = strlen(policy);
	scene_start(&s);
	for (size_t len = 0; len < size; len++) {
		char *cut = strndup(policy, len);
		int r;

		daemon_write_policy(&s.daemon, "scene.fdp", cut);
		r = daemon_reload(&s.daemon, NULL);
		ck_assert_msg(r == 2 || (r == 0 && len > 0 && cut[len - 1] == '\n'),
			      "%zu bytes: %d", len, r);
		loaded += r == 0;
		free(cut);
		if (r == 0) {
			daemon_write_policy(&s.daemon, "scene.fdp", policy);
			ck_assert_int_eq(daemon_reload(&s.daemon, NULL), 0);
		}
	}
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
	ck_assert_int_eq(daemon_reload(&s.daemon, NULL), 0);
	/* Two for each that loaded: itself, and the whole one after it. */
	ck_assert_uint_eq(daemon_number(&s.daemon, "generation"), 1 + size + loaded + 1);
	s.pids[SCENE_BROKER] = daemon_pid(&s.daemon, "broker");
	scene_assert_unharmed(&s);
	scene_stop(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bad policies");
	TCase *tcase = suite_case(suite, "bad policies");

	if (daemon_unavailable() != 0)
		return daemon_unavailable();
	tcase_add_loop_test(tcase, a_bad_policy_at_a_reload_changes_nothing, 0,
			    ELEMENTSOF(changes));
	tcase_add_loop_test(tcase, a_bad_policy_at_the_start_serves_nobody_and_says_so, 0,
			    ELEMENTSOF(changes));
	tcase_add_test(tcase, a_policy_cut_anywhere_is_refused_unless_a_line_ends_there);
	return suite_main(suite);
}

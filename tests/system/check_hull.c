/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "client/fdbroker.h"
#include "tests/support/forked.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

/*
 * A hull is of inodes. What stands at a name that the policy allows may be another one later: the
 * library's caller notices nothing but that it took a moment. Most directories here are at the top
 * of the file system, because only there is no parent whose rule would outlive them.
 */

static struct daemon d;
static struct fdbroker *broker;
static char top[64], gone[80], file[80], other[80];

#define PATIENCE_USEC (60 * USEC_PER_SEC) /* for three seconds, on a machine that is busy */

/* top's things */

static void make_top(void)
{
	int fd;

	ck_assert_int_eq(mkdir(top, 0755), 0);
	ck_assert_int_eq(chmod(top, 0755), 0);
	fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	fd_close(fd);
}

static void replace_top(void)
{
	ck_assert_int_eq(rename(top, gone), 0);
	make_top();
	suite_remove(gone);
}

static void make_top_again(void)
{
	suite_remove(top);
	make_top();
}

/* What was there goes on being somewhere else. */
static void move_top_away(void)
{
	ck_assert_int_eq(rename(top, gone), 0);
	make_top();
}

static void bind_to_top(void)
{
	ck_assert_int_eq(mkdir(gone, 0755), 0);
	ck_assert_int_eq(mount(gone, top, NULL, MS_BIND, NULL), 0);
	fd_close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
}

static void mount_over_top(void)
{
	ck_assert_int_eq(mount("tmpfs", top, "tmpfs", 0, "mode=0755"), 0);
	fd_close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
}

/* the scene */

static void write_policy(const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "version 1;\n"
		 "for anyone { a: allow read, write, create '%s', '%s'; %s }\n",
		 file, other, more);
	daemon_write_policy(&d, "a.fdp", text);
}

/* Of nothing yet. */
static void make_name_at_the_top(void)
{
	suite_make_directory("/", top, sizeof(top));
	ck_assert_int_eq(rmdir(top), 0);
}

static void prepare_at(bool below)
{
	daemon_prepare(&d);
	if (below)
		snprintf(top, sizeof(top), "%.40s/hull", d.directory);
	else
		make_name_at_the_top();
	snprintf(gone, sizeof(gone), "%s.gone", top);
	snprintf(file, sizeof(file), "%s/file", top);
	snprintf(other, sizeof(other), "%s/other", top);
	write_policy("");
}

static void prepare(void)
{
	prepare_at(false);
}

static void start(void)
{
	daemon_start(&d);
	ck_assert_int_eq(fdbroker_connect(&broker, d.socket), 0);
}

static void stop(void)
{
	broker = fdbroker_close(broker);
	daemon_stop(&d);
	(void)umount2(top, MNT_DETACH);
	suite_remove(top);
	suite_remove(gone);
}

static int open_it(const char *path, int flags)
{
	int fd = fdbroker_open(broker, path, flags, 0644, NULL);

	if (fd < 0)
		return fd;
	fd_close(fd);
	return 0;
}

/* the tests */

/* P74 */
START_TEST(hull_is_in_the_status)
{
	char hull[128];

	prepare();
	make_top();
	start();
	daemon_assert_status(&d, "landlock", "enforced");
	daemon_assert_status(&d, "seccomp", "enforced");
	daemon_assert_status(&d, "capabilities", "cap_setuid,cap_setgid");
	snprintf(hull, sizeof(hull), "%s read,write,append,create", top);
	daemon_assert_status(&d, "hull", hull);
	ck_assert_uint_eq(daemon_number(&d, "renewals"), 0);
	stop();
}
END_TEST

static const struct {
	const char *name;
	void (*before)(void), (*after)(void);
} changes[] = {
	{ "made", NULL, make_top },
	{ "replaced", make_top, replace_top },
	{ "deleted and made again", make_top, make_top_again },
	{ "renamed away and replaced", make_top, move_top_away },
	{ "mounted over", make_top, mount_over_top },
	{ "another one, bound to it", make_top, bind_to_top },
};

START_TEST(hull_is_renewed_for_what_the_policy_allows)
{
	int r;

	prepare();
	if (changes[_i].before)
		changes[_i].before();
	start();
	changes[_i].after();
	r = open_it(file, O_RDONLY);
	ck_assert_msg(r == 0, "%s: %d %s", changes[_i].name, r, daemon_read_log(&d));
	ck_assert_uint_eq(daemon_number(&d, "renewals"), 1);
	ck_assert_uint_eq(daemon_number(&d, "crashes"), 0);
	daemon_assert_status(&d, "state", "active");
	daemon_assert_status(&d, "serves", "installed");
	/* Whoever comes later finds it there. */
	ck_assert_int_eq(open_it(file, O_RDONLY), 0);
	ck_assert_uint_eq(daemon_number(&d, "renewals"), 1);
	stop();
}
END_TEST

/* What stands in a directory that the hull has is in the hull, whatever it is by now: nothing is
 * renewed, and for a file that is made nothing is to be repeated. */
START_TEST(hull_of_the_parent_outlives_what_is_in_it)
{
	prepare_at(true);
	if (changes[_i].before)
		changes[_i].before();
	start();
	if (changes[_i].before)
		ck_assert_int_eq(open_it(file, O_RDONLY), 0);
	changes[_i].after();
	ck_assert_msg(open_it(file, O_RDONLY) == 0, "%s", changes[_i].name);
	ck_assert_msg(open_it(other, O_WRONLY | O_CREAT) == 0, "%s", changes[_i].name);
	ck_assert_uint_eq(daemon_number(&d, "renewals"), 0);
	(void)umount2(top, MNT_DETACH);
	stop();
}
END_TEST

/* Nobody but the program can know whether it has been done already. */
START_TEST(hull_lets_a_program_repeat_what_creates)
{
	struct fdbroker_answer answer;
	uint64_t generation;

	prepare();
	start();
	make_top();
	generation = daemon_number(&d, "generation");
	ck_assert_int_eq(fdbroker_open(broker, other, O_WRONLY | O_CREAT, 0644, &answer), -EAGAIN);
	ck_assert_int_eq(answer.reason, FDBROKER_REASON_BUSY);
	daemon_await_at_least(&d, "generation", generation + 1);
	ck_assert_int_eq(open_it(other, O_WRONLY | O_CREAT), 0);
	ck_assert_uint_eq(daemon_number(&d, "renewals"), 1);
	stop();
}
END_TEST

static int remove_it(struct fdbroker_answer *answer)
{
	return fdbroker_unlink(broker, file, 0, answer);
}

static int make_it(struct fdbroker_answer *answer)
{
	return fdbroker_mkdir(broker, other, 0700, answer);
}

static int (*const acts[])(struct fdbroker_answer *answer) = { remove_it, make_it };

START_TEST(hull_lets_a_program_repeat_what_changes_names)
{
	struct fdbroker_answer answer;
	uint64_t generation;
	char more[128];

	prepare();
	snprintf(more, sizeof(more), "b: allow remove '%s';", file);
	write_policy(more);
	start();
	make_top();
	generation = daemon_number(&d, "generation");
	ck_assert_int_eq(acts[_i](&answer), -EAGAIN);
	ck_assert_int_eq(answer.reason, FDBROKER_REASON_BUSY);
	daemon_await_at_least(&d, "generation", generation + 1);
	ck_assert_int_eq(acts[_i](&answer), 0);
	ck_assert_uint_eq(daemon_number(&d, "renewals"), 1);
	stop();
}
END_TEST

static int ask_alone(const void *arg)
{
	(void)arg;
	broker = fdbroker_close(broker);
	if (fdbroker_connect(&broker, d.socket) < 0)
		return 100;
	return -open_it(file, O_RDONLY);
}

START_TEST(hull_is_renewed_once_for_all_who_wait)
{
	pid_t crowd[8];

	prepare();
	start();
	make_top();
	for (size_t i = 0; i < ELEMENTSOF(crowd); i++)
		crowd[i] = forked_start(ask_alone, NULL);
	for (size_t i = 0; i < ELEMENTSOF(crowd); i++)
		ck_assert_int_eq(forked_wait(crowd[i]), 0);
	ck_assert_uint_eq(daemon_number(&d, "renewals"), 1);
	stop();
}
END_TEST

static int ask_as_alice(const void *arg)
{
	static const struct user alice = { ALICE, ALICE, NULL, 0 };

	user_become(&alice);
	return ask_alone(arg);
}

/* Permission bits say EACCES as well. */
START_TEST(hull_that_has_it_all_is_not_renewed)
{
	prepare();
	make_top();
	start();
	ck_assert_int_eq(chmod(file, 0600), 0);
	ck_assert_int_eq(forked_run(ask_as_alice, NULL), EACCES);
	ck_assert_uint_eq(daemon_number(&d, "renewals"), 0);
	stop();
}
END_TEST

static const char *const refusals[] = {
	"deny read \"/**\";",
	"b: deny read \"/**\" { owner root; }",
};

START_TEST(hull_is_not_renewed_for_what_is_refused)
{
	prepare();
	write_policy(refusals[_i]);
	start();
	make_top();
	ck_assert_int_eq(open_it(file, O_RDONLY), -EACCES);
	ck_assert_uint_eq(daemon_number(&d, "renewals"), 0);
	stop();
}
END_TEST

/* What was edited and not loaded stays unloaded. */
START_TEST(hull_is_renewed_with_the_policy_that_serves)
{
	char *before, *after;

	prepare();
	d.keeps = true;
	start();
	before = daemon_status(&d, "policy");
	daemon_write_policy(&d, "a.fdp", "version 1;\n");
	make_top();
	ck_assert_int_eq(open_it(file, O_RDONLY), 0);
	after = daemon_status(&d, "policy");
	ck_assert_str_eq(before, after);
	ck_assert_uint_eq(daemon_number(&d, "renewals"), 1);
	free(before);
	free(after);
	stop();
}
END_TEST

/* And where it is nowhere any more, what serves goes on as it is. */
START_TEST(hull_that_cannot_be_renewed_stays)
{
	struct fdbroker_answer answer;
	uint64_t generation;

	prepare();
	daemon_write_config(&d, "open-seconds 2;");
	start();
	generation = daemon_number(&d, "generation");
	daemon_write_policy(&d, "a.fdp", "version 1;\n");
	make_top();
	ck_assert_int_eq(fdbroker_open(broker, file, O_RDONLY, 0, &answer), -ETIMEDOUT);
	ck_assert_int_eq(answer.reason, FDBROKER_REASON_DEADLINE);
	daemon_assert_log_has(&d, "neither installed nor kept");
	daemon_assert_status(&d, "state", "active");
	ck_assert_uint_eq(daemon_number(&d, "generation"), generation);
	ck_assert_int_eq(open_it("/etc/hostname", O_RDONLY), -EACCES);
	stop();
}
END_TEST

/* Whoever moves directories as fast as he can gets one a second, from the first to the last. */
START_TEST(hull_is_renewed_once_a_second_at_most)
{
	uint64_t since = clock_monotonic_usec(), elapsed = 0;

	prepare();
	start();
	make_top();
	while (daemon_number(&d, "renewals") < 4) {
		ck_assert_msg(clock_monotonic_usec() - since < PATIENCE_USEC, "it is not renewed");
		replace_top();
		(void)open_it(other, O_WRONLY | O_CREAT);
		daemon_drain(&d);
	}
	elapsed = clock_monotonic_usec() - since;
	ck_assert_uint_ge(elapsed, 3 * USEC_PER_SEC);
	/* Each is a generation, and nothing else is. */
	ck_assert_uint_le(daemon_number(&d, "generation"), 1 + daemon_number(&d, "renewals"));
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hull");
	TCase *tcase = suite_case(suite, "hull");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, hull_is_in_the_status);
	tcase_add_loop_test(tcase, hull_is_renewed_for_what_the_policy_allows, 0,
			    ELEMENTSOF(changes));
	tcase_add_loop_test(tcase, hull_lets_a_program_repeat_what_changes_names, 0,
			    ELEMENTSOF(acts));
	tcase_add_loop_test(tcase, hull_of_the_parent_outlives_what_is_in_it, 0,
			    ELEMENTSOF(changes));
	tcase_add_test(tcase, hull_lets_a_program_repeat_what_creates);
	tcase_add_test(tcase, hull_is_renewed_once_for_all_who_wait);
	tcase_add_test(tcase, hull_that_has_it_all_is_not_renewed);
	tcase_add_loop_test(tcase, hull_is_not_renewed_for_what_is_refused, 0,
			    ELEMENTSOF(refusals));
	tcase_add_test(tcase, hull_is_renewed_with_the_policy_that_serves);
	tcase_add_test(tcase, hull_that_cannot_be_renewed_stays);
	tcase_add_test(tcase, hull_is_renewed_once_a_second_at_most);
	return suite_main(suite);
}

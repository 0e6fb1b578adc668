/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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
 * What changes while the daemon looks at it: names, the policy, and the daemon
 * itself.
 */

static struct scene s;

/* Names: Alice owns the directory, rules open what is in it, and while she asks for one
 * name she exchanges what it leads to as fast as she can. */

#define REQUESTS 20000

static char directory[128], secret[160];

static void write_names_policy(void)
{
	char policy[1024];

	/* The one goes wherever the policy lets links lead, the other nowhere. */
	snprintf(policy, sizeof(policy),
		 "version 1;\n"
		 "for user %d {\n"
		 "    loose: allow read \"%s/loose/**\";\n"
		 "    tight: allow read as root \"%s/tight/**\";\n"
		 "}\n"
		 "for user %d { bobs: allow read \"%s\"; }\n",
		 ALICE, directory, directory, BOB, s.own);
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
}

static const char *in_directory(const char *name)
{
	static char paths[8][160];
	static size_t next;
	char *path = paths[next++ % ELEMENTSOF(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static void make_directory(const char *name, uid_t owner)
{
	ck_assert_int_eq(mkdir(in_directory(name), 0755), 0);
	ck_assert_int_eq(chown(in_directory(name), owner, owner), 0);
}

static void make_file(const char *name, uid_t owner)
{
	int fd = open(in_directory(name), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchown(fd, owner, owner), 0);
	fd_close(fd);
}

static void make_names(void)
{
	make_directory("", 0);
	make_directory("secrets", 0);
	make_file("secrets/f", 0);
	/* Nothing but the policy keeps her from it. */
	ck_assert_int_eq(chmod(secret, 0644), 0);
	make_directory("loose", ALICE);
	make_file("loose/f", ALICE);
	make_directory("loose/d", ALICE);
	make_file("loose/d/f", ALICE);
	ck_assert_int_eq(symlink(secret, in_directory("loose/link")), 0);
	ck_assert_int_eq(symlink("../secrets", in_directory("loose/away")), 0);
	make_directory("tight", ALICE);
	make_file("tight/f", ALICE);
	make_directory("tight/d", ALICE);
	make_file("tight/d/f", ALICE);
	make_directory("tight/e", ALICE);
	ck_assert_int_eq(link(secret, in_directory("tight/hard")), 0);
	ck_assert_int_eq(link(secret, in_directory("tight/e/f")), 0);
	ck_assert_int_eq(symlink("../loose/f", in_directory("tight/link")), 0);
	ck_assert_int_eq(mkfifo(in_directory("tight/fifo"), 0600), 0);
}

static const struct race {
	const char *name;
	const char *asked;	 /* for this she asks */
	const char *one, *other; /* these she exchanges */
} races[] = {
	{ "a link to a secret", "loose/f", "loose/f", "loose/link" },
	{ "a directory that is a link", "loose/d/f", "loose/d", "loose/away" },
	{ "a second name of a secret", "tight/f", "tight/f", "tight/hard" },
	{ "a directory with a second name", "tight/d/f", "tight/d", "tight/e" },
	{ "a link where none is followed", "tight/f", "tight/f", "tight/link" },
	{ "a FIFO", "tight/f", "tight/f", "tight/fifo" },
};

static int exchange_for_ever(const void *arg)
{
	const struct race *race = arg;

	user_become(&(const struct user){ .uid = ALICE, .gid = ALICE });
	for (;;)
		if (renameat2(AT_FDCWD, in_directory(race->one), AT_FDCWD,
			      in_directory(race->other), RENAME_EXCHANGE) < 0)
			return errno;
}

struct asker {
	const struct race *race;
	struct stat st; /* the one file that may come */
};

static int ask_often(const void *arg)
{
	const struct asker *asker = arg;
	unsigned int opened = 0, refused = 0;
	int sock = daemon_connect(&s.daemon);

	for (int i = 0; i < REQUESTS; i++) {
		int fd = daemon_ask(sock, in_directory(asker->race->asked), WIRE_OPEN_READ, NULL);
		struct stat st;

		if (fd < 0) {
			refused++;
			continue;
		}
		opened++;
		ck_assert_int_eq(fstat(fd, &st), 0);
		if (st.st_dev != asker->st.st_dev || st.st_ino != asker->st.st_ino)
			return 1;
		fd_close(fd);
	}
	return opened > 0 && refused > 0 ? 0 : 2;
}

static void prepare_names(void)
{
	scene_prepare(&s);
	/* Not in the daemon's directory, which has files only. */
	snprintf(directory, sizeof(directory), "%s.names", s.daemon.directory);
	snprintf(secret, sizeof(secret), "%s/secrets/f", directory);
	make_names();
	write_names_policy();
	scene_start(&s);
}

static void remove_names(void)
{
	char command[192];

	snprintf(command, sizeof(command), "rm -r '%s'", directory);
	ck_assert_int_eq(system(command), 0);
}

/* P02, P03, P08, P13 */
START_TEST(a_name_that_changes_leads_to_what_was_judged)
{
	struct asker asker = { .race = &races[_i] };
	pid_t swapper;
	int r;

	prepare_names();
	ck_assert_int_eq(stat(in_directory(asker.race->asked), &asker.st), 0);
	swapper = forked_start(exchange_for_ever, asker.race);
	r = scene_as(ALICE, ask_often, &asker);
	kill(swapper, SIGKILL);
	ck_assert_int_eq(forked_wait(swapper), FORKED_SIGNALLED + SIGKILL);
	ck_assert_msg(r == 0, "%s: %d", asker.race->name, r);
	scene_assert_unharmed(&s);
	scene_stop(&s);
	remove_names();
}
END_TEST

/* Whether or not the host has these on. In the runner's process, so that they are put back
 * whatever becomes of the test. */
static struct sysctl {
	const char *path;
	char on, before;
} sysctls[] = {
	{ "/proc/sys/fs/protected_symlinks", '1', '0' },
	{ "/proc/sys/fs/protected_hardlinks", '1', '0' },
	{ "/proc/sys/fs/protected_regular", '2', '0' },
	{ "/proc/sys/fs/protected_fifos", '2', '0' },
};

static char swap_sysctl(const char *path, char value)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char before = '0';

	if (pread(fd, &before, 1, 0) != 1 || pwrite(fd, &value, 1, 0) != 1)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	fd_close(fd);
	return before;
}

static void protect(void)
{
	for (size_t i = 0; i < ELEMENTSOF(sysctls); i++)
		sysctls[i].before = swap_sysctl(sysctls[i].path, sysctls[i].on);
}

static void unprotect(void)
{
	for (size_t i = 0; i < ELEMENTSOF(sysctls); i++)
		sysctls[i].before = swap_sysctl(sysctls[i].path, '0');
}

static void put_back(void)
{
	for (size_t i = 0; i < ELEMENTSOF(sysctls); i++)
		(void)swap_sysctl(sysctls[i].path, sysctls[i].before);
}

/* The policy, from allow to deny and back, while requests are under way. */

#define FLIPS	    100
#define FLIP_USEC   (10 * USEC_PER_MSEC)
#define GENERATIONS (4 * FLIPS)

struct flip {
	uint32_t generation; /* high half of the decisions' ids: random, one for each */
	bool allows;
};

/* Each generation has one answer, and none comes back when another has followed it. */
static void check_answer(struct flip *flips, size_t *n, const struct wire_answer *answer)
{
	uint32_t generation = (uint32_t)(answer->decision >> 32);

	ck_assert(answer->reason == WIRE_REASON_OK || answer->reason == WIRE_REASON_DEFAULT);
	for (size_t i = 0; i < *n; i++)
		if (flips[i].generation == generation) {
			ck_assert_uint_eq(i, *n - 1);
			ck_assert_int_eq(flips[i].allows, answer->error == 0);
			return;
		}
	ck_assert_uint_lt(*n, GENERATIONS);
	flips[(*n)++] = (struct flip){ generation, answer->error == 0 };
}

static int ask_until_told(const void *arg)
{
	int end = *(const int *)arg, sock = daemon_connect(&s.daemon);
	static struct flip flips[GENERATIONS];
	struct wire_answer answer;
	size_t n = 0;

	do {
		fd_close(daemon_ask(sock, s.own, WIRE_OPEN_READ, &answer));
		check_answer(flips, &n, &answer);
	} while (recv(end, &(char){ 0 }, 1, MSG_DONTWAIT) < 0);
	/* Otherwise nothing was seen of it. */
	return n > FLIPS / 10 ? 0 : 1;
}

static void flip_policies(void)
{
	char allows[512];

	snprintf(allows, sizeof(allows), "version 1;\nfor anyone { own: allow read \"%s\"; }\n",
		 s.own);
	for (int i = 0; i < FLIPS; i++) {
		uint64_t next = clock_monotonic_usec() + FLIP_USEC;

		daemon_write_policy(&s.daemon, "scene.fdp", i % 2 ? allows : "version 1;\n");
		ck_assert_int_eq(daemon_reload(&s.daemon, NULL), 0);
		while (clock_monotonic_usec() < next)
			(void)daemon_number(&s.daemon, "generation");
	}
}

/* P65 */
START_TEST(a_request_is_judged_by_one_policy_however_fast_they_change)
{
	int pair[2];
	pid_t askers[3];

	scene_start(&s);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (size_t i = 0; i < ELEMENTSOF(askers); i++)
		askers[i] = forked_start(ask_until_told, &pair[1]);
	flip_policies();
	for (size_t i = 0; i < ELEMENTSOF(askers); i++)
		ck_assert_int_eq(send(pair[0], "", 1, 0), 1);
	for (size_t i = 0; i < ELEMENTSOF(askers); i++)
		ck_assert_int_eq(forked_wait(askers[i]), 0);
	ck_assert_uint_eq(daemon_number(&s.daemon, "crashes"), 0);
	s.pids[SCENE_BROKER] = daemon_pid(&s.daemon, "broker");
	scene_assert_unharmed(&s);
	scene_stop(&s);
	fd_close(pair[0]);
	fd_close(pair[1]);
}
END_TEST

/* The daemon: its broker is killed, again and again, and the library's users do not notice. */

#define KILLS 5 /* the delay before the next broker doubles with each */

static int use_library(const void *arg)
{
	int end = *(const int *)arg;
	struct fdbroker *broker;
	char content[4];

	ck_assert_int_eq(fdbroker_connect(&broker, s.daemon.socket), 0);
	do {
		int fd = fdbroker_open(broker, s.own, O_RDONLY, 0, NULL);

		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(read(fd, content, sizeof(content)), 3);
		ck_assert_mem_eq(content, "own", 3);
		fd_close(fd);
		ck_assert_int_eq(fdbroker_open(broker, s.lent, O_RDONLY, 0, NULL), -EACCES);
	} while (recv(end, &(char){ 0 }, 1, MSG_DONTWAIT) < 0);
	fdbroker_close(broker);
	return 0;
}

static int use_library_as_bob(const void *arg)
{
	return scene_as(BOB, use_library, arg);
}

static void kill_brokers(void)
{
	for (int i = 0; i < KILLS; i++) {
		pid_t broker = daemon_pid(&s.daemon, "broker");
		uint64_t requests = daemon_number(&s.daemon, "requests");

		/* In the midst of work. */
		while (daemon_number(&s.daemon, "requests") < requests + 100)
			continue;
		ck_assert_int_gt(broker, 0);
		ck_assert_int_eq(kill(broker, SIGKILL), 0);
		while (daemon_number(&s.daemon, "crashes") <= (uint64_t)i)
			continue;
		while (daemon_pid(&s.daemon, "broker") == 0)
			continue;
	}
}

/* P67 */
START_TEST(a_broker_that_is_killed_costs_no_connection_and_no_request)
{
	int pair[2];
	pid_t users[4];

	scene_prepare(&s);
	s.daemon.may_be_killed = true;
	scene_start(&s);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (size_t i = 0; i < ELEMENTSOF(users); i++)
		users[i] = forked_start(use_library_as_bob, &pair[1]);
	kill_brokers();
	for (size_t i = 0; i < ELEMENTSOF(users); i++)
		ck_assert_int_eq(send(pair[0], "", 1, 0), 1);
	for (size_t i = 0; i < ELEMENTSOF(users); i++)
		ck_assert_int_eq(forked_wait(users[i]), 0);
	ck_assert_uint_eq(daemon_number(&s.daemon, "crashes"), KILLS);
	s.pids[SCENE_BROKER] = daemon_pid(&s.daemon, "broker");
	scene_assert_unharmed(&s);
	scene_stop(&s);
	fd_close(pair[0]);
	fd_close(pair[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("races");
	TCase *protected = suite_case(suite, "names, protected");
	TCase *unprotected = suite_case(suite, "names, unprotected");
	TCase *tcase = suite_case(suite, "policy and daemon");

	if (daemon_unavailable() != 0)
		return daemon_unavailable();
	tcase_add_unchecked_fixture(protected, protect, put_back);
	tcase_add_loop_test(protected, a_name_that_changes_leads_to_what_was_judged, 0,
			    ELEMENTSOF(races));
	tcase_add_unchecked_fixture(unprotected, unprotect, put_back);
	tcase_add_loop_test(unprotected, a_name_that_changes_leads_to_what_was_judged, 0,
			    ELEMENTSOF(races));
	tcase_add_test(tcase, a_request_is_judged_by_one_policy_however_fast_they_change);
	tcase_add_test(tcase, a_broker_that_is_killed_costs_no_connection_and_no_request);
	return suite_main(suite);
}

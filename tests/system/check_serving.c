/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macro.h"
#include "tests/support/daemon.h"
#include "tests/support/forge.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"
#include "wire/codec.h"
#include "wire/message.h"

/*
 * What a client may send, and what becomes of it, with the real daemon. After
 * each story another user is still served, and the broker has as many
 * descriptors as before.
 */

#define ALICE 30000
#define BOB   30001

static struct daemon d;
static char own[128], lent[128];
static int fds_at_first; /* of the broker, with no client */

static const char policy[] = "version 1;\n"
			     "for user 30000 {\n"
			     "    own: allow read \"%s\" { audit all; }\n"
			     "    lent: allow read as root \"%s\";\n"
			     "}\n"
			     "for user 30001 { bobs: allow read \"%s\"; }\n"
			     "for user 30001 and nnp yes and seccomp filter and mntns host {\n"
			     "    careful: allow read as root \"%s\";\n"
			     "}\n"
			     "secrets: deny any '/etc/shadow';\n";

static void make(const char *path, uid_t owner, const char *content)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	ck_assert_int_eq(fchown(fd, owner, owner), 0);
	ck_assert_int_eq(fchmod(fd, owner == 0 ? 0600 : 0644), 0);
	close(fd);
}

static int connect_and_ask(const char *path, uint32_t flags, struct wire_answer *answer)
{
	int sock = daemon_connect(&d);
	int fd = daemon_ask(sock, path, flags, answer);

	close(sock);
	return fd;
}

/* In a process of @uid; what @tell returns. */
static int as(uid_t uid, int (*tell)(const void *arg), const void *arg)
{
	const struct user user = { .uid = uid, .gid = uid };

	return user_run(&user, tell, arg);
}

static int ask_for(const void *arg)
{
	int fd = connect_and_ask(arg, WIRE_OPEN_READ, NULL);

	return fd < 0 ? -fd : 0;
}

/* The broker notices the end of a connection when its turn comes: asking it is waiting for it. */
static void assert_others_are_served(void)
{
	pid_t broker = daemon_pid(&d, "broker");
	int fds;

	ck_assert_int_eq(as(BOB, ask_for, own), 0);
	for (int i = 0; i < 100; i++) {
		fds = suite_count_fds(broker);
		if (fds == fds_at_first)
			return;
		daemon_pid(&d, "broker");
	}
	ck_assert_int_eq(fds, fds_at_first);
}

static void start(void)
{
	char text[1024];

	daemon_prepare(&d);
	snprintf(own, sizeof(own), "%s/own", d.directory);
	snprintf(lent, sizeof(lent), "%s/lent", d.directory);
	make(own, ALICE, "own");
	make(lent, 0, "lent");
	snprintf(text, sizeof(text), policy, own, lent, own, lent);
	daemon_write_policy(&d, "a.fdp", text);
	daemon_start(&d);
	fds_at_first = suite_count_fds(daemon_pid(&d, "broker"));
}

static void stop(void)
{
	daemon_stop(&d);
}

static int story_of_three_files(const void *arg)
{
	struct wire_answer answer;
	char content[8] = "";
	int sock = daemon_connect(&d), fd;

	(void)arg;
	fd = daemon_ask(sock, own, WIRE_OPEN_READ, &answer);
	if (fd < 0 || read(fd, content, sizeof(content)) != 3 || strcmp(content, "own") != 0)
		return 1;
	fd = daemon_ask(sock, lent, WIRE_OPEN_READ, &answer);
	if (fd < 0 || read(fd, content, sizeof(content)) != 4 || answer.decision == 0)
		return 2;
	if (daemon_ask(sock, "/etc/shadow", WIRE_OPEN_READ, &answer) != -EACCES ||
	    answer.reason != WIRE_REASON_RULE)
		return 3;
	if (daemon_ask(sock, "/etc/passwd", WIRE_OPEN_READ, &answer) != -EACCES ||
	    answer.reason != WIRE_REASON_DEFAULT)
		return 4;
	return 0;
}

static void assert_audited(const char *what)
{
	char *audit = daemon_read_audit(&d);
	char *log = daemon_read_log(&d);

	ck_assert_msg(strstr(audit, what), "no %s in: %s\n%s", what, audit, log);
	free(audit);
	free(log);
}

START_TEST(a_client_gets_what_the_policy_allows_and_all_of_it_is_audited)
{
	int got = as(ALICE, story_of_three_files, NULL);

	ck_assert_int_eq(got, 0);
	assert_others_are_served();
	/* The records are in the file when the processes have ended. */
	kill(d.pid, SIGTERM);
	ck_assert_int_eq(forked_wait(d.pid), 0);
	assert_audited("\"rule\":\"a.own\"");
	assert_audited("\"rule\":\"a.lent\"");
	assert_audited("\"authority\":\"root\"");
	assert_audited("\"rule\":\"a.secrets\"");
	assert_audited("\"path\":\"/etc/passwd\"");
	daemon_discard(&d);
}
END_TEST

/* Messages that no library sends. @reply: an answer is to come, with this errno; 0: the end. */
static const struct bad {
	const char *name;
	size_t size;   /* 0: as long as the message is */
	size_t offset; /* of a byte that is changed */
	uint8_t value;
	int reply;
} bad[] = {
	{ "one byte", 1, 0, 0, 0 }, /* P54 */
	{ "half a header", 12, 0, 0, 0 },
	{ "a header alone", 24, 0, 0, 0 },
	{ "a byte less", 41, 0, 0, 0 },
	{ "another length", 0, 16, 0xff, 0 },
	{ "a reserved field that is not 0", 0, 20, 1, 0 },
	{ "a path longer than the message", 0, 32, 0xff, 0 },
	{ "the id of notices", 0, 8, 0, 0 },
	{ "too many bytes", WIRE_MESSAGE_MAX + 1, 0, 1, 0 }, /* P58 */
	{ "another opcode", 0, 2, 77, EOPNOTSUPP },	     /* P57 */
	{ "a flag of the message", 0, 4, 1, EINVAL },
	{ "an unknown open flag", 0, 27, 0x80, EINVAL }, /* P22 */
	{ "a NUL in the path", 0, 36, 0, EINVAL },	 /* P55 */
};

static size_t request_of(uint8_t *buffer, size_t size)
{
	const struct wire_open request = { .flags = WIRE_OPEN_READ,
					   .path = "/srv/abc",
					   .path_len = 8 };

	return (size_t)wire_open_write(1, &request, buffer, size);
}

static int wait_for_end(int sock, int expected_error)
{
	static const struct message_want want = { .fds = 1 };
	struct wire_header header;
	struct wire_answer answer;
	uint8_t reply[256];
	struct message m;

	if (clock_wait(sock, POLLIN, clock_monotonic_usec() + 20 * USEC_PER_SEC) < 0)
		return 10;
	if (message_receive(sock, reply, sizeof(reply), &want, &m) <= 0)
		return expected_error == 0 ? 0 : 11;
	if (wire_answer_read(reply, m.size, &header, &answer) < 0)
		return 12;
	return answer.error == expected_error ? 0 : 13;
}

static int send_bad(const void *arg)
{
	static uint8_t message[WIRE_MESSAGE_MAX + 1];
	const struct bad *row = arg;
	const struct ucred self = { getpid(), geteuid(), getegid() };
	struct forge forge = { .data = message, .credentials = &self };
	int sock = daemon_connect(&d);

	forge.size = request_of(message, sizeof(message));
	message[row->offset] = row->value;
	if (row->size > 0)
		forge.size = row->size;
	if (forge_send(sock, &forge) < 0)
		return 1;
	return wait_for_end(sock, row->reply);
}

START_TEST(a_message_that_makes_no_sense_ends_its_connection_alone)
{
	int got = as(ALICE, send_bad, &bad[_i]);

	ck_assert_msg(got == 0, "%s: %d", bad[_i].name, got);
	assert_others_are_served();
}
END_TEST

static int send_nothing(const void *arg)
{
	int sock = daemon_connect(&d);

	(void)arg;
	if (send(sock, "", 0, 0) < 0)
		return 1;
	return wait_for_end(sock, 0);
}

START_TEST(an_empty_message_ends_its_connection)
{
	ck_assert_int_eq(as(ALICE, send_nothing, NULL), 0);
	assert_others_are_served();
}
END_TEST

static int ask_in_another_version(const void *arg)
{
	uint8_t message[256];
	int sock = daemon_connect(&d);
	uint16_t low, high;
	ssize_t n;

	(void)arg;
	n = (ssize_t)request_of(message, sizeof(message));
	message[0] = 2;
	if (send(sock, message, (size_t)n, 0) < 0)
		return 1;
	if (clock_wait(sock, POLLIN, clock_monotonic_usec() + 20 * USEC_PER_SEC) < 0)
		return 2;
	n = recv(sock, message, sizeof(message), 0);
	if (n <= 0 || wire_versions_read(message, (size_t)n, &low, &high) < 0)
		return 3;
	return low == WIRE_VERSION_LOW && high == WIRE_VERSION ? 0 : 4;
}

/* P57 */
START_TEST(an_unknown_version_is_told_the_known_ones)
{
	ck_assert_int_eq(as(ALICE, ask_in_another_version, NULL), 0);
	assert_others_are_served();
}
END_TEST

/* P38: root may claim to be anybody, so it can send what a delegate of another uid would. */
static const struct ucred claims[] = {
	{ 1, ALICE, ALICE },
	{ 1, 0, ALICE },
	{ 1, ALICE, 0 },
	{ 1, 65534, 65534 },
};

START_TEST(a_sender_who_is_not_the_connector_ends_the_connection)
{
	uint8_t message[256];
	struct ucred claim = claims[_i];
	struct forge forge = { .data = message, .credentials = &claim };
	int sock = daemon_connect(&d);

	claim.pid = getpid();
	forge.size = request_of(message, sizeof(message));
	ck_assert_int_eq(forge_send(sock, &forge), 0);
	ck_assert_int_eq(wait_for_end(sock, 0), 0);
	close(sock);
	assert_others_are_served();
}
END_TEST

static int send_descriptors(const void *arg)
{
	const struct ucred self = { getpid(), geteuid(), getegid() };
	uint8_t message[256];
	struct forge forge = { .data = message,
			       .n_fds = { *(const size_t *)arg },
			       .credentials = &self };
	int sock = daemon_connect(&d);
	int r;

	forge.size = request_of(message, sizeof(message));
	r = forge_send(sock, &forge);
	/* A kernel with SO_PASSRIGHTS (6.16) does not even take them. */
	return r == -EPERM ? 0 : r < 0 ? 1 : wait_for_end(sock, 0);
}

static const size_t numbers_of_fds[] = { 1, 2, 253 };

/* P29 */
START_TEST(descriptors_from_a_client_are_closed_with_its_connection)
{
	ck_assert_int_eq(as(ALICE, send_descriptors, &numbers_of_fds[_i]), 0);
	assert_others_are_served();
}
END_TEST

enum death { CONNECTED, ASKED, ANSWERED };

static int die(const void *arg)
{
	enum death when = *(const enum death *)arg;
	uint8_t message[256];
	size_t size = request_of(message, sizeof(message));

	for (int i = 0; i < 20; i++) {
		int sock = daemon_connect(&d);

		if (when >= ASKED && send(sock, message, size, 0) < 0)
			return 1;
		if (when >= ANSWERED &&
		    clock_wait(sock, POLLIN, clock_monotonic_usec() + 20 * USEC_PER_SEC) < 0)
			return 2;
		close(sock);
	}
	return 0;
}

static const enum death deaths[] = { CONNECTED, ASKED, ANSWERED };

/* P33 */
START_TEST(a_client_that_dies_at_any_step_leaves_nothing_behind)
{
	ck_assert_int_eq(as(ALICE, die, &deaths[_i]), 0);
	assert_others_are_served();
}
END_TEST

static int never_read(const void *arg)
{
	static const struct user alice = { .uid = ALICE, .gid = ALICE };
	uint8_t message[512];
	const struct wire_open request = { .flags = WIRE_OPEN_READ,
					   .path = own,
					   .path_len = (uint16_t)strlen(own) };
	size_t size = (size_t)wire_open_write(1, &request, message, sizeof(message));
	int sock;

	user_become(&alice);
	sock = daemon_connect(&d);
	for (int i = 0; i < 5000; i++)
		if (send(sock, message, size, MSG_DONTWAIT) < 0)
			break;
	/* Meanwhile somebody else is served. */
	return send(*(const int *)arg, "", 1, 0) < 0 ? 1 : pause();
}

/* P32 */
START_TEST(a_client_that_never_reads_holds_up_nobody)
{
	uint64_t deadline = clock_monotonic_usec() + 30 * USEC_PER_SEC;
	int pair[2], got;
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	pid = forked_start(never_read, &pair[1]);
	ck_assert_int_eq(recv(pair[0], &(char){ 0 }, 1, 0), 1);
	ck_assert_int_eq(as(BOB, ask_for, own), 0);
	/* Its connection, and the one reply that is kept; what is opened just now goes again. */
	do
		got = suite_count_fds(daemon_pid(&d, "broker"));
	while (got > fds_at_first + 2 && clock_monotonic_usec() < deadline);
	ck_assert_int_le(got, fds_at_first + 2);
	kill(pid, SIGKILL);
	forked_wait(pid);
	close(pair[0]);
	close(pair[1]);
	assert_others_are_served();
}
END_TEST

static int ask_carefully(const void *arg)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	/* Sets no_new_privs too. */
	if (seccomp_load(filter) < 0)
		return 99;
	seccomp_release(filter);
	return ask_for(arg);
}

START_TEST(serving_knows_who_confined_himself)
{
	ck_assert_int_eq(as(BOB, ask_for, lent), EACCES);
	ck_assert_int_eq(as(BOB, ask_carefully, lent), 0);
	/* It is the connector's: nobody keeps it for the next one. */
	ck_assert_int_eq(as(BOB, ask_for, lent), EACCES);
	assert_others_are_served();
}
END_TEST

static int trace(const void *arg)
{
	char path[128], pid[16];

	snprintf(path, sizeof(path), "%s/trace", d.directory);
	snprintf(pid, sizeof(pid), "%d", *(const pid_t *)arg);
	return execlp("strace", "strace", "-qq", "-f", "-o", path, "-e",
		      "trace=open,openat,openat2,creat", "-p", pid, (char *)NULL);
}

static bool is_traced(const char *status)
{
	int tracer = 0;
	char line[256];
	FILE *file;

	file = fopen(status, "re");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file))
		(void)sscanf(line, "TracerPid: %d", &tracer);
	fclose(file);
	return tracer != 0;
}

static bool all_are_traced(pid_t pid)
{
	bool all = true;
	char pattern[64];
	glob_t threads;

	snprintf(pattern, sizeof(pattern), "/proc/%d/task/*/status", pid);
	ck_assert_int_eq(glob(pattern, 0, NULL, &threads), 0);
	for (size_t i = 0; i < threads.gl_pathc; i++)
		all = all && is_traced(threads.gl_pathv[i]);
	globfree(&threads);
	return all;
}

static int ask_for_all(const void *arg)
{
	const char *const *paths = arg;
	int sock = daemon_connect(&d);

	for (; *paths; paths++)
		daemon_ask(sock, *paths, WIRE_OPEN_READ, NULL);
	return 0;
}

/* How many names were opened by other than O_PATH, and how many pins were reopened. */
static void read_trace(size_t *ret_names, size_t *ret_pins, size_t *ret_reopened)
{
	char path[128], line[1024];
	FILE *file;

	*ret_names = *ret_pins = *ret_reopened = 0;
	snprintf(path, sizeof(path), "%s/trace", d.directory);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file)) {
		/* The other half of a call that another thread came between. */
		if (!strstr(line, "open") || strstr(line, " resumed>"))
			continue;
		if (strstr(line, "O_PATH"))
			++*ret_pins;
		else if (strstr(line, "AT_FDCWD") || strstr(line, "\"/"))
			++*ret_names;
		else
			++*ret_reopened;
	}
	fclose(file);
}

/* Of a name only an O_PATH is ever opened, whatever the answer; then that pin. */
START_TEST(a_trace_shows_no_name_opened_but_by_o_path)
{
	const char *const paths[] = { own, lent, "/etc/shadow", "/etc/passwd", NULL };
	pid_t broker = daemon_pid(&d, "broker"), strace = forked_start(trace, &broker);
	size_t names, pins, reopened;

	while (!all_are_traced(broker))
		ck_assert_int_eq(waitpid(strace, NULL, WNOHANG), 0);
	ck_assert_int_eq(as(ALICE, ask_for_all, paths), 0);
	kill(strace, SIGINT);
	forked_wait(strace);
	read_trace(&names, &pins, &reopened);
	ck_assert_uint_eq(names, 0);
	ck_assert_uint_eq(reopened, 2);
	ck_assert_uint_ge(pins, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("serving");
	TCase *tcase = suite_case(suite, "serving");
	TCase *whole = suite_case(suite, "whole");

	if (daemon_unavailable() != 0)
		return daemon_unavailable();
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_checked_fixture(whole, start, NULL);
	tcase_add_test(whole, a_client_gets_what_the_policy_allows_and_all_of_it_is_audited);
	tcase_add_loop_test(tcase, a_message_that_makes_no_sense_ends_its_connection_alone, 0,
			    ELEMENTSOF(bad));
	tcase_add_test(tcase, serving_knows_who_confined_himself);
	tcase_add_test(tcase, an_empty_message_ends_its_connection);
	tcase_add_test(tcase, an_unknown_version_is_told_the_known_ones);
	tcase_add_loop_test(tcase, a_sender_who_is_not_the_connector_ends_the_connection, 0,
			    ELEMENTSOF(claims));
	tcase_add_loop_test(tcase, descriptors_from_a_client_are_closed_with_its_connection, 0,
			    ELEMENTSOF(numbers_of_fds));
	tcase_add_loop_test(tcase, a_client_that_dies_at_any_step_leaves_nothing_behind, 0,
			    ELEMENTSOF(deaths));
	tcase_add_test(tcase, a_client_that_never_reads_holds_up_nobody);
	tcase_add_test(tcase, a_trace_shows_no_name_opened_but_by_o_path);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "client/fdbroker.h"
#include "daemon/limits.h"
#include "tests/support/acts.h"
#include "tests/support/batching.h"
#include "tests/support/fuse.h"
#include "tests/support/suite.h"

/*
 * Many opens in one message, with the real daemon and the real library: what each member gets is what
 * it would get alone, whatever the others are.
 */

static const char rules[] = "for user 30000 {\n"
			    "    all: allow read \"@t/open/**\" { audit all; }\n"
			    "    lent: allow read as root \"@t/lent\";\n"
			    "    made: allow create,write \"@t/made/**\";\n"
			    "    large: allow read \"@t/large\" { max-size 1; }\n"
			    "    rated: allow read \"@t/rated\" { rate 3/h per uid; }\n"
			    "    few: allow read \"@t/few\" { inflight 2; }\n"
			    "    slow: allow read \"@t/slow/f\" { fs fuse; }\n"
			    "}\n"
			    "deny read \"@t/open/secret\";\n"
			    "deny any \"@t/open/hidden\" { hide; }\n";

static const char *numbered(unsigned int i)
{
	char name[32];

	snprintf(name, sizeof(name), "open/%u", i);
	return acts_path(name);
}

/* And what scene_start() warms up with, so that the file system is known. */
static void write_policy(void)
{
	char text[2048];

	snprintf(text, sizeof(text), "%sfor user %d { warm: allow read as root \"%s\"; }\n", rules,
		 ALICE, acts_scene.lent);
	acts_write_policy(text);
}

static void start(void)
{
	acts_prepare(rules);
	write_policy();
	acts_make_directory("open", 0, 0755);
	acts_make_directory("made", ALICE, 0755);
	acts_make_named_file("lent", 0, 0600);
	acts_make_named_file("large", 0, 0644);
	acts_make_named_file("rated", 0, 0644);
	acts_make_named_file("few", 0, 0644);
	acts_make_named_file("open/secret", 0, 0644);
	acts_make_named_file("open/hidden", 0, 0644);
	acts_make_named_file("open/private", 0, 0600);
	for (unsigned int i = 0; i < FDBROKER_BATCH_MAX; i++) {
		char name[32];

		snprintf(name, sizeof(name), "open/%u", i);
		acts_make_named_file(name, 0, 0644);
	}
	scene_start(&acts_scene);
}

/* Whether @fd is open for reading on what has this name as its content. */
static bool reads(int fd, const char *path)
{
	const char *name = acts_name_of(path);
	char content[64] = "";

	return read(fd, content, sizeof(content) - 1) >= 0 && strcmp(content, name) == 0 &&
	       (fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

struct row {
	const char *name; /* in the tree; or the name itself */
	int flags;
	int expected; /* errno, or 0 */
	enum fdbroker_reason reason;
};

static const struct row mixed[] = {
	{ "open/1", O_RDONLY, 0, FDBROKER_REASON_OK },
	{ "open/secret", O_RDONLY, EACCES, FDBROKER_REASON_RULE },
	{ "lent", O_RDONLY, 0, FDBROKER_REASON_OK },
	{ "open/hidden", O_RDONLY, ENOENT, FDBROKER_REASON_NOT_FOUND },
	{ "open/2", O_RDWR, EACCES, FDBROKER_REASON_DEFAULT },
	{ "open/2", O_RDONLY, 0, FDBROKER_REASON_OK },
	{ "open/2", O_RDONLY, 0, FDBROKER_REASON_OK },
	{ "open/none", O_RDONLY, ENOENT, FDBROKER_REASON_NOT_FOUND },
	{ "open/private", O_RDONLY, EACCES, FDBROKER_REASON_KERNEL },
	{ "large", O_RDONLY, EACCES, FDBROKER_REASON_CONDITION },
	{ "open/3/", O_RDONLY, EACCES, FDBROKER_REASON_DEFAULT },
	{ "open//./4", O_RDONLY, 0, FDBROKER_REASON_OK },
	{ "open/../lent", O_RDONLY, EINVAL, FDBROKER_REASON_NONE },
	{ "open/5", O_RDONLY | O_PATH, EINVAL, FDBROKER_REASON_NONE },
	{ "made/new", O_WRONLY | O_CREAT, 0, FDBROKER_REASON_OK },
	{ "open/6", O_RDONLY, 0, FDBROKER_REASON_OK },
};

static bool is_as_expected(const struct row *row, const struct fdbroker_request *request)
{
	int error = request->fd < 0 ? -request->fd : 0;

	if (error == row->expected && request->answer.reason == row->reason)
		return true;
	fprintf(stderr, "%s: %s (%s)\n", row->name, error ? strerror(error) : "granted",
		fdbroker_reason_name(request->answer.reason));
	return false;
}

static int ask_mixed(const void *arg)
{
	struct fdbroker_request requests[ELEMENTSOF(mixed)];
	struct fdbroker *broker;
	int granted = 0;

	(void)arg;
	if (fdbroker_connect(&broker, acts_scene.daemon.socket) < 0)
		return 200;
	for (size_t i = 0; i < ELEMENTSOF(mixed); i++) {
		requests[i] = (struct fdbroker_request){
			.path = acts_path(mixed[i].name),
			.flags = mixed[i].flags,
			.mode = 0600,
			.fd = -1,
		};
		granted += mixed[i].expected == 0;
	}
	if (fdbroker_open_batch(broker, requests, ELEMENTSOF(mixed)) != granted)
		return 201;
	for (size_t i = 0; i < ELEMENTSOF(mixed); i++)
		if (!is_as_expected(&mixed[i], &requests[i]))
			return (int)i + 1;
	for (size_t i = 0; i < ELEMENTSOF(mixed); i++)
		if (requests[i].fd >= 0 && mixed[i].flags == O_RDONLY &&
		    !strstr(mixed[i].name, "//") && !reads(requests[i].fd, requests[i].path))
			return (int)i + 101;
	fdbroker_close(broker);
	return 0;
}

START_TEST(each_member_gets_what_it_would_get_alone)
{
	start();
	ck_assert_int_eq(scene_as(ALICE, ask_mixed, NULL), 0);
	acts_stop();
}
END_TEST

static int ask_most(const void *arg)
{
	struct fdbroker_request requests[FDBROKER_BATCH_MAX + 1] = { 0 };
	struct fdbroker *broker;

	(void)arg;
	if (fdbroker_connect(&broker, acts_scene.daemon.socket) < 0)
		return 200;
	for (unsigned int i = 0; i < FDBROKER_BATCH_MAX; i++)
		requests[i].path = numbered(i);
	if (fdbroker_open_batch(broker, requests, FDBROKER_BATCH_MAX + 1) != -EINVAL ||
	    fdbroker_open_batch(broker, requests, 0) != -EINVAL)
		return 1;
	if (fdbroker_open_batch(broker, requests, FDBROKER_BATCH_MAX) != FDBROKER_BATCH_MAX)
		return 2;
	for (unsigned int i = 0; i < FDBROKER_BATCH_MAX; i++)
		if (!reads(requests[i].fd, requests[i].path))
			return 3;
	fdbroker_close(broker);
	return 0;
}

START_TEST(as_many_as_one_message_carries_and_no_more)
{
	start();
	ck_assert_int_eq(scene_as(ALICE, ask_most, NULL), 0);
	acts_stop();
}
END_TEST

/* The same from inside the sandbox, where no other way is left. */
static int ask_in_sandbox(const void *arg)
{
	struct fdbroker_request requests[32] = { 0 };
	struct fdbroker *broker;

	(void)arg;
	if (fdbroker_connect(&broker, acts_scene.daemon.socket) < 0)
		return 200;
	if (fdbroker_sandbox(broker, 0) < 0)
		return 201;
	for (unsigned int i = 0; i < ELEMENTSOF(requests); i++)
		requests[i].path = numbered(i);
	requests[7].path = acts_path("open/secret");
	if (fdbroker_open_batch(broker, requests, ELEMENTSOF(requests)) != 31)
		return 1;
	for (unsigned int i = 0; i < ELEMENTSOF(requests); i++)
		if (i == 7 ? requests[i].fd != -EACCES : !reads(requests[i].fd, requests[i].path))
			return 2;
	return 0;
}

START_TEST(a_sandboxed_program_gets_its_batch)
{
	start();
	ck_assert_int_eq(scene_as(ALICE, ask_in_sandbox, NULL), 0);
	acts_stop();
}
END_TEST

static int ask_short_names(struct fdbroker *broker)
{
	struct fdbroker_request requests[2] = { { .path = numbered(1) } };

	requests[1].path = numbered(2);
	if (fdbroker_open_batch(broker, requests, ELEMENTSOF(requests)) != 2)
		return 10;
	return reads(requests[0].fd, requests[0].path) && reads(requests[1].fd, requests[1].path)
		       ? 0
		       : 11;
}

/* Names that fill more than a message. */
static int ask_long_names(struct fdbroker *broker)
{
	static char names[40][WIRE_PATH_MAX + 1];
	struct fdbroker_request requests[ELEMENTSOF(names)] = { 0 };

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		for (size_t at = 0; at + 101 < WIRE_PATH_MAX; at += 101)
			snprintf(names[i] + at, 102, "/%0100zu", i);
		requests[i].path = names[i];
	}
	requests[39].path = numbered(39);
	if (fdbroker_open_batch(broker, requests, ELEMENTSOF(names)) != 1)
		return 1;
	for (size_t i = 0; i < 39; i++)
		if (requests[i].fd != -EACCES ||
		    requests[i].answer.reason != FDBROKER_REASON_DEFAULT)
			return 2;
	if (!reads(requests[39].fd, requests[39].path))
		return 3;
	return 0;
}

/* What one batch had room for the next one may not have. */
static int ask_long_and_short_names(const void *arg)
{
	struct fdbroker *broker;
	int r;

	(void)arg;
	if (fdbroker_connect(&broker, acts_scene.daemon.socket) < 0)
		return 200;
	r = ask_short_names(broker);
	if (r == 0)
		r = ask_long_names(broker);
	if (r == 0)
		r = ask_short_names(broker);
	fdbroker_close(broker);
	return r;
}

START_TEST(names_that_fill_many_messages_are_asked_in_as_many)
{
	start();
	ck_assert_int_eq(scene_as(ALICE, ask_long_and_short_names, NULL), 0);
	acts_stop();
}
END_TEST

/* by hand */

#define ASKED 6
static const char *const some[ASKED] = { "open/1", "open/9", "open/secret",
					 "lent",   "large",  "open/hidden" };
static const int some_errors[ASKED] = { 0, 0, EACCES, 0, EACCES, ENOENT };

static const char *const *paths_of(const char *const names[], size_t n)
{
	static const char *paths[FDBROKER_BATCH_MAX];

	for (size_t i = 0; i < n; i++)
		paths[i] = acts_path(names[i]);
	return paths;
}

static int results_pipe[2];

static int ask_some(const void *arg)
{
	const char *const *paths = paths_of(some, ASKED);
	struct wire_answer results[ASKED];
	int sock = daemon_connect(&acts_scene.daemon), fds[ASKED];

	(void)arg;
	batching_send(sock, 7, paths, ASKED);
	if (batching_receive(sock, 7, ASKED, results, fds) != 3)
		return 1;
	for (size_t i = 0, next = 0; i < ASKED; i++) {
		if (results[i].error != some_errors[i])
			return 2;
		if (results[i].n_fds > 0 && !reads(fds[next++], paths[i]))
			return 3;
	}
	return write(results_pipe[1], results, sizeof(results)) == sizeof(results) ? 0 : 4;
}

static void assert_recorded(uint64_t id, const char *path)
{
	char key[32], *record;

	snprintf(key, sizeof(key), "%016" PRIx64, id);
	record = daemon_await_record(&acts_scene.daemon, key);
	ck_assert_msg(strstr(record, path), "%s: %s", path, record);
	free(record);
}

/* P81: as if it had been asked for alone. */
START_TEST(each_member_is_decided_counted_and_recorded_on_its_own)
{
	struct wire_answer results[ASKED];
	uint64_t requests;

	start();
	requests = daemon_number(&acts_scene.daemon, "requests");
	ck_assert_int_eq(pipe(results_pipe), 0);
	ck_assert_int_eq(scene_as(ALICE, ask_some, NULL), 0);
	ck_assert_int_eq(read(results_pipe[0], results, sizeof(results)), sizeof(results));
	fd_close(results_pipe[0]);
	fd_close(results_pipe[1]);
	for (size_t i = 0; i < ASKED; i++) {
		assert_recorded(results[i].decision, acts_path(some[i]));
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_ne(results[i].decision, results[j].decision);
	}
	ck_assert_uint_eq(daemon_number(&acts_scene.daemon, "requests"), requests + ASKED);
	acts_stop();
}
END_TEST

/* How many of @n opens of one name have this reason; each other one is granted. */
static int count_reasons(int sock, const char *name, uint16_t n, enum wire_reason reason)
{
	struct wire_answer results[FDBROKER_BATCH_MAX];
	const char *names[FDBROKER_BATCH_MAX] = { NULL };
	int count = 0;

	for (uint16_t i = 0; i < n; i++)
		names[i] = name;
	batching_send(sock, 7, paths_of(names, n), n);
	batching_receive(sock, 7, n, results, NULL);
	for (uint16_t i = 0; i < n; i++) {
		count += results[i].reason == reason;
		if (results[i].reason != reason && results[i].reason != WIRE_REASON_OK)
			return -1;
	}
	return count;
}

static int ask_for_too_much(const void *arg)
{
	int sock = daemon_connect(&acts_scene.daemon);

	(void)arg;
	if (count_reasons(sock, "rated", 10, WIRE_REASON_RATE) != 7 ||
	    count_reasons(sock, "rated", 2, WIRE_REASON_RATE) != 2)
		return 1;
	/* An answer that has left is none that is in flight. */
	for (int i = 0; i < 3; i++)
		if (count_reasons(sock, "few", 10, WIRE_REASON_RATE) != 8)
			return 2;
	return 0;
}

START_TEST(a_rate_is_of_opens_and_not_of_messages)
{
	start();
	ck_assert_int_eq(scene_as(ALICE, ask_for_too_much, NULL), 0);
	acts_stop();
}
END_TEST

/* Every name twenty times in one message: as many descriptors, each with an offset of its own. */
static int ask_again_and_again(const void *arg)
{
	const char *names[60];
	const char *const *paths;
	struct wire_answer results[60];
	int sock = daemon_connect(&acts_scene.daemon), fds[60];

	(void)arg;
	for (size_t i = 0; i < 60; i++)
		names[i] = i % 3 == 0 ? "open/1" : i % 3 == 1 ? "open/secret" : "open/2";
	paths = paths_of(names, 60);
	batching_send(sock, 7, paths, 60);
	if (batching_receive(sock, 7, 60, results, fds) != 40)
		return 1;
	for (size_t i = 0, next = 0; i < 60; i++)
		if (i % 3 == 1 ? results[i].error != EACCES : !reads(fds[next++], paths[i]))
			return 2;
	return 0;
}

/* P24 */
START_TEST(a_name_that_is_asked_twice_is_opened_twice)
{
	start();
	ck_assert_int_eq(scene_as(ALICE, ask_again_and_again, NULL), 0);
	acts_stop();
}
END_TEST

/* Whether the connection ends by it, or else there is an answer. */
static bool ends_by(const uint8_t *message, size_t size)
{
	int sock = daemon_connect(&acts_scene.daemon);
	char buffer[4096];
	ssize_t n;

	ck_assert_int_eq(send(sock, message, size, 0), (ssize_t)size);
	scene_await(sock);
	n = recv(sock, buffer, sizeof(buffer), 0);
	fd_close(sock);
	return n <= 0;
}

static void put(uint8_t *message, size_t at, uint32_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		message[at + i] = (uint8_t)(value >> 8 * i);
}

static int send_malformed(const void *arg)
{
	uint8_t message[512] = { 0 }, bad[512];
	size_t size = batching_request(7, paths_of(some, ASKED), ASKED, message, 511);

	(void)arg;
	if (ends_by(message, size))
		return 1;
	/* cut, and one byte more; also if it says what its length is */
	for (size_t cut = WIRE_HEADER_SIZE; cut <= size + 1; cut += cut == size - 1 ? 2 : 1) {
		memcpy(bad, message, sizeof(bad));
		if (!ends_by(bad, cut))
			return 2;
		put(bad, 16, (uint32_t)cut, 4);
		if (!ends_by(bad, cut))
			return 3;
	}
	/* a count that is none, or not that of the opens */
	for (uint32_t n = 0; n < 300; n++) {
		memcpy(bad, message, sizeof(bad));
		put(bad, 24, n, 2);
		if (ends_by(bad, size) != (n != ASKED))
			return 4;
	}
	/* a path that is longer, to the end and beyond */
	memcpy(bad, message, sizeof(bad));
	put(bad, 34, 0xffff, 2);
	return ends_by(bad, size) ? 0 : 5;
}

/* P54, P56 */
START_TEST(a_malformed_batch_ends_its_connection)
{
	start();
	ck_assert_int_eq(scene_as(ALICE, send_malformed, NULL), 0);
	acts_stop();
}
END_TEST

static int send_too_many(const void *arg)
{
	static uint8_t message[WIRE_MESSAGE_MAX];
	size_t size = WIRE_BATCH_HEAD;

	(void)arg;
	for (uint32_t n = 1; n <= FDBROKER_BATCH_MAX + 1; n++) {
		put(message, size, WIRE_OPEN_READ, 4);
		put(message, size + 8, 2, 2);
		memcpy(message + size + 10, "/a", 2);
		size += 12;
	}
	put(message, 0, WIRE_VERSION, 2);
	put(message, 2, WIRE_OPCODE_BATCH, 2);
	put(message, 8, 7, 4);
	put(message, 16, (uint32_t)size, 4);
	put(message, 24, FDBROKER_BATCH_MAX + 1, 2);
	if (!ends_by(message, size))
		return 1;
	put(message, 16, (uint32_t)size - 12, 4);
	put(message, 24, FDBROKER_BATCH_MAX, 2);
	return ends_by(message, size - 12) ? 2 : 0;
}

START_TEST(one_more_than_a_message_carries_ends_its_connection)
{
	start();
	ck_assert_int_eq(scene_as(ALICE, send_too_many, NULL), 0);
	acts_stop();
}
END_TEST

#define LENGTHY 50000U

/* A member whose path is too long, or whose flags make no sense, is refused; the others are not. */
static int send_senseless_members(const void *arg)
{
	static uint8_t message[WIRE_MESSAGE_MAX];
	static char lengthy[LENGTHY];
	const char *path = acts_path("open/1");
	size_t at = WIRE_BATCH_HEAD, len = strlen(path);
	int sock = daemon_connect(&acts_scene.daemon);
	struct wire_answer results[3];

	(void)arg;
	memset(lengthy, 'a', LENGTHY);
	put(message, at, WIRE_OPEN_READ, 4);
	put(message, at + 8, LENGTHY, 2);
	memcpy(message + at + 10, lengthy, LENGTHY);
	at += 10 + LENGTHY;
	for (int i = 0; i < 2; i++) {
		put(message, at, i == 0 ? 0x80000000 : WIRE_OPEN_READ, 4);
		put(message, at + 8, (uint32_t)len, 2);
		memcpy(message + at + 10, path, len);
		at += 10 + len;
	}
	put(message, 0, WIRE_VERSION, 2);
	put(message, 2, WIRE_OPCODE_BATCH, 2);
	put(message, 8, 7, 4);
	put(message, 16, (uint32_t)at, 4);
	put(message, 24, 3, 2);
	ck_assert_int_eq(send(sock, message, at, 0), (ssize_t)at);
	if (batching_receive(sock, 7, 3, results, NULL) != 1)
		return 1;
	return results[0].reason == WIRE_REASON_BAD_PATH &&
			       results[1].reason == WIRE_REASON_BAD_FLAGS &&
			       results[2].reason == WIRE_REASON_OK
		       ? 0
		       : 2;
}

/* Nor does its record name what was not asked for: the path as far as there would be room. */
START_TEST(a_member_without_sense_is_refused_alone)
{
	char *record;

	start();
	ck_assert_int_eq(scene_as(ALICE, send_senseless_members, NULL), 0);
	record = daemon_await_record(&acts_scene.daemon, "\"bad-path\"");
	ck_assert_msg(!strstr(record, "\"path\""), "%.800s", record);
	free(record);
	acts_stop();
}
END_TEST

/* more than its share */

#define FULL (LIMIT_BATCH_FILES_PER_UID / FDBROKER_BATCH_MAX)

static const char *const *most_paths(void)
{
	static const char *paths[FDBROKER_BATCH_MAX];

	for (unsigned int i = 0; i < FDBROKER_BATCH_MAX; i++)
		paths[i] = numbered(i);
	return paths;
}

/* Ask for as many as one message carries, and let them lie. */
static int hoard(const char *const *paths)
{
	int sock = daemon_connect(&acts_scene.daemon);

	batching_send(sock, 7, paths, FDBROKER_BATCH_MAX);
	scene_await(sock);
	return sock;
}

static size_t take(int sock, enum wire_reason otherwise)
{
	struct wire_answer results[FDBROKER_BATCH_MAX];
	size_t n = batching_receive(sock, 7, FDBROKER_BATCH_MAX, results, NULL);

	for (size_t i = 0; i < FDBROKER_BATCH_MAX; i++)
		ck_assert(results[i].reason == WIRE_REASON_OK || results[i].reason == otherwise);
	return n;
}

static int bobs_batch(const void *arg)
{
	const char *paths[1] = { acts_scene.own };
	struct wire_answer result;
	int sock = daemon_connect(&acts_scene.daemon);

	(void)arg;
	batching_send(sock, 7, paths, 1);
	return batching_receive(sock, 7, 1, &result, NULL) == 1 ? 0 : 1;
}

static int hoard_all(const void *arg)
{
	const char *const *paths = most_paths();
	int socks[FULL + 1];
	bool ended = *(const bool *)arg;

	for (size_t i = 0; i < FULL; i++) {
		socks[i] = hoard(paths);
		/* To be ended does not help: what lies there lies there. */
		if (ended)
			ck_assert_int_eq(send(socks[i], "nonsense", 8, 0), 8);
	}
	socks[FULL] = hoard(paths);
	if (take(socks[FULL], WIRE_REASON_SINGLY) != 0)
		return 1;
	/* By themselves they are to be had. */
	fd_close(daemon_ask(socks[FULL], paths[0], WIRE_OPEN_READ, NULL));
	/* What is taken makes room. */
	if (take(socks[0], WIRE_REASON_OK) != FDBROKER_BATCH_MAX)
		return 2;
	batching_send(socks[FULL], 7, paths, FDBROKER_BATCH_MAX);
	return take(socks[FULL], WIRE_REASON_SINGLY) == FDBROKER_BATCH_MAX ? 0 : 3;
}

static const bool ways[] = { false, true };

/* P32 */
START_TEST(what_nobody_takes_counts_against_its_uid_alone)
{
	start();
	ck_assert_int_eq(scene_as(ALICE, hoard_all, &ways[_i]), 0);
	ck_assert_int_eq(scene_as(BOB, bobs_batch, NULL), 0);
	ck_assert_int_eq(scene_as(ALICE, ask_most, NULL), 0);
	acts_stop();
}
END_TEST

/* slowly */

static struct fuse fuse;

static void start_slow(uint32_t silent)
{
	start();
	acts_make_directory("slow", 0, 0755);
	fuse_start(&fuse, acts_path("slow"), silent);
}

static void stop_slow(void)
{
	fuse_relent(&fuse);
	scene_await_nobody(&acts_scene);
	fuse_stop(&fuse);
	ck_assert_int_eq(rmdir(acts_path("slow")), 0);
	acts_stop();
}

static int ask_slowly(const void *arg)
{
	static const char *const names[] = { "open/1", "slow/f", "open/2" };
	struct wire_answer results[3];
	int sock = daemon_connect(&acts_scene.daemon);

	(void)arg;
	batching_send(sock, 7, paths_of(names, 3), 3);
	if (batching_receive(sock, 7, 3, results, NULL) != 2)
		return 1;
	return results[1].reason == WIRE_REASON_SINGLY ? 0 : 2;
}

/* P48: the loop never waits for it, and neither does a batch. */
START_TEST(a_slow_member_is_to_be_asked_for_by_itself)
{
	char *audit;

	start_slow(FUSE_OPEN);
	ck_assert_int_eq(scene_as(ALICE, ask_slowly, NULL), 0);
	ck_assert_uint_eq(daemon_number(&acts_scene.daemon, "in-flight"), 0);
	audit = daemon_read_audit(&acts_scene.daemon);
	ck_assert_ptr_null(strstr(audit, "slow/f"));
	free(audit);
	stop_slow();
}
END_TEST

static int ask_slowly_by_library(const void *arg)
{
	struct fdbroker_request requests[3] = {
		{ .path = acts_path("open/1") },
		{ .path = acts_path("slow/f") },
		{ .path = acts_path("open/2") },
	};
	struct fdbroker *broker;
	char text[16] = "";

	(void)arg;
	if (fdbroker_connect(&broker, acts_scene.daemon.socket) < 0)
		return 200;
	if (fdbroker_open_batch(broker, requests, 3) != 3)
		return 1;
	if (read(requests[1].fd, text, sizeof(text)) != 6 || strcmp(text, "slowly") != 0)
		return 2;
	return reads(requests[0].fd, requests[0].path) && reads(requests[2].fd, requests[2].path)
		       ? 0
		       : 3;
}

START_TEST(the_library_asks_for_a_slow_member_by_itself)
{
	start_slow(0);
	ck_assert_int_eq(scene_as(ALICE, ask_slowly_by_library, NULL), 0);
	stop_slow();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("batch");
	TCase *tcase = suite_case(suite, "batch");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, each_member_gets_what_it_would_get_alone);
	tcase_add_test(tcase, as_many_as_one_message_carries_and_no_more);
	tcase_add_test(tcase, a_sandboxed_program_gets_its_batch);
	tcase_add_test(tcase, names_that_fill_many_messages_are_asked_in_as_many);
	tcase_add_test(tcase, each_member_is_decided_counted_and_recorded_on_its_own);
	tcase_add_test(tcase, a_rate_is_of_opens_and_not_of_messages);
	tcase_add_test(tcase, a_name_that_is_asked_twice_is_opened_twice);
	tcase_add_test(tcase, a_malformed_batch_ends_its_connection);
	tcase_add_test(tcase, one_more_than_a_message_carries_ends_its_connection);
	tcase_add_test(tcase, a_member_without_sense_is_refused_alone);
	tcase_add_loop_test(tcase, what_nobody_takes_counts_against_its_uid_alone, 0,
			    ELEMENTSOF(ways));
	tcase_add_test(tcase, a_slow_member_is_to_be_asked_for_by_itself);
	tcase_add_test(tcase, the_library_asks_for_a_slow_member_by_itself);
	return suite_main(suite);
}

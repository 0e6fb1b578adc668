/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "daemon/limits.h"
#include "tests/support/batching.h"
#include "tests/support/daemon.h"
#include "tests/support/fuse.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

/*
 * Files that the broker is the last one to close, or whose server is asked by each close, and does not
 * answer. Everybody else is served; and so is whoever did it, where it could be foreseen.
 */

#define REQUESTS  100
#define PIPELINED 60 /* more than there is room for answers */
#define BATCH_OF  ((int)WIRE_BATCH_MAX)
#define BATCHES	  8 /* more than there is room for */
#define PLACES	  4 /* of one uid */
#define SLOW	  (4 * PLACES)
#define REFUSALS  10 /* in a row: the first may be by surprise */

static const struct user bob = { BOB, BOB, NULL, 0 };

static struct daemon d;
static struct fuse fuse;
static char mounted[100], slow[128], over[100], layered[128], unlinked[128], local[100];
static pid_t broker;
static int broker_fds;

/* the scene */

static void write_policy(void)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "version 1;\n"
		 "for anyone {\n"
		 "    slow: allow read \"%s\" { fs fuse; }\n"
		 "    layered: allow read \"%s\";\n"
		 "    unlinked: allow read \"%s\" { links any; }\n"
		 "    local: allow read \"%s\";\n"
		 "}\n",
		 slow, layered, unlinked, local);
	daemon_write_policy(&d, "a.fdp", text);
}

static void make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	fd_close(fd);
}

static void prepare(const char *settings)
{
	daemon_prepare(&d);
	snprintf(mounted, sizeof(mounted), "%s/mounted", d.directory);
	snprintf(slow, sizeof(slow), "%s/f", mounted);
	snprintf(over, sizeof(over), "%s/over", d.directory);
	snprintf(layered, sizeof(layered), "%s/f", over);
	snprintf(unlinked, sizeof(unlinked), "%s/unlinked", over);
	snprintf(local, sizeof(local), "%s/local", d.directory);
	ck_assert_int_eq(mkdir(mounted, 0755), 0);
	ck_assert_int_eq(mkdir(over, 0755), 0);
	make_file(local);
	daemon_write_config(&d, "open-seconds 2; %s", settings);
	write_policy();
}

static void mount_over(void)
{
	char options[256];
	struct stat st;

	/* An overlay's root has the mode that is known of its first layer's. */
	ck_assert_int_eq(stat(mounted, &st), 0);
	snprintf(options, sizeof(options), "lowerdir=%s:%s", mounted, d.policy);
	ck_assert_int_eq(mount("over", over, "overlay", MS_RDONLY, options), 0);
}

/* On a machine that is busy an open may seem to block, and its uid is told so for a while. */
static int ask_patiently(int sock)
{
	uint64_t end = clock_monotonic_usec() + 20 * USEC_PER_SEC;
	int fd;

	do
		fd = daemon_ask(sock, local, WIRE_OPEN_READ, NULL);
	while (fd == -EAGAIN && clock_monotonic_usec() < end);
	return fd;
}

static void ask_local(int n)
{
	int sock = daemon_connect(&d), fd;

	for (int i = 0; i < n; i++) {
		fd = ask_patiently(sock);
		ck_assert_msg(fd >= 0, "%d", fd);
		fd_close(fd);
	}
	fd_close(sock);
}

static void await_fds_between(int least, int most)
{
	uint64_t end = clock_monotonic_usec() + 30 * USEC_PER_SEC;

	for (int n = -1; n < least || n > most;) {
		n = suite_count_fds(broker);
		ck_assert_msg(clock_monotonic_usec() < end, "%d descriptors, not %d to %d", n,
			      least, most);
	}
}

static void await_fds(int n)
{
	await_fds_between(n, n);
}

static void await_nobody(void)
{
	daemon_await_number(&d, "connections", 0);
	/* The broker sees the end of a connection before what the parent asks after that. */
	daemon_await_number(&d, "in-flight", 0);
	daemon_await_number(&d, "stuck", 0);
}

static void start(const char *settings)
{
	prepare(settings);
	ck_assert_int_eq(fuse_start(&fuse, mounted, 0), 0);
	mount_over();
	daemon_start(&d);
	ask_local(1);
	await_nobody();
	broker = daemon_pid(&d, "broker");
	broker_fds = suite_count_fds(broker);
}

/* Nothing of it is left in the broker, which is the one that it was. */
static void assert_nothing_is_left(void)
{
	await_nobody();
	await_fds(broker_fds);
	ck_assert_int_eq(daemon_pid(&d, "broker"), broker);
	ck_assert_uint_eq(daemon_number(&d, "crashes"), 0);
}

static void stop(bool fuse_lives)
{
	if (fuse_lives)
		fuse_relent(&fuse);
	assert_nothing_is_left();
	ck_assert_int_eq(umount2(over, MNT_DETACH), 0);
	if (fuse_lives)
		ck_assert_int_eq(fuse_stop(&fuse), 0);
	daemon_stop(&d);
}

/* the callers */

static int be_served(const void *arg)
{
	(void)arg;
	ask_local(REQUESTS);
	return 0;
}

static void assert_others_are_served(void)
{
	ck_assert_int_eq(user_run(&bob, be_served, NULL), 0);
}

/* Whether the broker is done with all but what it can tell nobody. */
static bool is_quiet(void)
{
	uint64_t before = daemon_number(&d, "requests");

	ask_local(1);
	return daemon_number(&d, "requests") == before + 1 && daemon_number(&d, "in-flight") == 0;
}

static void await_answers(void)
{
	uint64_t end = clock_monotonic_usec() + 30 * USEC_PER_SEC;

	while (!is_quiet())
		ck_assert_msg(clock_monotonic_usec() < end, "not all is answered");
}

static void await_quiet(int fds)
{
	uint64_t end = clock_monotonic_usec() + 30 * USEC_PER_SEC;

	while (!is_quiet() || suite_count_fds(broker) != fds)
		ck_assert_msg(clock_monotonic_usec() < end, "%d descriptors, not %d, %d in flight",
			      suite_count_fds(broker), fds, (int)daemon_number(&d, "in-flight"));
}

/* A connection on which an answer, with a descriptor of @path, is kept; the @n-th of them, beside @others
 * of the broker's descriptors. */
static int keep_one(const char *path, int n, int others)
{
	uint8_t buffer[512];
	size_t size = scene_request(7, path, buffer, sizeof(buffer));
	int sock = daemon_connect(&d);

	for (int i = 0; i < PIPELINED; i++)
		ck_assert_int_eq(send(sock, buffer, size, 0), (ssize_t)size);
	await_quiet(broker_fds + 2 * n + others);
	return sock;
}

/* @n such connections, which all end when no close is answered any more. */
static void drop_kept(const char *path, int n)
{
	int socks[PLACES + 2];

	for (int i = 0; i < n; i++)
		socks[i] = keep_one(path, i + 1, 0);
	fuse_silence(&fuse, FUSE_FLUSH);
	for (int i = 0; i < n; i++)
		fd_close(socks[i]);
}

static int send_batches(void)
{
	const char *paths[BATCH_OF];
	int sock = daemon_connect(&d);

	/* A batch is not what makes a file system known. */
	fd_close(daemon_ask(sock, unlinked, WIRE_OPEN_READ, NULL));
	for (size_t i = 0; i < ELEMENTSOF(paths); i++)
		paths[i] = unlinked;
	for (int i = 0; i < BATCHES; i++)
		batching_send(sock, 7, paths, BATCH_OF);
	await_answers();
	return sock;
}

/* One whose batch is answered, when there is room. On a machine that is busy its opens may seem to block,
 * and then they are to be asked for singly. */
static int keep_batch(void)
{
	uint64_t end = clock_monotonic_usec() + 30 * USEC_PER_SEC;
	int sock = send_batches();

	while (suite_count_fds(broker) != broker_fds + 1 + BATCH_OF) {
		ck_assert_msg(clock_monotonic_usec() < end, "%d descriptors with a batch of %d",
			      suite_count_fds(broker), BATCH_OF);
		fd_close(sock);
		await_quiet(broker_fds);
		sock = send_batches();
	}
	return sock;
}

/* The same, and nothing more is asked on it. */
static int keep_the_last(const char *path)
{
	uint8_t buffer[512];
	size_t size = scene_request(7, path, buffer, sizeof(buffer));
	int sock = daemon_connect(&d);

	do {
		uint64_t before = daemon_number(&d, "requests");

		ck_assert_int_eq(send(sock, buffer, size, 0), (ssize_t)size);
		daemon_await_number(&d, "requests", before + 1);
		daemon_await_number(&d, "in-flight", 0);
	} while (suite_count_fds(broker) < broker_fds + 2);
	return sock;
}

/* Without room for their descriptors, which the kernel drops: that asks nobody. */
static void take_all(int sock)
{
	uint8_t buffer[512];

	while (recv(sock, buffer, sizeof(buffer), MSG_DONTWAIT) > 0)
		continue;
}

/* And whoever did it, too. */
static void assert_all_are_served_beside(uint64_t stuck)
{
	daemon_await_number(&d, "stuck", stuck);
	assert_others_are_served();
	ask_local(REQUESTS);
}

/* And stays so. On a machine that is busy the ends of connections may still be on their way. */
static void await_busy(void)
{
	uint64_t end = clock_monotonic_usec() + 30 * USEC_PER_SEC;
	int sock = daemon_connect(&d), fd;

	for (int n = 0; n < REFUSALS; n = fd == -EAGAIN ? n + 1 : 0) {
		fd = daemon_ask(sock, local, WIRE_OPEN_READ, NULL);
		ck_assert_msg(fd == -EAGAIN || clock_monotonic_usec() < end, "%d, not busy", fd);
		fd_close(fd);
	}
	fd_close(sock);
}

/* the stories */

/* P48: what is below an overlay is asked by each close, and is not to be seen in it. */
START_TEST(close_through_an_overlay_holds_up_nobody)
{
	int sock;

	start("");
	fuse_silence(&fuse, FUSE_FLUSH);
	sock = scene_send(&d, layered);
	daemon_await_number(&d, "in-flight", 1);
	assert_others_are_served();
	daemon_await_number(&d, "stuck", 1);
	assert_others_are_served();
	fd_close(sock);
	stop(true);
}
END_TEST

/* P48 */
START_TEST(close_by_surprise_holds_up_nobody)
{
	start("");
	/* The one who leads closes what has found room. */
	drop_kept(layered, 1);
	daemon_await_number(&d, "in-flight", 1);
	assert_others_are_served();
	daemon_await_number(&d, "stuck", 1);
	assert_others_are_served();
	stop(true);
}
END_TEST

/* P48, P50 */
START_TEST(closes_by_surprise_count_against_their_uid)
{
	start("max-stuck-per-uid 4;");
	drop_kept(layered, PLACES + 2);
	daemon_await_number(&d, "stuck", PLACES);
	ck_assert_uint_eq(daemon_number(&d, "in-flight"), PLACES);
	await_busy();
	assert_others_are_served();
	await_fds(broker_fds + 2);
	stop(true);
}
END_TEST

/* P48: whoever takes his answers leaves the broker with its copy. */
START_TEST(close_of_an_answer_that_found_room_hangs_alone)
{
	int sock;

	start("");
	sock = keep_the_last(slow);
	fuse_silence(&fuse, FUSE_FLUSH);
	take_all(sock);
	assert_all_are_served_beside(1);
	fuse_relent(&fuse);
	fd_close(sock);
	stop(true);
}
END_TEST

/* P48: the loop was rid of them before, so that their uid has surprised nobody, and is served. */
START_TEST(closes_that_are_foreseen_hang_alone)
{
	start("max-stuck-per-uid 4;");
	drop_kept(slow, PLACES);
	assert_all_are_served_beside(PLACES);
	/* They fail with their server. */
	ck_assert_int_eq(fuse_stop(&fuse), 0);
	stop(false);
}
END_TEST

/* P48: the last close of such a file frees it. That too is foreseen, though its file system is a local one. */
START_TEST(closes_of_what_has_no_name_hang_alone)
{
	start("max-stuck-per-uid 4;");
	drop_kept(unlinked, PLACES);
	assert_all_are_served_beside(PLACES);
	stop(true);
}
END_TEST

/* P48: who is answered at once may have closed his copy before we look. */
START_TEST(closes_of_what_is_large_and_has_no_name_hang_alone)
{
	int socks[PLACES], sock;

	start("max-stuck-per-uid 4;");
	sock = daemon_connect(&d);
	fd_close(daemon_ask(sock, unlinked, WIRE_OPEN_READ, NULL));
	fd_close(sock);
	fuse_silence(&fuse, FUSE_FLUSH);
	for (int i = 0; i < PLACES; i++)
		socks[i] = scene_send(&d, unlinked);
	assert_all_are_served_beside(PLACES);
	for (int i = 0; i < PLACES; i++)
		fd_close(socks[i]);
	stop(true);
}
END_TEST

/* P48, P50: more of them than there are places for wait, and when they are too many no more is opened.
 * How many wait exactly is no promise: a thread that found an ordinary close slow, as it does on a busy
 * machine, has a place besides, and goes on with what waits. */
START_TEST(closes_of_a_batch_count_against_their_uid)
{
	int batch, socks[SLOW];

	start("max-stuck-per-uid 4;");
	batch = keep_batch();
	for (int i = 0; i < SLOW; i++)
		socks[i] = keep_one(slow, i + 1, 1 + BATCH_OF);
	fuse_silence(&fuse, FUSE_FLUSH);
	fd_close(batch);
	assert_all_are_served_beside(PLACES);
	for (int i = 0; i < SLOW; i++)
		fd_close(socks[i]);
	daemon_await_number(&d, "connections", 0);
	await_busy();
	assert_others_are_served();
	await_fds_between(broker_fds + (int)LIMIT_DISCARDS_PER_UID, broker_fds + BATCH_OF + SLOW);
	stop(true);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slow closes");
	TCase *tcase = suite_case(suite, "slow closes");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, close_through_an_overlay_holds_up_nobody);
	tcase_add_test(tcase, close_by_surprise_holds_up_nobody);
	tcase_add_test(tcase, closes_by_surprise_count_against_their_uid);
	tcase_add_test(tcase, close_of_an_answer_that_found_room_hangs_alone);
	tcase_add_test(tcase, closes_that_are_foreseen_hang_alone);
	tcase_add_test(tcase, closes_of_what_has_no_name_hang_alone);
	tcase_add_test(tcase, closes_of_what_is_large_and_has_no_name_hang_alone);
	tcase_add_test(tcase, closes_of_a_batch_count_against_their_uid);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/fuse.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/macro.h"
#include "tests/support/batching.h"
#include "tests/support/daemon.h"
#include "tests/support/forked.h"
#include "tests/support/fuse.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"
#include "wire/codec.h"
#include "wire/message.h"

/*
 * Opens that do not return, each for a reason of its own, and what everybody else notices of it:
 * nothing. They are served again and again before it is too late: how often hangs on what else the
 * machine does.
 */

#define OPEN_SECONDS 4
#define STUCK_MAX    8
#define ROUNDS	     40 /* at most, of everybody's requests while one hangs */
#define REQUESTS     10 /* in a round, of each */
#define TRIES	     10

static const struct user bob = { BOB, BOB, NULL, 0 };

static struct daemon d;
static struct fuse fuse;
static char mounted[100], slow[128], local[100], held[100], fifo[100], made[128];
static char copied[128], appended[128], lines[100];
static pid_t broker;
static int broker_fds;
static bool is_mounted;

/* the scene */

static void write_policy(void)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "version 1;\n"
		 "for anyone {\n"
		 "    slow: allow read \"%s\" { fs fuse; }\n"
		 "    copied: allow read \"%s\" { fs fuse; deliver snapshot; }\n"
		 "    appended: allow append as root \"%s\" { fs fuse; deliver pipe; parents any; "
		 "note \"test\"; }\n"
		 "    lines: allow append as root \"%s\" { deliver pipe; parents any; note "
		 "\"test\"; }\n"
		 "    local: allow read \"%s\";\n"
		 "    held: allow read \"%s\";\n"
		 "    fifo: allow read \"%s\" { type fifo; }\n"
		 "    made: allow read,write,create \"%s/**\";\n"
		 "}\n",
		 slow, copied, appended, lines, local, held, fifo, d.directory);
	daemon_write_policy(&d, "a.fdp", text);
}

static void make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	fd_close(fd);
}

static void prepare(const char *settings)
{
	daemon_prepare(&d);
	snprintf(mounted, sizeof(mounted), "%s/mounted", d.directory);
	snprintf(slow, sizeof(slow), "%s/f", mounted);
	snprintf(copied, sizeof(copied), "%s/copied", mounted);
	snprintf(appended, sizeof(appended), "%s/appended", mounted);
	snprintf(lines, sizeof(lines), "%s/lines", d.directory);
	snprintf(local, sizeof(local), "%s/local", d.directory);
	snprintf(held, sizeof(held), "%s/held", d.directory);
	snprintf(fifo, sizeof(fifo), "%s/fifo", d.directory);
	snprintf(made, sizeof(made), "%s/made", d.directory);
	ck_assert_int_eq(mkdir(mounted, 0755), 0);
	ck_assert_int_eq(mkfifo(fifo, 0644), 0);
	make_file(local);
	make_file(held);
	make_file(lines);
	daemon_write_config(&d, "open-seconds %d; %s", OPEN_SECONDS, settings);
	write_policy();
}

static void ask_local(int n)
{
	int sock = daemon_connect(&d), fd;

	for (int i = 0; i < n; i++) {
		fd = daemon_ask(sock, "/etc/hostname", WIRE_OPEN_READ, NULL);
		ck_assert_int_eq(fd, -EACCES);
		fd = daemon_ask(sock, local, WIRE_OPEN_READ, NULL);
		ck_assert_msg(fd >= 0, "%d %s", fd, daemon_read_log(&d));
		fd_close(fd);
	}
	fd_close(sock);
}

/* Of several connections that end at once the broker sees one in each turn of its loop. */
static void await_fds(void)
{
	uint64_t end = clock_monotonic_usec() + 30 * USEC_PER_SEC;

	while (suite_count_fds(broker) != broker_fds)
		ck_assert_msg(clock_monotonic_usec() < end, "%d descriptors, not %d",
			      suite_count_fds(broker), broker_fds);
}

static void note_broker(void)
{
	ask_local(1);
	daemon_await_number(&d, "connections", 0);
	/* The broker sees the end of a connection before what the parent asks after that. */
	daemon_await_number(&d, "in-flight", 0);
	broker = daemon_pid(&d, "broker");
	broker_fds = suite_count_fds(broker);
}

static void start(const char *settings, uint32_t silent)
{
	prepare(settings);
	ck_assert_int_eq(fuse_start(&fuse, mounted, silent), 0);
	is_mounted = true;
	daemon_start(&d);
	note_broker();
}

static void unmount(void)
{
	if (is_mounted)
		ck_assert_int_eq(fuse_stop(&fuse), 0);
	is_mounted = false;
	rmdir(mounted);
}

/* Nothing of it is left in the broker, which is the one that it was. */
static void stop(void)
{
	daemon_await_number(&d, "in-flight", 0);
	daemon_await_number(&d, "connections", 0);
	ck_assert_uint_eq(daemon_number(&d, "stuck"), 0);
	ck_assert_int_eq(daemon_pid(&d, "broker"), broker);
	await_fds();
	ck_assert_uint_eq(daemon_number(&d, "crashes"), 0);
	unmount();
	daemon_stop(&d);
}

/* the callers */

static bool is_answered(int sock)
{
	struct pollfd poller = { .fd = sock, .events = POLLIN };

	return poll(&poller, 1, 0) == 1;
}

static struct wire_answer receive(int sock)
{
	struct wire_header header;
	struct wire_answer answer;
	uint8_t buffer[512];
	ssize_t n;

	scene_await(sock);
	/* Without room for its descriptor, which the kernel then closes: unix(7). */
	n = recv(sock, buffer, sizeof(buffer), 0);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(wire_answer_read(buffer, (size_t)n, &header, &answer), 0);
	ck_assert_uint_eq(header.id, 7);
	return answer;
}

static void assert_too_late(int sock)
{
	struct wire_answer answer = receive(sock);

	ck_assert_int_eq(answer.reason, WIRE_REASON_DEADLINE);
	ck_assert_int_eq(answer.error, ETIMEDOUT);
	ck_assert_uint_eq(answer.n_fds, 0);
}

static int be_served(const void *arg)
{
	(void)arg;
	ask_local(REQUESTS);
	return 0;
}

static int make_files(const void *arg)
{
	int sock = daemon_connect(&d);

	(void)arg;
	for (int i = 0; i < 2; i++) {
		int fd = daemon_ask(sock, made, WIRE_OPEN_WRITE | WIRE_OPEN_CREATE, NULL);

		/* Bob may not write there; but to know it is to have looked. */
		if (fd != -EACCES)
			return 1;
	}
	return 0;
}

static void assert_others_are_served(void)
{
	ck_assert_int_eq(user_run(&bob, be_served, NULL), 0);
	ck_assert_int_eq(user_run(&bob, make_files, NULL), 0);
	ask_local(REQUESTS);
}

/* Who asks on @sock waits for his answer. */
static void assert_others_are_served_before(int sock)
{
	int rounds = 0;

	for (int i = 0; i < ROUNDS && !is_answered(sock); i++) {
		assert_others_are_served();
		rounds += !is_answered(sock);
	}
	ck_assert_int_gt(rounds, 0);
}

/* It waits while everybody else is served, is told that it was too late, and is written down once. */
static void assert_hangs_alone(const char *path, unsigned int n_stuck)
{
	int sock = scene_send(&d, path);

	daemon_await_number(&d, "in-flight", 1);
	assert_others_are_served_before(sock);
	assert_too_late(sock);
	daemon_await_number(&d, "in-flight", n_stuck);
	ck_assert_uint_eq(daemon_number(&d, "stuck"), n_stuck);
	ck_assert_uint_eq(daemon_number(&d, "deadline"), 1);
	assert_others_are_served();
	/* Its connection is as good as any. */
	fd_close(daemon_ask(sock, local, WIRE_OPEN_READ, NULL));
	fd_close(sock);
	free(daemon_await_record(&d, "\"reason\":\"deadline\""));
}

static const struct {
	const char *name;
	uint32_t silent;
} silences[] = {
	{ "LOOKUP", FUSE_LOOKUP },
	{ "STATFS", FUSE_STATFS },
	{ "OPEN", FUSE_OPEN },
};

/* P48 */
START_TEST(slow_open_of_a_silent_server_hangs_alone)
{
	start("", silences[_i].silent);
	assert_hangs_alone(slow, 1);
	fuse_relent(&fuse);
	stop();
}
END_TEST

/* P48: what is known of its files is enough. */
START_TEST(slow_server_is_not_asked_for_attributes)
{
	int sock, fd;

	start("", FUSE_GETATTR);
	sock = daemon_connect(&d);
	fd = daemon_ask(sock, slow, WIRE_OPEN_READ, NULL);
	ck_assert_int_ge(fd, 0);
	fd_close(fd);
	fd_close(sock);
	fuse_relent(&fuse);
	stop();
}
END_TEST

/* P48: to read it is part of opening it. */
START_TEST(slow_copy_of_a_silent_server_hangs_alone)
{
	char text[16] = "";
	int sock, fd;

	start("", FUSE_READ);
	assert_hangs_alone(copied, 1);
	fuse_relent(&fuse);
	daemon_await_number(&d, "stuck", 0);
	/* Nobody holds what was made too late. */
	daemon_await_number(&d, "snapshots", 0);
	sock = daemon_connect(&d);
	fd = daemon_ask(sock, copied, WIRE_OPEN_READ, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(read(fd, text, sizeof(text) - 1), 6);
	ck_assert_str_eq(text, "slowly");
	fd_close(fd);
	fd_close(sock);
	stop();
}
END_TEST

static int open_pipe(const char *path)
{
	int sock = daemon_connect(&d), fd;

	fd = daemon_ask(sock, path, WIRE_OPEN_WRITE | WIRE_OPEN_APPEND, NULL);
	ck_assert_msg(fd >= 0, "%s %d", path, fd);
	fd_close(sock);
	return fd;
}

/* A pipe whose file takes nothing: what is in it has been read, and cannot be written. */
static int open_stuck_pipe(void)
{
	uint64_t end = clock_monotonic_usec() + 30 * USEC_PER_SEC;
	int fd = open_pipe(appended), left;

	ck_assert_int_eq(write(fd, "slow\n", 5), 5);
	do {
		ck_assert_int_eq(ioctl(fd, FIONREAD, &left), 0);
		ck_assert_uint_lt(clock_monotonic_usec(), end);
	} while (left > 0);
	return fd;
}

/* P48 */
START_TEST(slow_file_behind_a_pipe_holds_up_no_other_pipe)
{
	int stuck, fd;
	struct stat st;

	start("", FUSE_WRITE);
	stuck = open_stuck_pipe();
	for (int i = 1; i <= 20; i++) {
		fd = open_pipe(lines);
		ck_assert_int_eq(write(fd, "line\n", 5), 5);
		fd_close(fd);
		daemon_await_number(&d, "pipes", 1);
		ck_assert_int_eq(stat(lines, &st), 0);
		ck_assert_int_eq(st.st_size, 5 * i);
	}
	assert_others_are_served();
	/* Nor does its client wait to be rid of it. */
	fd_close(stuck);
	ck_assert_uint_eq(daemon_number(&d, "pipes"), 1);
	fuse_relent(&fuse);
	daemon_await_number(&d, "pipes", 0);
	ck_assert_uint_eq(daemon_number(&d, "pipes-failed"), 0);
	ck_assert_uint_eq(daemon_number(&d, "pipe-bytes-lost"), 0);
	stop();
}
END_TEST

/* P48: close(2) asks too. The caller has his answer, and is served on. */
START_TEST(slow_close_holds_up_nobody)
{
	struct wire_answer answer;
	int sock;

	start("", FUSE_FLUSH);
	sock = scene_send(&d, slow);
	answer = receive(sock);
	ck_assert_int_eq(answer.reason, WIRE_REASON_OK);
	ck_assert_uint_eq(daemon_number(&d, "in-flight"), 1);
	fd_close(daemon_ask(sock, local, WIRE_OPEN_READ, NULL));
	assert_others_are_served();
	daemon_await_number(&d, "stuck", 1);
	assert_others_are_served();
	fd_close(sock);
	fuse_relent(&fuse);
	stop();
}
END_TEST

/* setsockopt(2) as Linux before 6.16 has it, for this process and what it starts. */
static void forget_refusing(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setsockopt, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_PASSRIGHTS, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOPROTOOPT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { .len = ELEMENTSOF(code), .filter = code };

	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0), 0);
}

/* In a process of its own, for whose end the descriptor is closed too. 0, or which step failed. */
static int send_what_does_not_close(const void *arg)
{
	const int fds[] = { open(slow, O_RDONLY | O_CLOEXEC) };
	const struct message_attach attach = { .fds = fds, .n_fds = 1 };
	int sock = daemon_connect(&d);
	char byte;

	(void)arg;
	if (fds[0] < 0 || message_send(sock, "x", 1, &attach) < 0)
		return 1;
	scene_await(sock);
	return recv(sock, &byte, 1, 0) > 0 ? 2 : 0;
}

/* P48: anybody may send a descriptor, of a file system of his own, that does not close. */
START_TEST(slow_close_of_what_a_client_sent_holds_up_nobody)
{
	pid_t sender;

	forget_refusing();
	start("", FUSE_FLUSH);
	sender = forked_start(send_what_does_not_close, NULL);
	daemon_await_number(&d, "closed", 1);
	assert_others_are_served();
	fuse_relent(&fuse);
	ck_assert_int_eq(forked_wait(sender), 0);
	stop();
}
END_TEST

/* P49 */
START_TEST(slow_open_of_a_leased_file_hangs_alone)
{
	int fd;

	start("", 0);
	fd = open(held, O_RDWR | O_CLOEXEC);
	ck_assert(signal(SIGIO, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	/* Its thread has only waited to try again. */
	assert_hangs_alone(held, 0);
	fd_close(fd);
	stop();
}
END_TEST

/* proc(5): the call that a thread is in, if it is in one. */
static long call_of(const char *thread)
{
	char path[300];
	FILE *file;
	long number;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/syscall", broker, thread);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%ld", &number) != 1)
		number = -1;
	fclose(file);
	return number;
}

/* Does a thread of the broker wait until it is time to try again? The main thread always waits for a
 * time, and `..` is the main thread's. */
static bool broker_waits_to_try_again(void)
{
	bool waits = false;
	struct dirent *entry;
	char path[64];
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", broker);
	threads = opendir(path);
	ck_assert_ptr_nonnull(threads);
	while ((entry = readdir(threads)))
		waits |= entry->d_name[0] != '.' && atoi(entry->d_name) != broker &&
			 call_of(entry->d_name) == SYS_clock_nanosleep;
	closedir(threads);
	return waits;
}

/* P49: whoever lets go in time has kept nobody from his file. */
START_TEST(slow_open_of_a_leased_file_waits_for_its_holder)
{
	struct pollfd poller = { .events = POLLIN };
	struct wire_answer answer;
	int fd, sock;

	start("", 0);
	fd = open(held, O_RDWR | O_CLOEXEC);
	ck_assert(signal(SIGIO, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	sock = scene_send(&d, held);
	poller.fd = sock;
	while (!broker_waits_to_try_again())
		ck_assert_int_eq(poll(&poller, 1, 0), 0);
	fd_close(fd);
	answer = receive(sock);
	ck_assert_int_eq(answer.reason, WIRE_REASON_OK);
	fd_close(sock);
	stop();
}
END_TEST

/* P48: what cannot be foretold, on a file system that answers from memory. */
START_TEST(slow_open_by_surprise_hangs_alone)
{
	int group;

	start("", 0);
	group = scene_hold_opens(held);
	assert_hangs_alone(held, 1);
	fd_close(group);
	stop();
}
END_TEST

/* What was opened before is granted, and what comes behind was not decided. */
static void assert_batch_is_too_late(int sock)
{
	static const enum wire_reason expected[] = { WIRE_REASON_OK, WIRE_REASON_DEADLINE,
						     WIRE_REASON_SINGLY, WIRE_REASON_SINGLY };
	struct wire_answer results[4];

	ck_assert_uint_eq(batching_receive(sock, 7, 4, results, NULL), 1);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(results[i].reason, expected[i]);
}

/* P48: a batch is one request that is stuck, whatever is left of it. */
START_TEST(slow_member_of_a_batch_by_surprise_hangs_alone)
{
	const char *paths[] = { local, held, local, "/etc/hostname" };
	int group, sock;

	start("", 0);
	group = scene_hold_opens(held);
	sock = daemon_connect(&d);
	batching_send(sock, 7, paths, 4);
	daemon_await_number(&d, "in-flight", 1);
	assert_others_are_served_before(sock);
	assert_batch_is_too_late(sock);
	ck_assert_uint_eq(daemon_number(&d, "stuck"), 1);
	ck_assert_uint_eq(daemon_number(&d, "deadline"), 1);
	fd_close(daemon_ask(sock, local, WIRE_OPEN_READ, NULL));
	fd_close(sock);
	fd_close(group);
	stop();
}
END_TEST

/* Its client went away meanwhile. */
START_TEST(slow_member_of_a_batch_for_nobody_leaves_nothing)
{
	const char *paths[] = { local, held, local, "/etc/hostname" };
	int group, sock;

	start("", 0);
	group = scene_hold_opens(held);
	sock = daemon_connect(&d);
	batching_send(sock, 7, paths, 4);
	daemon_await_number(&d, "in-flight", 1);
	fd_close(sock);
	assert_others_are_served();
	fd_close(group);
	stop();
}
END_TEST

#define MANY   200U
#define OTHERS 2U

/* A batch of which every other name is refused. */
static void send_many(int sock)
{
	const char *paths[MANY];

	for (size_t i = 0; i < MANY; i++)
		paths[i] = i % 2 == 0 ? local : "/etc/shadow";
	batching_send(sock, 11, paths, MANY);
}

static void assert_many_are_answered(int sock)
{
	struct wire_answer results[MANY];

	ck_assert_uint_eq(batching_receive(sock, 11, MANY, results, NULL), MANY / 2);
	for (size_t i = 0; i < MANY; i++)
		ck_assert_int_eq(results[i].reason,
				 i % 2 == 0 ? WIRE_REASON_OK : WIRE_REASON_DEFAULT);
}

/* A batch that is over leaves its memory to the next one, while a thread still holds one of its members. */
static void assert_no_batch_after_is_touched(bool is_awaited)
{
	const char *paths[] = { local, held, local, "/etc/hostname" };
	int group, stuck, others[OTHERS];

	start("", 0);
	group = scene_hold_opens(held);
	stuck = daemon_connect(&d);
	batching_send(stuck, 7, paths, 4);
	daemon_await_number(&d, "in-flight", 1);
	if (is_awaited)
		assert_batch_is_too_late(stuck);
	else
		fd_close(stuck);
	for (size_t i = 0; i < OTHERS; i++) {
		others[i] = daemon_connect(&d);
		send_many(others[i]);
		assert_many_are_answered(others[i]);
	}
	/* They take turns, so that the first one's memory is in use until all are nearly done. */
	for (size_t i = 0; i < OTHERS; i++)
		send_many(others[i]);
	fd_close(group);
	for (size_t i = 0; i < OTHERS; i++) {
		assert_many_are_answered(others[i]);
		fd_close(others[i]);
	}
	daemon_await_number(&d, "in-flight", 0);
	if (is_awaited)
		fd_close(stuck);
	stop();
}

START_TEST(slow_member_that_is_too_late_touches_no_batch_after_its_own)
{
	assert_no_batch_after_is_touched(true);
}
END_TEST

START_TEST(slow_member_for_nobody_touches_no_batch_after_its_own)
{
	assert_no_batch_after_is_touched(false);
}
END_TEST

/* P13, P48 */
START_TEST(slow_open_of_a_fifo_waits_for_no_peer)
{
	struct wire_answer answer;
	int sock;

	start("", 0);
	sock = scene_send(&d, fifo);
	answer = receive(sock);
	ck_assert_int_eq(answer.reason, WIRE_REASON_OK);
	fd_close(sock);
	stop();
}
END_TEST

static int ask_slowly(const void *arg)
{
	int sock = scene_send(&d, slow);

	(void)arg;
	return receive(sock).reason;
}

/* P48, P50: what is stuck is its uid's own loss. */
START_TEST(slow_opens_are_counted_against_their_uid)
{
	struct wire_answer answer;
	int socks[STUCK_MAX], sock;

	start("", FUSE_OPEN);
	for (int i = 0; i < STUCK_MAX; i++)
		socks[i] = scene_send(&d, slow);
	for (int i = 0; i < STUCK_MAX; i++)
		assert_too_late(socks[i]);
	ck_assert_uint_eq(daemon_number(&d, "stuck"), STUCK_MAX);
	ck_assert_uint_eq(daemon_number(&d, "max-in-flight"), 64);
	sock = scene_send(&d, slow);
	answer = receive(sock);
	ck_assert_int_eq(answer.reason, WIRE_REASON_BUSY);
	ck_assert_int_eq(answer.error, EAGAIN);
	fd_close(sock);
	assert_others_are_served();
	/* Bob has places of his own. */
	ck_assert_int_eq(user_run(&bob, ask_slowly, NULL), WIRE_REASON_DEADLINE);
	ck_assert_uint_eq(daemon_number(&d, "stuck"), STUCK_MAX + 1);
	for (int i = 0; i < STUCK_MAX; i++)
		fd_close(socks[i]);
	fuse_relent(&fuse);
	stop();
}
END_TEST

/* P50: more than may be in work at once wait for their turn. Not one: on a busy machine who leads may be
 * taken for stuck in a moment in which he does not run, and his uid be refused. */
START_TEST(slow_opens_without_a_place_wait_for_one)
{
	int socks[4];

	start("max-stuck-per-uid 2;", FUSE_OPEN);
	for (int i = 0; i < 4; i++)
		socks[i] = scene_send(&d, slow);
	daemon_await_number(&d, "in-flight", 2);
	assert_others_are_served();
	ck_assert(!is_answered(socks[3]));
	fuse_relent(&fuse);
	for (int i = 0; i < 4; i++) {
		struct wire_answer answer = receive(socks[i]);

		ck_assert_int_eq(answer.reason, WIRE_REASON_OK);
		fd_close(socks[i]);
	}
	stop();
}
END_TEST

/* They wait no longer than those who are in work. */
START_TEST(slow_opens_that_never_get_a_place_are_too_late)
{
	int socks[3];

	start("max-stuck-per-uid 2;", FUSE_OPEN);
	for (int i = 0; i < 3; i++)
		socks[i] = scene_send(&d, slow);
	for (int i = 0; i < 3; i++) {
		assert_too_late(socks[i]);
		fd_close(socks[i]);
	}
	fuse_relent(&fuse);
	stop();
}
END_TEST

/* A client that went away while his file was opened. */
START_TEST(slow_open_for_nobody_leaves_nothing)
{
	start("", FUSE_OPEN);
	fd_close(scene_send(&d, slow));
	daemon_await_number(&d, "in-flight", 1);
	assert_others_are_served();
	fuse_relent(&fuse);
	stop();
}
END_TEST

/* P11 */
START_TEST(slow_open_does_not_hold_up_a_reload)
{
	int sock, fd;

	start("", FUSE_OPEN);
	sock = scene_send(&d, slow);
	daemon_await_number(&d, "in-flight", 1);
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	ck_assert_uint_eq(daemon_number(&d, "leaving"), 1);
	assert_others_are_served();
	/* The old generation answers, and the next one serves the connection. */
	assert_too_late(sock);
	fd = daemon_ask(sock, local, WIRE_OPEN_READ, NULL);
	ck_assert_int_ge(fd, 0);
	fd_close(fd);
	fd_close(sock);
	fuse_relent(&fuse);
	daemon_await_number(&d, "leaving", 0);
	note_broker();
	stop();
}
END_TEST

/* P48: its exit hangs as well, and nobody waits for it for ever. */
START_TEST(slow_open_does_not_hold_up_the_end)
{
	int sock;

	start("", FUSE_OPEN);
	sock = scene_send(&d, slow);
	assert_too_late(sock);
	fd_close(sock);
	/* The mount is in the daemon's directory, and goes when that is removed. */
	ck_assert_int_eq(kill(d.pid, SIGTERM), 0);
	ck_assert_int_eq(forked_wait(d.pid), 0);
	unmount();
	daemon_discard(&d);
}
END_TEST

/* P48: what is behind it may be lost, and the log says so. */
START_TEST(slow_file_behind_a_pipe_does_not_hold_up_the_end)
{
	int fd;

	start("", FUSE_WRITE);
	fd = open_stuck_pipe();
	ck_assert_int_eq(kill(d.pid, SIGTERM), 0);
	ck_assert_int_eq(forked_wait(d.pid), 0);
	daemon_assert_log_has(&d, "1 pipes are left");
	fd_close(fd);
	unmount();
	daemon_discard(&d);
}
END_TEST

/* A count, in fours. */
static int create_often(const void *arg)
{
	const uint32_t flags = WIRE_OPEN_READ | WIRE_OPEN_WRITE | WIRE_OPEN_CREATE;
	uint64_t end = clock_monotonic_usec() + USEC_PER_SEC / 2;
	int sock = daemon_connect(&d), n = 0;

	while (clock_monotonic_usec() < end && n < 1020) {
		fd_close(daemon_ask(sock, arg, flags, NULL));
		n++;
	}
	return n / 4;
}

static int create_often_as_bob(const void *arg)
{
	user_become(&bob);
	return create_often(arg);
}

/* Of whoever has one connection among the crowd, and of each of these: half as much, at least. */
static bool is_fair_share(void)
{
	pid_t crowd[2 * STUCK_MAX];
	int all = 0, among;
	pid_t one;

	for (size_t i = 0; i < ELEMENTSOF(crowd); i++)
		crowd[i] = forked_start(create_often, made);
	one = forked_start(create_often_as_bob, made);
	for (size_t i = 0; i < ELEMENTSOF(crowd); i++)
		all += forked_wait(crowd[i]);
	among = forked_wait(one);
	ck_assert_int_lt(among, FORKED_SIGNALLED);
	printf("%d, and %d\n", among, all);
	return among * 2 * (int)ELEMENTSOF(crowd) >= all;
}

/* P50: with more connections than it has places, all of whose requests may block, a uid gets no
 * more for each of them than another one for his only one; once at least, as the machine has other
 * work. */
START_TEST(slow_opens_of_a_crowd_starve_nobody)
{
	bool is_fair = false;

	start("", 0);
	for (int i = 0; i < TRIES && !is_fair; i++)
		is_fair = is_fair_share();
	ck_assert(is_fair);
	unlink(made);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slow opens");
	TCase *tcase = suite_case(suite, "slow opens");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_loop_test(tcase, slow_open_of_a_silent_server_hangs_alone, 0,
			    ELEMENTSOF(silences));
	tcase_add_test(tcase, slow_server_is_not_asked_for_attributes);
	tcase_add_test(tcase, slow_copy_of_a_silent_server_hangs_alone);
	tcase_add_test(tcase, slow_file_behind_a_pipe_holds_up_no_other_pipe);
	tcase_add_test(tcase, slow_close_holds_up_nobody);
	tcase_add_test(tcase, slow_close_of_what_a_client_sent_holds_up_nobody);
	tcase_add_test(tcase, slow_open_of_a_leased_file_hangs_alone);
	tcase_add_test(tcase, slow_open_of_a_leased_file_waits_for_its_holder);
	tcase_add_test(tcase, slow_open_by_surprise_hangs_alone);
	tcase_add_test(tcase, slow_member_of_a_batch_by_surprise_hangs_alone);
	tcase_add_test(tcase, slow_member_of_a_batch_for_nobody_leaves_nothing);
	tcase_add_test(tcase, slow_member_that_is_too_late_touches_no_batch_after_its_own);
	tcase_add_test(tcase, slow_member_for_nobody_touches_no_batch_after_its_own);
	tcase_add_test(tcase, slow_open_of_a_fifo_waits_for_no_peer);
	tcase_add_test(tcase, slow_opens_are_counted_against_their_uid);
	tcase_add_test(tcase, slow_opens_without_a_place_wait_for_one);
	tcase_add_test(tcase, slow_opens_that_never_get_a_place_are_too_late);
	tcase_add_test(tcase, slow_open_for_nobody_leaves_nothing);
	tcase_add_test(tcase, slow_open_does_not_hold_up_a_reload);
	tcase_add_test(tcase, slow_open_does_not_hold_up_the_end);
	tcase_add_test(tcase, slow_file_behind_a_pipe_does_not_hold_up_the_end);
	tcase_add_test(tcase, slow_opens_of_a_crowd_starve_nobody);
	return suite_main(suite);
}

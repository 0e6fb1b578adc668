/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
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

/* What comes of a watch, whom it may cost what, and when it ends; with the real daemon. */

#define PATIENCE_USEC (20 * USEC_PER_SEC)
#define NAMES	      (IN_CREATE | IN_DELETE | IN_MOVE)

static struct scene s;
static char tree[128];
static struct fdbroker_answer answer; /* the last */

static const char rules[] =
	"for user { 30000, 30001 } {\n"
	"    open: allow watch \"@t/open\", \"@t/open/**\";\n"
	"    files: allow watch \"@t/files/*\" { type regular; }\n"
	"    lent: allow watch as root \"@t/closed\", \"@t/closed/*\" { note \"test\"; }\n"
	"}\n"
	"for user 30000 { proc: allow watch \"/proc/self/status\" { fs proc; } }\n"
	"gone: deny watch \"@t/open/hidden\" { hide; }\n"
	"never: deny watch \"@t/open/denied\", \"@t/open/absent-denied\";\n";

static const char *in_tree(const char *name)
{
	static char paths[4][384];
	static size_t next;
	char *path = paths[next++ % ELEMENTSOF(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", tree, name);
	return path;
}

static void make_file(const char *name)
{
	int fd = open(in_tree(name), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);

	ck_assert_msg(fd >= 0, "%s: %m", in_tree(name));
	fd_close(fd);
}

static void write_file(const char *name)
{
	int fd = open(in_tree(name), O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(write(fd, "x", 1), 1);
	fd_close(fd);
}

static void write_rules(void)
{
	char policy[4096];

	snprintf(policy, sizeof(policy),
		 "version 1;\nlet @t = \"%s\";\n%s"
		 "for user { %d, %d } { own: allow read \"%s\"; }\n",
		 tree, rules, ALICE, BOB, s.own);
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
}

static void prepare(const char *settings)
{
	static const char *const directories[] = { "open", "open/directory", "files", "closed" };

	scene_prepare(&s);
	if (settings)
		daemon_write_config(&s.daemon, "%s", settings);
	snprintf(tree, sizeof(tree), "%s/tree", s.daemon.directory);
	ck_assert_int_eq(mkdir(tree, 0755), 0);
	for (size_t i = 0; i < ELEMENTSOF(directories); i++)
		ck_assert_int_eq(mkdir(in_tree(directories[i]), 0755), 0);
	ck_assert_int_eq(chmod(in_tree("closed"), 0700), 0);
	make_file("open/file");
	make_file("open/hidden");
	make_file("open/denied");
	make_file("open/private");
	ck_assert_int_eq(chmod(in_tree("open/private"), 0600), 0);
	make_file("closed/file");
	make_file("elsewhere");
	ck_assert_int_eq(mkdir(in_tree("files/directory"), 0755), 0);
	ck_assert_int_eq(symlink("file", in_tree("open/link")), 0);
	ck_assert_int_eq(symlink(in_tree("elsewhere"), in_tree("open/out")), 0);
	write_rules();
}

static void start(const char *settings)
{
	prepare(settings);
	scene_start(&s);
}

static void become(uid_t uid)
{
	if (uid == 0)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(uid), 0);
	ck_assert_int_eq(seteuid(uid), 0);
}

/* As somebody else for as long as it takes to connect and to ask. */
static int watch_path(uid_t uid, const char *path, uint32_t mask)
{
	struct fdbroker *broker;
	int fd;

	answer.reason = FDBROKER_REASON_NONE;
	become(uid);
	ck_assert_int_eq(fdbroker_connect(&broker, s.daemon.socket), 0);
	fd = fdbroker_watch(broker, path, mask, &answer);
	fdbroker_close(broker);
	become(0);
	return fd;
}

static int watch(uid_t uid, const char *name, uint32_t mask)
{
	return watch_path(uid, in_tree(name), mask);
}

static int must_watch(uid_t uid, const char *name, uint32_t mask)
{
	int fd = watch(uid, name, mask);

	ck_assert_msg(fd >= 0, "%s: %s (%s)", name, strerror(-fd),
		      fdbroker_reason_name(answer.reason));
	return fd;
}

/* Until there is room again: what is closed is forgotten by another process. */
static int watch_when_there_is_room(uid_t uid, const char *name, uint32_t mask)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;
	int fd;

	while ((fd = watch(uid, name, mask)) == -EAGAIN)
		ck_assert_uint_lt(clock_monotonic_usec(), deadline);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static bool is_readable(int fd, int msec)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return poll(&poller, 1, msec) > 0;
}

/* events */

struct event {
	struct inotify_event head;
	char name[NAME_MAX + 1];
};

static struct event next(int fd)
{
	struct event event = { .head.len = 0 };
	ssize_t n;

	ck_assert_msg(is_readable(fd, PATIENCE_USEC / 1000), "no event");
	n = read(fd, &event, sizeof(event));
	ck_assert_msg(n == (ssize_t)(sizeof(event.head) + event.head.len), "%zd", n);
	return event;
}

static struct event assert_event(int fd, uint32_t mask, const char *name)
{
	struct event event = next(fd);

	ck_assert_msg(event.head.mask == mask && strcmp(event.name, name) == 0, "%x %s",
		      event.head.mask, event.name);
	ck_assert_int_eq(event.head.wd, mask & IN_Q_OVERFLOW ? -1 : 1);
	return event;
}

static void assert_end(int fd)
{
	char byte;

	ck_assert(is_readable(fd, PATIENCE_USEC / 1000));
	ck_assert_int_eq(read(fd, &byte, 1), 0);
	fd_close(fd);
}

START_TEST(what_happens_in_a_directory_comes_with_its_name)
{
	struct event from, to;
	int fd;

	start(NULL);
	fd = must_watch(ALICE, "open", NAMES);
	make_file("open/new");
	assert_event(fd, IN_CREATE, "new");
	ck_assert_int_eq(rename(in_tree("open/new"), in_tree("open/newer")), 0);
	from = assert_event(fd, IN_MOVED_FROM, "new");
	to = assert_event(fd, IN_MOVED_TO, "newer");
	ck_assert_uint_ne(from.head.cookie, 0);
	ck_assert_uint_eq(from.head.cookie, to.head.cookie);
	ck_assert_int_eq(unlink(in_tree("open/newer")), 0);
	assert_event(fd, IN_DELETE, "newer");
	write_file("open/file");
	ck_assert(!is_readable(fd, 0));
	fd_close(fd);
	daemon_await_number(&s.daemon, "watches", 0);
	scene_assert_unharmed(&s);
	scene_stop(&s);
}
END_TEST

/* Which object is watched is what was judged: a new one of that name is another. */
START_TEST(what_is_watched_is_the_object_and_not_its_name)
{
	int fd;

	start(NULL);
	fd = must_watch(ALICE, "open/link", IN_CLOSE_WRITE | IN_MOVE_SELF);
	write_file("open/file");
	assert_event(fd, IN_CLOSE_WRITE, "");
	ck_assert_int_eq(rename(in_tree("open/file"), in_tree("open/old")), 0);
	assert_event(fd, IN_MOVE_SELF, "");
	make_file("open/file");
	write_file("open/old");
	assert_event(fd, IN_CLOSE_WRITE, "");
	ck_assert(!is_readable(fd, 0));
	fd_close(fd);
	/* And a link itself is not what it leads to, of which no rule speaks. */
	fd = must_watch(ALICE, "open/out", IN_ATTRIB | IN_CLOSE_WRITE | IN_DONT_FOLLOW);
	write_file("elsewhere");
	ck_assert_int_eq(lchown(in_tree("open/out"), ALICE, ALICE), 0);
	assert_event(fd, IN_ATTRIB, "");
	ck_assert(!is_readable(fd, 0));
	fd_close(fd);
	scene_stop(&s);
}
END_TEST

static const struct {
	const char *name;
	uint32_t mask;
	int expected; /* errno, or 0 */
	enum fdbroker_reason reason;
} rows[] = {
	{ "open", IN_CREATE, 0, FDBROKER_REASON_OK },
	{ "open", IN_CREATE | IN_ONLYDIR, 0, FDBROKER_REASON_OK },
	{ "open/file", IN_MODIFY | IN_EXCL_UNLINK, 0, FDBROKER_REASON_OK },
	{ "open/file", IN_MODIFY | IN_ONLYDIR, ENOTDIR, FDBROKER_REASON_KERNEL },
	{ "open/directory/", IN_CREATE, 0, FDBROKER_REASON_OK },
	{ "open/file/", IN_MODIFY, ENOTDIR, FDBROKER_REASON_KERNEL },
	{ "open/absent", IN_MODIFY, ENOENT, FDBROKER_REASON_NOT_FOUND },
	{ "open/hidden", IN_MODIFY, ENOENT, FDBROKER_REASON_NOT_FOUND },
	{ "open/denied", IN_MODIFY, EACCES, FDBROKER_REASON_RULE },
	{ "open/absent-denied", IN_MODIFY, EACCES, FDBROKER_REASON_RULE },
	{ "elsewhere", IN_MODIFY, EACCES, FDBROKER_REASON_DEFAULT },
	{ "elsewhere-absent", IN_MODIFY, EACCES, FDBROKER_REASON_DEFAULT },
	{ "open/link", IN_MODIFY, 0, FDBROKER_REASON_OK },
	{ "open/out", IN_MODIFY, EACCES, FDBROKER_REASON_DEFAULT },
	{ "open/out", IN_ATTRIB | IN_DONT_FOLLOW, 0, FDBROKER_REASON_OK },
	{ "open/out/", IN_ATTRIB | IN_DONT_FOLLOW, EACCES, FDBROKER_REASON_DEFAULT },
	{ "files/directory", IN_CREATE, EACCES, FDBROKER_REASON_CONDITION },
	/* the kernel wants the right to read it: the caller's, or root's */
	{ "open/private", IN_MODIFY, EACCES, FDBROKER_REASON_KERNEL },
	{ "closed", IN_CREATE, 0, FDBROKER_REASON_OK },
	{ "closed/file", IN_MODIFY, 0, FDBROKER_REASON_OK },
	/* what is no event, or changes what another has asked for */
	{ "open", 0, EINVAL, FDBROKER_REASON_NONE },
	{ "open", IN_ONLYDIR, EINVAL, FDBROKER_REASON_NONE },
	{ "open", IN_CREATE | IN_MASK_ADD, EINVAL, FDBROKER_REASON_NONE },
	{ "open", IN_CREATE | IN_MASK_CREATE, EINVAL, FDBROKER_REASON_NONE },
};

START_TEST(watches_are_given_as_the_policy_lets_them)
{
	start("max-watches-per-uid 64;");
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		int fd = watch(ALICE, rows[i].name, rows[i].mask);

		ck_assert_msg((fd < 0 ? -fd : 0) == rows[i].expected &&
				      answer.reason == rows[i].reason,
			      "row %zu, %s: %s (%s)", i + 1, rows[i].name,
			      fd < 0 ? strerror(-fd) : "granted",
			      fdbroker_reason_name(answer.reason));
		if (fd >= 0)
			fd_close(fd);
	}
	ck_assert_int_eq(watch_path(ALICE, "/proc/self/status", IN_MODIFY), -EACCES);
	ck_assert_int_eq(answer.reason, FDBROKER_REASON_CONDITION);
	daemon_await_number(&s.daemon, "watches", 0);
	scene_assert_unharmed(&s);
	scene_stop(&s);
}
END_TEST

/* who may have how many */

START_TEST(watches_of_one_user_are_bounded_and_others_get_theirs)
{
	int fds[2], bobs;

	start("max-watches-per-uid 2;");
	for (size_t i = 0; i < ELEMENTSOF(fds); i++)
		fds[i] = must_watch(ALICE, "open", NAMES);
	ck_assert_int_eq(watch(ALICE, "open", NAMES), -EAGAIN);
	ck_assert_int_eq(answer.reason, FDBROKER_REASON_BUSY);
	bobs = must_watch(BOB, "open", NAMES);
	make_file("open/new");
	assert_event(bobs, IN_CREATE, "new");
	fd_close(fds[0]);
	fds[0] = watch_when_there_is_room(ALICE, "open", NAMES);
	fd_close(fds[0]);
	fd_close(fds[1]);
	fd_close(bobs);
	daemon_await_number(&s.daemon, "watches", 0);
	scene_assert_unharmed(&s);
	scene_stop(&s);
}
END_TEST

START_TEST(watches_of_all_are_bounded)
{
	int fds[2];

	start("max-watches 2;");
	fds[0] = must_watch(ALICE, "open", NAMES);
	fds[1] = must_watch(BOB, "open", NAMES);
	ck_assert_int_eq(watch(BOB, "open", NAMES), -EAGAIN);
	ck_assert_int_eq(answer.reason, FDBROKER_REASON_BUSY);
	fd_close(fds[0]);
	fds[0] = watch_when_there_is_room(BOB, "open", NAMES);
	fd_close(fds[0]);
	fd_close(fds[1]);
	scene_stop(&s);
}
END_TEST

static uint32_t read_instances(void)
{
	FILE *file = fopen("/proc/sys/fs/inotify/max_user_instances", "re");
	uint32_t value;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%u", &value), 1);
	fclose(file);
	return value;
}

START_TEST(watches_fit_the_instances_that_there_are)
{
	char expected[128];
	uint32_t instances = read_instances();

	if (instances >= 16384)
		return;
	start("max-watches 16384;");
	snprintf(expected, sizeof(expected),
		 "max-watches is %u, not 16384: fs.inotify.max_user_instances is %u",
		 instances > 64 ? instances - 64 : 0, instances);
	daemon_assert_log_has(&s.daemon, expected);
	scene_stop(&s);
}
END_TEST

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s: %m", path);
	ck_assert_msg(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s: %m", path);
	fd_close(fd);
}

/* Of the process that waits for it: only from outside may all users be mapped. */
static int map_users(const void *arg)
{
	const int *ready = arg;
	char byte;

	if (read(*ready, &byte, 1) != 1)
		return 1;
	user_map(getppid(), "uid_map", "0 0 4294967295");
	user_map(getppid(), "gid_map", "0 0 4294967295");
	return 0;
}

/* Everybody is who he was, with limits of our own, which bound nobody else on this machine. */
static void enter_users(void)
{
	int ready[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = forked_start(map_users, &ready[0]);
	ck_assert_int_eq(unshare(CLONE_NEWUSER), 0);
	ck_assert_int_eq(write(ready[1], "x", 1), 1);
	ck_assert_int_eq(forked_wait(pid), 0);
	fd_close(ready[0]);
	fd_close(ready[1]);
}

/* The pump's own is root's. */
START_TEST(without_instances_there_is_an_answer_at_once)
{
	int fds[2];

	enter_users();
	write_text("/proc/sys/user/max_inotify_instances", "2");
	start(NULL);
	daemon_await_attendants(&s.daemon);
	for (size_t i = 0; i < ELEMENTSOF(fds); i++)
		fds[i] = must_watch(ALICE, "open", NAMES);
	ck_assert_int_eq(watch(BOB, "open", NAMES), -EAGAIN);
	ck_assert_int_eq(answer.reason, FDBROKER_REASON_BUSY);
	fd_close(fds[0]);
	fds[0] = watch_when_there_is_room(BOB, "open", NAMES);
	make_file("open/new");
	assert_event(fds[0], IN_CREATE, "new");
	fd_close(fds[0]);
	fd_close(fds[1]);
	scene_stop(&s);
}
END_TEST

/* hostile readers */

#define STORM 3000U

static void make_storm(void)
{
	char name[32];

	for (unsigned int i = 0; i < STORM; i++) {
		snprintf(name, sizeof(name), "open/%04u", i);
		make_file(name);
	}
}

/* All that there was room for, in order, then once that some is missing. */
static void assert_storm(int fd, unsigned int n)
{
	char name[32];

	for (unsigned int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%04u", i);
		assert_event(fd, IN_CREATE, name);
	}
	assert_event(fd, IN_Q_OVERFLOW, "");
	ck_assert(!is_readable(fd, 0));
}

/* Events of such names that wait for who does not read: a page of his pipe each, and what the pump keeps. */
static unsigned int room_for_storm(int fd)
{
	unsigned int event = sizeof(struct inotify_event) + 16;
	int pages = fcntl(fd, F_GETPIPE_SZ) / (int)sysconf(_SC_PAGESIZE);

	return (unsigned int)pages +
	       (65536 - 2 * (unsigned int)sizeof(struct inotify_event)) / event;
}

START_TEST(who_does_not_read_is_told_that_events_are_lost_and_holds_up_nobody)
{
	int lazy, busy;
	unsigned int n;

	start(NULL);
	lazy = must_watch(ALICE, "open", IN_CREATE);
	busy = must_watch(BOB, "open/directory", IN_CREATE);
	make_storm();
	make_file("open/directory/new");
	assert_event(busy, IN_CREATE, "new");
	n = room_for_storm(lazy);
	daemon_await_number(&s.daemon, "watch-events-lost", STORM - n);
	assert_storm(lazy, n);
	make_file("open/again");
	assert_event(lazy, IN_CREATE, "again");
	fd_close(lazy);
	fd_close(busy);
	scene_assert_unharmed(&s);
	scene_stop(&s);
}
END_TEST

/* As inotify(7) does while nobody has read the one before it. */
START_TEST(what_is_said_already_is_not_said_again)
{
	int fd;

	start(NULL);
	fd = must_watch(ALICE, "open/file", IN_CLOSE_WRITE | IN_ATTRIB);
	for (unsigned int i = 0; i < STORM; i++)
		write_file("open/file");
	ck_assert_int_eq(chmod(in_tree("open/file"), 0604), 0);
	ck_assert_uint_eq(daemon_number(&s.daemon, "watch-events-lost"), 0);
	/* Some are in the pipe, each in a page of its own, and one is on each step of the way there. */
	for (int i = fcntl(fd, F_GETPIPE_SZ) / (int)sysconf(_SC_PAGESIZE) + 3; i > 0; i--) {
		struct event event = next(fd);

		if (event.head.mask == IN_ATTRIB)
			break;
		ck_assert_uint_eq(event.head.mask, IN_CLOSE_WRITE);
		ck_assert_int_gt(i, 1);
	}
	fd_close(fd);
	scene_stop(&s);
}
END_TEST

START_TEST(a_reader_can_only_read)
{
	char path[64];
	int fd;

	start(NULL);
	fd = must_watch(ALICE, "open", NAMES);
	ck_assert_int_eq(write(fd, "x", 1), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(inotify_add_watch(fd, s.daemon.directory, IN_CREATE), -1);
	ck_assert_int_eq(errno, EINVAL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	become(ALICE);
	ck_assert_int_eq(open(path, O_WRONLY | O_CLOEXEC), -1);
	ck_assert_int_eq(errno, EACCES);
	become(0);
	/* Even one byte less than the event takes nothing of the next. */
	make_file("open/one");
	make_file("open/two");
	ck_assert(is_readable(fd, PATIENCE_USEC / 1000));
	ck_assert_int_eq(read(fd, path, 1), 1);
	assert_event(fd, IN_CREATE, "two");
	fd_close(fd);
	scene_stop(&s);
}
END_TEST

static int come_and_go(const void *arg)
{
	struct fdbroker *broker;

	(void)arg;
	for (int i = 0; i < 200; i++) {
		int fds[4];

		if (fdbroker_connect(&broker, s.daemon.socket) < 0)
			return 1;
		for (size_t j = 0; j < ELEMENTSOF(fds); j++)
			fds[j] = fdbroker_watch(broker, in_tree("open"), IN_ALL_EVENTS, &answer);
		for (size_t j = 0; j < ELEMENTSOF(fds); j++)
			if (fds[j] < 0 && fds[j] != -EAGAIN)
				return 2;
		fdbroker_close(broker);
		for (size_t j = i % 2 ? 0 : 2; j < ELEMENTSOF(fds); j++)
			fd_close(fds[j]);
	}
	return 0;
}

/* Those that it leaves open end with its process. */
START_TEST(who_comes_and_goes_leaves_nothing_behind)
{
	start(NULL);
	ck_assert_int_eq(scene_as(ALICE, come_and_go, NULL), 0);
	daemon_await_number(&s.daemon, "watches", 0);
	scene_assert_unharmed(&s);
	fd_close(watch_when_there_is_room(ALICE, "open", NAMES));
	scene_stop(&s);
}
END_TEST

/* in the sandbox */

static int read_in_sandbox(const void *arg)
{
	const int *made = arg;
	struct fdbroker *broker;
	struct event event = { .head.len = 0 };
	struct pollfd poller = { .events = POLLIN };

	if (fdbroker_connect(&broker, s.daemon.socket) < 0 || dup2(*made, STDOUT_FILENO) < 0 ||
	    fdbroker_sandbox(broker, 0) < 0)
		return 1;
	poller.fd = fdbroker_watch(broker, in_tree("open"), IN_CREATE, &answer);
	if (poller.fd < 0)
		return 2;
	if (write(STDOUT_FILENO, "x", 1) != 1)
		return 3;
	if (poll(&poller, 1, PATIENCE_USEC / 1000) != 1 ||
	    read(poller.fd, &event, sizeof(event)) < (ssize_t)sizeof(event.head))
		return 4;
	/* Never another one: it has but this. */
	if (inotify_init1(0) >= 0)
		return 5;
	return strcmp(event.name, "new") == 0 ? 0 : 6;
}

START_TEST(a_program_in_the_sandbox_reads_events)
{
	const struct user alice = { .uid = ALICE, .gid = ALICE };
	int made[2];
	char byte;
	pid_t pid;

	start(NULL);
	ck_assert_int_eq(pipe2(made, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		user_become(&alice);
		_exit(read_in_sandbox(&made[1]));
	}
	fd_close(made[1]);
	ck_assert_int_eq(read(made[0], &byte, 1), 1);
	make_file("open/new");
	ck_assert_int_eq(forked_wait(pid), 0);
	fd_close(made[0]);
	daemon_await_number(&s.daemon, "watches", 0);
	scene_stop(&s);
}
END_TEST

static const char *builddir(void)
{
	const char *directory = getenv("builddir");

	return directory ? directory : ".";
}

/* examples/sandboxed-watch, the real program. */
static int run_example(const void *arg)
{
	const struct user alice = { .uid = ALICE, .gid = ALICE };
	char program[PATH_MAX];

	snprintf(program, sizeof(program), "%s/examples/sandboxed-watch", builddir());
	if (dup2(*(const int *)arg, STDOUT_FILENO) < 0 ||
	    setenv("FDBROKER_SOCKET", s.daemon.socket, 1) < 0)
		return 100;
	user_become(&alice);
	execl(program, "sandboxed-watch", in_tree("open/directory"), NULL);
	return 101;
}

START_TEST(the_example_prints_what_comes_into_a_directory)
{
	char line[32];
	FILE *said;
	int ends[2];
	pid_t pid;

	start(NULL);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = forked_start(run_example, &ends[1]);
	fd_close(ends[1]);
	said = fdopen(ends[0], "re");
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), said));
	ck_assert_str_eq(line, "watching\n");
	make_file("open/directory/new");
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), said));
	ck_assert_str_eq(line, "new\n");
	ck_assert_int_eq(unlink(in_tree("open/directory/new")), 0);
	ck_assert_int_eq(rmdir(in_tree("open/directory")), 0);
	ck_assert_ptr_null(fgets(line, sizeof(line), said));
	fclose(said);
	ck_assert_int_eq(forked_wait(pid), 0);
	scene_stop(&s);
}
END_TEST

/* when it ends */

START_TEST(a_watch_ends_with_its_last_event)
{
	int fd;

	start(NULL);
	fd = must_watch(ALICE, "open", IN_CREATE | (uint32_t)IN_ONESHOT);
	make_file("open/one");
	make_file("open/two");
	assert_event(fd, IN_CREATE, "one");
	assert_event(fd, IN_IGNORED, "");
	assert_end(fd);
	fd = must_watch(ALICE, "open/file", IN_DELETE_SELF);
	ck_assert_int_eq(unlink(in_tree("open/file")), 0);
	assert_event(fd, IN_DELETE_SELF, "");
	assert_event(fd, IN_IGNORED, "");
	daemon_await_number(&s.daemon, "watches", 0);
	assert_end(fd);
	scene_stop(&s);
}
END_TEST

START_TEST(a_watch_does_not_keep_a_file_system_mounted)
{
	int fd;

	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL), 0);
	prepare(NULL);
	ck_assert_int_eq(mount("none", in_tree("open/directory"), "tmpfs", 0, "size=64k"), 0);
	scene_start(&s);
	fd = must_watch(ALICE, "open/directory", IN_CREATE);
	ck_assert_int_eq(umount2(in_tree("open/directory"), 0), 0);
	assert_event(fd, IN_UNMOUNT | IN_ISDIR, "");
	assert_event(fd, IN_IGNORED, "");
	assert_end(fd);
	scene_stop(&s);
}
END_TEST

/* What was handed out is as good as it was, whoever judges now: a descriptor is not taken back. */
START_TEST(a_watch_goes_on_through_reloads_and_crashes_of_the_broker)
{
	int fd;

	start(NULL);
	s.daemon.may_be_killed = true;
	fd = must_watch(ALICE, "open", IN_CREATE);
	daemon_write_policy(&s.daemon, "scene.fdp", "version 1;\n");
	ck_assert_int_eq(daemon_reload(&s.daemon, NULL), 0);
	ck_assert_int_eq(watch(ALICE, "open", IN_CREATE), -EACCES);
	make_file("open/one");
	assert_event(fd, IN_CREATE, "one");
	ck_assert_int_eq(kill(daemon_pid(&s.daemon, "broker"), SIGKILL), 0);
	make_file("open/two");
	assert_event(fd, IN_CREATE, "two");
	fd_close(fd);
	daemon_await_number(&s.daemon, "watches", 0);
	daemon_stop(&s.daemon);
}
END_TEST

START_TEST(a_pump_that_dies_ends_its_watches_and_the_next_has_new_ones)
{
	pid_t pid;
	int fd;

	start(NULL);
	s.daemon.may_be_killed = true;
	daemon_await_attendants(&s.daemon);
	fd = must_watch(ALICE, "open", IN_CREATE);
	pid = daemon_pid(&s.daemon, "pump");
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	assert_end(fd);
	fd = watch_when_there_is_room(ALICE, "open", IN_CREATE);
	make_file("open/new");
	assert_event(fd, IN_CREATE, "new");
	ck_assert_int_ne(daemon_pid(&s.daemon, "pump"), pid);
	/* And with the daemon, whoever holds what. */
	daemon_stop(&s.daemon);
	assert_end(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watch");
	TCase *tcase = suite_case(suite, "watch");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	if (setgroups(0, NULL) < 0)
		return 1;
	tcase_add_test(tcase, what_happens_in_a_directory_comes_with_its_name);
	tcase_add_test(tcase, what_is_watched_is_the_object_and_not_its_name);
	tcase_add_test(tcase, watches_are_given_as_the_policy_lets_them);
	tcase_add_test(tcase, watches_of_one_user_are_bounded_and_others_get_theirs);
	tcase_add_test(tcase, watches_of_all_are_bounded);
	tcase_add_test(tcase, watches_fit_the_instances_that_there_are);
	tcase_add_test(tcase, without_instances_there_is_an_answer_at_once);
	tcase_add_test(tcase, who_does_not_read_is_told_that_events_are_lost_and_holds_up_nobody);
	tcase_add_test(tcase, what_is_said_already_is_not_said_again);
	tcase_add_test(tcase, a_reader_can_only_read);
	tcase_add_test(tcase, who_comes_and_goes_leaves_nothing_behind);
	tcase_add_test(tcase, a_program_in_the_sandbox_reads_events);
	tcase_add_test(tcase, the_example_prints_what_comes_into_a_directory);
	tcase_add_test(tcase, a_watch_ends_with_its_last_event);
	tcase_add_test(tcase, a_watch_does_not_keep_a_file_system_mounted);
	tcase_add_test(tcase, a_watch_goes_on_through_reloads_and_crashes_of_the_broker);
	tcase_add_test(tcase, a_pump_that_dies_ends_its_watches_and_the_next_has_new_ones);
	return suite_main(suite);
}

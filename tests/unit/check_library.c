/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The library through its public functions, in front of brokers that answer
 * well, badly, late, twice or not at all. Each test is a script for the broker,
 * run by a thread, and what the client makes of it.
 */
#include "client/fdbroker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/fake_broker.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"
#include "wire/codec.h"
#include "wire/message.h"

static int open_read(const struct fake_stage *stage, const char *path)
{
	return fdbroker_open(stage->broker, path, O_RDONLY, 0, NULL);
}

/* Does @fd hold what fake_open() puts there? Closes it. */
static bool is_file_of(int fd, const char *path)
{
	_cleanup_(fd_closep) int owned = fd;
	char text[WIRE_PATH_MAX + 1] = "";

	return fd >= 0 && pread(owned, text, sizeof(text) - 1, 0) >= 0 && strcmp(text, path) == 0;
}

/* --- answers ------------------------------------------------------------ */

START_TEST(a_file_comes_with_its_reason_and_decision)
{
	struct fdbroker_answer answer;
	struct fake_stage stage;
	int fd;

	fake_stage_begin(&stage, fake_serve);
	fd = fdbroker_open(stage.broker, "/x//y", O_RDONLY, 0, &answer);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC); /* P25 */
	ck_assert(is_file_of(fd, "/x/y"));
	ck_assert_int_eq(answer.reason, FDBROKER_REASON_OK);
	ck_assert_uint_eq(answer.decision, 0xbeef);
	fake_stage_end(&stage);
}
END_TEST

static void check_request(int sock)
{
	struct fake_request request;

	ck_assert(fake_receive(sock, &request));
	ck_assert_str_eq(request.path, "/a");
	ck_assert_uint_eq(request.flags, WIRE_OPEN_WRITE | WIRE_OPEN_CREATE);
	ck_assert_uint_eq(request.mode, 0640);
	ck_assert_int_eq(request.sender.pid, getpid());
	ck_assert_uint_eq(request.sender.uid, geteuid());
	ck_assert_uint_eq(request.sender.gid, getegid());
	fake_refuse(sock, request.id, EACCES, WIRE_REASON_DEFAULT);
}

START_TEST(a_refusal_is_an_errno_with_its_reason_and_decision)
{
	struct fdbroker_answer answer;
	struct fake_stage stage;

	fake_stage_begin(&stage, check_request);
	ck_assert_int_eq(fdbroker_open(stage.broker, "/a", O_WRONLY | O_CREAT, 0640, &answer),
			 -EACCES);
	ck_assert_int_eq(answer.reason, FDBROKER_REASON_DEFAULT);
	ck_assert_uint_eq(answer.decision, 0xdead);
	fake_stage_end(&stage);
}
END_TEST

static const struct {
	const char *path;
	int flags, expected;
} own_errors[] = {
	{ NULL, O_RDONLY, -EFAULT }, { "", O_RDONLY, -ENOENT },	   { "/a/../b", O_RDONLY, -EINVAL },
	{ "/a", O_PATH, -EINVAL },   { "/a/", O_WRONLY, -EISDIR }, { "/a", 3, -EINVAL },
};

START_TEST(what_is_wrong_by_itself_is_not_asked)
{
	struct fdbroker_answer answer;
	struct fake_stage stage;

	fake_stage_begin(&stage, fake_serve);
	ck_assert_int_eq(fdbroker_open(stage.broker, own_errors[_i].path, own_errors[_i].flags, 0,
				       &answer),
			 own_errors[_i].expected);
	ck_assert_int_eq(answer.reason, FDBROKER_REASON_NONE);
	ck_assert_uint_eq(answer.decision, 0);
	fake_stage_end(&stage);
}
END_TEST

/* A call of each kind that makes no sense. */
static int stat_flags(struct fdbroker *broker, struct fdbroker_answer *answer)
{
	struct stat st;

	return fdbroker_stat(broker, "/a", AT_EMPTY_PATH, &st, answer);
}

static int access_mode(struct fdbroker *broker, struct fdbroker_answer *answer)
{
	return fdbroker_access(broker, "/a", 8, answer);
}

static int readlink_nowhere(struct fdbroker *broker, struct fdbroker_answer *answer)
{
	return (int)fdbroker_readlink(broker, "/a", NULL, 1, answer);
}

static int unlink_flags(struct fdbroker *broker, struct fdbroker_answer *answer)
{
	return fdbroker_unlink(broker, "/a", AT_EMPTY_PATH, answer);
}

static int mkdir_dots(struct fdbroker *broker, struct fdbroker_answer *answer)
{
	return fdbroker_mkdir(broker, "/a/.", 0700, answer);
}

static int symlink_nothing(struct fdbroker *broker, struct fdbroker_answer *answer)
{
	return fdbroker_symlink(broker, NULL, "/a", answer);
}

static int chmod_sticky(struct fdbroker *broker, struct fdbroker_answer *answer)
{
	return fdbroker_chmod(broker, "/a", 01777, answer);
}

static int utimens_flags(struct fdbroker *broker, struct fdbroker_answer *answer)
{
	return fdbroker_utimens(broker, "/a", NULL, AT_EMPTY_PATH, answer);
}

static int truncate_negative(struct fdbroker *broker, struct fdbroker_answer *answer)
{
	return fdbroker_truncate(broker, "/a", -1, answer);
}

static int rename_flags(struct fdbroker *broker, struct fdbroker_answer *answer)
{
	return fdbroker_rename(broker, "/a", "/b", RENAME_EXCHANGE, answer);
}

static int link_directory(struct fdbroker *broker, struct fdbroker_answer *answer)
{
	return fdbroker_link(broker, "/a/", "/b", answer);
}

static int connect_raw(struct fdbroker *broker, struct fdbroker_answer *answer)
{
	return fdbroker_connect_unix(broker, "/a", SOCK_RAW, answer);
}

static int watch_nothing(struct fdbroker *broker, struct fdbroker_answer *answer)
{
	return fdbroker_watch(broker, "/a", IN_ONLYDIR, answer);
}

static const struct {
	const char *name;
	int (*call)(struct fdbroker *broker, struct fdbroker_answer *answer);
	int expected;
} senseless[] = {
	{ "stat", stat_flags, -EINVAL },
	{ "access", access_mode, -EINVAL },
	{ "readlink", readlink_nowhere, -EINVAL },
	{ "unlink", unlink_flags, -EINVAL },
	{ "mkdir", mkdir_dots, -EINVAL },
	{ "symlink", symlink_nothing, -EFAULT },
	{ "chmod", chmod_sticky, -EINVAL },
	{ "utimens", utimens_flags, -EINVAL },
	{ "truncate", truncate_negative, -EINVAL },
	{ "rename", rename_flags, -EINVAL },
	{ "link", link_directory, -ENOTDIR },
	{ "connect", connect_raw, -EINVAL },
	{ "watch", watch_nothing, -EINVAL },
};

START_TEST(what_is_wrong_by_itself_has_no_answer)
{
	struct fdbroker_answer answer = { .reason = FDBROKER_REASON_OK, .decision = 1 };
	struct fake_stage stage;

	fake_stage_begin(&stage, fake_serve);
	ck_assert_msg(senseless[_i].call(stage.broker, &answer) == senseless[_i].expected, "%s",
		      senseless[_i].name);
	ck_assert_msg(answer.reason == FDBROKER_REASON_NONE && answer.decision == 0, "%s",
		      senseless[_i].name);
	ck_assert_msg(senseless[_i].call(stage.broker, NULL) == senseless[_i].expected, "%s",
		      senseless[_i].name);
	fake_stage_end(&stage);
}
END_TEST

static int told_error;

static void tell_error(int sock)
{
	struct fake_request request;

	if (fake_receive(sock, &request))
		fake_refuse(sock, request.id, told_error, WIRE_REASON_KERNEL);
}

START_TEST(only_documented_errors_leave_the_library)
{
	static const int cases[][2] = {
		{ ENOENT, -ENOENT }, { ETIMEDOUT, -ETIMEDOUT }, { EAGAIN, -EAGAIN },
		{ ESTALE, -ESTALE }, { EUCLEAN, -EIO },		{ 4095, -EIO },
	};
	struct fake_stage stage;

	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		told_error = cases[i][0];
		fake_stage_begin(&stage, tell_error);
		ck_assert_int_eq(open_read(&stage, "/a"), cases[i][1]);
		fake_stage_end(&stage);
	}
}
END_TEST

/* --- answers that make no sense ----------------------------------------- */

static unsigned surplus;

static void send_surplus(int sock)
{
	static const struct wire_answer yes = { .n_fds = 1 };
	struct fake_request request;
	char bytes[256];
	int size;

	if (!fake_receive(sock, &request))
		return;
	size = wire_answer_write(request.id, &yes, bytes, sizeof(bytes));
	fake_send(sock, bytes, (size_t)size, 0, surplus);
}

/* P30; suite_case() counts the descriptors. */
START_TEST(surplus_descriptors_are_closed_and_end_the_connection)
{
	static const unsigned counts[] = { 2, 3, 8, 9, 100, 252, 253 };
	struct fake_stage stage;

	surplus = counts[_i];
	fake_stage_begin(&stage, send_surplus);
	ck_assert_int_eq(open_read(&stage, "/a"), -EPROTO);
	ck_assert_int_eq(open_read(&stage, "/a"), -ECONNRESET);
	fake_stage_end(&stage);
}
END_TEST

static void refuse_with_descriptor(int sock)
{
	static const struct wire_answer no = { .error = EACCES, .reason = WIRE_REASON_RULE };
	struct fake_request request;
	char bytes[256];
	int size;

	if (!fake_receive(sock, &request))
		return;
	size = wire_answer_write(request.id, &no, bytes, sizeof(bytes));
	fake_send(sock, bytes, (size_t)size, 0, 1);
}

static void agree_without_descriptor(int sock)
{
	surplus = 0;
	send_surplus(sock);
}

static void agree_with_an_errno(int sock)
{
	struct fake_request request;

	if (fake_receive(sock, &request))
		fake_refuse(sock, request.id, EACCES, WIRE_REASON_OK);
}

static void answer_another(int sock)
{
	struct fake_request request;

	if (!fake_receive(sock, &request))
		return;
	request.id += 1000;
	fake_open(sock, &request);
}

static void send_bytes(int sock, int cut, int add, size_t at, int value)
{
	static const struct wire_answer no = { .error = EACCES, .reason = WIRE_REASON_RULE };
	struct fake_request request;
	char bytes[512] = { 0 };
	int size;

	if (!fake_receive(sock, &request))
		return;
	size = wire_answer_write(request.id, &no, bytes, sizeof(bytes));
	bytes[at] = (char)(value >= 0 ? value : bytes[at]);
	fake_send(sock, bytes, (size_t)(size - cut + add), -EBADF, 0);
}

static void answer_short(int sock)
{
	send_bytes(sock, 1, 0, 0, -1);
}

static void answer_one_byte(int sock)
{
	send_bytes(sock, 39, 0, 0, -1);
}

static void answer_long(int sock)
{
	send_bytes(sock, 0, 1, 0, -1);
}

static void answer_very_long(int sock)
{
	send_bytes(sock, 0, 400, 0, -1);
}

static void answer_in_version_9(int sock)
{
	send_bytes(sock, 0, 0, 0, 9);
}

static void answer_to_another_opcode(int sock)
{
	send_bytes(sock, 0, 0, 2, 77);
}

static void answer_with_flags(int sock)
{
	send_bytes(sock, 0, 0, 4, 1);
}

static void notice_with_descriptor(int sock)
{
	struct fake_request request;
	char bytes[256];
	int size = wire_notice_write(WIRE_NOTICE_LOST, bytes, sizeof(bytes));

	if (fake_receive(sock, &request))
		fake_send(sock, bytes, (size_t)size, 0, 1);
}

static const struct {
	const char *name;
	void (*script)(int);
} nonsense[] = {
	{ "no, with a descriptor", refuse_with_descriptor },
	{ "yes, without one", agree_without_descriptor },
	{ "ok, with an errno", agree_with_an_errno },
	{ "an id that nobody asked with", answer_another },
	{ "a byte short", answer_short },
	{ "one byte", answer_one_byte },
	{ "a byte long", answer_long },
	{ "longer than any answer", answer_very_long },
	{ "an unknown version", answer_in_version_9 },
	{ "an unknown opcode", answer_to_another_opcode },
	{ "unknown flags", answer_with_flags },
	{ "a notice with a descriptor", notice_with_descriptor },
};

static void (*say)(int sock);

/* And who would ask again is answered, until he goes. */
static void say_and_serve(int sock)
{
	say(sock);
	fake_serve(sock);
}

START_TEST(an_answer_without_sense_ends_the_connection)
{
	struct fake_stage stage;
	int r;

	say = nonsense[_i].script;
	fake_stage_begin(&stage, say_and_serve);
	r = open_read(&stage, "/a");
	ck_assert_msg(r == -EPROTO, "%s: %d", nonsense[_i].name, r);
	ck_assert_int_eq(open_read(&stage, "/a"), -ECONNRESET);
	/* It has ended for the broker, too, before its descriptor is closed. */
	ck_assert_int_eq(pthread_join(stage.thread, NULL), 0);
	fdbroker_close(stage.broker);
}
END_TEST

static void answer_twice(int sock)
{
	struct fake_request request;

	if (!fake_receive(sock, &request))
		return;
	fake_open(sock, &request);
	fake_open(sock, &request);
	fake_serve(sock);
}

START_TEST(a_second_answer_ends_the_connection)
{
	struct fake_stage stage;

	fake_stage_begin(&stage, answer_twice);
	ck_assert(is_file_of(open_read(&stage, "/a"), "/a"));
	ck_assert_int_eq(open_read(&stage, "/b"), -EPROTO);
	fake_stage_end(&stage);
}
END_TEST

/* --- the descriptor table is full (P31) --------------------------------- */

static void set_limit(rlim_t limit)
{
	struct rlimit rl;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &rl), 0);
	rl.rlim_cur = limit;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &rl), 0);
}

static int next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void serve_stdin(int sock)
{
	static const struct wire_answer yes = { .n_fds = 1, .decision = 1 };
	struct fake_request request;

	while (fake_receive(sock, &request))
		fake_answer(sock, request.id, &yes, 0);
}

START_TEST(a_full_table_is_emfile_and_the_connection_lives_on)
{
	struct fdbroker_answer answer;
	struct fake_stage stage;
	int fd;

	fake_stage_begin(&stage, serve_stdin);
	set_limit((rlim_t)next_fd());
	ck_assert_int_eq(fdbroker_open(stage.broker, "/a", O_RDONLY, 0, &answer), -EMFILE);
	ck_assert_int_eq(answer.reason, FDBROKER_REASON_OK);
	ck_assert_uint_eq(answer.decision, 1);
	set_limit(256);
	fd = open_read(&stage, "/a");
	ck_assert_int_ge(fd, 0);
	close(fd);
	fake_stage_end(&stage);
}
END_TEST

/* --- the broker goes ---------------------------------------------------- */

static void go(int sock)
{
	struct fake_request request;

	fake_receive(sock, &request);
}

START_TEST(a_broker_that_goes_is_a_reset_connection)
{
	struct fake_stage stage;

	fake_stage_begin(&stage, go);
	for (int i = 0; i < 2; i++) {
		struct fdbroker_answer answer = { .decision = 7 };

		ck_assert_int_eq(fdbroker_open(stage.broker, "/a", O_RDONLY, 0, &answer),
				 -ECONNRESET);
		ck_assert_int_eq(answer.reason, FDBROKER_REASON_NONE);
		ck_assert_uint_eq(answer.decision, 0);
	}
	fake_stage_end(&stage);
}
END_TEST

static void answer_and_go(int sock)
{
	struct fake_request request;

	if (fake_receive(sock, &request))
		fake_open(sock, &request);
}

/* P34, the client's half */
START_TEST(the_last_answer_of_a_broker_that_goes_arrives)
{
	struct fake_stage stage;

	fake_stage_begin(&stage, answer_and_go);
	ck_assert(is_file_of(open_read(&stage, "/a"), "/a"));
	ck_assert_int_eq(open_read(&stage, "/a"), -ECONNRESET);
	fake_stage_end(&stage);
}
END_TEST

static unsigned losses, asked;

static void lose(int sock)
{
	struct fake_request request;

	for (asked = 0; fake_receive(sock, &request); asked++)
		if (asked < losses)
			fake_notice(sock, WIRE_NOTICE_LOST);
		else
			fake_open(sock, &request);
}

static const struct {
	const char *name;
	int flags;
	unsigned losses, asked;
	bool opened;
} lost[] = {
	{ "read", O_RDONLY, 1, 2, true },
	{ "read, lost twice", O_RDONLY, 2, 2, false },
	{ "append", O_WRONLY | O_APPEND, 1, 2, true },
	{ "create", O_WRONLY | O_CREAT, 1, 1, false },
	{ "truncate", O_WRONLY | O_TRUNC, 1, 1, false },
	{ "tmpfile", O_RDWR | O_TMPFILE, 1, 1, false },
};

START_TEST(a_lost_request_is_repeated_once_if_that_is_harmless)
{
	struct fake_stage stage;
	int fd;

	losses = lost[_i].losses;
	fake_stage_begin(&stage, lose);
	fd = fdbroker_open(stage.broker, "/a", lost[_i].flags, 0600, NULL);
	fake_stage_end(&stage);
	ck_assert_msg(lost[_i].opened ? is_file_of(fd, "/a") : fd == -ECONNRESET, "%s: %d",
		      lost[_i].name, fd);
	ck_assert_uint_eq(asked, lost[_i].asked);
}
END_TEST

static void lose_and_answer_late(int sock)
{
	struct fake_request first, second;

	ck_assert(fake_receive(sock, &first));
	fake_notice(sock, WIRE_NOTICE_LOST);
	ck_assert(fake_receive(sock, &second));
	ck_assert_uint_ne(first.id, second.id);
	snprintf(first.path, sizeof(first.path), "late");
	fake_open(sock, &first);
	fake_open(sock, &second);
	/* None but lost requests: this one was answered after the notice. */
	fake_open(sock, &second);
	fake_serve(sock);
}

/* A new broker answers what the old one had not read yet; the library has asked again. */
START_TEST(a_late_answer_to_a_lost_request_is_dropped)
{
	struct fake_stage stage;

	fake_stage_begin(&stage, lose_and_answer_late);
	ck_assert(is_file_of(open_read(&stage, "/a"), "/a"));
	ck_assert_int_eq(open_read(&stage, "/b"), -EPROTO);
	fake_stage_end(&stage);
}
END_TEST

static void notify_and_serve(int sock)
{
	fake_notice(sock, 999);
	fake_serve(sock);
}

START_TEST(a_notice_of_a_later_version_is_passed_over)
{
	struct fake_stage stage;

	fake_stage_begin(&stage, notify_and_serve);
	ck_assert(is_file_of(open_read(&stage, "/a"), "/a"));
	fake_stage_end(&stage);
}
END_TEST

/* --- threads, signals, children ----------------------------------------- */

static void answer_in_reverse(int sock)
{
	struct fake_request requests[3];

	for (size_t i = 0; i < ELEMENTSOF(requests); i++)
		ck_assert(fake_receive(sock, &requests[i]));
	for (size_t i = ELEMENTSOF(requests); i > 0; i--)
		fake_open(sock, &requests[i - 1]);
}

struct asker {
	const struct fake_stage *stage;
	char path[32];
	unsigned rounds;
	unsigned right;
	pthread_t thread;
};

static void *ask(void *argument)
{
	struct asker *asker = argument;
	char path[64];

	for (unsigned i = 0; i < asker->rounds; i++) {
		snprintf(path, sizeof(path), "%s/%u", asker->path, i);
		asker->right += is_file_of(open_read(asker->stage, path), path);
	}
	return NULL;
}

static void ask_in_threads(struct fake_stage *stage, struct asker *askers, size_t n,
			   unsigned rounds)
{
	for (size_t i = 0; i < n; i++) {
		askers[i] = (struct asker){ .stage = stage, .rounds = rounds };
		snprintf(askers[i].path, sizeof(askers[i].path), "/%d/%zu", getpid(), i);
		ck_assert_int_eq(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
	}
}

static void join(struct asker *askers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(pthread_join(askers[i].thread, NULL), 0);
		ck_assert_uint_eq(askers[i].right, askers[i].rounds);
	}
}

START_TEST(answers_in_any_order_find_their_threads)
{
	struct asker askers[3];
	struct fake_stage stage;

	fake_stage_begin(&stage, answer_in_reverse);
	ask_in_threads(&stage, askers, ELEMENTSOF(askers), 1);
	join(askers, ELEMENTSOF(askers));
	fake_stage_end(&stage);
}
END_TEST

static pthread_t waiting_thread;

static void interrupt_and_serve(int sock)
{
	struct fake_request request;

	while (fake_receive(sock, &request)) {
		for (int i = 0; i < 100; i++)
			pthread_kill(waiting_thread, SIGUSR1);
		fake_open(sock, &request);
	}
}

static void ignore(int sig)
{
	(void)sig;
}

START_TEST(a_signal_does_not_disturb_a_request)
{
	struct sigaction action = { .sa_handler = ignore }; /* no SA_RESTART */
	struct fake_stage stage;

	waiting_thread = pthread_self();
	sigaction(SIGUSR1, &action, NULL);
	fake_stage_begin(&stage, interrupt_and_serve);
	for (int i = 0; i < 20; i++)
		ck_assert(is_file_of(open_read(&stage, "/a"), "/a"));
	fake_stage_end(&stage);
}
END_TEST

static int child_opens(const void *argument)
{
	const struct fake_stage *stage = argument;
	int r = open_read(stage, "/child");

	return r < 0 ? -r : 0;
}

/* P93 */
START_TEST(a_child_does_not_use_its_parents_adopted_connection)
{
	struct fake_stage stage;

	fake_stage_begin(&stage, fake_serve);
	ck_assert_int_eq(forked_run(child_opens, &stage), ECHILD);
	ck_assert(is_file_of(open_read(&stage, "/parent"), "/parent"));
	fake_stage_end(&stage);
}
END_TEST

/* As PID 1 of a namespace, with a child that is PID 1 of the next. */
static int have_a_child_of_the_same_pid(const void *unused)
{
	struct fake_stage stage;
	int r;

	(void)unused;
	fake_stage_begin(&stage, fake_serve);
	if (getpid() != 1 || unshare(CLONE_NEWPID) < 0)
		return 100;
	r = forked_run(child_opens, &stage);
	fake_stage_end(&stage);
	return r;
}

static int become_pid_1(const void *unused)
{
	(void)unused;
	if (unshare(CLONE_NEWPID | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) < 0)
		return 101;
	return forked_run(have_a_child_of_the_same_pid, NULL);
}

START_TEST(a_child_of_the_same_pid_is_another_process_all_the_same)
{
	ck_assert_int_eq(forked_run(become_pid_1, NULL), ECHILD);
}
END_TEST

static pid_t sender; /* of what the broker got last */

static void note_sender(int sock)
{
	struct fake_request request;

	while (fake_receive(sock, &request)) {
		sender = request.sender.pid;
		fake_open(sock, &request);
	}
}

/* Nobody in particular: root may claim to be anybody, and would. */
static int borrow_memory(void *context)
{
	syscall(SYS_setresgid, 65534, 65534, 65534);
	syscall(SYS_setresuid, 65534, 65534, 65534);
	return is_file_of(open_read(context, "/a"), "/a") && sender == getpid() ? 0 : 1;
}

START_TEST(a_process_that_shares_our_memory_asks_as_itself)
{
	static _Alignas(64) char stack[256 * 1024];
	struct fake_stage stage;
	int status;
	pid_t pid;

	fake_stage_begin(&stage, note_sender);
	pid = clone(borrow_memory, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &stage);
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert(is_file_of(open_read(&stage, "/b"), "/b"));
	ck_assert_int_eq(sender, getpid());
	fake_stage_end(&stage);
}
END_TEST

#define THREADS 8
#define ROUNDS	1000

/* The allocator of GCC 12's address sanitizer knows nothing of fork(2): a child of a process whose
 * threads allocate may find it locked for ever. */
#ifdef __SANITIZE_ADDRESS__
#define CHILDREN 0
#else
#define CHILDREN 100
#endif

/* In the child, with a handle that the parent's threads were using at the fork. */
/* It has a connection of its own, and its parent's no more: nobody could tell then that the parent is gone. */
static int child_storms(const void *argument)
{
	const struct fake_stage *stage = argument;
	int n_fds = suite_count_fds(0);
	struct asker askers[2];

	for (size_t i = 0; i < ELEMENTSOF(askers); i++) {
		askers[i] = (struct asker){ .stage = stage, .rounds = 5 };
		snprintf(askers[i].path, sizeof(askers[i].path), "/%d/%zu", getpid(), i);
		if (pthread_create(&askers[i].thread, NULL, ask, &askers[i]) != 0)
			return 1;
	}
	for (size_t i = 0; i < ELEMENTSOF(askers); i++) {
		pthread_join(askers[i].thread, NULL);
		if (askers[i].right != askers[i].rounds)
			return 2;
	}
	if (suite_count_fds(0) != n_fds)
		return 3;
	fdbroker_close(stage->broker);
	return 0;
}

/* P93: every file is the one that was asked for, whoever asks. */
START_TEST(threads_and_children_never_get_each_others_files)
{
	struct asker askers[THREADS];
	struct fake_stage stage = { 0 };
	char path[100];
	pid_t broker = fake_listen(path, sizeof(path));

	ck_assert_int_eq(fdbroker_connect(&stage.broker, path), 0);
	ask_in_threads(&stage, askers, THREADS, ROUNDS);
	for (int i = 0; i < CHILDREN; i++)
		ck_assert_int_eq(forked_run(child_storms, &stage), 0);
	join(askers, THREADS);
	fdbroker_close(stage.broker);
	kill(broker, SIGKILL);
	waitpid(broker, NULL, 0);
	unlink(path);
}
END_TEST

/* --- inside the sandbox -------------------------------------------------- */

/* In there one descriptor above 2 is open, for good. */
static bool connection_has_ended(void)
{
	struct pollfd connection = { .fd = STDERR_FILENO + 1 };

	while (connection.fd < 1024 && fcntl(connection.fd, F_GETFD) < 0)
		connection.fd++;
	return poll(&connection, 1, 0) == 1 && connection.revents == POLLHUP;
}

static int live_in_sandbox(struct fake_stage *stage)
{
	struct fdbroker *second = NULL;

	if (fdbroker_sandbox(stage->broker, 1) != -EINVAL)
		return 1;
	if (fdbroker_sandbox(stage->broker, 0) != 0)
		return 2;
	if (!is_file_of(open_read(stage, "/a"), "/a"))
		return 3;
	if (open("/", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
		return 4;
	if (fdbroker_connect(&second, "/nonexistent") != -EPERM)
		return 5;
	/* A child cannot connect anew. */
	if (forked_run(child_opens, stage) != ECHILD)
		return 6;
	fdbroker_close(stage->broker);
	return connection_has_ended() ? 0 : 7;
}

static int enter_and_live(const void *unused)
{
	struct fake_stage stage;
	char path[100];
	pid_t broker = fake_listen(path, sizeof(path));
	int r;

	(void)unused;
	if (fdbroker_connect(&stage.broker, path) != 0)
		return 100;
	unlink(path);
	r = live_in_sandbox(&stage);
	(void)broker; /* dies with its parent; nobody can signal it from here */
	return r;
}

START_TEST(the_sandbox_leaves_the_broker_and_nothing_else)
{
	ck_assert_int_eq(forked_run(enter_and_live, NULL), 0);
}
END_TEST

static int child_confines(const void *argument)
{
	const struct fake_stage *stage = argument;

	return -fdbroker_sandbox(stage->broker, 0);
}

START_TEST(a_child_cannot_confine_itself_to_its_parents_connection)
{
	struct fake_stage stage;

	fake_stage_begin(&stage, fake_serve);
	ck_assert_int_eq(forked_run(child_confines, &stage), ECHILD);
	ck_assert_int_eq(fdbroker_sandbox(NULL, 0), -EINVAL);
	fake_stage_end(&stage);
}
END_TEST

START_TEST(every_reason_has_its_name)
{
	ck_assert_str_eq(fdbroker_reason_name(FDBROKER_REASON_OK), "ok");
	ck_assert_str_eq(fdbroker_reason_name(FDBROKER_REASON_DEFAULT), "default");
	ck_assert_str_eq(fdbroker_reason_name(FDBROKER_REASON_DEGRADED), "degraded");
	ck_assert_str_eq(fdbroker_reason_name(FDBROKER_REASON_NONE), "none");
	ck_assert_str_eq(fdbroker_reason_name((enum fdbroker_reason)77), "unknown");
	ck_assert_str_eq(fdbroker_reason_name((enum fdbroker_reason)(65536 + 1)), "unknown");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("library");
	TCase *tcase = suite_case(suite, "answers");

	tcase_add_test(tcase, a_file_comes_with_its_reason_and_decision);
	tcase_add_test(tcase, a_refusal_is_an_errno_with_its_reason_and_decision);
	tcase_add_loop_test(tcase, what_is_wrong_by_itself_is_not_asked, 0,
			    (int)ELEMENTSOF(own_errors));
	tcase_add_loop_test(tcase, what_is_wrong_by_itself_has_no_answer, 0,
			    (int)ELEMENTSOF(senseless));
	tcase_add_test(tcase, only_documented_errors_leave_the_library);
	tcase_add_test(tcase, every_reason_has_its_name);
	tcase = suite_case(suite, "nonsense");
	tcase_set_timeout(tcase, 20); /* of a connection that does not end */
	tcase_add_loop_test(tcase, surplus_descriptors_are_closed_and_end_the_connection, 0, 7);
	tcase_add_loop_test(tcase, an_answer_without_sense_ends_the_connection, 0,
			    (int)ELEMENTSOF(nonsense));
	tcase_add_test(tcase, a_second_answer_ends_the_connection);
	tcase = suite_case(suite, "limits");
	tcase_add_test(tcase, a_full_table_is_emfile_and_the_connection_lives_on);
	tcase = suite_case(suite, "loss");
	tcase_add_test(tcase, a_broker_that_goes_is_a_reset_connection);
	tcase_add_test(tcase, the_last_answer_of_a_broker_that_goes_arrives);
	tcase_add_loop_test(tcase, a_lost_request_is_repeated_once_if_that_is_harmless, 0,
			    (int)ELEMENTSOF(lost));
	tcase_add_test(tcase, a_late_answer_to_a_lost_request_is_dropped);
	tcase_add_test(tcase, a_notice_of_a_later_version_is_passed_over);
	tcase = suite_case(suite, "threads");
	tcase_add_test(tcase, answers_in_any_order_find_their_threads);
	tcase_add_test(tcase, a_signal_does_not_disturb_a_request);
	tcase_add_test(tcase, a_child_does_not_use_its_parents_adopted_connection);
	tcase_add_test(tcase, a_child_of_the_same_pid_is_another_process_all_the_same);
	tcase_add_test(tcase, a_process_that_shares_our_memory_asks_as_itself);
	tcase_add_test(tcase, threads_and_children_never_get_each_others_files);
	tcase = suite_case(suite, "sandbox");
	tcase_add_test(tcase, the_sandbox_leaves_the_broker_and_nothing_else);
	tcase_add_test(tcase, a_child_cannot_confine_itself_to_its_parents_connection);
	return suite_main(suite);
}

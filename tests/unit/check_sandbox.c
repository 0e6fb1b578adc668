/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <seccomp.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/confined.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"

/* --- real attempts ------------------------------------------------------ */

/* P91: the kernel reads an int, a careless filter all 64 bits. */
static int take_the_brokers_number(const void *unused)
{
	(void)unused;
	confined_enter();
	if (syscall(SYS_dup3, 0L, (1L << 32) | CONFINED_BROKER, 0L) >= 0)
		return CONFINED_ALLOWED;
	return confined_errno(syscall(SYS_ioctl, 0L, 0x100005412L, "x"));
}

START_TEST(bits_above_the_32nd_change_nothing)
{
	ck_assert_int_eq(forked_run(take_the_brokers_number, NULL), EPERM);
}
END_TEST

static void send_fd(int sock, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS } };
	char byte = 'x';
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	ck_assert_int_eq((int)sendmsg(sock, &msg, 0), 1);
}

/* Bytes received, or -errno. */
static int receive_fd(int sock)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };

	ssize_t n = recvmsg(sock, &msg, MSG_DONTWAIT);

	return n < 0 ? -errno : (int)n;
}

/* P92: standard input is a socket, and somebody passes a descriptor through it. */
static int receive_through_stdin(const void *argument)
{
	const int *inherited = argument;

	dup2(*inherited, 0);
	confined_enter();
	close(CONFINED_BROKER);
	dup2(0, CONFINED_BROKER);
	/* The number is the broker's still, who is gone in this test. */
	if (receive_fd(CONFINED_BROKER) != 0)
		return CONFINED_ALLOWED;
	return -receive_fd(0);
}

START_TEST(no_descriptor_comes_through_an_inherited_socket)
{
	int pair[2], got;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	send_fd(pair[1], 2);
	got = forked_run(receive_through_stdin, &pair[0]);
	fd_close(pair[0]);
	fd_close(pair[1]);
	ck_assert_int_eq(got, EPERM);
}
END_TEST

static int use_inherited(const void *argument)
{
	const int *fd = argument;

	confined_enter();
	return confined_errno(fcntl(*fd, F_GETFD));
}

START_TEST(descriptors_above_2_are_closed)
{
	_cleanup_(fd_closep) int low = dup(0);
	_cleanup_(fd_closep) int high = fcntl(0, F_DUPFD, CONFINED_BROKER + 1);

	ck_assert_int_eq(forked_run(use_inherited, &low), EBADF);
	ck_assert_int_eq(forked_run(use_inherited, &high), EBADF);
}
END_TEST

#define NEAR 70U

/* Close every range of the first numbers. 0; 1 one was refused that is without the connection, 2 one was
 * not that has it, 3 the connection has gone. */
static int close_ranges(const void *argument)
{
	const unsigned int *broker = argument;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0 || dup2(pair[0], (int)*broker) < 0 ||
	    sandbox_enter((int)*broker) < 0)
		return CONFINED_NO_SANDBOX;
	for (unsigned int first = 0; first < NEAR; first++)
		for (unsigned int last = 0; last < NEAR; last++) {
			bool refused = close_range(first, last, 0) < 0 && errno == EPERM;

			if (refused != (first <= *broker && *broker <= last))
				return refused ? 1 : 2;
		}
	return fcntl((int)*broker, F_GETFD) < 0 ? 3 : 0;
}

/* P92 */
START_TEST(no_range_with_the_connection_is_closed)
{
	static const unsigned int brokers[] = { 0, 3, 4, 7, 8, 31, 32, 63, 64 };

	for (size_t i = 0; i < ELEMENTSOF(brokers); i++) {
		int got = forked_run(close_ranges, &brokers[i]);

		ck_assert_msg(got == 0, "%u: %d", brokers[i], got);
	}
}
END_TEST

/* P23: a descriptor for reading is no way to one for writing. */
static int reopen_for_writing(const void *argument)
{
	const int *fd = argument;

	dup2(*fd, 0);
	confined_enter();
	return confined_errno(open("/proc/self/fd/0", O_RDWR));
}

START_TEST(a_descriptor_cannot_be_reopened)
{
	_cleanup_(fd_closep) int fd = memfd_create("read-only", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(forked_run(reopen_for_writing, &fd), EACCES);
}
END_TEST

/* P28 */
static int lock_standard_input(const void *unused)
{
	struct flock whole = { .l_type = F_RDLCK };

	(void)unused;
	confined_enter();
	if (confined_errno(flock(0, LOCK_EX | LOCK_NB)) != EPERM)
		return CONFINED_ALLOWED;
	return confined_errno(fcntl(0, F_SETLK, &whole));
}

START_TEST(files_cannot_be_locked)
{
	ck_assert_int_eq(forked_run(lock_standard_input, NULL), EPERM);
}
END_TEST

/* --- what still works --------------------------------------------------- */

static void *count(void *n)
{
	char *block = malloc(1 << 20);

	free(block);
	return block ? (void *)((uintptr_t)n + 1) : NULL;
}

static int live(const void *unused)
{
	struct timespec ts = { .tv_nsec = 1 };
	struct stat st;
	struct rlimit limit;
	pthread_t thread;
	void *result = NULL;
	int status = 0, pipe_fds[2];
	pid_t pid;

	(void)unused;
	confined_enter();
	if (pthread_create(&thread, NULL, count, (void *)1) != 0 ||
	    pthread_join(thread, &result) != 0 || result != (void *)2)
		return 1;
	pid = fork();
	if (pid == 0)
		_exit(7);
	if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 7)
		return 2;
	if (fstat(0, &st) < 0 || nanosleep(&ts, NULL) < 0 || pipe(pipe_fds) < 0)
		return 3;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || raise(SIGCHLD) != 0)
		return 4;
	if (execl("/bin/true", "true", (char *)NULL) == 0 || errno != EPERM)
		return 5;
	return 0;
}

START_TEST(a_program_lives_on_inside)
{
	ck_assert_int_eq(forked_run(live, NULL), 0);
}
END_TEST

static sem_t confined;

static void *open_when_confined(void *unused)
{
	(void)unused;
	sem_wait(&confined);
	return (void *)(intptr_t)confined_errno(open("/", O_PATH | O_CLOEXEC));
}

static int confine_with_thread(const void *unused)
{
	pthread_t thread;
	void *result = NULL;

	(void)unused;
	sem_init(&confined, 0, 0);
	if (pthread_create(&thread, NULL, open_when_confined, NULL) != 0)
		return CONFINED_NO_SANDBOX;
	confined_enter();
	sem_post(&confined);
	pthread_join(thread, &result);
	return (int)(intptr_t)result;
}

START_TEST(a_thread_that_was_there_before_is_confined_too)
{
	ck_assert_int_eq(forked_run(confine_with_thread, NULL), EACCES);
}
END_TEST

/* --- failures are errors ------------------------------------------------ */

struct injection {
	const char *name;
	int call;
	int argument; /* the first one's value, or -1 for any */
	int inject;   /* errno; 0: success without effect */
	int expected;
	bool believed; /* libseccomp has asked before what there is */
};

static const struct injection injections[] = {
	{ "no seccomp(2)", __NR_seccomp, -1, ENOSYS, ENOSYS, false },
	{ "seccomp(2) refuses", __NR_seccomp, -1, EACCES, 0, false },
	{ "seccomp(2) does nothing and says 0", __NR_seccomp, -1, 0, 0, false },
	{ "the same, later", __NR_seccomp, -1, 0, EPROTO, true },
	{ "no_new_privs refused", __NR_prctl, PR_SET_NO_NEW_PRIVS, EINVAL, EINVAL, false },
	{ "no close_range(2)", __NR_close_range, -1, ENOSYS, ENOSYS, false },
};

static int inject(const struct injection *in)
{
	struct sock_filter program[] = {
		FILTER_LOAD(offsetof(struct seccomp_data, nr)),
		FILTER_UNLESS(in->call, 3),
		FILTER_LOAD(FILTER_ARGUMENT(0)),
		in->argument < 0 ? (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 0)
				 : (struct sock_filter)FILTER_UNLESS(in->argument, 1),
		FILTER_RETURN(SECCOMP_RET_ERRNO | (uint32_t)in->inject),
		FILTER_RETURN(SECCOMP_RET_ALLOW),
	};

	return confined_load(program, ELEMENTSOF(program));
}

static int enter_injected(const void *argument)
{
	const struct injection *in = argument;
	int r;

	confined_connect();
	if (in->believed && seccomp_api_get() < 3)
		return CONFINED_NO_SANDBOX;
	if (inject(in) < 0)
		return CONFINED_NO_SANDBOX;
	r = sandbox_enter(CONFINED_BROKER);
	return r < 0 ? -r : CONFINED_ALLOWED;
}

START_TEST(a_sandbox_that_cannot_be_is_an_error)
{
	const struct injection *in = &injections[_i];
	int got = forked_run(enter_injected, in);

	ck_assert_msg(got > 0 && got != CONFINED_NO_SANDBOX &&
			      (in->expected == 0 || got == in->expected),
		      "%s: %d", in->name, got);
}
END_TEST

static int enter_twice(const void *unused)
{
	int fd, r;

	(void)unused;
	confined_enter();
	fd = dup(0);
	r = sandbox_enter(CONFINED_BROKER);
	if (fcntl(fd, F_GETFD) < 0)
		return CONFINED_NO_SANDBOX;
	return r < 0 ? -r : CONFINED_ALLOWED;
}

START_TEST(a_second_sandbox_is_refused_and_closes_nothing)
{
	ck_assert_int_eq(forked_run(enter_twice, NULL), EPERM);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *tcase = suite_case(suite, "attempts");

	tcase_add_test(tcase, bits_above_the_32nd_change_nothing);
	tcase_add_test(tcase, no_descriptor_comes_through_an_inherited_socket);
	tcase_add_test(tcase, descriptors_above_2_are_closed);
	tcase_add_test(tcase, no_range_with_the_connection_is_closed);
	tcase_add_test(tcase, a_descriptor_cannot_be_reopened);
	tcase_add_test(tcase, files_cannot_be_locked);
	tcase_add_test(tcase, a_program_lives_on_inside);
	tcase_add_test(tcase, a_thread_that_was_there_before_is_confined_too);
	tcase_add_loop_test(tcase, a_sandbox_that_cannot_be_is_an_error, 0,
			    (int)ELEMENTSOF(injections));
	tcase_add_test(tcase, a_second_sandbox_is_refused_and_closes_nothing);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Every test enters the sandbox in a forked child and judges how the child ends.
 *
 * To learn what the filter does with a call without letting the call happen, the
 * child first loads a filter that answers CANARY to every call that bears MAGIC as its
 * sixth argument. Where two filters return an errno the one loaded later wins
 * (seccomp(2)), so CANARY is seen exactly where the sandbox allows.
 */
#include "client/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
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
#include "tests/support/suite.h"

#define CANARY	   999
#define MAGIC	   UINT64_C(0x5eedfacecafe)
#define BROKER	   37 /* any number: 0x25 has set and clear bits */
#define ALLOWED	   0  /* exit statuses of children: an errno, or one of these */
#define NO_SANDBOX 255
/* uretprobe (Linux 6.11) and uprobe (6.18) are for the kernel's own trampolines, pass filters by
 * (Linux 6.14, "seccomp: passthrough uretprobe systemcall without filtering"), and do nothing for anybody else. */
#define EXEMPT (-1000)
#define KILLED (-SIGSYS)

struct row {
	unsigned line;
	long nr;
	char name[40];
	int expected;
	uint64_t arguments[5];
};

static struct row rows[800];
static size_t n_rows;

/* A connected socket of the broker's number, as fdbroker_sandbox() would leave it. */
static void become_client(int *ret_peer)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0 || dup2(pair[0], BROKER) < 0)
		_exit(NO_SANDBOX);
	close(pair[0]);
	*ret_peer = pair[1];
}

static void enter(void)
{
	int peer;

	become_client(&peer);
	if (sandbox_enter(BROKER) < 0)
		_exit(NO_SANDBOX);
}

/* What a child that runs @body ends with: its exit status, or minus the signal that ended it. */
static int in_child(int (*body)(const void *), const void *argument)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(body(argument));
	}
	ck_assert_int_gt(pid, 0);
	while (waitpid(pid, &status, 0) < 0)
		ck_assert_int_eq(errno, EINTR);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int errno_of(long r)
{
	return r < 0 ? errno : ALLOWED;
}

/* Load a filter by hand: libseccomp keeps what it finds out of the kernel, and is under test. */
static int load_program(struct sock_filter *program, size_t size)
{
	struct sock_fprog fprog = { .len = (unsigned short)size, .filter = program };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog) == 0 ? 0 : -errno;
}

#define LOAD(offset)	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (skip))
#define RETURN(value)	    BPF_STMT(BPF_RET | BPF_K, (value))
#define ARGUMENT(n)	    (offsetof(struct seccomp_data, args) + 8 * (n))

/* Every call whose sixth argument is MAGIC ends with CANARY. */
static int load_canary(void)
{
	struct sock_filter program[] = {
		LOAD(ARGUMENT(5)),
		UNLESS(MAGIC & UINT32_MAX, 3),
		LOAD(ARGUMENT(5) + 4),
		UNLESS(MAGIC >> 32, 1),
		RETURN(SECCOMP_RET_ERRNO | CANARY),
		RETURN(SECCOMP_RET_ALLOW),
	};

	return load_program(program, ELEMENTSOF(program));
}

/* --- every system call -------------------------------------------------- */

static int ask_row(const void *argument)
{
	const struct row *row = argument;
	const uint64_t *a = row->arguments;
	uint64_t b[5];
	long r;

	if (load_canary() < 0)
		return NO_SANDBOX;
	enter();
	for (size_t i = 0; i < ELEMENTSOF(b); i++)
		b[i] = (a[i] & 0xffffffff) == UINT32_MAX - 1
			       ? (a[i] >> 32 << 32) | (uint32_t)getpid()
			       : a[i];
	r = syscall(row->nr, b[0], b[1], b[2], b[3], b[4], MAGIC);
	if (r >= 0)
		return NO_SANDBOX;
	r = errno;
	/* Take MAGIC out of its register, or the exit to come ends with CANARY, too. */
	syscall(SYS_getpid, 0L, 0L, 0L, 0L, 0L, 0L);
	return r == CANARY ? ALLOWED : (int)r;
}

static uint64_t read_argument(char *text)
{
	char *high = strstr(text, "+4G");
	uint64_t value;

	if (high)
		*high = '\0';
	if (strcmp(text, "broker") == 0)
		value = BROKER;
	else if (strcmp(text, "self") == 0)
		value = UINT32_MAX - 1; /* replaced in the child */
	else
		value = (uint64_t)strtoll(text, NULL, 0);
	return high ? value | UINT64_C(1) << 32 : value;
}

static int read_disposition(const char *word)
{
	static const struct {
		const char *word;
		int value;
	} words[] = {
		{ "allow", ALLOWED }, { "EACCES", EACCES }, { "EPERM", EPERM },
		{ "ENOSYS", ENOSYS }, { "kill", KILLED },   { "exempt", EXEMPT },
	};

	for (size_t i = 0; i < ELEMENTSOF(words); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].value;
	ck_abort_msg("sandbox.table: what is %s?", word);
	return 0;
}

static void read_row(char *text, unsigned line)
{
	struct row *row = &rows[n_rows++];
	char *save, *word = strtok_r(text, "\t\n ", &save);

	ck_assert_uint_lt(n_rows, ELEMENTSOF(rows));
	row->line = line;
	row->nr = strtol(word, NULL, 10);
	snprintf(row->name, sizeof(row->name), "%s", strtok_r(NULL, "\t\n ", &save));
	row->expected = read_disposition(strtok_r(NULL, "\t\n ", &save));
	for (size_t i = 0; i < ELEMENTSOF(row->arguments); i++) {
		word = strtok_r(NULL, "\t\n ", &save);
		if (!word)
			return;
		row->arguments[i] = read_argument(word);
	}
}

static void read_table(void)
{
	const char *srcdir = getenv("srcdir");
	char path[4096], text[256];
	unsigned line = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/unit/sandbox.table", srcdir ? srcdir : ".");
	f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s: %m", path);
	while (fgets(text, sizeof(text), f)) {
		line++;
		if (text[0] != '#')
			read_row(text, line);
	}
	fclose(f);
}

static bool is_as_expected(int expected, int got)
{
	if (expected == EXEMPT)
		return got == EPERM || got == ENXIO || got == -SIGILL;
	return got == expected;
}

/* P89 (x32), P90, P91, P28 */
START_TEST(every_system_call_ends_as_the_table_says)
{
	bool seen[501] = { false };
	unsigned failed = 0;

	read_table();
	for (size_t i = 0; i < n_rows; i++) {
		int got = in_child(ask_row, &rows[i]);

		if (rows[i].nr <= 500)
			seen[rows[i].nr] = true;
		if (is_as_expected(rows[i].expected, got))
			continue;
		if (failed++ < 20)
			printf("sandbox.table:%u: %s: expected %d, got %d\n", rows[i].line,
			       rows[i].name, rows[i].expected, got);
	}
	ck_assert_uint_eq(failed, 0);
	for (size_t nr = 0; nr < ELEMENTSOF(seen); nr++)
		ck_assert_msg(seen[nr], "system call %zu has no line", nr);
}
END_TEST

/* --- real attempts ------------------------------------------------------ */

/* P89: the 32-bit table has other numbers; 5 is open(2) there and fstat(2) here. */
static int open_by_int80(const void *unused)
{
	/* Below 4 GiB, where a 32-bit pointer reaches it. */
	char *path = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long r = -1;

	(void)unused;
	if (path == MAP_FAILED)
		return NO_SANDBOX;
	memcpy(path, "/", 2);
	enter();
	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(5L), "b"(path), "c"((long)O_RDONLY), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return ALLOWED;
}

START_TEST(a_call_of_the_32_bit_table_kills)
{
	ck_assert_int_eq(in_child(open_by_int80, NULL), KILLED);
}
END_TEST

/* P91: the kernel reads an int, a careless filter all 64 bits. */
static int take_the_brokers_number(const void *unused)
{
	(void)unused;
	enter();
	if (syscall(SYS_dup2, 0L, (1L << 32) | BROKER) >= 0)
		return ALLOWED;
	return errno_of(syscall(SYS_ioctl, 0L, 0x100005412L, "x"));
}

START_TEST(bits_above_the_32nd_change_nothing)
{
	ck_assert_int_eq(in_child(take_the_brokers_number, NULL), EPERM);
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
	enter();
	close(BROKER);
	dup2(0, BROKER);
	/* The number is the broker's still, who is gone in this test. */
	if (receive_fd(BROKER) != 0)
		return ALLOWED;
	return -receive_fd(0);
}

START_TEST(no_descriptor_comes_through_an_inherited_socket)
{
	int pair[2], got;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	send_fd(pair[1], 2);
	got = in_child(receive_through_stdin, &pair[0]);
	fd_close(pair[0]);
	fd_close(pair[1]);
	ck_assert_int_eq(got, EPERM);
}
END_TEST

static int use_inherited(const void *argument)
{
	const int *fd = argument;

	enter();
	return errno_of(fcntl(*fd, F_GETFD));
}

START_TEST(descriptors_above_2_are_closed)
{
	_cleanup_(fd_closep) int low = dup(0);
	_cleanup_(fd_closep) int high = fcntl(0, F_DUPFD, BROKER + 1);

	ck_assert_int_eq(in_child(use_inherited, &low), EBADF);
	ck_assert_int_eq(in_child(use_inherited, &high), EBADF);
}
END_TEST

/* P23: a descriptor for reading is no way to one for writing. */
static int reopen_for_writing(const void *argument)
{
	const int *fd = argument;

	dup2(*fd, 0);
	enter();
	return errno_of(open("/proc/self/fd/0", O_RDWR));
}

START_TEST(a_descriptor_cannot_be_reopened)
{
	_cleanup_(fd_closep) int fd = memfd_create("read-only", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(in_child(reopen_for_writing, &fd), EACCES);
}
END_TEST

/* P28 */
static int lock_standard_input(const void *unused)
{
	struct flock whole = { .l_type = F_RDLCK };

	(void)unused;
	enter();
	if (errno_of(flock(0, LOCK_EX | LOCK_NB)) != EPERM)
		return ALLOWED;
	return errno_of(fcntl(0, F_SETLK, &whole));
}

START_TEST(files_cannot_be_locked)
{
	ck_assert_int_eq(in_child(lock_standard_input, NULL), EPERM);
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
	enter();
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
	ck_assert_int_eq(in_child(live, NULL), 0);
}
END_TEST

static sem_t confined;

static void *open_when_confined(void *unused)
{
	(void)unused;
	sem_wait(&confined);
	return (void *)(intptr_t)errno_of(open("/", O_PATH | O_CLOEXEC));
}

static int confine_with_thread(const void *unused)
{
	pthread_t thread;
	void *result = NULL;

	(void)unused;
	sem_init(&confined, 0, 0);
	if (pthread_create(&thread, NULL, open_when_confined, NULL) != 0)
		return NO_SANDBOX;
	enter();
	sem_post(&confined);
	pthread_join(thread, &result);
	return (int)(intptr_t)result;
}

START_TEST(a_thread_that_was_there_before_is_confined_too)
{
	ck_assert_int_eq(in_child(confine_with_thread, NULL), EACCES);
}
END_TEST

/* --- failures are errors ------------------------------------------------ */

struct injection {
	const char *name;
	int call;
	int argument; /* the first one's value, or -1 for any */
	int inject;   /* errno; 0: success without effect */
	int expected;
};

static const struct injection injections[] = {
	{ "no seccomp(2)", __NR_seccomp, -1, ENOSYS, ENOSYS },
	{ "seccomp(2) refuses", __NR_seccomp, -1, EACCES, 0 },
	{ "seccomp(2) does nothing and says 0", __NR_seccomp, -1, 0, 0 },
	{ "no_new_privs refused", __NR_prctl, PR_SET_NO_NEW_PRIVS, EINVAL, EINVAL },
	{ "no close_range(2)", __NR_close_range, -1, ENOSYS, ENOSYS },
};

static int inject(const struct injection *in)
{
	struct sock_filter program[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		UNLESS(in->call, 3),
		LOAD(ARGUMENT(0)),
		in->argument < 0 ? (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 0)
				 : (struct sock_filter)UNLESS(in->argument, 1),
		RETURN(SECCOMP_RET_ERRNO | (uint32_t)in->inject),
		RETURN(SECCOMP_RET_ALLOW),
	};

	return load_program(program, ELEMENTSOF(program));
}

static int enter_injected(const void *argument)
{
	int peer, r;

	become_client(&peer);
	if (inject(argument) < 0)
		return NO_SANDBOX;
	r = sandbox_enter(BROKER);
	return r < 0 ? -r : ALLOWED;
}

START_TEST(a_sandbox_that_cannot_be_is_an_error)
{
	const struct injection *in = &injections[_i];
	int got = in_child(enter_injected, in);

	ck_assert_msg(got > 0 && got != NO_SANDBOX && (in->expected == 0 || got == in->expected),
		      "%s: %d", in->name, got);
}
END_TEST

static int enter_twice(const void *unused)
{
	int r;

	(void)unused;
	enter();
	r = sandbox_enter(BROKER);
	return r < 0 ? -r : ALLOWED;
}

START_TEST(a_second_sandbox_is_refused)
{
	ck_assert_int_eq(in_child(enter_twice, NULL), EPERM);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *tcase = suite_case(suite, "attempts");

	tcase_add_test(tcase, a_call_of_the_32_bit_table_kills);
	tcase_add_test(tcase, bits_above_the_32nd_change_nothing);
	tcase_add_test(tcase, no_descriptor_comes_through_an_inherited_socket);
	tcase_add_test(tcase, descriptors_above_2_are_closed);
	tcase_add_test(tcase, a_descriptor_cannot_be_reopened);
	tcase_add_test(tcase, files_cannot_be_locked);
	tcase_add_test(tcase, a_program_lives_on_inside);
	tcase_add_test(tcase, a_thread_that_was_there_before_is_confined_too);
	tcase_add_loop_test(tcase, a_sandbox_that_cannot_be_is_an_error, 0,
			    (int)ELEMENTSOF(injections));
	tcase_add_test(tcase, a_second_sandbox_is_refused);
	tcase = suite_case(suite, "calls");
	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, every_system_call_ends_as_the_table_says);
	return suite_main(suite);
}

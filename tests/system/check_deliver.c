/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/fuse.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/macro.h"
#include "tests/support/daemon.h"
#include "tests/support/forked.h"
#include "tests/support/fuse.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

/* What a client holds by `deliver snapshot` and `deliver pipe`, and what it cannot do with it. */

#define PATIENCE_USEC (20 * USEC_PER_SEC)
#define APPEND	      (WIRE_OPEN_WRITE | WIRE_OPEN_APPEND)

static const struct user client = { .uid = 30000, .gid = 30000 };

static struct daemon d;
static char file[128];

/* A daemon whose one rule is for what is in its directory: @file. */
static void start_with(const char *settings, const char *modes, const char *attributes)
{
	char policy[512];

	daemon_prepare(&d);
	if (settings)
		daemon_write_config(&d, "%s", settings);
	snprintf(file, sizeof(file), "%s/file", d.directory);
	snprintf(policy, sizeof(policy),
		 "version 1;\nfor user { 0, 30000-30001 } {\n"
		 "    it: allow %s as root \"%s/**\" { %s; parents any; note \"test\"; }\n}\n",
		 modes, d.directory, attributes);
	daemon_write_policy(&d, "a.fdp", policy);
	daemon_start(&d);
}

static void start(const char *modes, const char *attributes)
{
	start_with(NULL, modes, attributes);
}

static void write_file(const char *text)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
}

static void assert_file(const char *expected)
{
	char text[4096] = "";
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(read(fd, text, sizeof(text) - 1), 0);
	close(fd);
	ck_assert_str_eq(text, expected);
}

static struct wire_answer answer; /* the last */

static int ask(uint32_t flags)
{
	int sock = daemon_connect(&d), fd = daemon_ask(sock, file, flags, &answer);

	fd_close(sock);
	return fd;
}

static void assert_refused(uint32_t flags, int error, enum wire_reason reason)
{
	ck_assert_int_eq(ask(flags), -error);
	ck_assert_int_eq(answer.reason, reason);
}

/* Until there is room again: what is closed is forgotten by another process. */
static int ask_until_granted(uint32_t flags)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;
	int fd;

	while ((fd = ask(flags)) == -EAGAIN)
		ck_assert_uint_lt(clock_monotonic_usec(), deadline);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/* snapshots */

static int reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

static int refuses(int r, int error)
{
	return r < 0 && errno == error ? 0 : 1;
}

/* 0, or which of it was possible. */
static int try_to_change(const void *arg)
{
	int fd = ask(WIRE_OPEN_READ);

	(void)arg;
	if (fd < 0)
		return 1;
	if (fcntl(fd, F_GET_SEALS) !=
	    (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | 0x20 /* F_SEAL_EXEC */))
		return 2;
	if (refuses(reopen(fd, O_RDWR), EACCES) || refuses(reopen(fd, O_WRONLY), EACCES))
		return 3;
	if (refuses(fchmod(fd, 0666), EPERM) || refuses(fchown(fd, 30000, -1), EPERM))
		return 4;
	if (refuses(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM))
		return 5;
	if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED)
		return 6;
	if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED)
		return 7;
	if (fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK | O_APPEND))
		return 8;
	return 0;
}

START_TEST(a_snapshot_cannot_be_changed_by_whoever_holds_it)
{
	start("read", "deliver snapshot");
	write_file("as it was");
	ck_assert_int_eq(user_run(&client, try_to_change, NULL), 0);
	daemon_stop(&d);
}
END_TEST

/* memfd_create(2) as Linux before 6.3 has it, for this process and what it starts. */
static void forget_noexec(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MFD_NOEXEC_SEAL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { .len = ELEMENTSOF(code), .filter = code };

	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0), 0);
}

START_TEST(a_snapshot_needs_no_newer_kernel_than_the_rest)
{
	int fd;

	forget_noexec();
	start("read", "deliver snapshot");
	write_file("text");
	fd = ask(WIRE_OPEN_READ);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GET_SEALS),
			 F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	close(fd);
	daemon_stop(&d);
}
END_TEST

START_TEST(a_snapshot_is_the_file_as_it_was)
{
	char text[32] = "";
	struct stat st;
	int fd, again;

	start("read", "deliver snapshot");
	write_file("as it was");
	fd = ask(WIRE_OPEN_READ);
	ck_assert_int_ge(fd, 0);
	write_file("other");
	ck_assert_int_eq(read(fd, text, sizeof(text) - 1), 9);
	ck_assert_str_eq(text, "as it was");
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 9);
	ck_assert_uint_eq(st.st_mode & 07777, 0444);
	/* Nor can root, who may open it again. */
	again = reopen(fd, O_RDWR);
	ck_assert_int_ge(again, 0);
	ck_assert_int_eq(refuses((int)write(again, "x", 1), EPERM), 0);
	ck_assert_int_eq(refuses(ftruncate(again, 0), EPERM), 0);
	close(again);
	close(fd);
	daemon_stop(&d);
}
END_TEST

static void resize(off_t size)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	close(fd);
}

START_TEST(a_snapshot_is_not_larger_than_its_rule_says)
{
	start("read", "deliver snapshot; max-size 8K");
	for (off_t size = 8191; size <= 8192; size++) {
		resize(size);
		fd_close(ask_until_granted(WIRE_OPEN_READ));
	}
	resize(8193);
	assert_refused(WIRE_OPEN_READ, EACCES, WIRE_REASON_CONDITION);
	daemon_stop(&d);
}
END_TEST

START_TEST(a_snapshot_is_not_larger_than_any_may_be)
{
	start("read", "deliver snapshot");
	resize(64 << 20);
	fd_close(ask_until_granted(WIRE_OPEN_READ));
	resize((64 << 20) + 1);
	assert_refused(WIRE_OPEN_READ, EACCES, WIRE_REASON_CONDITION);
	daemon_stop(&d);
}
END_TEST

/* Until it is killed. */
static int change_all_the_time(const void *arg)
{
	int fd = open(file, O_RDWR | O_CLOEXEC);

	for (char c = 'a';; c = c == 'a' ? 'b' : 'a')
		if (pwrite(fd, &c, 1, 0) != 1)
			return 1;
	return arg != NULL;
}

START_TEST(a_file_that_changes_while_it_is_copied_is_asked_for_again)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;
	pid_t writer;
	int fd;

	start("read", "deliver snapshot");
	resize(64 << 20);
	writer = forked_start(change_all_the_time, NULL);
	while ((fd = ask(WIRE_OPEN_READ)) >= 0) {
		close(fd);
		/* One that is counted still would be a reason of its own. */
		daemon_await_number(&d, "snapshots", 0);
		ck_assert_uint_lt(clock_monotonic_usec(), deadline);
	}
	ck_assert_int_eq(fd, -EAGAIN);
	ck_assert_int_eq(answer.reason, WIRE_REASON_BUSY);
	forked_end(writer);
	fd_close(ask_until_granted(WIRE_OPEN_READ));
	daemon_stop(&d);
}
END_TEST

static int grow_and_shrink(const void *arg)
{
	int fd = open(file, O_RDWR | O_CLOEXEC);

	for (off_t size = 8192;; size = size == 8192 ? 1 << 20 : 8192)
		if (ftruncate(fd, size) < 0)
			return 1;
	return arg != NULL;
}

START_TEST(a_file_that_grows_while_it_is_copied_never_makes_a_larger_copy)
{
	struct stat st;
	pid_t writer;
	int fd;

	start("read", "deliver snapshot; max-size 8K");
	resize(8192);
	writer = forked_start(grow_and_shrink, NULL);
	for (int i = 0; i < 500; i++) {
		fd = ask(WIRE_OPEN_READ);
		if (fd < 0) {
			ck_assert(fd == -EAGAIN || fd == -EACCES);
			continue;
		}
		ck_assert_int_eq(fstat(fd, &st), 0);
		ck_assert_int_le(st.st_size, 8192);
		close(fd);
	}
	kill(writer, SIGKILL);
	forked_wait(writer);
	daemon_stop(&d);
}
END_TEST

/* Places of 64 KiB: 16 of one user, and 64 of all, of which a few are for others. */
#define FEW "max-snapshots-mib 4; max-snapshots-mib-per-uid 1;"

START_TEST(a_copy_of_all_that_one_user_may_hold_is_the_largest_there_is)
{
	start_with(FEW, "read", "deliver snapshot");
	resize((1 << 20) - 1);
	fd_close(ask_until_granted(WIRE_OPEN_READ));
	resize(1 << 20);
	fd_close(ask_until_granted(WIRE_OPEN_READ));
	resize((1 << 20) + 1);
	assert_refused(WIRE_OPEN_READ, EAGAIN, WIRE_REASON_BUSY);
	daemon_stop(&d);
}
END_TEST

static int ask_once(const void *arg)
{
	int fd = ask(WIRE_OPEN_READ);

	(void)arg;
	return fd < 0 ? -fd : 0;
}

START_TEST(who_holds_copies_gets_no_more_until_nobody_has_a_way_to_them)
{
	int first, path;
	void *map;

	start_with(FEW, "read", "deliver snapshot");
	resize(1 << 20);
	first = ask(WIRE_OPEN_READ);
	ck_assert_int_ge(first, 0);
	assert_refused(WIRE_OPEN_READ, EAGAIN, WIRE_REASON_BUSY);
	/* A process of another user is none the worse. */
	ck_assert_int_eq(user_run(&client, ask_once, NULL), 0);
	path = reopen(first, O_PATH);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, first, 0);
	ck_assert_ptr_ne(map, MAP_FAILED);
	close(first);
	assert_refused(WIRE_OPEN_READ, EAGAIN, WIRE_REASON_BUSY);
	munmap(map, 4096);
	assert_refused(WIRE_OPEN_READ, EAGAIN, WIRE_REASON_BUSY);
	/* Neither a reload nor a crash is a way to have more. */
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	assert_refused(WIRE_OPEN_READ, EAGAIN, WIRE_REASON_BUSY);
	d.may_be_killed = true;
	ck_assert_int_eq(kill(daemon_pid(&d, "broker"), SIGKILL), 0);
	assert_refused(WIRE_OPEN_READ, EAGAIN, WIRE_REASON_BUSY);
	close(path);
	fd_close(ask_until_granted(WIRE_OPEN_READ));
	daemon_await_number(&d, "snapshots", 0);
	daemon_stop(&d);
}
END_TEST

/* pipes */

#define LINES 2000

/* Lines of one length, each with the writer's letter. */
static int write_lines(const void *arg)
{
	char line[200];
	int fd = ask(APPEND);

	for (int i = 0; i < LINES; i++) {
		memset(line, *(const char *)arg, sizeof(line));
		snprintf(line, sizeof(line), "%c%d", *(const char *)arg, i);
		line[strlen(line)] = ' ';
		line[sizeof(line) - 1] = '\n';
		if (write(fd, line, sizeof(line)) != sizeof(line))
			return 1;
	}
	fd_close(fd);
	return 0;
}

START_TEST(lines_of_two_clients_are_whole_and_each_ones_in_order)
{
	int next[2] = { 0, 0 }, number;
	char line[256], who;
	pid_t a, b;
	FILE *lines;

	start("append", "deliver pipe");
	write_file("");
	a = forked_start(write_lines, "a");
	b = forked_start(write_lines, "b");
	ck_assert_int_eq(forked_wait(a), 0);
	ck_assert_int_eq(forked_wait(b), 0);
	daemon_await_number(&d, "pipes", 0);
	lines = fopen(file, "re");
	while (fgets(line, sizeof(line), lines)) {
		ck_assert_uint_eq(strlen(line), 200);
		ck_assert_int_eq(sscanf(line, "%c%d", &who, &number), 2);
		ck_assert_int_eq(number, next[who - 'a']++);
	}
	fclose(lines);
	ck_assert_int_eq(next[0], LINES);
	ck_assert_int_eq(next[1], LINES);
	daemon_stop(&d);
}
END_TEST

/* Until the other end is gone. */
static void await_broken(int fd)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;

	while (write(fd, "x\n", 2) >= 0)
		ck_assert_uint_lt(clock_monotonic_usec(), deadline);
	ck_assert_int_eq(errno, EPIPE);
}

START_TEST(a_pump_that_dies_breaks_its_pipes_and_is_replaced)
{
	pid_t old;
	int fd;

	start("append", "deliver pipe");
	write_file("");
	fd = ask(APPEND);
	ck_assert_int_ge(fd, 0);
	old = daemon_pid(&d, "pump");
	d.may_be_killed = true;
	ck_assert_int_eq(kill(old, SIGKILL), 0);
	await_broken(fd);
	close(fd);
	write_file("");
	fd = ask_until_granted(APPEND);
	ck_assert_int_eq(write(fd, "again\n", 6), 6);
	close(fd);
	ck_assert_uint_eq(daemon_number(&d, "pump-restarts"), 1);
	ck_assert_int_ne(daemon_pid(&d, "pump"), old);
	daemon_await_number(&d, "pipes", 0);
	assert_file("again\n");
	daemon_stop(&d);
}
END_TEST

START_TEST(pipes_go_on_through_reloads_and_crashes_of_the_broker)
{
	int fd;

	start("append", "deliver pipe");
	write_file("");
	fd = ask(APPEND);
	ck_assert_int_eq(write(fd, "1\n", 2), 2);
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	ck_assert_int_eq(write(fd, "2\n", 2), 2);
	d.may_be_killed = true;
	ck_assert_int_eq(kill(daemon_pid(&d, "broker"), SIGKILL), 0);
	ck_assert_int_eq(write(fd, "3\n", 2), 2);
	close(fd);
	daemon_await_number(&d, "pipes", 0);
	assert_file("1\n2\n3\n");
	daemon_stop(&d);
}
END_TEST

START_TEST(what_is_in_a_pipe_at_the_end_is_written)
{
	char text[4097];
	int fd, kept;

	start("append", "deliver pipe");
	write_file("");
	kept = open(file, O_RDONLY | O_CLOEXEC);
	fd = ask(APPEND);
	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 16; i++)
		ck_assert_int_eq(write(fd, text, 4096), 4096);
	daemon_stop(&d);
	ck_assert_int_eq(lseek(kept, 0, SEEK_END), 65536);
	await_broken(fd);
	close(fd);
	close(kept);
}
END_TEST

static int append_once(const void *arg)
{
	int fd = ask(APPEND);

	(void)arg;
	if (fd < 0)
		return 1;
	return write(fd, "once\n", 5) == 5 ? 0 : 2;
}

START_TEST(pipes_of_one_user_are_bounded)
{
	int fds[2];

	start_with("max-pipes-per-uid 2;", "append, create", "deliver pipe");
	write_file("");
	for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
		fds[i] = ask(APPEND);
		ck_assert_int_ge(fds[i], 0);
	}
	assert_refused(APPEND, EAGAIN, WIRE_REASON_BUSY);
	/* And makes no file that its maker is not given. */
	snprintf(file, sizeof(file), "%s/new", d.directory);
	assert_refused(APPEND | WIRE_OPEN_CREATE, EAGAIN, WIRE_REASON_BUSY);
	ck_assert_int_eq(refuses(access(file, F_OK), ENOENT), 0);
	close(fds[0]);
	fds[0] = ask_until_granted(APPEND | WIRE_OPEN_CREATE | WIRE_OPEN_EXCLUSIVE);
	ck_assert_int_eq(write(fds[0], "made\n", 5), 5);
	close(fds[0]);
	close(fds[1]);
	daemon_await_number(&d, "pipes", 0);
	assert_file("made\n");
	daemon_stop(&d);
}
END_TEST

/* Who may have no more pipes gets none for a file whose close(2) waits for ever; that is his loss. */
START_TEST(a_file_that_is_refused_and_does_not_close_holds_up_nobody)
{
	char local[sizeof(file)], mounted[96];
	struct fuse fuse;
	int kept;

	start_with("max-pipes-per-uid 1; open-seconds 1;", "append",
		   "deliver pipe; fs any; mounts any");
	write_file("");
	strcpy(local, file);
	snprintf(mounted, sizeof(mounted), "%s/mounted", d.directory);
	ck_assert_int_eq(mkdir(mounted, 0755), 0);
	ck_assert_int_eq(fuse_start(&fuse, mounted, FUSE_FLUSH), 0);
	kept = ask(APPEND);
	ck_assert_int_ge(kept, 0);
	snprintf(file, sizeof(file), "%s/f", mounted);
	/* The broker's own close(2) of it hangs too. */
	assert_refused(APPEND, ETIMEDOUT, WIRE_REASON_DEADLINE);
	daemon_await_number(&d, "deliveries-refused", 1);
	strcpy(file, local);
	ck_assert_int_eq(user_run(&client, append_once, NULL), 0);
	fuse_relent(&fuse);
	close(kept);
	daemon_await_number(&d, "pipes", 0);
	daemon_await_number(&d, "in-flight", 0);
	ck_assert_int_eq(fuse_stop(&fuse), 0);
	rmdir(mounted);
	assert_file("once\n");
	daemon_stop(&d);
}
END_TEST

/* A file system of 64 KiB on the daemon's directory "small", for this test's processes alone. */
static void mount_small(void)
{
	char small[96];

	snprintf(small, sizeof(small), "%s/small", d.directory);
	ck_assert_int_eq(mkdir(small, 0755), 0);
	ck_assert_int_eq(mount("none", small, "tmpfs", 0, "size=64k,mode=0755"), 0);
	snprintf(file, sizeof(file), "%s/small/file", d.directory);
	write_file("");
}

START_TEST(a_full_disk_breaks_the_pipe_and_is_told_once)
{
	char small[96];
	int fd;

	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL), 0);
	start("append", "deliver pipe; mounts any");
	mount_small();
	fd = ask(APPEND);
	ck_assert_int_ge(fd, 0);
	await_broken(fd);
	close(fd);
	daemon_await_number(&d, "pipes-failed", 1);
	daemon_assert_log_has(&d, "/small/file for uid 0");
	daemon_assert_log_has(&d, "No space left on device");
	snprintf(small, sizeof(small), "%s/small", d.directory);
	ck_assert_int_eq(umount2(small, MNT_DETACH), 0);
	daemon_stop(&d);
}
END_TEST

START_TEST(a_pipe_appends_and_can_do_nothing_else)
{
	struct stat st;
	int fd;

	start("append", "deliver pipe");
	write_file("first\n");
	fd = ask(APPEND);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	ck_assert_int_eq(refuses(ftruncate(fd, 0), EINVAL), 0);
	ck_assert_int_eq(refuses((int)lseek(fd, 0, SEEK_SET), ESPIPE), 0);
	ck_assert_int_eq(refuses((int)pwrite(fd, "x", 1, 0), ESPIPE), 0);
	ck_assert_int_eq(fcntl(fd, F_SETFL, 0), 0);
	ck_assert_int_eq(write(fd, "second\n", 7), 7);
	close(fd);
	daemon_await_number(&d, "pipes", 0);
	assert_file("first\nsecond\n");
	daemon_stop(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deliver");
	TCase *tcase = suite_case(suite, "deliver");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	signal(SIGPIPE, SIG_IGN);
	tcase_add_test(tcase, a_snapshot_cannot_be_changed_by_whoever_holds_it);
	tcase_add_test(tcase, a_snapshot_needs_no_newer_kernel_than_the_rest);
	tcase_add_test(tcase, a_snapshot_is_the_file_as_it_was);
	tcase_add_test(tcase, a_snapshot_is_not_larger_than_its_rule_says);
	tcase_add_test(tcase, a_snapshot_is_not_larger_than_any_may_be);
	tcase_add_test(tcase, a_file_that_changes_while_it_is_copied_is_asked_for_again);
	tcase_add_test(tcase, a_file_that_grows_while_it_is_copied_never_makes_a_larger_copy);
	tcase_add_test(tcase, a_copy_of_all_that_one_user_may_hold_is_the_largest_there_is);
	tcase_add_test(tcase, who_holds_copies_gets_no_more_until_nobody_has_a_way_to_them);
	tcase_add_test(tcase, a_pipe_appends_and_can_do_nothing_else);
	tcase_add_test(tcase, lines_of_two_clients_are_whole_and_each_ones_in_order);
	tcase_add_test(tcase, a_pump_that_dies_breaks_its_pipes_and_is_replaced);
	tcase_add_test(tcase, pipes_go_on_through_reloads_and_crashes_of_the_broker);
	tcase_add_test(tcase, what_is_in_a_pipe_at_the_end_is_written);
	tcase_add_test(tcase, pipes_of_one_user_are_bounded);
	tcase_add_test(tcase, a_file_that_is_refused_and_does_not_close_holds_up_nobody);
	tcase_add_test(tcase, a_full_disk_breaks_the_pipe_and_is_told_once);
	return suite_main(suite);
}

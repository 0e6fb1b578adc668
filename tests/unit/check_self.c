/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/self.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macro.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"

static uint64_t pidfd_ino(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	fd_close(fd);
	return st.st_ino;
}

/* What the opener finds under @path for a caller; the descriptor or -errno. */
static int look_for(const struct principal *principal, const char *path)
{
	const struct order order = { .principal = principal, .may_block = true };
	struct opener opener = { .shared.procfs = open("/proc", O_PATH | O_CLOEXEC) };
	struct outcome outcome = { .fd = -EBADF };
	struct opening o = { .opener = &opener, .order = &order, .out = &outcome };
	int fd;

	ck_assert(self_is_meant(&o, path));
	fd = self_look(&o, path);
	fd_close(opener.shared.procfs);
	return fd;
}

static pid_t start(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The descriptor is of what @path names. */
static void assert_is(int fd, const char *path)
{
	struct stat one, other;

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(-fd));
	ck_assert_int_eq(fstat(fd, &one), 0);
	ck_assert_int_eq(stat(path, &other), 0);
	ck_assert_msg(one.st_dev == other.st_dev && one.st_ino == other.st_ino, "%s", path);
	fd_close(fd);
}

static const struct {
	const char *path, *real;
	int r;
} names[] = {
	{ "/proc/self", "", 0 },
	{ "/proc/self/status", "/status", 0 },
	{ "/proc/self/task", "/task", 0 },
	{ "/proc/self/no-such-file", NULL, -ENOENT },
	/* Magic links: where they lead is no name. */
	{ "/proc/self/root/etc/passwd", NULL, -ELOOP },
	{ "/proc/self/cwd/x", NULL, -ELOOP },
};

START_TEST(self_is_the_callers_own_directory)
{
	pid_t pid = start();
	const struct principal principal = { .pid = pid, .pidfd_ino = pidfd_ino(pid) };
	char real[64];
	int fd = look_for(&principal, names[_i].path);

	if (names[_i].real) {
		snprintf(real, sizeof(real), "/proc/%d%s", pid, names[_i].real);
		assert_is(fd, real);
	} else {
		ck_assert_int_eq(fd, names[_i].r);
	}
	end(pid);
}
END_TEST

static const struct {
	const char *path;
	uint64_t pidfd_ino;
	bool has_procfs, meant;
} meanings[] = {
	{ "/proc/self", 1, true, true },
	{ "/proc/self/", 1, true, true },
	{ "/proc/self/fd/0", 1, true, true },
	{ "/proc/selfish", 1, true, false },
	{ "/proc/thread-self/status", 1, true, false },
	{ "/proc/1/status", 1, true, false },
	{ "/srv/proc/self/status", 1, true, false },
	/* A kernel that cannot tell processes apart, a procfs that is not ours. */
	{ "/proc/self/status", 0, true, false },
	{ "/proc/self/status", 1, false, false },
};

START_TEST(self_is_meant_by_its_name_and_where_the_kernel_can_tell)
{
	const struct principal principal = { .pid = 1, .pidfd_ino = meanings[_i].pidfd_ino };
	const struct order order = { .principal = &principal };
	struct opener opener = { .shared.procfs = meanings[_i].has_procfs ? 9 : -EBADF };
	const struct opening o = { .opener = &opener, .order = &order };

	ck_assert_msg(self_is_meant(&o, meanings[_i].path) == meanings[_i].meant, "%s",
		      meanings[_i].path);
}
END_TEST

START_TEST(self_that_is_gone_is_refused)
{
	pid_t pid = start();
	const struct principal principal = { .pid = pid, .pidfd_ino = pidfd_ino(pid) };

	end(pid);
	ck_assert_int_eq(look_for(&principal, "/proc/self/status"), -ESRCH);
}
END_TEST

/* Its number is still its own, and nobody is there. */
START_TEST(self_that_has_exited_is_refused)
{
	pid_t pid = start();
	const struct principal principal = { .pid = pid, .pidfd_ino = pidfd_ino(pid) };
	siginfo_t si;

	kill(pid, SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(look_for(&principal, "/proc/self/status"), -ESRCH);
	end(pid);
}
END_TEST

/* P37: another process with the caller's number. */
START_TEST(self_is_never_who_has_the_number_now)
{
	pid_t pid = start();
	const struct principal principal = { .pid = pid, .pidfd_ino = pidfd_ino(pid) };

	end(pid);
	ck_assert_int_eq(forked_start_as(pid), pid);
	ck_assert_int_eq(look_for(&principal, "/proc/self/status"), -ESRCH);
	ck_assert_int_eq(look_for(&principal, "/proc/self"), -ESRCH);
	end(pid);
}
END_TEST

/* In a mount namespace of its own. */
static int look_behind_mounts(const void *arg)
{
	struct principal principal = { .pid = getpid(), .pidfd_ino = pidfd_ino(getpid()) };
	char path[64];

	(void)arg;
	snprintf(path, sizeof(path), "/proc/%d/status", getpid());
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("/etc/passwd", path, NULL, MS_BIND, NULL) < 0)
		return 1;
	return look_for(&principal, "/proc/self/status") == -EXDEV ? 0 : 2;
}

START_TEST(self_is_on_procfs_and_nothing_mounted_over_it)
{
	ck_assert_int_eq(forked_run(look_behind_mounts, NULL), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("self");
	TCase *tcase = suite_case(suite, "self");

	if (geteuid() != 0)
		return 77;
	tcase_add_loop_test(tcase, self_is_the_callers_own_directory, 0, ELEMENTSOF(names));
	tcase_add_loop_test(tcase, self_is_meant_by_its_name_and_where_the_kernel_can_tell, 0,
			    ELEMENTSOF(meanings));
	tcase_add_test(tcase, self_that_is_gone_is_refused);
	tcase_add_test(tcase, self_that_has_exited_is_refused);
	tcase_add_test(tcase, self_is_never_who_has_the_number_now);
	tcase_add_test(tcase, self_is_on_procfs_and_nothing_mounted_over_it);
	return suite_main(suite);
}

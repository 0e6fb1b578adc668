/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "daemon/log.h"

/*
 * fork(2) alone would leave a child with the parent's memory: what clients are and hold,
 * addresses, sanitizer state. So each begins with an execveat(2) of a program that is held open
 * since the start: an upgrade on disk changes nothing until the service is restarted, and one that
 * comes just between is found by the version, which each is told.
 *
 * Until then there is no copy either: by vfork(2) the child runs on the parent's memory, while that
 * waits. It calls only what signal-safety(7) allows, and changes nothing of the parent's but errno; no
 * signal has a handler here that could run in it.
 */

#define FIRST_FD 3
#define ABOVE	 (FIRST_FD + (int)CHILD_FDS_MAX) /* where nothing is in the way */

static struct {
	const char *name; /* of the file, and for ps(1) */
	int fd;
} programs[] = {
	[CHILD_BROKER] = { "fdbroker-broker", -EBADF },
	[CHILD_AUDIT] = { "fdbroker-audit", -EBADF },
	[CHILD_PUMP] = { "fdbroker-pump", -EBADF },
};
static_assert(ELEMENTSOF(programs) == CHILD_PROGRAMS, "each program has a row");

/* The directory of the program that runs, without a slash at its end. 0 or -errno. */
static int own_directory(char *ret, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", ret, size);
	char *slash;

	if (n < 0 || (size_t)n == size)
		return n < 0 ? -errno : -ENAMETOOLONG;
	ret[n] = '\0';
	slash = strrchr(ret, '/');
	if (!slash)
		return -EINVAL;
	*slash = '\0';
	return 0;
}

/* Whether that is where daemons are installed; *ret_root: bytes of the other root (DESTDIR=) before it. */
static bool is_installed(const char *own, int *ret_root)
{
	size_t len = strlen(own), tail = strlen(FDB_SBINDIR);
	char real[PATH_MAX];

	*ret_root = len >= tail ? (int)(len - tail) : 0;
	if (strcmp(own + *ret_root, FDB_SBINDIR) == 0)
		return true;
	/* A link leads there on some systems, where all programs are in one directory. */
	*ret_root = 0;
	return realpath(FDB_SBINDIR, real) && strcmp(own, real) == 0;
}

/* Where an installed daemon has them, also below another root; otherwise, as in a build, beside itself. */
static int programs_directory(char *ret, size_t size)
{
	char own[PATH_MAX];
	int r, root;

	r = own_directory(own, sizeof(own));
	if (r < 0)
		return r;
	if (is_installed(own, &root))
		r = snprintf(ret, size, "%.*s%s", root, own, FDB_PKGLIBEXECDIR);
	else
		r = snprintf(ret, size, "%s", own);
	return r < (int)size ? 0 : -ENAMETOOLONG;
}

/* Above what a child finds its descriptors as. */
static int hold(const char *directory, const char *name, int *ret)
{
	_cleanup_(fd_closep) int fd = -EBADF;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return log_error_errno(-errno, "%s, which belongs to fdbrokerd: %m", path);
	*ret = fcntl(fd, F_DUPFD_CLOEXEC, ABOVE);
	return *ret < 0 ? -errno : 0;
}

/* What is freed is to go back (base/memory.h). glibc's malloc would keep, of each size, some pieces for the next
 * who asks: 100 KiB that only the start had a use for, and what is around them. Nothing but the environment can
 * tell it so; whoever has set that has decided. */
static int tell_malloc(void)
{
	return setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 0) < 0 ? -errno : 0;
}

int child_init(void)
{
	char directory[PATH_MAX];
	int r;

	r = tell_malloc();
	if (r < 0)
		return r;
	r = programs_directory(directory, sizeof(directory));
	if (r < 0)
		return log_error_errno(r, "cannot tell where fdbrokerd is: %m");
	for (size_t i = 0; r == 0 && i < ELEMENTSOF(programs); i++)
		r = hold(directory, programs[i].name, &programs[i].fd);
	return r;
}

/* Everything else is closed by the exec. */
static int arrange_fds(const int *fds, size_t n_fds)
{
	int high[CHILD_FDS_MAX];

	for (size_t i = 0; i < n_fds; i++) {
		high[i] = fds[i] < 0 ? -EBADF : fcntl(fds[i], F_DUPFD_CLOEXEC, ABOVE);
		if (fds[i] >= 0 && high[i] < 0)
			return -errno;
	}
	if (syscall(SYS_close_range, FIRST_FD, ~0U, CLOSE_RANGE_CLOEXEC) < 0) /* Linux 5.11 */
		return -errno;
	for (size_t i = 0; i < n_fds; i++)
		if (high[i] >= 0 && dup2(high[i], FIRST_FD + (int)i) < 0)
			return -errno;
	return 0;
}

static int arrange_signals(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGXFSZ };
	sigset_t none;

	for (size_t i = 0; i < ELEMENTSOF(ignored); i++)
		if (signal(ignored[i], SIG_IGN) == SIG_ERR)
			return -errno;
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

static void become(enum child_program program, const int *fds, size_t n_fds)
{
	const char *const argv[] = { programs[program].name, PACKAGE_VERSION, NULL };

	if (arrange_signals() < 0 || arrange_fds(fds, n_fds) < 0)
		return;
	syscall(SYS_execveat, programs[program].fd, "", argv, environ, AT_EMPTY_PATH);
}

int child_give_up(pid_t pid, int r)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return r;
}

int child_start(enum child_program program, const int *fds, size_t n_fds, pid_t *ret_pid)
{
	pid_t pid = vfork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		become(program, fds, n_fds);
		_exit(127);
	}
	*ret_pid = pid;
	return 0;
}

/*
 * The descriptor is readable before a child in a debugger's hands can be waited for (ptrace(2): its
 * tracer is first). Looked at once, as is sd_event_add_child(3)'s way, its exit would be missed for
 * good. Off between the two: of a source that is on, systemd 252 changes the mode and not epoll's.
 */
static int look_until_it_is_seen(sd_event_source *exit)
{
	int r = sd_event_source_set_enabled(exit, SD_EVENT_OFF);

	return r < 0 ? r : sd_event_source_set_enabled(exit, SD_EVENT_ON);
}

int child_watch(sd_event *event, pid_t pid, sd_event_child_handler_t told, void *context,
		sd_event_source **ret)
{
	_cleanup_(sd_event_source_disable_unrefp) sd_event_source *exit = NULL;
	int r;

	/* Nobody but sd-event reaps it: until then the number, which it opens a pidfd of, is its own. */
	r = sd_event_add_child(event, &exit, pid, WEXITED, told, context);
	if (r < 0)
		return r;
	r = look_until_it_is_seen(exit);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(exit);
	return 0;
}

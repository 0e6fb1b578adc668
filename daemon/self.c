/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/self.h"

#include <errno.h>
#include <linux/openat2.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/number.h"

/*
 * proc(5) resolves the link "self" for whoever looks it up: here that is the
 * broker. So the name is cut off and the rest is looked up below the caller's
 * own directory, on the very procfs in which the broker saw itself when it
 * started, whatever has been mounted over it since.
 *
 * The directory is opened by number first, and then the number is shown to be
 * still the caller's: by the inode of its pidfd, which the parent took from the
 * socket at accept and which no other process is ever given (pidfs, Linux 6.9).
 * A process keeps its number until it is gone, so it had it all the time, and
 * what is held refers to that process and not to its number. Where the kernel has no such
 * inode the link stays a link, which is refused like all others of procfs.
 *
 * The connection's process is meant, which may not be the one that sent the
 * message: that one acts as the connector (session.c), and only the connector
 * is attested. "/proc/thread-self" has no such meaning: threads are not.
 */

#define SELF "/proc/self"

static const char *rest_of(const char *path)
{
	size_t len = strlen(SELF);

	if (strncmp(path, SELF, len) != 0 || (path[len] != '\0' && path[len] != '/'))
		return NULL;
	return path + len + (path[len] == '/');
}

bool self_is_meant(const struct opening *o, const char *path)
{
	return o->order->principal->pidfd_ino != 0 && o->opener->shared.procfs >= 0 &&
	       rest_of(path);
}

/* Whether the number is the caller's now, and he runs: pidfd_open(2), which poll(2) finds readable
 * once the process has exited, though its parent may not have waited for it. */
static int check_number(const struct principal *principal)
{
	_cleanup_(fd_closep) int pidfd = (int)syscall(SYS_pidfd_open, principal->pid, 0);
	const struct timespec at_once = { 0 };
	struct pollfd poller = { .fd = pidfd, .events = POLLIN };
	struct stat st;

	if (pidfd < 0 || fstat(pidfd, &st) < 0)
		return -errno;
	if (st.st_ino != principal->pidfd_ino || ppoll(&poller, 1, &at_once, NULL) != 0)
		return -ESRCH;
	return 0;
}

int self_look(struct opening *o, const char *path)
{
	const uint64_t inside = RESOLVE_BENEATH | RESOLVE_NO_XDEV;
	const struct principal *principal = o->order->principal;
	_cleanup_(fd_closep) int directory = -EBADF;
	const char *rest = rest_of(path);
	char number[NUMBER_SIZE];
	int r;

	number_print((uint32_t)principal->pid, number);
	directory = opener_look(o, o->opener->shared.procfs, number, inside);
	if (directory < 0)
		return directory == -ENOENT ? -ESRCH : directory;
	r = check_number(principal);
	if (r < 0)
		return r;
	return *rest == '\0' ? TAKE_FD(directory) : opener_look(o, directory, rest, inside);
}

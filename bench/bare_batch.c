/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/bare_batch.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "bench/bare.h"
#include "bench/measure.h"
#include "bench/stage.h"
#include "daemon/landlock.h"

#define NAMES_SIZE (BARE_FDS_MAX * STAGE_PATH_MAX)

/* server */

/* What the rules of the stage lend: reading, and writing beside it, so that all that Landlock asks for is
 * found in the first directory (HACKING.md). */
static void confine(const char *path)
{
	struct landlock landlock = LANDLOCK_EMPTY;
	char copy[STAGE_PATH_MAX];
	int directory, r = landlock_init(&landlock);

	if (r == -EOPNOTSUPP)
		return;
	directory = open(dirname(strcpy(copy, path)), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r < 0 || directory < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		measure_die("landlock", r < 0 ? r : -errno);
	r = landlock_allow(&landlock, directory,
			   LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				   LANDLOCK_ACCESS_FS_TRUNCATE);
	if (r == 0)
		r = landlock_enforce(&landlock);
	if (r < 0)
		measure_die("landlock", r);
	fd_close(directory);
}

/* Whether it is what may be given away. */
static bool is_file(int fd)
{
	struct statx stx;

	return fd_statx(fd, STATX_BASIC_STATS, &stx) == 0 && S_ISREG(stx.stx_mode);
}

/* How many of the names in @names, which end with NUL each. */
static unsigned int open_all(const char *names, size_t size, bool safely, int *fds)
{
	unsigned int n = 0;

	for (const char *at = names; at < names + size && n < BARE_FDS_MAX; at += strlen(at) + 1) {
		fds[n] = bare_open(at);
		if (fds[n] < 0 || (safely && !is_file(fds[n])))
			break;
		n++;
	}
	return n;
}

/* 0, or -errno: nobody is there any more. */
static int serve(int sock, bool safely)
{
	static char names[NAMES_SIZE + 1];
	char count = 0;
	union bare_control control;
	struct iovec iov = { .iov_base = names, .iov_len = NAMES_SIZE };
	struct iovec reply = { .iov_base = &count, .iov_len = sizeof(count) };
	int fds[BARE_FDS_MAX], r;
	struct msghdr msg;
	unsigned int n;
	ssize_t size = bare_receive(sock, &iov, &control, &msg);

	if (size <= 0)
		return -ECONNRESET;
	names[size] = '\0';
	n = open_all(names, (size_t)size, safely, fds);
	if (n == 0)
		return -ENOENT;
	r = bare_send(sock, &reply, SCM_RIGHTS, fds, n * sizeof(fds[0]));
	/* Nothing else has a number behind @sock's, so that each follows the one before. */
	close_range((unsigned int)fds[0], (unsigned int)fds[n - 1], 0);
	return r;
}

_Noreturn static void be_server(int connection, const char *path, bool safely)
{
	int sock = STDERR_FILENO + 1;

	if (connection != sock && dup2(connection, sock) < 0)
		measure_die("dup2", -errno);
	closefrom(sock + 1);
	if (safely)
		confine(path);
	while (serve(sock, safely) == 0)
		continue;
	_exit(0);
}

/* client */

static size_t write_names(const struct bare_batch *batch, char *names)
{
	size_t len = strlen(batch->path) + 1;

	for (unsigned int i = 0; i < batch->n; i++)
		memcpy(names + i * len, batch->path, len);
	return batch->n * len;
}

/* Each run of numbers that follow each other by one call. */
static void close_all(const int *fds, unsigned int n)
{
	unsigned int length;

	for (; n > 0; fds += length, n -= length) {
		for (length = 1; length < n && fds[length] == fds[length - 1] + 1;)
			length++;
		fd_close_many(fds[0], length);
	}
}

int bare_batch_ask(void *context)
{
	const struct bare_batch *batch = context;
	static char names[NAMES_SIZE];
	char count;
	union bare_control control;
	struct iovec request = { .iov_base = names, .iov_len = write_names(batch, names) };
	struct iovec iov = { .iov_base = &count, .iov_len = sizeof(count) };
	int fds[BARE_FDS_MAX];
	struct msghdr msg;

	if (send(batch->sock, request.iov_base, request.iov_len, MSG_NOSIGNAL) < 0)
		return -errno;
	if (bare_receive(batch->sock, &iov, &control, &msg) <= 0)
		return -ECONNRESET;
	if (bare_find(&msg, SCM_RIGHTS, fds, sizeof(fds)) != batch->n * sizeof(fds[0]))
		return -EBADMSG;
	close_all(fds, batch->n);
	return 0;
}

/* life */

void bare_batch_start(struct bare_batch *ret, const char *path, unsigned int n, bool safely)
{
	int pair[2];

	if (n > BARE_FDS_MAX || strlen(path) >= STAGE_PATH_MAX)
		measure_die(path, -E2BIG);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		measure_die("socketpair", -errno);
	bare_want_credentials(pair[1]);
	*ret = (struct bare_batch){ .sock = pair[0], .path = path, .n = n };
	ret->pid = measure_fork();
	if (ret->pid == 0)
		be_server(pair[1], path, safely);
	fd_close(pair[1]);
}

void bare_batch_stop(struct bare_batch *batch)
{
	batch->sock = fd_close(batch->sock);
	kill(batch->pid, SIGKILL);
	waitpid(batch->pid, NULL, 0);
}

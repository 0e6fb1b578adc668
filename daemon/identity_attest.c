/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All facts of a connector: the parent's half of identity.h, which asks libsystemd too. */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/macro.h"
#include "daemon/identity.h"
#include "daemon/identity_process.h"

/*
 * A pid is only a number. The order that makes facts read by number belong to
 * the connector: take a pidfd from the socket (Linux 6.5, which names the
 * process that called connect(2) whatever became of its number), read, and see
 * that the process behind the pidfd has not exited. While it lives nobody else
 * has its number.
 *
 * Older kernels give no pidfd. There pidfd_open(2) may already get a successor
 * of the number, so the process must at least have the connector's ids; what is
 * left of the gap is documented in SECURITY.md.
 */

/* units */

/* ENODATA, ENXIO: the process is in none; ENOMEDIUM: this machine has no cgroups, so nobody is. */
static int take_name(int (*get)(int sock, char **ret), int sock, char *ret, size_t size)
{
	_cleanup_(freep) char *name = NULL;
	int r;

	r = get(sock, &name);
	if (r == -ENODATA || r == -ENXIO || r == -ENOMEDIUM)
		return 0;
	if (r < 0)
		return r;
	if (strlen(name) >= size)
		return -ENAMETOOLONG;
	strcpy(ret, name);
	return 0;
}

static int take_units(int sock, struct facts *facts)
{
	const struct {
		int (*get)(int sock, char **ret);
		char *name;
	} names[] = {
		{ sd_peer_get_unit, facts->unit },
		{ sd_peer_get_user_unit, facts->user_unit },
		{ sd_peer_get_slice, facts->slice },
	};
	int r;

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		r = take_name(names[i].get, sock, names[i].name, FACTS_NAME_MAX + 1);
		if (r < 0)
			return r;
	}
	return 0;
}

/* pinning */

/* pidfd_open(2): readable once the process has terminated. */
static int still_lives(int pidfd)
{
	struct pollfd poller = { .fd = pidfd, .events = POLLIN };
	int n = poll(&poller, 1, 0);

	if (n < 0)
		return -errno;
	return n == 0 ? 0 : -ESRCH;
}

/* pidfd_open(2): since Linux 6.9 a pidfd is an inode of pidfs, unique while the system runs. Before,
 * all pidfds were one inode. */
static void take_pidfd(int pidfd, struct facts *facts)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(pidfd, &fs) == 0 && fs.f_type == PIDFS_MAGIC && fstat(pidfd, &st) == 0)
		facts->pidfd_ino = st.st_ino;
}

static int take_process(int sock, const struct ucred *peer, bool by_number, struct facts *facts)
{
	int r = identity_read_process(peer->pid, by_number ? peer : NULL, facts);

	return r < 0 ? r : take_units(sock, facts);
}

int identity_attest(int sock, uint32_t module, struct facts *ret)
{
	_cleanup_(fd_closep) int pidfd = -EBADF;
	struct facts facts = { 0 };
	struct ucred peer;
	bool by_number;
	int r;

	r = identity_peer(sock, &peer);
	if (r < 0)
		return r;
	pidfd = identity_pidfd(sock, &peer, &by_number);
	if (pidfd < 0)
		return pidfd;
	facts.pid = peer.pid;
	facts.uid = peer.uid;
	facts.gid = peer.gid;
	take_pidfd(pidfd, &facts);
	identity_label(sock, module, &facts);
	r = take_process(sock, &peer, by_number, &facts);
	if (r < 0)
		return r;
	r = still_lives(pidfd);
	if (r < 0)
		return r;
	*ret = facts;
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/identity.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/macro.h"
#include "daemon/identity_process.h"
#include "daemon/labels.h"
#include "policy/subject.h"

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

static int get_option(int sock, int option, void *ret, socklen_t size)
{
	socklen_t len = size;

	if (getsockopt(sock, SOL_SOCKET, option, ret, &len) < 0)
		return -errno;
	return len == size ? 0 : -EBADMSG;
}

int identity_peer(int sock, struct ucred *ret)
{
	struct ucred peer;
	int r;

	r = get_option(sock, SO_PEERCRED, &peer, sizeof(peer));
	if (r < 0)
		return r;
	if (peer.pid <= 0 || peer.uid == (uid_t)-1 || peer.gid == (gid_t)-1)
		return -EACCES;
	if (peer.uid == POLICY_OVERFLOW_UID)
		return -EACCES;
	*ret = peer;
	return 0;
}

int identity_groups(int sock, gid_t **ret, size_t *ret_n)
{
	_cleanup_(freep) gid_t *groups = NULL;
	socklen_t size = 0;

	/* ERANGE tells the size; the list is that of connect(2) and does not change. */
	if (getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) < 0 && errno != ERANGE)
		return -errno;
	if (size > NGROUPS_MAX * sizeof(gid_t))
		return -E2BIG;
	if (size > 0) {
		groups = malloc(size);
		if (!groups)
			return -ENOMEM;
		if (getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
			return -errno;
	}
	*ret_n = size / sizeof(gid_t);
	*ret = TAKE_PTR(groups);
	return 0;
}

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

static int peer_pidfd(int sock, const struct ucred *peer, bool *ret_by_number)
{
	int fd, r;

	r = get_option(sock, SO_PEERPIDFD, &fd, sizeof(fd));
	*ret_by_number = r == -ENOPROTOOPT;
	if (*ret_by_number) {
		fd = (int)syscall(SYS_pidfd_open, peer->pid, 0);
		return fd < 0 ? -errno : fd;
	}
	return r < 0 ? r : fd;
}

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

/* socket(7): the security context at connect(2), whatever the process has become since. */
static void take_label(int sock, uint32_t module, struct facts *facts)
{
	char bytes[LABEL_MAX + 2]; /* and a newline or NUL */
	socklen_t size = sizeof(bytes);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERSEC, bytes, &size) == 0)
		labels_take(module, bytes, size, facts);
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
	pidfd = peer_pidfd(sock, &peer, &by_number);
	if (pidfd < 0)
		return pidfd;
	facts.pid = peer.pid;
	facts.uid = peer.uid;
	facts.gid = peer.gid;
	take_pidfd(pidfd, &facts);
	take_label(sock, module, &facts);
	r = take_process(sock, &peer, by_number, &facts);
	if (r < 0)
		return r;
	r = still_lives(pidfd);
	if (r < 0)
		return r;
	*ret = facts;
	return 0;
}

/* A connection to ourselves, by an address that the kernel makes up (unix(7), autobind). */
static int connect_to_self(int *ret)
{
	_cleanup_(fd_closep) int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	_cleanup_(fd_closep) int client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = sizeof(address);

	if (listener < 0 || client < 0 ||
	    bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0 ||
	    listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0 ||
	    connect(client, (struct sockaddr *)&address, size) < 0)
		return -errno;
	*ret = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	return *ret < 0 ? -errno : 0;
}

/* A module may be active and leave Unix sockets without labels: AppArmor before Linux 6.17. */
static void take_own_label(struct facts *facts)
{
	_cleanup_(fd_closep) int sock = -EBADF;
	uint32_t module = labels_module();

	if (module != 0 && connect_to_self(&sock) == 0)
		take_label(sock, module, facts);
}

uint32_t identity_attestable(void)
{
	struct facts facts = { 0 };

	(void)identity_read_process(getpid(), NULL, &facts);
	take_own_label(&facts);
	return (POLICY_FACT_ALL & ~(uint32_t)(POLICY_TRAITS | POLICY_LABELS)) | facts.attested;
}

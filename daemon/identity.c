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
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/macro.h"
#include "daemon/identity_process.h"
#include "daemon/labels.h"
#include "policy/subject.h"

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

int identity_pidfd(int sock, const struct ucred *peer, bool *ret_by_number)
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

/* socket(7): the security context at connect(2), whatever the process has become since. */
void identity_label(int sock, uint32_t module, struct facts *facts)
{
	char bytes[LABEL_MAX + 2]; /* and a newline or NUL */
	socklen_t size = sizeof(bytes);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERSEC, bytes, &size) == 0)
		labels_take(module, bytes, size, facts);
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
		identity_label(sock, module, facts);
}

uint32_t identity_unattestable(uint32_t facts)
{
	struct facts own = { 0 };

	if (facts & POLICY_TRAITS)
		(void)identity_read_process(getpid(), NULL, &own);
	if (facts & POLICY_LABELS)
		take_own_label(&own);
	return facts & (POLICY_TRAITS | POLICY_LABELS) & ~own.attested;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/confined.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/sandbox.h"

void confined_connect(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0 || dup2(pair[0], CONFINED_BROKER) < 0)
		_exit(CONFINED_NO_SANDBOX);
	close(pair[0]);
}

void confined_enter(void)
{
	confined_connect();
	if (sandbox_enter(CONFINED_BROKER) < 0)
		_exit(CONFINED_NO_SANDBOX);
}

int confined_load(struct sock_filter *program, size_t size)
{
	struct sock_fprog fprog = { .len = (unsigned short)size, .filter = program };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog) == 0 ? 0 : -errno;
}

int confined_errno(long r)
{
	return r < 0 ? errno : CONFINED_ALLOWED;
}

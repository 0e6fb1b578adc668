/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/landlock.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/macro.h"

struct ruleset_attr { /* struct landlock_ruleset_attr of Linux 6.12 */
	uint64_t fs, net, scoped;
};

/* Since which ABI the kernel judges what. */
static const struct {
	int abi;
	struct ruleset_attr attr;
} abis[] = {
	{ 1, { .fs = 2 * LANDLOCK_ACCESS_FS_MAKE_SYM - 1 } },
	{ 2, { .fs = LANDLOCK_ACCESS_FS_REFER } },
	{ 3, { .fs = LANDLOCK_ACCESS_FS_TRUNCATE } },
	{ 4, { .net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP } },
	{ 5, { .fs = LANDLOCK_ACCESS_FS_IOCTL_DEV } },
	{ 6, { .scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL } },
};

static int probe(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < 0)
		return errno == ENOSYS ? -EOPNOTSUPP : -errno;
	return (int)abi;
}

int landlock_probe(void)
{
	int abi = probe();

	return abi < 0 ? abi : 0;
}

/* As long as the kernel's own: it takes more only if the rest is 0, which it is. */
int landlock_init(struct landlock *ret)
{
	struct ruleset_attr attr = { 0 };
	int abi = probe();
	long fd;

	if (abi < 0)
		return abi;
	for (size_t i = 0; i < ELEMENTSOF(abis) && abis[i].abi <= abi; i++) {
		attr.fs |= abis[i].attr.fs;
		attr.net |= abis[i].attr.net;
		attr.scoped |= abis[i].attr.scoped;
	}
	fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd < 0)
		return -errno;
	*ret = (struct landlock){ .ruleset = (int)fd, .rights = attr.fs };
	return 0;
}

void landlock_done(struct landlock *l)
{
	l->ruleset = fd_close(l->ruleset);
}

int landlock_allow(const struct landlock *l, int directory, uint64_t rights)
{
	const struct landlock_path_beneath_attr attr = {
		.allowed_access = rights & l->rights,
		.parent_fd = directory,
	};

	/* ENOMSG: a rule that allows nothing is none. */
	if (!attr.allowed_access)
		return 0;
	if (syscall(SYS_landlock_add_rule, l->ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0) < 0)
		return -errno;
	return 0;
}

int landlock_enforce(struct landlock *l)
{
	if (syscall(SYS_landlock_restrict_self, l->ruleset, 0) < 0)
		return -errno;
	l->ruleset = fd_close(l->ruleset);
	return 0;
}

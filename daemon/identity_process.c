/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is read of the process behind a connection, by its number: nothing here
 * makes sure that the number is still its own, which identity.c does before and
 * after.
 */
#include "daemon/identity_process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "daemon/identity.h"
#include "policy/subject.h"

#define STATUS_SIZE_MAX 8192 /* bytes of /proc/PID/status: about 1.5 KiB, more with many groups */

static int open_process(pid_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int read_status(int process, char *buffer, size_t size)
{
	_cleanup_(fd_closep) int fd = -EBADF;
	size_t len = 0;
	ssize_t n;

	fd = openat(process, "status", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		n = read(fd, buffer + len, size - 1 - len);
		if (n < 0)
			return -errno;
		len += (size_t)n;
	} while (n > 0 && len < size - 1);
	buffer[len] = '\0';
	return 0;
}

/* What follows @key in /proc/PID/status, proc(5): "Key:<tab>…", each on its line. */
static const char *status_value(const char *status, const char *key)
{
	const char *found = strstr(status, key);

	return found ? found + strlen(key) : NULL;
}

/* Effective ids are the second of four: real, effective, saved, file system. */
static int status_has_ids(const char *status, const struct ucred *peer)
{
	const char *uids = status_value(status, "\nUid:"), *gids = status_value(status, "\nGid:");
	unsigned int uid, gid;

	if (!uids || !gids || sscanf(uids, "%*u %u", &uid) != 1 ||
	    sscanf(gids, "%*u %u", &gid) != 1)
		return -EBADMSG;
	return uid == peer->uid && gid == peer->gid ? 0 : -ESRCH;
}

static void take_trait(struct facts *facts, uint32_t fact, bool is_so)
{
	facts->attested |= fact;
	if (is_so)
		facts->traits |= fact;
}

/* namespaces(7): a namespace is its device and inode. The host's is our own. */
static void take_namespace(int process, const char *name, uint32_t fact, struct facts *facts)
{
	struct stat own, its;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	if (stat(path, &own) == 0 && fstatat(process, name, &its, 0) == 0)
		take_trait(facts, fact, own.st_dev == its.st_dev && own.st_ino == its.st_ino);
}

/*
 * Both are set for good once they are set, and pass on to what is executed: it does not matter
 * that they are read after connect(2). They are those of the process's first thread.
 */
static void take_restrictions(const char *status, struct facts *facts)
{
	const char *nnp = status_value(status, "\nNoNewPrivs:\t");
	const char *seccomp = status_value(status, "\nSeccomp:\t");

	if (nnp)
		take_trait(facts, POLICY_FACT_NNP, *nnp == '1');
	/* proc(5): 2 is SECCOMP_MODE_FILTER. */
	if (seccomp)
		take_trait(facts, POLICY_FACT_SECCOMP, *seccomp == '2');
}

static void take_traits(int process, const char *status, struct facts *facts)
{
	take_namespace(process, "ns/user", POLICY_FACT_USERNS, facts);
	take_namespace(process, "ns/mnt", POLICY_FACT_MNTNS, facts);
	take_namespace(process, "ns/pid", POLICY_FACT_PIDNS, facts);
	take_restrictions(status, facts);
}

/* Capabilities hold in the user namespace of their process: in another than ours they are no
 * power over our files. */
static void take_capabilities(const char *status, struct facts *facts)
{
	const char *value = status_value(status, "\nCapEff:\t");
	unsigned long long bits;

	if (value && sscanf(value, "%16llx", &bits) == 1 && facts->traits & POLICY_FACT_USERNS)
		facts->cap_effective = bits;
}

/* statx(2): with AT_STATX_DONT_SYNC a file system answers from what it has, so that one that hangs,
 * or a FUSE daemon, does not hold up the parent. */
int identity_of_file(int dir, const char *path, struct identity_file *ret)
{
	struct statx sx;

	if (statx(dir, path, AT_STATX_DONT_SYNC, STATX_INO | STATX_BTIME, &sx) < 0)
		return -errno;
	*ret = (struct identity_file){ .dev = makedev(sx.stx_dev_major, sx.stx_dev_minor),
				       .ino = sx.stx_ino };
	if (sx.stx_mask & STATX_BTIME)
		ret->born = (uint64_t)sx.stx_btime.tv_sec * 1000000000U + sx.stx_btime.tv_nsec;
	return 0;
}

/* The magic link, not its text, which a mount namespace can forge. Kernel threads have none. */
static void take_exe(int process, struct facts *facts)
{
	struct identity_file file = { 0 };
	ssize_t n;

	if (identity_of_file(process, "exe", &file) < 0)
		return;
	n = readlinkat(process, "exe", facts->exe, sizeof(facts->exe) - 1);
	facts->exe[n < 0 ? 0 : n] = '\0';
	facts->exe_dev = file.dev;
	facts->exe_ino = file.ino;
	facts->exe_born = file.born;
}

int identity_read_process(pid_t pid, const struct ucred *peer, struct facts *facts)
{
	_cleanup_(fd_closep) int process = open_process(pid);
	char status[STATUS_SIZE_MAX];
	int r;

	if (process < 0)
		return process;
	r = read_status(process, status, sizeof(status));
	if (r == 0 && peer)
		r = status_has_ids(status, peer);
	if (r < 0)
		return r;
	take_traits(process, status, facts);
	take_capabilities(status, facts);
	take_exe(process, facts);
	return 0;
}

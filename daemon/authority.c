/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/authority.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Raw system calls, because these are per thread in the kernel and glibc's
 * wrappers are per process (nptl(7)).
 *
 * Two traps, both seen (capabilities(7), "Effect of user ID changes on
 * capabilities"). With a process uid that is not 0, setfsuid(2) to another uid
 * drops no capability at all, so that `as caller` needs the capset(2), and of
 * the whole set that setfsuid would have dropped: CHOWN, FOWNER and FSETID open
 * as much as DAC_* do. And setfsuid(0) raises them again unless
 * SECBIT_NO_SETUID_FIXUP is locked, so that capset comes last in each
 * direction. setfsuid itself has no error return: it is asked again with -1.
 */
#define CAP_BIT(c) (UINT64_C(1) << (c))

/* What every identity keeps: without them there is no way back. */
#define CAPS_SWITCH (CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID))
#define CAPS_DAC    (CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_DAC_READ_SEARCH))

struct identity {
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
	uint64_t effective;
};

static int read_capabilities(uint64_t *ret_permitted, uint64_t *ret_effective)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	*ret_permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	*ret_effective = data[0].effective | (uint64_t)data[1].effective << 32;
	return 0;
}

static int set_effective(struct authority *authority, uint64_t effective)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = (uint32_t)effective, .permitted = (uint32_t)authority->permitted },
		{ .effective = (uint32_t)(effective >> 32),
		  .permitted = (uint32_t)(authority->permitted >> 32) },
	};

	if (syscall(SYS_capset, &header, data) < 0)
		return -errno;
	authority->effective = effective;
	return 0;
}

static int set_ids(uid_t uid, gid_t gid)
{
	syscall(SYS_setfsgid, gid);
	syscall(SYS_setfsuid, uid);
	if ((gid_t)syscall(SYS_setfsgid, -1) != gid || (uid_t)syscall(SYS_setfsuid, -1) != uid)
		return -EPERM;
	return 0;
}

static int become(struct authority *authority, const struct identity *who)
{
	int r;

	authority->kind = AUTHORITY_UNKNOWN;
	if (syscall(SYS_setgroups, who->n_groups, who->groups) < 0)
		return -errno;
	r = set_ids(who->uid, who->gid);
	if (r < 0)
		return r;
	return set_effective(authority, who->effective);
}

/* As become(), but a thread that is nobody in particular is brought home. */
static int become_or_return(struct authority *authority, const struct identity *who)
{
	int r;

	r = become(authority, who);
	if (r < 0)
		authority_broker(authority);
	return r;
}

int authority_init(struct authority *authority)
{
	struct authority a = { .uid = geteuid(), .gid = getegid(), .kind = AUTHORITY_UNKNOWN };
	int r;

	r = read_capabilities(&a.permitted, &a.effective);
	if (r < 0)
		return r;
	if ((a.permitted & CAPS_SWITCH) != CAPS_SWITCH)
		return -EPERM;
	*authority = a;
	authority_broker(authority);
	return 0;
}

/*
 * Whether the thread is what become() would make of it: that depends on nothing but what is compared
 * here, whole. A shell's many programs come by a connection each, and are all the same caller.
 */
static bool is_caller(const struct authority *authority, const struct identity *who)
{
	return authority->caller_uid == who->uid && authority->caller_gid == who->gid &&
	       authority->effective == who->effective && authority->n_groups == who->n_groups &&
	       who->n_groups <= AUTHORITY_GROUPS_MAX &&
	       (who->n_groups == 0 ||
		memcmp(authority->groups, who->groups, who->n_groups * sizeof(gid_t)) == 0);
}

static void note_caller(struct authority *authority, const struct identity *who)
{
	authority->kind = AUTHORITY_CALLER;
	authority->caller_uid = who->uid;
	authority->caller_gid = who->gid;
	authority->n_groups = who->n_groups;
	if (who->n_groups > 0 && who->n_groups <= AUTHORITY_GROUPS_MAX)
		memcpy(authority->groups, who->groups, who->n_groups * sizeof(gid_t));
}

static int become_caller(struct authority *authority, const struct principal *principal)
{
	struct identity who = {
		.uid = principal->uid,
		.gid = principal->gid,
		.groups = principal->groups,
		.n_groups = principal->n_groups,
		.effective = CAPS_SWITCH,
	};
	int r = 0;

	if (principal->uid == 0)
		who.effective |= principal->cap_effective & authority->permitted & CAPS_DAC;
	if (authority->kind != AUTHORITY_CALLER || !is_caller(authority, &who))
		r = become_or_return(authority, &who);
	if (r < 0)
		return r;
	note_caller(authority, &who);
	authority->connection = principal->connection;
	return 0;
}

int authority_caller(struct authority *authority, const struct principal *principal)
{
	if (authority->kind == AUTHORITY_CALLER && authority->connection == principal->connection)
		return 0;
	return become_caller(authority, principal);
}

void authority_broker(struct authority *authority)
{
	struct identity who = {
		.uid = authority->uid,
		.gid = authority->gid,
		.effective = authority->permitted,
	};

	if (authority->kind == AUTHORITY_BROKER)
		return;
	if (become(authority, &who) < 0)
		abort();
	authority->kind = AUTHORITY_BROKER;
}

int authority_creator(struct authority *authority, uid_t uid, gid_t gid)
{
	struct identity who = { .uid = uid, .gid = gid, .effective = authority->permitted };
	int r;

	if (authority->kind == AUTHORITY_CREATOR && authority->creator_uid == uid &&
	    authority->creator_gid == gid)
		return 0;
	r = become_or_return(authority, &who);
	if (r < 0)
		return r;
	authority->kind = AUTHORITY_CREATOR;
	authority->creator_uid = uid;
	authority->creator_gid = gid;
	return 0;
}

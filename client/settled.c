/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A message without credentials gets those of the thread that sends it from the kernel, by its real ids
 * (net/unix/af_unix.c, unix_maybe_add_creds()). Where they differ from the effective ones, which the
 * connection was made by, that is somebody else (P38, P39), so that the ids must be asked for and
 * attached at each request: two system calls. But ids belong to a thread, which alone can change them;
 * and one that has the same in all three places, and no capability that it could raise, can do so
 * by execve(2) only, after which this library is gone. credentials(7), capabilities(7)
 *
 * Or in a user namespace that it makes or enters, where it gets capabilities: that
 * matters only if it then takes effective ids that are mapped there and not its real ones. What it is
 * taken for is what it is really, until it connects anew; libfdbroker(3) says so.
 */

#include "client/settled.h"

#include <linux/capability.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum mark { UNKNOWN, SETTLED, CHANGEABLE };

/* fork(2) hands it on, and the ids too; a new thread begins with UNKNOWN. */
static _Thread_local enum mark mark __attribute__((__tls_model__("initial-exec")));

static bool has_one_uid(void)
{
	uid_t real, effective, saved;

	return getresuid(&real, &effective, &saved) == 0 && real == effective && saved == effective;
}

static bool has_one_gid(void)
{
	gid_t real, effective, saved;

	return getresgid(&real, &effective, &saved) == 0 && real == effective && saved == effective;
}

/* Permitted is as far as it could raise them. */
static bool has_no_capability(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	return syscall(SYS_capget, &header, data) == 0 && data[0].permitted == 0 &&
	       data[1].permitted == 0;
}

/* The child of vfork(2), or of a clone(2) like it, has its parent's thread-local variables, where the
 * parent would find what is true of the child. The C library registers a list for each thread that has
 * its own, and the kernel hands it on to nobody: set_robust_list(2). */
static bool has_own_variables(void)
{
	void *head = NULL;
	size_t size;

	return syscall(SYS_get_robust_list, 0, &head, &size) == 0 && head;
}

/* Whatever a sandbox does not let it ask is no reason to believe it. */
static bool is_settled(void)
{
	return has_own_variables() && has_one_uid() && has_one_gid() && has_no_capability();
}

bool settled(void)
{
	if (mark == UNKNOWN)
		mark = is_settled() ? SETTLED : CHANGEABLE;
	return mark == SETTLED;
}

void settled_forget(void)
{
	mark = UNKNOWN;
}

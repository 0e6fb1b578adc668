/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/support/forked.h"

struct job {
	const struct user *user;
	int (*body)(const void *arg);
	const void *arg;
};

void user_become(const struct user *user)
{
	if (setgroups(user->n_groups, user->groups) < 0 ||
	    setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, user->uid) < 0) {
		perror("user_become");
		abort();
	}
}

static int run_job(const void *arg)
{
	const struct job *job = arg;

	user_become(job->user);
	return job->body(job->arg);
}

int user_run(const struct user *user, int (*body)(const void *arg), const void *arg)
{
	const struct job job = { user, body, arg };

	return forked_run(run_job, &job);
}

void user_map(pid_t pid, const char *file, const char *text)
{
	_cleanup_(fd_closep) int fd = -EBADF;
	ssize_t size = (ssize_t)strlen(text);
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid != 0 ? pid : getpid(), file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)size) != size) {
		perror(path);
		abort();
	}
}

void user_map_root(uid_t uid)
{
	char map[32];

	snprintf(map, sizeof(map), "0 %u 1", uid);
	user_map(0, "setgroups", "deny");
	user_map(0, "uid_map", map);
	user_map(0, "gid_map", map);
}

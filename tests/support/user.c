/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/support/user.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

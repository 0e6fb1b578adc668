/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A refusal by default touched nothing, so that nobody knows whether the caller
 * could have opened it himself. Asked here as he would ask: in a child with his uid, gid and
 * groups, of the kernel, which knows access control lists and security modules too. Only root can
 * do so; without, nothing is claimed.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/learn.h"
#include "ctl/links.h"
#include "policy/ast.h"
#include "policy/fstype.h"

#define TRY_SEC 1U
#define WRITING (POLICY_WRITE | POLICY_APPEND | POLICY_TRUNCATE)

size_t learn_directory_len(const char *path)
{
	return (size_t)(strrchr(path, '/') - path);
}

const char *learn_extension(const char *path)
{
	const char *name = strrchr(path, '/') + 1, *dot = strrchr(name, '.');

	return dot && dot > name ? dot : "";
}

static int try_as(const struct want *want, const char *path, int how)
{
	/* A file system that is a process of the caller's may never answer: killed, it is not known. */
	alarm(TRY_SEC);
	if (setgroups(want->n_groups, want->groups) < 0 ||
	    setresgid(want->gid, want->gid, want->gid) < 0 ||
	    setresuid(want->uid, want->uid, want->uid) < 0)
		return 2;
	if (faccessat(AT_FDCWD, path, how, AT_EACCESS) == 0)
		return 0;
	return errno == EACCES || errno == EPERM ? 1 : 2;
}

/* Is he refused? What cannot be found out is no. */
static bool is_refused(const struct want *want, const char *path, int how)
{
	pid_t child;
	int status;

	if (geteuid() != 0 || want->uid == 0)
		return false;
	child = fork();
	if (child == 0)
		_exit(try_as(want, path, how));
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static bool may_not_change_names(const struct want *want)
{
	char parent[PATH_MAX];
	int len = (int)learn_directory_len(want->path);

	snprintf(parent, sizeof(parent), "%.*s", len > 0 ? len : 1, want->path);
	return is_refused(want, parent, W_OK | X_OK);
}

static int access_of(uint32_t modes)
{
	int how = 0;

	if (modes & (POLICY_READ | POLICY_LIST))
		how |= R_OK;
	if (modes & (WRITING | POLICY_TMPFILE | POLICY_CONNECT))
		how |= W_OK;
	return how;
}

static bool strays(const char *path)
{
	_cleanup_(freep) char *leads = realpath(path, NULL);

	return leads && strcmp(leads, path) != 0 && !links_are_trusted(path);
}

bool learn_is_own(const char *path)
{
	return strncmp(path, "/proc/self/", 11) == 0 ||
	       strncmp(path, "/proc/thread-self/", 18) == 0;
}

/* A rule must name a file system of the kernel's (fs). */
static void look_at_fs(struct want *want)
{
	struct statfs fs;

	if (learn_is_own(want->path))
		want->fs = "proc";
	else if (statfs(want->path, &fs) == 0 && fstype_of((uint32_t)fs.f_type) == FSTYPE_KERNEL)
		want->fs = fstype_name((uint32_t)fs.f_type);
}

static void look_at_object(struct want *want)
{
	struct stat st;

	if (learn_is_own(want->path) ||
	    fstatat(AT_FDCWD, want->path, &st,
		    want->modes & POLICY_REMOVE ? AT_SYMLINK_NOFOLLOW : 0) < 0)
		return;
	want->exists = true;
	want->type = st.st_mode & S_IFMT;
	want->owner = st.st_uid;
	want->links = S_ISREG(st.st_mode) ? st.st_nlink : 1;
	want->strays = !S_ISLNK(st.st_mode) && strays(want->path);
}

static bool needs_root(const struct want *want)
{
	if (want->granted || want->refused)
		return want->refused && !want->granted;
	/* chmod(2) is for the owner. */
	if (want->exists && want->modes & POLICY_ATTRIBUTES && want->uid != 0 &&
	    want->uid != want->owner)
		return true;
	if (want->modes & POLICY_REMOVE && may_not_change_names(want))
		return true;
	if (want->exists)
		return is_refused(want, want->path, access_of(want->modes));
	return want->modes & POLICY_CREATE && may_not_change_names(want);
}

bool learn_is_of_any_type(uint32_t modes)
{
	return (modes & ~(uint32_t)POLICY_ANY_TYPE) == 0;
}

int learn_look(struct want *want)
{
	want->type = S_IFREG;
	want->links = 1;
	look_at_object(want);
	look_at_fs(want);
	want->needs_root = needs_root(want);
	/* What mkdir(2) and symlink(2) made is there since. */
	if (learn_is_of_any_type(want->modes) || want->modes == POLICY_CREATE)
		want->type = S_IFREG;
	if (!S_ISDIR(want->type) || want->modes & (POLICY_LIST | POLICY_TMPFILE))
		return 0;
	want->withheld = strdup("a directory, which only `list` opens");
	return want->withheld ? 0 : -ENOMEM;
}

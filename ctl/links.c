/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A name is walked as the kernel would, one component at a time, so that each
 * link is seen with the directory that it is in. Nothing is opened: this only
 * foretells what the daemon, which pins what it looks at, will find.
 */
#include "ctl/links.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as many as the daemon follows: path_resolution(7) */

struct walk {
	char real[PATH_MAX];	 /* without links; "" is the root */
	char rest[2 * PATH_MAX]; /* still to be walked */
	bool trusted;		 /* the directories so far */
	unsigned int n_links;
};

static bool is_roots(const struct stat *st)
{
	return st->st_uid == 0 && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static void leave(struct walk *walk)
{
	char *slash = strrchr(walk->real, '/');

	if (slash)
		*slash = '\0';
}

/* Take the first component of what is left. False at the end. */
static bool take_component(struct walk *walk, char *ret, size_t size)
{
	size_t start = strspn(walk->rest, "/");
	size_t len = strcspn(walk->rest + start, "/");

	if (len == 0 || len >= size)
		return false;
	memcpy(ret, walk->rest + start, len);
	ret[len] = '\0';
	memmove(walk->rest, walk->rest + start + len, strlen(walk->rest + start + len) + 1);
	return true;
}

/* The link that the walk stands at is replaced by what it reads. */
static bool enter_link(struct walk *walk)
{
	char target[PATH_MAX], rest[sizeof(walk->rest)];
	ssize_t n = readlink(walk->real, target, sizeof(target) - 1);
	int len;

	if (n < 0 || walk->n_links++ == LINKS_MAX)
		return false;
	target[n] = '\0';
	len = snprintf(rest, sizeof(rest), "%s%s", target, walk->rest);
	if (len < 0 || (size_t)len >= sizeof(rest))
		return false;
	strcpy(walk->rest, rest);
	if (target[0] == '/')
		walk->real[0] = '\0';
	else
		leave(walk);
	return true;
}

static bool enter(struct walk *walk, const char *name)
{
	size_t len = strlen(walk->real);
	struct stat st;

	if (len + 1 + strlen(name) >= sizeof(walk->real))
		return false;
	sprintf(walk->real + len, "/%s", name);
	/* What is not there is no link: the request may make it. */
	if (lstat(walk->real, &st) < 0)
		return errno == ENOENT;
	if (S_ISLNK(st.st_mode))
		return walk->trusted && st.st_uid == 0 && enter_link(walk);
	walk->trusted = walk->trusted && is_roots(&st);
	return true;
}

bool links_are_trusted(const char *path)
{
	struct walk walk = { .real = "" };
	char name[NAME_MAX + 1];
	struct stat st;

	if (strlen(path) >= PATH_MAX || lstat("/", &st) < 0)
		return false;
	walk.trusted = is_roots(&st);
	strcpy(walk.rest, path);
	while (take_component(&walk, name, sizeof(name))) {
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0)
			leave(&walk);
		else if (!enter(&walk, name))
			return false;
	}
	/* A component that is too long is left over. */
	return walk.rest[strspn(walk.rest, "/")] == '\0';
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon walks a name link by link and judges each new name before it goes
 * there. Here the admin's own authority looks, so nothing can be told to somebody who may not
 * know it: one open follows all links, and the real name is judged after it.
 */
#include "ctl/object.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "ctl/links.h"

struct object {
	struct policy_object facts;
	uint64_t mount;
	int error;			    /* what the kernel says in the end, or 0 */
	bool unnamed;			    /* O_TMPFILE: path is its directory */
	char path[PATH_MAX + NAME_MAX + 2]; /* where it really is */
};

static int mount_of(int dir, const char *path, int flags, uint64_t *ret)
{
	struct statx stx;

	if (statx(dir, path, flags | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_MNT_ID, &stx) < 0)
		return -errno;
	*ret = stx.stx_mnt_id;
	return 0;
}

static int real_path(int fd, char *ret, size_t size)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, ret, size - 1);
	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return 0;
}

static int look(const char *path, int flags, struct object *ret)
{
	_cleanup_(fd_closep) int fd = -EBADF;
	struct statfs fs;
	struct stat st;
	int r;

	fd = open(path, O_PATH | O_CLOEXEC | flags);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	r = real_path(fd, ret->path, PATH_MAX);
	if (r < 0)
		return r;
	ret->facts = (struct policy_object){
		.mode = st.st_mode,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.links = st.st_nlink,
		.size = (uint64_t)st.st_size,
		.rdev = st.st_rdev,
		.fs_magic = (uint32_t)fs.f_type,
		.mount_flags = (uint32_t)fs.f_flags,
	};
	return mount_of(fd, "", AT_EMPTY_PATH, &ret->mount);
}

/* What a request that creates would find: its directory, and nothing in it. */
static int look_at_parent(const char *path, struct object *ret)
{
	const char *name = strrchr(path, '/') + 1;
	char parent[PATH_MAX];
	size_t len;
	int r;

	if (strlen(name) > NAME_MAX)
		return -ENAMETOOLONG;
	snprintf(parent, sizeof(parent), "%.*s", (int)(name - path), path);
	r = look(parent, 0, ret);
	if (r < 0)
		return r;
	len = strlen(ret->path);
	snprintf(ret->path + len, sizeof(ret->path) - len, "%s%s",
		 ret->path[len - 1] == '/' ? "" : "/", name);
	ret->facts.fresh = true;
	return 0;
}

/*
 * What the request would find. Errors that the daemon meets only after it has judged where links
 * lead are left in @ret for later.
 */
static int look_for(const struct policy_query *query, struct object *ret)
{
	/* Nothing but O_CREAT|O_EXCL needs just this, and it follows no link at the end. */
	bool exclusive = query->modes == POLICY_CREATE;
	/* unlink(2) and rename(2) are about the link. */
	int flags = query->modes & POLICY_REMOVE ? O_NOFOLLOW : 0;
	struct stat st;
	int r = -ENOENT;

	ret->error = 0;
	ret->unnamed = false;
	if (!exclusive)
		r = look(query->path, flags, ret);
	if (r == 0 && (query->modes & POLICY_TMPFILE)) {
		ret->error = S_ISDIR(ret->facts.mode) ? 0 : -ENOTDIR;
		ret->facts.fresh = true;
		ret->unnamed = true;
	}
	if (r != -ENOENT)
		return r;
	r = look_at_parent(query->path, ret);
	if (r < 0)
		return r;
	if (exclusive)
		ret->error = lstat(query->path, &st) == 0 ? -EEXIST : 0;
	else if (!(query->modes & POLICY_CREATE))
		ret->error = -ENOENT;
	return 0;
}

int object_look(struct object **ret, const struct policy_query *query)
{
	_cleanup_(object_freep) struct object *object = calloc(1, sizeof(*object));
	int r = object ? look_for(query, object) : -ENOMEM;

	if (r < 0)
		return r;
	*ret = TAKE_PTR(object);
	return 0;
}

struct object *object_free(struct object *object)
{
	free(object);
	return NULL;
}

const char *object_path(const struct object *object)
{
	return object->path;
}

uid_t object_owner(const struct object *object)
{
	return object->facts.uid;
}

/* Where nothing is, nothing can be judged. */
int object_error(const struct object *object)
{
	return object->error == -EEXIST ? 0 : object->error;
}

/* Can only root or the object's owner change this directory? */
static bool is_trusted_directory(const struct stat *st, uid_t owner)
{
	if (st->st_uid != 0 && st->st_uid != owner)
		return false;
	return !(st->st_mode & (S_IWGRP | S_IWOTH)) || (st->st_mode & S_ISVTX);
}

static bool has_trusted_parents(const struct object *object, uid_t owner)
{
	char path[sizeof(object->path) + 2];
	char *slash;
	struct stat st;

	snprintf(path, sizeof(path), "%s%s", object->path, object->unnamed ? "/." : "");
	while ((slash = strrchr(path, '/'))) {
		*slash = '\0';
		if (lstat(*path ? path : "/", &st) < 0 || !is_trusted_directory(&st, owner))
			return false;
	}
	return true;
}

static bool stays_on_mount(const struct candidate *allow, const struct object *object)
{
	char prefix[PATH_MAX];
	uint64_t mount;

	snprintf(prefix, sizeof(prefix), "%.*s", (int)allow->prefix_len, object->path);
	if (mount_of(AT_FDCWD, *prefix ? prefix : "/", 0, &mount) < 0)
		return false;
	return mount == object->mount;
}

/* The conditions that the opener finds, after those of decide_object(). */
static enum policy_condition opener_condition(const struct candidate *allow,
					      const struct object *object, uid_t owner)
{
	if (allow->rule->mounts_stay && !stays_on_mount(allow, object))
		return POLICY_CONDITION_MOUNTS;
	if (allow->rule->parents_trusted && !has_trusted_parents(object, owner))
		return POLICY_CONDITION_PARENTS;
	return POLICY_CONDITION_NONE;
}

/* As daemon/create.c; without create-mode the most that is given. */
static mode_t mode_to_give(const struct policy_obligations *obligations, mode_t type)
{
	mode_t mode = obligations->has_create_mode ? obligations->create_mode
		      : S_ISDIR(type)		   ? 0755
						   : 0644;

	if (S_ISLNK(type))
		return type | 0777;
	return type | mode | (S_ISDIR(type) ? (mode & 0444) >> 2 : 0);
}

/* The object that an allow is held to: where nothing is yet, what would be made by it, of @type. */
static struct policy_object facts_for(const struct policy_rule *rule,
				      const struct policy_subject *subject,
				      const struct object *object, mode_t type)
{
	const struct policy_obligations *obligations = rule->obligations;
	bool has_owner = rule->as_root || obligations->has_create_owner;
	bool inherits = object->facts.mode & S_ISGID;

	if (!object->facts.fresh)
		return object->facts;
	return (struct policy_object){
		.mode = mode_to_give(obligations, type),
		.uid = has_owner ? obligations->create_uid : subject->uid,
		.gid = has_owner  ? obligations->create_gid
		       : inherits ? object->facts.gid
				  : subject->gid,
		.links = 1,
		.fs_magic = object->facts.fs_magic,
		.mount_flags = object->facts.mount_flags,
		.fresh = true,
	};
}

/* Each allow is tried; where all fail, for whatever reason, the most specific one's counts. */
static int judge_type(const struct live *live, const struct policy_query *query,
		      const struct object *object, mode_t type, struct answer *ret)
{
	struct answer no = { .kind = ANSWER_NO, .reason = POLICY_REASON_CONDITION };
	const struct candidates *candidates = live->candidates;

	for (size_t i = 0; i < candidates->n_allows; i++) {
		const struct policy_rule *rule = candidates->allows[i].rule;
		struct policy_object facts = facts_for(rule, live->subject, object, type);
		struct decision decision = decide_object(candidates, i, query, &facts);
		enum policy_condition condition = decision.condition;

		if (decision.verdict == VERDICT_DENY) {
			*ret = (struct answer){ ANSWER_NO, .reason = POLICY_REASON_RULE,
						.rule = decision.rule };
			return 0;
		}
		if (decision.verdict == VERDICT_ALLOW)
			condition = opener_condition(&candidates->allows[i], object, facts.uid);
		if (condition == POLICY_CONDITION_NONE && object->error == 0) {
			*ret = (struct answer){ ANSWER_YES, .rule = rule };
			return 0;
		}
		if (i == 0) {
			no.condition = condition;
			no.rule = rule;
			no.object = facts;
		}
	}
	if (no.condition == POLICY_CONDITION_NONE)
		return object->error;
	*ret = no;
	return 0;
}

/* As daemon/change.c: utimensat(2) of it there is, and no chmod(2). */
static bool keeps_its_mode(const struct policy_query *query, const struct policy_object *object)
{
	return query->modes & POLICY_ATTRIBUTES && !object->fresh && S_ISDIR(object->mode) &&
	       object->mode & S_ISGID;
}

/* `create` alone is asked for by open(2), mkdir(2) and symlink(2): yes if one of them may. What they
 * all may not is answered as of a file. */
int object_judge(const struct object *object, const struct live *live,
		 const struct policy_query *query, struct answer *ret)
{
	static const mode_t types[] = { S_IFREG, S_IFDIR, S_IFLNK };
	size_t n = query->modes == POLICY_CREATE && object->facts.fresh ? ELEMENTSOF(types) : 1;
	uint32_t makes = 0;
	int error = 0;

	for (size_t i = 0; i < n; i++) {
		struct answer answer = *ret;
		int r = judge_type(live, query, object, types[i], &answer);
		bool may = r == 0 && answer.kind == ANSWER_YES;

		if (i == 0)
			error = r;
		if (i == 0 || (may && makes == 0))
			*ret = answer;
		if (may)
			makes |= 1U << (types[i] >> 12);
	}
	if (n > 1)
		ret->makes = makes;
	ret->only_times = ret->kind == ANSWER_YES && keeps_its_mode(query, &object->facts);
	return makes ? 0 : error;
}

bool object_is_reached(const struct object *object, const struct candidates *candidates,
		       const char *path)
{
	enum policy_symlinks least = POLICY_SYMLINKS_REFUSE;

	if (strcmp(object->path, path) == 0)
		return true;
	for (size_t i = 0; i < candidates->n_allows; i++)
		if (candidates->allows[i].rule->symlinks < least)
			least = candidates->allows[i].rule->symlinks;
	return least == POLICY_SYMLINKS_FOLLOW ||
	       (least == POLICY_SYMLINKS_TRUSTED && links_are_trusted(path));
}

int answer_live(const struct live *live, const struct policy_query *query, struct answer *ret)
{
	_cleanup_(object_freep) struct object *object = NULL;
	struct policy_query real = *query;
	struct answer answer;
	int r;

	answer = answer_name(live->policy, query, live->candidates);
	if (answer.kind != ANSWER_YES) {
		*ret = answer;
		return 0;
	}
	r = object_look(&object, query);
	if (r < 0)
		return r;
	if (!object_is_reached(object, live->candidates, query->path)) {
		*ret = (struct answer){
			.kind = ANSWER_NO,
			.reason = POLICY_REASON_CONDITION,
			.condition = POLICY_CONDITION_SYMLINKS,
			.rule = live->candidates->allows[0].rule,
		};
		return 0;
	}
	real.path = object->path;
	if (strcmp(object->path, query->path) != 0)
		answer = answer_name(live->policy, &real, live->candidates);
	*ret = answer;
	if (answer.kind != ANSWER_YES)
		return 0;
	r = object_error(object);
	return r < 0 ? r : object_judge(object, live, &real, ret);
}

const char *answer_live_reason(int error)
{
	if (error == ENOENT)
		return "not-found";
	if (error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG || error == EEXIST)
		return "kernel";
	return NULL;
}

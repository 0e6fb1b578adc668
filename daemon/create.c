/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"
#include "daemon/opening.h"

/*
 * Creation. The parent is pinned and judged, the file is made in that very
 * directory with O_EXCL and without any permission, which is also the mask of
 * what a default ACL gives it (acl(5)). So nobody can open it before its owner
 * is who it should be and there is something to hand to whoever asked; its mode
 * comes last, and what fails before that leaves nothing that anybody could have
 * opened. The process's umask is 0 and plays no part.
 */

int create_pin_parent(struct opening *o, struct pin *ret, const char **ret_base)
{
	const char *slash = strrchr(o->name, '/');
	size_t len = slash > o->name ? (size_t)(slash - o->name) : 1;
	char parent[WIRE_PATH_MAX + 1] _uninitialized_;
	int r;

	/* `/` has no parent to make it in: open(2) says the same of it. */
	if (slash[1] == '\0')
		return -EISDIR;
	memcpy(parent, o->name, len);
	parent[len] = '\0';
	r = opener_pin(o, AT_FDCWD, parent, ret);
	if (r < 0)
		return r;
	if (S_ISLNK(ret->object.mode))
		return -ELOOP;
	if (!S_ISDIR(ret->object.mode))
		return -ENOTDIR;
	*ret_base = slash + 1;
	return 0;
}

bool create_is_trap(const struct opening *o, const struct pin *parent, const struct pin *pin)
{
	const struct policy_object *dir = &parent->object, *file = &pin->object;

	if (!(dir->mode & S_ISVTX) || !(dir->mode & (S_IWGRP | S_IWOTH)))
		return false;
	if (!S_ISREG(file->mode) && !S_ISFIFO(file->mode))
		return false;
	return file->uid != dir->uid && file->uid != opening_actor(o);
}

bool create_has_owner(const struct policy_rule *rule)
{
	return rule->as_root || rule->obligations->has_create_owner;
}

static mode_t mode_to_give(const struct order *order, const struct policy_rule *rule)
{
	const struct policy_obligations *obligations = rule->obligations;

	/* symlink(7): their bits mean nothing. */
	if (order->request->opcode == WIRE_OPCODE_SYMLINK)
		return 0777;
	if (!obligations->has_create_mode)
		return order->request->mode;
	/* It says who may read and write: a directory that is read is searched too. */
	if (order->request->opcode == WIRE_OPCODE_MKDIR)
		return obligations->create_mode | (obligations->create_mode & 0444) >> 2;
	return obligations->create_mode;
}

static mode_t type_to_make(const struct request *request)
{
	if (request->opcode == WIRE_OPCODE_SYMLINK)
		return S_IFLNK;
	return request->opcode == WIRE_OPCODE_MKDIR ? S_IFDIR : S_IFREG;
}

struct policy_object create_object(const struct order *order, const struct policy_rule *rule,
				   const struct policy_object *parent)
{
	const struct policy_obligations *obligations = rule->obligations;
	gid_t gid = parent->mode & S_ISGID ? parent->gid : order->principal->gid;

	return (struct policy_object){
		.mode = type_to_make(order->request) | mode_to_give(order, rule),
		.uid = create_has_owner(rule) ? obligations->create_uid : order->principal->uid,
		.gid = create_has_owner(rule) ? obligations->create_gid : gid,
		.links = 1,
		.fs_magic = parent->fs_magic,
		.mount_flags = parent->mount_flags,
		.fresh = true,
	};
}

/*
 * Owner first, because chown(2) may clear mode bits. `as root` made it as the user who is to own
 * it, so that neither CAP_CHOWN nor CAP_FOWNER is ever needed; but a set-group-ID directory gives
 * its own group to what is made in it. Without `as root` this is what the caller himself may do.
 */
static int give_owner(const struct opening *o, int fd)
{
	const struct request *request = o->order->request;
	const struct policy_rule *rule = opening_rule(o);
	const struct policy_obligations *obligations = rule->obligations;

	if (create_has_owner(rule) &&
	    fchown(fd, obligations->create_uid, obligations->create_gid) < 0)
		return -errno;
	if (!(request->flags & O_NONBLOCK) && fcntl(fd, F_SETFL, request->flags & O_APPEND) < 0)
		return -errno;
	return 0;
}

/* By its owner again: a pipe was laid as the broker. */
static int give_mode(struct opening *o, int fd)
{
	int r;

	if (opening_is_given_up(o))
		return -ETIMEDOUT;
	r = opener_take_authority(o);
	if (r < 0)
		return r;
	return fchmod(fd, mode_to_give(o->order, opening_rule(o))) < 0 ? -errno : 0;
}

/* From a file that is nobody's to what was promised, in somebody's hands. */
static enum step finish(struct opening *o, const struct pin *place, int *fd)
{
	enum step step;
	struct stat st;
	int r;

	r = give_owner(o, *fd);
	if (r < 0)
		return opening_kernel(o, r);
	if (fstat(*fd, &st) == 0) {
		o->out->dev = st.st_dev;
		o->out->ino = st.st_ino;
	}
	o->out->lingers = !place->is_local;
	step = opening_deliver(o, fd);
	if (o->out->fd < 0)
		return step;
	r = give_mode(o, *fd >= 0 ? *fd : o->out->fd);
	return r < 0 ? opening_withdrawn(o, r) : step;
}

/* A file that its maker is not given is not left behind. */
static void unmake(struct opening *o, const struct pin *parent, const char *base)
{
	if (opener_take_authority(o) == 0)
		unlinkat(parent->fd, base, 0);
}

enum step create_file(struct opening *o)
{
	const struct request *request = o->order->request;
	_cleanup_(pin_done) struct pin parent = PIN_EMPTY;
	_cleanup_(fd_closep) int fd = -EBADF;
	struct policy_object object;
	const char *base;
	enum step step;
	int r;

	r = create_pin_parent(o, &parent, &base);
	if (r == -ELOOP)
		return walk_follow(o, true);
	if (r < 0)
		return opening_kernel(o, r);
	object = create_object(o->order, opening_rule(o), &parent.object);
	step = opening_judge(o, &parent, &object);
	if (step != STEP_GO)
		return step;

	step = opening_may_deliver(o);
	if (step != STEP_GO)
		return step;
	fd = opener_make(o, &parent, base, request->flags | O_CREAT | O_EXCL | O_NOFOLLOW);
	if (fd == -EEXIST && !request->exclusive)
		return STEP_AGAIN;
	if (fd < 0)
		return opening_unopened(o, fd);
	step = finish(o, &parent, &fd);
	if (o->out->fd < 0)
		unmake(o, &parent, base);
	return step;
}

enum step create_unnamed(struct opening *o)
{
	_cleanup_(pin_done) struct pin dir = PIN_EMPTY;
	_cleanup_(fd_closep) int fd = -EBADF;
	struct policy_object object;
	enum step step;
	int r;

	r = opener_pin(o, AT_FDCWD, o->name, &dir);
	if (r == -ELOOP || (r == 0 && S_ISLNK(dir.object.mode)))
		return walk_follow(o, false);
	if (r < 0)
		return opening_kernel(o, r);
	if (!S_ISDIR(dir.object.mode))
		return opening_kernel(o, -ENOTDIR);
	object = create_object(o->order, opening_rule(o), &dir.object);
	step = opening_judge(o, &dir, &object);
	if (step != STEP_GO)
		return step;

	fd = opener_make(o, &dir, ".", o->order->request->flags | O_TMPFILE);
	if (fd < 0)
		return opening_unopened(o, fd);
	return finish(o, &dir, &fd);
}

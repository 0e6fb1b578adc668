/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"
#include "daemon/limits.h"
#include "daemon/opening.h"

/*
 * A name, one component at a time: to find the link that the kernel refused to
 * follow, and to ask of each directory who could change what is in it.
 *
 * A link is read, never followed. The name it leads to is new: it goes back to
 * the policy before anything of it is touched, so that a link in an allowed
 * place says nothing about a place that may not be named.
 */

struct link {
	size_t start, end; /* its component in the name */
	bool trusted;	   /* root's, and only root could put another in its way */
	char target[WIRE_PATH_MAX + 1];
};

/* The component after @at; its start and end, or false at the end of the name. */
static bool next_component(const char *name, size_t at, size_t *ret_start, size_t *ret_end)
{
	size_t start = at + strspn(name + at, "/");

	if (name[start] == '\0')
		return false;
	*ret_start = start;
	*ret_end = start + strcspn(name + start, "/");
	return true;
}

/* The component of @o->name from @start to @end. */
static int step_into(struct opening *o, struct pin *dir, size_t start, size_t end)
{
	char component[WIRE_PATH_MAX + 1] _uninitialized_;
	struct pin inner;
	int r;

	memcpy(component, o->name + start, end - start);
	component[end - start] = '\0';
	r = opener_pin(o, dir->fd, component, &inner);
	if (r < 0)
		return r;
	pin_done(dir);
	*dir = inner;
	return 0;
}

static int read_target(const struct pin *pin, struct link *link)
{
	ssize_t n;

	/* readlink(2): an empty name means the link that the descriptor is. */
	n = readlinkat(pin->fd, "", link->target, sizeof(link->target));
	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof(link->target))
		return -ENAMETOOLONG;
	link->target[n] = '\0';
	return 0;
}

/*
 * Links that are not what they read: procfs's lead to objects, not names, or mean the broker
 * when they say self (P06, P07). And what fs.protected_symlinks would refuse (proc(5)), which
 * walking by hand does not meet: somebody else's link in a directory where everybody may leave one.
 */
static bool is_trap(const struct opening *o, const struct policy_object *dir,
		    const struct policy_object *link)
{
	if (link->fs_magic == PROC_SUPER_MAGIC)
		return true;
	if ((dir->mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH))
		return false;
	return link->uid != opening_actor(o) && link->uid != dir->uid;
}

static bool is_roots(const struct policy_object *object)
{
	return object->uid == 0 && !(object->mode & (S_IWGRP | S_IWOTH));
}

/* The first link of the first @len bytes: 1 found; 0 none is there (any more); -EXDEV one that
 * must not be followed; another -errno. */
static int find_link(struct opening *o, size_t len, struct link *ret)
{
	_cleanup_(pin_done) struct pin pin = PIN_EMPTY;
	size_t end = 0;
	int r;

	r = opener_pin(o, AT_FDCWD, "/", &pin);
	if (r < 0)
		return r;
	ret->trusted = true;
	while (next_component(o->name, end, &ret->start, &ret->end) && ret->end <= len) {
		struct policy_object dir = pin.object;

		ret->trusted = ret->trusted && is_roots(&dir);
		end = ret->end;
		r = step_into(o, &pin, ret->start, ret->end);
		if (r < 0)
			return r;
		if (!S_ISLNK(pin.object.mode))
			continue;
		if (is_trap(o, &dir, &pin.object))
			return -EXDEV;
		/* The permission bits of a link mean nothing: symlink(7). */
		ret->trusted = ret->trusted && pin.object.uid == 0;
		r = read_target(&pin, ret);
		return r < 0 ? r : 1;
	}
	return 0;
}

static int append(char *name, size_t *len, const char *bytes, size_t n)
{
	if (*len + n > WIRE_PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(name + *len, bytes, n);
	*len += n;
	return 0;
}

/*
 * Join a target to the directory before it. `..` may leave directories that were just walked, but
 * not a component of the target itself: that could be a link, and where it leads would have to be
 * judged first. Such a target is refused (-EXDEV) rather than guessed at.
 */
static int join_target(char *name, size_t *len, const char *target)
{
	bool descended = false;
	size_t start, end = 0;
	int r;

	while (next_component(target, end, &start, &end)) {
		size_t n = end - start;

		if (n == 1 && target[start] == '.')
			continue;
		if (n == 2 && memcmp(target + start, "..", 2) == 0) {
			if (descended)
				return -EXDEV;
			while (*len > 0 && name[--*len] != '/')
				;
			continue;
		}
		descended = true;
		r = append(name, len, "/", 1);
		if (r < 0)
			return r;
		r = append(name, len, target + start, n);
		if (r < 0)
			return r;
	}
	return 0;
}

static int join(char *name, const struct link *link)
{
	char joined[WIRE_PATH_MAX + 1] _uninitialized_;
	size_t len = 0;
	int r;

	if (link->target[0] != '/') {
		len = link->start - 1;
		memcpy(joined, name, len);
	}
	r = join_target(joined, &len, link->target);
	if (r < 0)
		return r;
	r = append(joined, &len, name + link->end, strlen(name + link->end));
	if (r < 0)
		return r;
	if (len == 0)
		joined[len++] = '/';
	memcpy(name, joined, len);
	name[len] = '\0';
	return 0;
}

/* The link is not followed, and that is the rule's answer. */
static enum step refuse_link(struct opening *o, enum trace_link link)
{
	if (o->order->trace)
		o->order->trace->sight.link = link;
	return opening_condition(o, POLICY_CONDITION_SYMLINKS);
}

enum step walk_follow(struct opening *o, bool of_parent)
{
	size_t len = of_parent ? (size_t)(strrchr(o->name, '/') - o->name) : strlen(o->name);
	enum policy_symlinks symlinks = opening_rule(o)->symlinks;
	struct link link _uninitialized_;
	int r;

	if (symlinks == POLICY_SYMLINKS_REFUSE)
		return refuse_link(o, TRACE_LINK_THERE);
	r = find_link(o, len, &link);
	if (r == 0)
		return STEP_AGAIN;
	if (r > 0 && symlinks == POLICY_SYMLINKS_TRUSTED && !link.trusted)
		return refuse_link(o, TRACE_LINK_UNTRUSTED);
	if (r > 0) {
		if (o->order->request->nofollow && o->name[link.end] == '\0')
			return opening_kernel(o, -ELOOP);
		if (o->links == LIMIT_LINKS)
			return opening_kernel(o, -ELOOP);
		r = join(o->name, &link);
	}
	if (r == -EXDEV)
		return refuse_link(o, TRACE_LINK_TRAP);
	if (r < 0)
		return opening_kernel(o, r);
	if (o->order->trace)
		trace_follow(o->order->trace, link.trusted);
	o->links++;
	return STEP_LINK;
}

/* Nobody but root and @owner can replace what is in it. In a sticky directory others may add
 * names but not replace them (unlink(2), EPERM). */
static bool is_trusted(const struct policy_object *dir, uid_t owner)
{
	if (dir->uid != 0 && dir->uid != owner)
		return false;
	return !(dir->mode & (S_IWGRP | S_IWOTH)) || (dir->mode & S_ISVTX);
}

/* What anybody may have linked there (link(2), fs.protected_hardlinks): its place says nothing of it. */
static bool is_planted(const struct policy_object *dir, const struct policy_object *object)
{
	return dir->mode & S_ISVTX && dir->mode & (S_IWGRP | S_IWOTH) && !object->fresh &&
	       !S_ISDIR(object->mode) && object->links > 1;
}

int walk_trusted(struct opening *o, const struct pin *place, const struct policy_object *object)
{
	bool of_parent = object->fresh && !o->order->request->tmpfile;
	size_t len = of_parent ? (size_t)(strrchr(o->name, '/') - o->name) : strlen(o->name);
	_cleanup_(pin_done) struct pin pin = PIN_EMPTY;
	size_t start, end = 0;
	int r;

	r = opener_pin(o, AT_FDCWD, "/", &pin);
	if (r < 0)
		return r;
	while (next_component(o->name, end, &start, &end) && end <= len) {
		if (!is_trusted(&pin.object, object->uid))
			return -EPERM;
		if (o->name[end] == '\0' && is_planted(&pin.object, object))
			return -EPERM;
		r = step_into(o, &pin, start, end);
		if (r < 0)
			return r == -ENOENT || r == -ENOTDIR ? -EAGAIN : r;
	}
	if (object->fresh && !is_trusted(&pin.object, object->uid))
		return -EPERM;
	return pin.dev == place->dev && pin.ino == place->ino ? 0 : -EAGAIN;
}

bool walk_is_roots_alone(struct opening *o)
{
	size_t len = (size_t)(strrchr(o->name, '/') - o->name), start, end = 0;
	_cleanup_(pin_done) struct pin pin = PIN_EMPTY;

	if (opener_pin(o, AT_FDCWD, "/", &pin) < 0)
		return false;
	while (pin.is_local && is_roots(&pin.object)) {
		if (!next_component(o->name, end, &start, &end) || end > len)
			return true;
		if (step_into(o, &pin, start, end) < 0)
			return false;
	}
	return false;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/opening.h"
#include "wire/act.h"

/*
 * Names that are made and opened by nobody: directories and symbolic links. One call makes them
 * whole, so that nobody meets one half made: its owner is who makes it, and the umask is 0.
 *
 * A set-group-ID directory gives its group to what is made in it, and on some mounts any directory does;
 * a rule that says who is to own it means both. Then a directory is made for its owner alone, known again,
 * given its group, and its mode last. Nothing is ever changed by its name, or by a pin: the filter has no
 * such call, because the hull judges what is opened and not what is pinned. It is no set-group-ID directory
 * then: the filter lets nobody set that bit, and fchmod(2) keeps none. A link cannot be opened, and keeps
 * the group that it gets: nobody asks for it (symlink(7)).
 *
 * What a link says is not judged. It is a text; where it leads is judged when the broker is asked to
 * follow it, by the policy of then, and nobody else follows it with more rights than his own. Whom
 * it belongs to is another matter: see object.c on links `as root`.
 */

/* A name, in its directory. */
struct entry {
	const struct pin *parent;
	const char *base;
};

/* How a directory was made, by which it is known again. */
struct made {
	mode_t mode;
	struct timespec since; /* it is not older */
};

static bool is_link(const struct opening *o)
{
	return o->order->request->opcode == WIRE_OPCODE_SYMLINK;
}

static int make(const struct opening *o, const struct entry *at, mode_t mode)
{
	int r = is_link(o) ? symlinkat(o->order->request->other, at->parent->fd, at->base)
			   : mkdirat(at->parent->fd, at->base, mode);

	return r < 0 ? -errno : 0;
}

/* symlink(2) makes no directory, and says of "name/" only whether that is there. */
static int look_instead(struct opening *o, const struct entry *at)
{
	_cleanup_(pin_done) struct pin pin = PIN_EMPTY;
	int r = opener_pin(o, at->parent->fd, at->base, &pin);

	return r < 0 ? r : -EEXIST;
}

/* Something that others cannot do. */
static bool lets_its_group(const struct policy_object *object)
{
	return object->mode >> 3 & ~object->mode & 07;
}

/*
 * Whether the kernel gives a directory another group than the rule says, or may do so and that could
 * use it. A mount with grpid (ext4(5), xfs(5)) does what set-group-ID does, in any directory, and
 * does not tell; so may a server.
 */
static bool may_get_another_group(const struct opening *o, const struct pin *parent,
				  const struct policy_object *object)
{
	const struct policy_rule *rule = opening_rule(o);
	gid_t own = rule->as_root ? object->gid : o->order->principal->gid;
	bool is_marked = parent->object.mode & S_ISGID;

	if (is_link(o) || !create_has_owner(rule))
		return false;
	if (parent->object.gid == object->gid)
		return !is_marked && own != object->gid;
	return is_marked || own != object->gid || lets_its_group(object);
}

/* What a directory is known by is told on file systems of this machine, whose clock is ours, and
 * not on all of them: statx(2). */
static bool tells_birth(const struct pin *parent)
{
	struct statx sx;

	return parent->is_local &&
	       statx(parent->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BTIME, &sx) == 0 &&
	       sx.stx_mask & STATX_BTIME;
}

/* Nobody else can put another there; on a file system that is not of this machine, by the word of
 * whoever serves it. */
static bool is_roots_alone(const struct pin *parent)
{
	return parent->object.uid == 0 && !(parent->object.mode & (S_IWGRP | S_IWOTH));
}

static bool is_since(const struct statx_timestamp *at, const struct timespec *since)
{
	return at->tv_sec > since->tv_sec ||
	       (at->tv_sec == since->tv_sec && (long)at->tv_nsec >= since->tv_nsec);
}

/*
 * Who may write the parent can have put another there. Only what the same user made for himself alone
 * since we began is taken for ours; a birth is nobody's to set, and where none is told only root may write.
 */
static bool is_ours(const struct opening *o, const struct made *made, int fd,
		    const struct pin *parent)
{
	struct statx sx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &sx) < 0 ||
	    sx.stx_uid != opening_actor(o) || sx.stx_mode & 07777 & ~(S_ISGID | made->mode))
		return false;
	if (!tells_birth(parent))
		return is_roots_alone(parent);
	return sx.stx_mask & STATX_BTIME && is_since(&sx.stx_btime, &made->since);
}

static int give_to(int fd, const struct policy_object *object)
{
	if (fchown(fd, (uid_t)-1, object->gid) < 0)
		return -errno;
	return fchmod(fd, object->mode & 0777) < 0 ? -errno : 0;
}

/* -EPERM: it is not known to be ours, and nothing is done to it. */
static int hand_over(struct opening *o, const struct entry *at, const struct pin *pin,
		     const struct policy_object *object, const struct made *made)
{
	_cleanup_(fd_closep) int fd = reopen_fd(o, pin->fd, O_RDONLY | O_DIRECTORY);
	int r;

	if (fd < 0)
		return fd;
	if (pin->mount != at->parent->mount || !is_ours(o, made, fd, at->parent))
		return -EPERM;
	r = give_to(fd, object);
	if (r < 0 && act_is_still(o, at->parent, at->base, pin) == 0)
		unlinkat(at->parent->fd, at->base, AT_REMOVEDIR);
	return r;
}

static bool is_made(const struct opening *o, const struct pin *pin)
{
	return (pin->object.mode & S_IFMT) == (is_link(o) ? S_IFLNK : S_IFDIR) &&
	       pin->object.uid == opening_actor(o);
}

/* What stands there by now may be another's, who put it there: that is left as it is. */
static int settle(struct opening *o, const struct entry *at, const struct policy_object *object,
		  const struct made *made)
{
	_cleanup_(pin_done) struct pin pin = PIN_EMPTY;
	int r = opener_pin(o, at->parent->fd, at->base, &pin);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!is_made(o, &pin))
		return 0;
	o->out->dev = pin.dev;
	o->out->ino = pin.ino;
	if (is_link(o) || !create_has_owner(opening_rule(o)) ||
	    (pin.object.gid == object->gid && made->mode == (object->mode & 0777)))
		return 0;
	return hand_over(o, at, &pin, object, made);
}

static enum step make_in(struct opening *o, const struct entry *at,
			 const struct policy_object *object)
{
	bool is_kept = may_get_another_group(o, at->parent, object);
	struct made made = { .mode = is_kept ? 0700 : object->mode & 0777 };
	int r;

	if (is_link(o) && o->order->request->directory)
		return opening_kernel(o, look_instead(o, at));
	/* chown(2): nobody gives away what he makes. */
	if (create_has_owner(opening_rule(o)) && object->uid != opening_actor(o))
		return opening_kernel(o, -EPERM);
	if (is_kept && !tells_birth(at->parent) && !is_roots_alone(at->parent))
		return opening_kernel(o, -EOPNOTSUPP);
	if (opening_is_given_up(o))
		return opening_kernel(o, -ETIMEDOUT);
	/* What file systems write down: coarse, and never ahead of it. */
	clock_gettime(CLOCK_REALTIME_COARSE, &made.since);
	r = make(o, at, made.mode);
	if (r < 0)
		return opening_unopened(o, r);
	r = settle(o, at, object, &made);
	return r < 0 ? opening_kernel(o, r) : opening_granted(o, -EBADF);
}

enum step make_name(struct opening *o, act_on_pin act)
{
	_cleanup_(pin_done) struct pin parent = PIN_EMPTY;
	struct policy_object object;
	struct entry at = { .parent = &parent };
	enum step step;
	int r;

	(void)act;
	r = create_pin_parent(o, &parent, &at.base);
	if (r == -ELOOP)
		return walk_follow(o, true);
	if (r < 0)
		return opening_kernel(o, r == -EISDIR ? -EEXIST : r);
	object = create_object(o->order, opening_rule(o), &parent.object);
	step = opening_judge(o, &parent, &object);
	return step == STEP_GO ? make_in(o, &at, &object) : step;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/opening.h"
#include "wire/act.h"

/*
 * Names that are made and opened by nobody: directories and symbolic links. One call makes them
 * whole, so that nobody meets one half made: its owner is who makes it, and the umask is 0.
 *
 * What a link says is not judged. It is a text; where it leads is judged when the broker is asked to
 * follow it, by the policy of then, and nobody else follows it with more rights than his own. Whom
 * it belongs to is another matter: see object.c on links `as root`.
 */

static bool is_link(const struct opening *o)
{
	return o->order->request->opcode == WIRE_OPCODE_SYMLINK;
}

static int make(const struct opening *o, const struct pin *parent, const char *base, mode_t mode)
{
	int r = is_link(o) ? symlinkat(o->order->request->other, parent->fd, base)
			   : mkdirat(parent->fd, base, mode);

	return r < 0 ? -errno : 0;
}

/* symlink(2) makes no directory, and says of "name/" only whether that is there. */
static int look_instead(struct opening *o, const struct pin *parent, const char *base)
{
	_cleanup_(pin_done) struct pin pin = PIN_EMPTY;
	int r = opener_pin(o, parent->fd, base, &pin);

	return r < 0 ? r : -EEXIST;
}

static bool is_made(const struct opening *o, const struct pin *pin)
{
	return (pin->object.mode & S_IFMT) == (is_link(o) ? S_IFLNK : S_IFDIR) &&
	       pin->object.uid == opening_actor(o);
}

/*
 * A set-group-ID directory gives its group to what is made in it; a rule that says who is to own it means
 * both. What stands there by now may be another's, who put it there: that is left as it is.
 */
static int give_owner(struct opening *o, const struct pin *parent, const char *base,
		      const struct policy_object *object)
{
	_cleanup_(pin_done) struct pin pin = PIN_EMPTY;
	int r = opener_pin(o, parent->fd, base, &pin);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!is_made(o, &pin))
		return 0;
	o->out->dev = pin.dev;
	o->out->ino = pin.ino;
	if (!create_has_owner(opening_rule(o)) ||
	    (pin.object.uid == object->uid && pin.object.gid == object->gid))
		return 0;
	return fchownat(pin.fd, "", object->uid, object->gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static enum step make_in(struct opening *o, const struct pin *parent, const char *base,
			 const struct policy_object *object)
{
	int r;

	if (is_link(o) && o->order->request->directory)
		return opening_kernel(o, look_instead(o, parent, base));
	if (opening_is_given_up(o))
		return opening_kernel(o, -ETIMEDOUT);
	r = make(o, parent, base, object->mode & 0777);
	if (r < 0)
		return opening_unopened(o, r);
	r = give_owner(o, parent, base, object);
	if (r < 0) {
		unlinkat(parent->fd, base, is_link(o) ? 0 : AT_REMOVEDIR);
		return opening_kernel(o, r);
	}
	return opening_granted(o, -EBADF);
}

enum step make_name(struct opening *o, act_on_pin act)
{
	_cleanup_(pin_done) struct pin parent = PIN_EMPTY;
	struct policy_object object;
	const char *base;
	enum step step;
	int r;

	(void)act;
	r = create_pin_parent(o, &parent, &base);
	if (r == -ELOOP)
		return walk_follow(o, true);
	if (r < 0)
		return opening_kernel(o, r == -EISDIR ? -EEXIST : r);
	object = create_object(o->order, opening_rule(o), &parent.object);
	step = opening_judge(o, &parent, &object);
	return step == STEP_GO ? make_in(o, &parent, base, &object) : step;
}

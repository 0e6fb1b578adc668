/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"
#include "daemon/opening.h"
#include "wire/act.h"

/*
 * What is asked of a name besides opening it. As with files, the name is judged, the object
 * pinned, the pin judged, and then it is the pin that is acted on, never the name.
 */

/* "name/": path_resolution(7). */
static bool is_no_directory(const struct opening *o, const struct pin *pin)
{
	return o->order->request->directory && !S_ISDIR(pin->object.mode);
}

/* On an object that is there. */
static enum step act_on_object(struct opening *o, act_on_pin act)
{
	_cleanup_(pin_done) struct pin pin = PIN_EMPTY;
	enum step step;
	int r;

	r = opener_pin(o, AT_FDCWD, o->name, &pin);
	if (r == -ELOOP || (r == 0 && S_ISLNK(pin.object.mode) && !o->order->request->nofollow))
		return walk_follow(o, false);
	if (r < 0)
		return opening_kernel(o, r);
	o->out->dev = pin.dev;
	o->out->ino = pin.ino;
	step = opening_judge(o, &pin, &pin.object);
	if (step == STEP_GO && is_no_directory(o, &pin))
		return opening_kernel(o, -ENOTDIR);
	return step == STEP_GO ? act(o, &pin) : step;
}

void named_done(struct named *named)
{
	pin_done(&named->parent);
	pin_done(&named->pin);
}

enum step act_find(struct opening *o, int of_root, unsigned int more_links, struct named *ret)
{
	struct policy_object object;
	int r;

	named_done(ret);
	r = create_pin_parent(o, &ret->parent, &ret->base);
	if (r == -ELOOP)
		return walk_follow(o, true);
	if (r == -EISDIR)
		r = of_root;
	if (r == 0)
		r = opener_pin(o, ret->parent.fd, ret->base, &ret->pin);
	if (r < 0)
		return opening_kernel(o, r);
	o->out->dev = ret->pin.dev;
	o->out->ino = ret->pin.ino;
	object = ret->pin.object;
	object.links += more_links;
	return opening_judge(o, &ret->pin, &object);
}

int act_is_still(struct opening *o, const struct pin *parent, const char *base,
		 const struct pin *judged)
{
	_cleanup_(pin_done) struct pin pin = PIN_EMPTY;
	int r = opener_pin(o, parent->fd, base, &pin);

	if (r < 0)
		return r;
	return pin.dev == judged->dev && pin.ino == judged->ino ? 0 : -EAGAIN;
}

/*
 * Names cannot be removed by what they name: unlinkat(2) takes the judged directory and one
 * component. Who may write there can put another object under that name between the last look and
 * the act: then that one loses this very name, which its maker could have taken from it as well.
 */
static enum step remove_pinned(struct opening *o, const struct named *it)
{
	int flags = o->order->request->opcode == WIRE_OPCODE_RMDIR ? AT_REMOVEDIR : 0;
	int r = act_is_still(o, &it->parent, it->base, &it->pin);

	if (r == -EAGAIN)
		return STEP_AGAIN;
	if (r == 0 && opening_is_given_up(o))
		r = -ETIMEDOUT;
	if (r < 0)
		return opening_kernel(o, r);
	if (unlinkat(it->parent.fd, it->base, flags) < 0)
		return opening_unopened(o, -errno);
	return opening_granted(o, -EBADF);
}

/* A name, and with its last one the object; a link is removed itself. */
static enum step remove_name(struct opening *o, act_on_pin act)
{
	_cleanup_(named_done) struct named it = NAMED_EMPTY;
	bool is_rmdir = o->order->request->opcode == WIRE_OPCODE_RMDIR;
	enum step step;

	(void)act;
	/* unlink(2) and rmdir(2) say different things of the root. */
	step = act_find(o, is_rmdir ? -EBUSY : -EISDIR, 0, &it);
	if (step == STEP_GO && is_no_directory(o, &it.pin))
		return opening_kernel(o, -ENOTDIR);
	return step == STEP_GO ? remove_pinned(o, &it) : step;
}

static const struct {
	enum step (*way)(struct opening *o, act_on_pin act);
	act_on_pin act;
} acts[] = {
	[WIRE_OPCODE_STAT] = { act_on_object, look_perform },
	[WIRE_OPCODE_ACCESS] = { act_on_object, look_perform },
	[WIRE_OPCODE_READLINK] = { act_on_object, look_perform },
	[WIRE_OPCODE_UNLINK] = { remove_name, NULL },
	[WIRE_OPCODE_RMDIR] = { remove_name, NULL },
	[WIRE_OPCODE_MKDIR] = { make_name, NULL },
	[WIRE_OPCODE_CHMOD] = { act_on_object, change_mode },
	[WIRE_OPCODE_UTIMENS] = { act_on_object, change_times },
	[WIRE_OPCODE_TRUNCATE] = { act_on_object, change_size },
	[WIRE_OPCODE_CONNECT] = { act_on_object, change_connect },
	[WIRE_OPCODE_SYMLINK] = { make_name, NULL },
	[WIRE_OPCODE_WATCH] = { act_on_object, watch_perform },
};
_Static_assert(ELEMENTSOF(acts) == WIRE_OPCODE_ACT_LAST + 1, "each opcode has a row");

enum step act_perform(struct opening *o)
{
	uint16_t opcode = o->order->request->opcode;

	/* Journals are waited for. */
	if (wire_act_changes(opcode) && opening_may_block(o) != STEP_GO)
		return STEP_DONE;
	return acts[opcode].way(o, acts[opcode].act);
}

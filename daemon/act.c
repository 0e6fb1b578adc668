/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "daemon/opening.h"
#include "wire/act.h"

/*
 * What is asked of a name besides opening it. As with files, the name is judged, the object
 * pinned, the pin judged, and then it is the pin that is acted on, never the name.
 */

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
	return step == STEP_GO ? act(o, &pin) : step;
}

static const struct {
	enum step (*way)(struct opening *o, act_on_pin act);
	act_on_pin act;
} acts[] = {
	[WIRE_OPCODE_STAT] = { act_on_object, look_perform },
	[WIRE_OPCODE_ACCESS] = { act_on_object, look_perform },
	[WIRE_OPCODE_READLINK] = { act_on_object, look_perform },
};
_Static_assert(ELEMENTSOF(acts) == WIRE_OPCODE_ACT_LAST + 1, "each opcode has a row");

enum step act_perform(struct opening *o)
{
	uint16_t opcode = o->order->request->opcode;

	return acts[opcode].way(o, acts[opcode].act);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "daemon/hull.h"
#include "daemon/opening.h"

/*
 * Landlock's refusal looks like that of permission bits. Rules are of inodes, so which it was is found by
 * the inodes on the way: if none of them gives a right that the request takes, its directories are
 * not those that were there when the hull was made. Only what the policy allows, by name and object, comes
 * this far: nobody else can have the hull made anew.
 */

/* What @rights lack below the name's first @len bytes; its end may be no directory, or not there. */
static uint64_t pass(struct opening *o, size_t len, uint64_t rights)
{
	_cleanup_(pin_done) struct pin pin = PIN_EMPTY;
	char prefix[WIRE_PATH_MAX + 1];

	memcpy(prefix, o->name, len);
	prefix[len] = '\0';
	if (opener_pin(o, AT_FDCWD, prefix, &pin) < 0)
		return rights;
	return hull_without(o->opener->shared.hull, rights, pin.dev, pin.ino);
}

static bool is_outside(struct opening *o)
{
	uint64_t rights = hull_wants(o->opener->shared.hull, o->query.modes);
	size_t len = 0;

	rights = pass(o, 1, rights);
	while (rights != 0 && !o->out->would_block && o->name[len] != '\0' &&
	       o->name[len + 1] != '\0') {
		len += 1 + strcspn(o->name + len + 1, "/");
		rights = pass(o, len, rights);
	}
	return rights != 0;
}

enum step opening_unopened(struct opening *o, int r)
{
	if (r != -EACCES || !o->opener->shared.hull || !is_outside(o))
		return opening_kernel(o, r);
	return o->out->would_block ? STEP_DONE : opening_outside(o);
}

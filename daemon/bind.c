/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/number.h"
#include "daemon/two_names.h"

/*
 * One call binds two names that were judged, between the two directories that were judged.
 *
 * One call has one authority. It is the broker's only if every rule that decided says `as root`:
 * a name whose rule does not say so is never touched by more than the caller's own rights.
 */

bool bind_is_as_root(const struct pair *pair)
{
	return pair->old.out.rule->as_root && pair->new.out.rule->as_root &&
	       (!pair_has_target(pair) || pair->target.out.rule->as_root);
}

static int take_authority(struct pair *pair)
{
	struct authority *authority = &pair->old.o.opener->authority;

	if (!bind_is_as_root(pair))
		return authority_caller(authority, pair->old.o.order->principal);
	authority_broker(authority);
	return 0;
}

/* What fs.protected_hardlinks would refuse (proc(5)): whatever is linked can be kept beyond its owner's
 * wishes. What has set-id bits the floor refuses a name before, also to its owner. */
static int may_link(struct pair *pair)
{
	const struct pin *pin = &pair->old.at.pin;

	if (!bind_is_as_root(pair) && pin->object.uid == pair->old.o.order->principal->uid)
		return 0;
	if (syscall(SYS_faccessat2, pin->fd, "", R_OK | W_OK, AT_EMPTY_PATH | AT_EACCESS) < 0)
		return errno == EACCES ? -EPERM : -errno;
	return 0;
}

/* By its pin, whatever has become of its old name. */
static int link_pinned(struct pair *pair)
{
	const struct side *old = &pair->old;
	const struct named *new = &pair->new.at;
	int procfd = old->o.opener->shared.procfd, r = may_link(pair);
	char number[NUMBER_SIZE];

	if (r < 0)
		return r;
	if (opening_is_given_up(&old->o))
		return -ETIMEDOUT;
	number_print((uint32_t)old->at.pin.fd, number);
	if (linkat(procfd, number, new->parent.fd, new->base, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	return 0;
}

/*
 * As with removing, names are bound and not objects, after a last look. What was not there when it was
 * looked for is never replaced.
 */
static int rename_pinned(struct pair *pair)
{
	const struct named *old = &pair->old.at, *new = &pair->new.at;
	unsigned flags = pair_has_target(pair) ? 0 : RENAME_NOREPLACE;
	int r;

	r = act_is_still(&pair->old.o, &old->parent, old->base, &old->pin);
	if (r == 0 && pair_has_target(pair))
		r = act_is_still(&pair->new.o, &new->parent, new->base, &new->pin);
	if (r < 0)
		return r == -ENOENT ? -EAGAIN : r;
	if (opening_is_given_up(&pair->old.o))
		return -ETIMEDOUT;
	/* Not renameat2(3), which is another system call where there are no flags. */
	if (syscall(SYS_renameat2, old->parent.fd, old->base, new->parent.fd, new->base, flags) ==
	    0)
		return 0;
	return errno == EEXIST && flags && !pair->request->noreplace ? -EAGAIN : -errno;
}

int bind_names(struct pair *pair)
{
	int r = take_authority(pair);

	if (r < 0)
		return r;
	return pair_is_link(pair) ? link_pinned(pair) : rename_pinned(pair);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/opening.h"
#include "daemon/rooted.h"

/*
 * A file of root's that only root can replace is opened and then judged: two calls instead of five. No
 * judgement is left out, and it is by the attributes of what is open, before anybody has it.
 * It comes first elsewhere because of what opening itself can do, and that cannot happen here. In
 * this very second a regular file of root's was granted by this name, below directories that nobody else can
 * write to, so that
 *
 * - what is there is no FIFO, whose peer would notice, and no device, whose driver would act, unless
 *   root has put it there since. It is refused then as ever, but has been opened;
 * - nobody holds a lease on it, for which O_NONBLOCK is elsewhere: that takes its owner (fcntl(2),
 *   F_SETLEASE), or who is root to its file system by another mount. He has the thread wait, as a mark of
 *   fanotify(7) may, for which workers.c has a watch;
 * - it is only read: no reader's lease is broken, and overlayfs copies nothing.
 *
 * If it cannot be opened so, for whatever reason, it is looked at first, and the answer is that one's.
 */

static bool is_only_read(const struct request *request)
{
	return (request->flags & (O_ACCMODE | O_DIRECTORY)) == O_RDONLY && !request->create &&
	       !request->truncate;
}

/* What may block has waited for a place, and its second may be over. */
static bool is_eligible(const struct opening *o)
{
	return !o->order->may_block && is_only_read(o->order->request) &&
	       opening_rule(o)->obligations->deliver == POLICY_DELIVER_FD;
}

static bool is_roots_file(const struct pin *pin)
{
	return pin->is_local && S_ISREG(pin->object.mode) && pin->object.uid == 0;
}

static enum step judge_opened(struct opening *o, struct pin *pin)
{
	enum step step = opening_judge_pin(o, pin);

	if (step != STEP_GO)
		return step;
	if (opening_is_given_up(o))
		return opening_kernel(o, -ETIMEDOUT);
	o->out->lingers = false;
	return opening_deliver(o, &pin->fd);
}

static bool open_known(struct opening *o, size_t len, enum step *ret)
{
	_cleanup_(pin_done) struct pin pin = PIN_EMPTY;

	pin.fd = opener_open_name(o, o->order->request->flags);
	if (pin.fd < 0)
		return false;
	if (pin_fill(o, &pin) < 0 || !is_roots_file(&pin)) {
		rooted_drop(o->opener->rooted, o->name, len);
		return false;
	}
	*ret = judge_opened(o, &pin);
	return true;
}

bool outright_open(struct opening *o, enum step *ret)
{
	size_t len = strlen(o->name);

	return is_eligible(o) && rooted_knows(o->opener->rooted, o->name, len, o->order->now_sec) &&
	       open_known(o, len, ret);
}

/* What lies on the way is looked at once a second. */
static bool is_in_roots_directory(struct opening *o, size_t len)
{
	struct rooted *rooted = o->opener->rooted;
	uint64_t second = o->order->now_sec;

	if (rooted_knows(rooted, o->name, len, second))
		return true;
	if (!rooted_is_worth_a_look(rooted, o->name, len, second) || !walk_is_roots_alone(o))
		return false;
	rooted_add(rooted, o->name, len, second);
	return true;
}

void outright_learn(struct opening *o, const struct pin *pin)
{
	size_t len = (size_t)(strrchr(o->name, '/') - o->name) + 1;

	if (o->out->fd < 0 || !is_eligible(o) || !is_roots_file(pin))
		return;
	if (is_in_roots_directory(o, len))
		rooted_add(o->opener->rooted, o->name, strlen(o->name), o->order->now_sec);
	/* It is granted, whether or not the way could be looked at here. */
	o->out->would_block = false;
}

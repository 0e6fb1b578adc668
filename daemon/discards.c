/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/discards.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "daemon/limits.h"
#include "daemon/opener.h"
#include "daemon/places.h"
#include "daemon/workers.h"

#define LOOKS_MAX 64U /* through those that wait, for each place that becomes free */

/*
 * A client may close his copy first, before sendmsg(2) has even returned here, and then ours is the last
 * one: it frees a file that has lost its name, and writes back what was truncated and written again
 * (ext4, xfs, btrfs). And of FUSE, network file systems and what overlayfs has of them, each close asks
 * whoever serves it (f_op->flush). So nothing that was opened for a client is closed with the lock: a
 * thread that leads and is stuck here is relieved of it, as in an open that blocks by surprise, and
 * where its uid has had enough of that, the others of its files wait. For whom too many wait nothing more
 * is opened. Nobody else pays for what waits: it is looked at when a place becomes free, a few at a time.
 *
 * What can be foreseen holds up nobody at all: the loop is handed over first. That is what is not on a
 * local file system; what the client had the time to do anything to, since it was not sent at once, if it
 * has no name or can be written; and of what was sent at once the same, if it is large. There the links
 * are looked at, which whoever wants to hide that from us must take away after the look and before the
 * next system call: it costs the others a tick or two. An ordinary file costs a lock that nobody wants.
 */

enum discard_cost discard_cost(const struct outcome *outcome, const struct request *request)
{
	if (outcome->lingers)
		return DISCARD_DEAR;
	if (!outcome->is_large)
		return DISCARD_CHEAP;
	return (request->flags & O_ACCMODE) == O_RDONLY ? DISCARD_BY_LINKS : DISCARD_DEAR;
}

static bool has_name(int fd)
{
	struct statx sx;

	return fd_statx(fd, STATX_NLINK, &sx) == 0 && sx.stx_nlink > 0;
}

int discards_init(struct discards *discards, uint64_t files)
{
	size_t most = files / 8 < LIMIT_DISCARDS ? files / 8 : LIMIT_DISCARDS;

	*discards = (struct discards){ .next = 0 };
	return quota_init(&discards->quota, most, LIMIT_DISCARDS_MOST);
}

static bool make_room(struct discard_list *list)
{
	size_t room = list->room > 0 ? 2 * list->room : 64;
	struct discard *larger;

	if (list->n < list->room)
		return true;
	larger = reallocarray(list->list, room, sizeof(*larger));
	if (!larger)
		return false;
	list->list = larger;
	list->room = room;
	return true;
}

static struct discard take_out(struct discard_list *list, size_t i)
{
	struct discard d = list->list[i];

	list->list[i] = list->list[--list->n];
	return d;
}

/*
 * One call for what follows each other, as the descriptors of a batch do: half of what close(2) of one
 * costs is the way there and back. Of what may block each has its own, and none waits for another.
 */
static bool join(struct discard_list *list, const struct discard *d)
{
	struct discard *last = list->n > 0 ? &list->list[list->n - 1] : NULL;

	if (!last || last->may_block || d->may_block || last->uid != d->uid ||
	    last->fd + (int)last->n != d->fd)
		return false;
	last->n += d->n;
	return true;
}

static void add(struct discard_list *list, const struct discard *take)
{
	if (join(list, take))
		return;
	/* Who waits for memory waits for this too. */
	if (make_room(list))
		list->list[list->n++] = *take;
	else
		fd_close_many(take->fd, take->n);
}

void discards_add(struct workers *w, int take_fd, uid_t uid, enum discard_cost cost)
{
	struct discard d = { .fd = take_fd, .n = 1, .uid = uid };

	if (take_fd < 0)
		return;
	d.may_block = cost == DISCARD_DEAR || (cost == DISCARD_BY_LINKS && !has_name(take_fd));
	add(&w->discards.fresh, &d);
}

/* How many of them follow the first one, with itself. */
static uint32_t count_run(const int *fds, size_t n)
{
	uint32_t run = 1;

	while (run < n && fds[run] == fds[0] + (int)run)
		run++;
	return run;
}

void discards_add_cheap(struct workers *w, const int *take_fds, size_t n, uid_t uid)
{
	struct discard d = { .uid = uid };

	for (size_t i = 0; i < n; i += d.n) {
		d.fd = take_fds[i];
		d.n = count_run(take_fds + i, n - i);
		add(&w->discards.fresh, &d);
	}
}

bool discards_are_many(const struct workers *w, uid_t uid)
{
	const struct quota *quota = &w->discards.quota;

	return quota->taken >= LIMIT_DISCARDS_PER_UID &&
	       quota_of(quota, uid) >= LIMIT_DISCARDS_PER_UID;
}

void discards_have_place(struct discards *discards)
{
	discards->looks = discards->waiting.n < LOOKS_MAX ? discards->waiting.n : LOOKS_MAX;
}

/* whose turn it is */

enum fate {
	CLOSE,
	NOT_MINE, /* whoever leads may */
	WAIT,
};

/* A thread that has a place closes what is its uid's; another one takes a place for it where it must. */
static enum fate judge(struct worker *worker, const struct discard *d)
{
	int r;

	if (worker->is_away)
		return d->uid == worker->uid ? CLOSE : NOT_MINE;
	if (!d->may_block && worker_leads(worker))
		return places_distrust(worker->all, d->uid) ? WAIT : CLOSE;
	r = worker_leave(worker, NULL, d->uid);
	/* Without a thread no place would ever become free. */
	if (r == 0 || r == -ENOMEM)
		return CLOSE;
	return d->may_block ? WAIT : NOT_MINE;
}

/* Let @d wait, if so many may. */
static bool put_off(struct discards *discards, const struct discard *d)
{
	if (!make_room(&discards->waiting) || quota_take_many(&discards->quota, d->uid, d->n) < 0)
		return false;
	discards->waiting.list[discards->waiting.n++] = *d;
	return true;
}

/* Each is looked at once: it is closed, or waits. What can do neither is closed all the same, by
 * who leads: it holds up everybody for as long as a surprise does. */
static bool take_fresh(struct worker *worker, struct discard *ret)
{
	struct discards *discards = &worker->all->discards;
	enum fate fate;

	for (size_t i = 0; i < discards->fresh.n;) {
		const struct discard *d = &discards->fresh.list[i];

		fate = judge(worker, d);
		if (fate == WAIT && put_off(discards, d)) {
			(void)take_out(&discards->fresh, i);
		} else if (fate == CLOSE || (fate == WAIT && worker_leads(worker))) {
			*ret = take_out(&discards->fresh, i);
			return true;
		} else {
			i++;
		}
	}
	return false;
}

/* So many at most for each place that becomes free, in turn: others wait for this. */
static bool take_waiting(struct worker *worker, struct discard *ret)
{
	struct discards *discards = &worker->all->discards;

	while (discards->looks > 0 && discards->waiting.n > 0) {
		size_t i = discards->next++ % discards->waiting.n;

		discards->looks--;
		if (judge(worker, &discards->waiting.list[i]) != CLOSE)
			continue;
		*ret = take_out(&discards->waiting, i);
		quota_return_many(&discards->quota, ret->uid, ret->n);
		return true;
	}
	return false;
}

void discards_close(struct worker *worker)
{
	const struct discards *discards = &worker->all->discards;
	struct discard d;

	if (discards->fresh.n == 0 && discards->looks == 0)
		return;
	while (take_fresh(worker, &d) || take_waiting(worker, &d)) {
		worker_begin(worker, NULL, d.uid);
		fd_close_many(d.fd, d.n);
		worker_end(worker);
	}
}

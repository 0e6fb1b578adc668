/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/discards.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "daemon/limits.h"
#include "daemon/opener.h"
#include "daemon/workers.h"

/*
 * A client may close his copy first, before sendmsg(2) has even returned here, and then ours is the last
 * one: it frees a file that has lost its name, and writes back what was truncated and written again
 * (ext4, xfs, btrfs). And of FUSE, network file systems and what overlayfs has of them, each close asks
 * whoever serves it (f_op->flush). So nothing that was opened for a client is closed with the lock: a
 * thread that leads and is stuck here is relieved of it, as in an open that blocks by surprise, and
 * where its uid has had enough of that, the others of its files wait. For whom too many wait nothing more
 * is opened.
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

	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_NLINK, &sx) == 0 &&
	       sx.stx_nlink > 0;
}

static bool make_room(struct discards *discards)
{
	size_t room = discards->room > 0 ? 2 * discards->room : 64;
	struct discard *list;

	if (discards->n < discards->room)
		return true;
	list = reallocarray(discards->list, room, sizeof(*list));
	if (!list)
		return false;
	discards->list = list;
	discards->room = room;
	return true;
}

void discards_add(struct workers *w, int take_fd, uid_t uid, enum discard_cost cost)
{
	if (take_fd < 0)
		return;
	/* Who waits for memory waits for this too. */
	if (!make_room(&w->discards)) {
		fd_close(take_fd);
		return;
	}
	w->discards.list[w->discards.n++] = (struct discard){
		.fd = take_fd,
		.uid = uid,
		.may_block =
			cost == DISCARD_DEAR || (cost == DISCARD_BY_LINKS && !has_name(take_fd)),
	};
}

bool discards_are_many(const struct workers *w, uid_t uid)
{
	uint32_t n = 0;

	for (size_t i = 0; i < w->discards.n; i++)
		n += w->discards.list[i].uid == uid;
	return n >= LIMIT_DISCARDS_PER_UID;
}

/* A thread that has a place closes what is its uid's; another one takes a place for it where it must. */
static bool may_close(struct worker *worker, const struct discard *d)
{
	if (worker->is_away)
		return d->uid == worker->uid;
	if (d->may_block || !worker_leads(worker))
		return worker_leave(worker, NULL, d->uid) == 0;
	return !workers_distrust(worker->all, d->uid);
}

static bool take(struct worker *worker, struct discard *ret)
{
	struct discards *discards = &worker->all->discards;

	for (size_t i = 0; i < discards->n; i++) {
		if (!may_close(worker, &discards->list[i]))
			continue;
		*ret = discards->list[i];
		discards->list[i] = discards->list[--discards->n];
		return true;
	}
	return false;
}

void discards_close(struct worker *worker)
{
	struct discard d;

	while (take(worker, &d)) {
		worker_begin(worker, NULL, d.uid);
		fd_close(d.fd);
		worker_end(worker);
	}
}

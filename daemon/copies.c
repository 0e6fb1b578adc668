/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/copies.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/number.h"
#include "daemon/log.h"

/*
 * A sealed memfd cannot be made smaller, by us no more than by anybody, so that whoever holds one
 * keeps memory that is charged to the daemon. inotify(7) says when its inode goes, and
 * that is when the last descriptor, mapping and O_PATH descriptor has: a lease (fcntl(2),
 * F_SETLEASE) is never given on a memfd, and would not see O_PATH, by which one can open it again.
 *
 * A broker that dies before it has filled one or sent it needs no word of it: the inode goes
 * with its process. A pump that dies forgets what it counted; those copies are then bounded by
 * MemoryMax= alone.
 */

#define BUCKETS 1024U

struct copy {
	struct copy *next;
	int watch;
	uid_t uid;
	size_t places;
};

int copies_init(struct copies *copies, size_t places, size_t places_each)
{
	int r;

	*copies = (struct copies){ .watches = inotify_init1(IN_CLOEXEC | IN_NONBLOCK) };
	if (copies->watches < 0)
		return -errno;
	copies->buckets = calloc(BUCKETS, sizeof(struct copy *));
	if (!copies->buckets)
		return -ENOMEM;
	r = quota_init(&copies->quota, places, places_each);
	return r;
}

static struct copy **find(const struct copies *copies, int watch)
{
	struct copy **at = &copies->buckets[(unsigned int)watch % BUCKETS];

	while (*at && (*at)->watch != watch)
		at = &(*at)->next;
	return at;
}

static void drop(struct copies *copies, struct copy **at)
{
	struct copy *copy = *at;

	*at = copy->next;
	quota_return_many(&copies->quota, copy->uid, copy->places);
	free(copy);
	copies->n--;
}

void copies_done(struct copies *copies)
{
	for (size_t i = 0; copies->buckets && i < BUCKETS; i++)
		while (copies->buckets[i])
			drop(copies, &copies->buckets[i]);
	free(copies->buckets);
	quota_done(&copies->quota);
	copies->watches = fd_close(copies->watches);
}

static int watch(const struct copies *copies, int fd)
{
	char path[NUMBER_FD_PATH_SIZE];
	int wd;

	number_fd_path(fd, path);
	wd = inotify_add_watch(copies->watches, path, IN_DELETE_SELF | IN_MASK_CREATE);
	return wd < 0 ? -errno : wd;
}

static int place(struct copies *copies, int fd, struct copy *copy)
{
	struct copy **bucket;
	int wd;

	/* Nobody is to run it (memfd_create(2)), or to open it for writing. Here, because who does this needs
	 * no right but that of its owner, and a broker has others'. */
	if (fchmod(fd, 0444) < 0)
		return -errno;
	wd = watch(copies, fd);
	if (wd < 0)
		return wd;
	bucket = find(copies, wd);
	copy->watch = wd;
	copy->next = *bucket;
	*bucket = copy;
	copies->n++;
	return 0;
}

int copies_add(struct copies *copies, int fd, uid_t uid, uint64_t bytes)
{
	uint64_t places = bytes / COPIES_UNIT + (bytes % COPIES_UNIT > 0 || bytes == 0);
	struct copy *copy;
	int r;

	r = quota_take_many(&copies->quota, uid, places);
	if (r < 0)
		return r;
	copy = calloc(1, sizeof(*copy));
	if (copy)
		*copy = (struct copy){ .uid = uid, .places = places };
	r = copy ? place(copies, fd, copy) : -ENOMEM;
	if (r < 0) {
		quota_return_many(&copies->quota, uid, places);
		free(copy);
	}
	return r;
}

static void take(struct copies *copies, const struct inotify_event *event)
{
	struct copy **at;

	/* fs.inotify.max_queued_events: what is lost stays counted, which errs on the safe side. */
	if (event->mask & IN_Q_OVERFLOW) {
		log_error("so many copies ended at once that some stay counted until a restart");
		return;
	}
	at = find(copies, event->wd);
	if (event->mask & IN_IGNORED && *at)
		drop(copies, at);
}

void copies_forget(struct copies *copies)
{
	/* A memfd has no names in it: each event is only its head. */
	struct inotify_event events[64];
	ssize_t n;

	while ((n = read(copies->watches, events, sizeof(events))) > 0)
		for (size_t i = 0; i < (size_t)n / sizeof(events[0]); i++)
			take(copies, &events[i]);
}

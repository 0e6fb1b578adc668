/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_RELAY_H
#define FDB_DAEMON_RELAY_H

/*
 * One watch on its way to its reader: events of inotify(7) out of an instance of ours into a
 * pipe of his, by a thread of its own.
 *
 * Why the reader does not get the instance itself: it counts against the user of whoever made it,
 * 128 of them (fs.inotify.max_user_instances), and so does each watch that its holder adds to it by
 * his own rights; nothing ever tells when he has let go of it, so that one caller could keep them
 * all, for good. That of a pipe has gone when poll(2) says so. What waits for a reader who does not
 * read would be the kernel's queue, 16384 events that are charged to the daemon; here
 * it is RELAY_WAITING bytes, and then IN_Q_OVERFLOW.
 */

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#define RELAY_WAITING 65536U /* bytes of events that wait beside those in the pipe */

struct relay;

struct relay_setup {
	uid_t uid;
	int instance; /* of inotify(7), O_NONBLOCK, with one watch; the relay's if it starts */
	int pipe;     /* O_NONBLOCK, and O_DIRECT: a packet for each event; likewise */
	int stop;     /* hangs up when it is to end; borrowed */
	int ended;    /* where the relay writes its pointer when it is at its end; borrowed */
	atomic_ullong *lost; /* counts the events for which there was no room; borrowed */
};

/* 0 or -errno; on failure the descriptors are still the caller's. */
int relay_start(struct relay **ret, const struct relay_setup *setup);

/* What came of one that has written its pointer: its thread is joined. */
struct relay_end {
	uid_t uid;
	int error; /* 0; -EBADMSG: what it read were no events; another of read(2), write(2) */
};

void relay_join(struct relay *relay, struct relay_end *ret);

#endif

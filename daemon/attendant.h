/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_ATTENDANT_H
#define FDB_DAEMON_ATTENDANT_H

/*
 * A process without rights that serves all generations, as the parent sees it: audit
 * and pump. The queue to it is the parent's, as are the rings (rings.h): what brokers have sent
 * waits there while one that died is replaced.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "daemon/child.h"

struct control;

struct attendant_setup {
	sd_event *event;
	enum child_program program;
	const char *name;		/* "audit" */
	int file;			/* its third descriptor, or -EBADF; borrowed */
	bool has_queue;			/* in which brokers send it files */
	const struct control *greeting; /* follows the hand-shake; borrowed, or NULL */
	void (*greeted)(void *context); /* it can be told more; or NULL */
	/* What it said that is not COUNTERS: 0, or -errno of what it may not say. Or NULL. */
	int (*told)(void *context, const struct control *message);
	void (*counted)(void *context);
	void (*closed)(void *context); /* after attendant_close(): it has done what there was */
	void *context;
};

struct attendant {
	struct attendant_setup setup;
	int queue[2];	 /* read by the process, written by brokers; or -EBADF */
	int control;	 /* or -EBADF: there is no process */
	bool is_greeted; /* the hand-shake is done */
	bool closing;
	pid_t pid;	       /* 0: none */
	uint64_t started_usec; /* 0: never */
	uint64_t n_restarts;
	char *counters; /* the last that came, or NULL; owned */
	sd_event_source *io, *exit, *delay;
};

/* From brokers, who write into the second end, to such a process. 0 or -errno. */
int attendant_make_queue(int queue[2], bool takes_files);

/* Without a process: what is sent waits until attendant_start(), which does nothing the second time.
 * 0 or -errno. */
int attendant_init(struct attendant *a, const struct attendant_setup *setup);
/* If it cannot be started now, it is tried every second, and said so. */
void attendant_start(struct attendant *a);
void attendant_done(struct attendant *a);

/* Where brokers send. Borrowed. */
int attendant_queue(const struct attendant *a);

/* Say something to it. 0; -EAGAIN not now; another -errno. */
int attendant_send(struct attendant *a, const struct control *message);

/* Ask for its counters; `counted` follows, unless it dies. 0 or -errno. */
int attendant_ask(struct attendant *a);

/* No more will come: let it finish what there is, and end. */
void attendant_close(struct attendant *a);

#endif

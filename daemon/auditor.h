/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_AUDITOR_H
#define FDB_DAEMON_AUDITOR_H

/*
 * The audit process as the parent sees it. The queue of records is the parent's:
 * what brokers have sent waits in it while an audit process that died is
 * replaced.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct auditor_setup {
	sd_event *event;
	int file; /* of JSON lines, -EBADF for the journal alone; borrowed */
	void (*counted)(void *context);
	void (*closed)(void *context); /* after auditor_close(): everything is written */
	void *context;
};

struct auditor {
	struct auditor_setup setup;
	int queue[2];	 /* read by the audit process, written by brokers */
	int control;	 /* or -EBADF: there is no process */
	bool is_greeted; /* the hand-shake is done */
	bool closing;
	pid_t pid; /* 0: none */
	uint64_t started_usec;
	uint64_t n_restarts;
	char *counters; /* the last that came, or NULL; owned */
	sd_event_source *io, *exit, *delay;
};

int auditor_init(struct auditor *a, const struct auditor_setup *setup);
void auditor_done(struct auditor *a);

/* Where brokers send records. Borrowed. */
int auditor_queue(const struct auditor *a);

/* Ask for its counters; `counted` follows, unless it dies. 0 or -errno. */
int auditor_ask(struct auditor *a);

/* No more records will come: let it write what there is, and end. */
void auditor_close(struct auditor *a);

#endif

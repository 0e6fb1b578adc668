/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_FLOW_H
#define FDB_DAEMON_FLOW_H

/*
 * One pipe on its way into one file, by a thread of its own: a file that does
 * not take its bytes holds up nobody else's.
 */

#include <stdint.h>
#include <sys/types.h>

struct flow;

struct flow_setup {
	uid_t uid;
	const char *name; /* of the file; copied */
	int pipe, file;	  /* O_NONBLOCK, and O_APPEND without it; the flow's if it starts */
	int stop;	  /* hangs up when what is in the pipe is all that is to come; borrowed */
	int ended;	  /* where the flow writes its pointer when it is at its end; borrowed */
};

/* 0 or -errno; on failure the descriptors are still the caller's. */
int flow_start(struct flow **ret, const struct flow_setup *setup);

/* Close the file of one that does not start, without waiting for whoever serves it. */
void flow_refuse(int take_file);

/* What came of one that has written its pointer: its thread is joined. */
struct flow_end {
	uid_t uid;
	int error;	/* 0, or the negative errno of write(2) that ended it */
	uint64_t bytes; /* that are in the file */
	uint64_t lost;	/* that had left the pipe, and are not */
	char *name;	/* owned by the receiver */
};

void flow_join(struct flow *flow, struct flow_end *ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_CONNECTIONS_H
#define FDB_DAEMON_CONNECTIONS_H

/*
 * The clients' connections: accepted, counted, attested, and handed to the
 * generation that serves. Of each the parent keeps a duplicate with its facts,
 * for the generations to come, and never reads from it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>

#include "daemon/quota.h"

struct control;
struct connection;
TAILQ_HEAD(connection_list, connection);

struct connections {
	struct connection_list waiting; /* not given to the generation that serves, oldest first */
	struct connection_list given;
	struct quota quota;
	uint64_t last_number;
	uint32_t labels; /* whose they are: labels_module() */
	uid_t broker;	 /* never served: it connects for others, see change.c */
	int listener;	 /* borrowed */
	int reserve;	 /* a descriptor to give up when there is no other */
	sd_event *event;
	sd_event_source *accepting, *pause;
	/* Gives one to whoever serves: 0; -EAGAIN nobody can take it now; another -errno: end it. */
	int (*give)(void *context, const struct control *connection);
	void *context;
	uint64_t refused_total, refused_uid, refused_identity; /* counters */
	uint64_t last_complaint_usec;
};

struct connections_setup {
	sd_event *event;
	int listener;
	uid_t broker;	    /* the brokers' */
	size_t total, each; /* limits */
	int (*give)(void *context, const struct control *connection);
	void *context;
};

int connections_init(struct connections *c, const struct connections_setup *setup);
void connections_done(struct connections *c);

/* Accept no more. */
void connections_close(struct connections *c);

/* Somebody can take connections again. */
void connections_give(struct connections *c);

/* Who serves cannot serve this one: its client learns it. */
void connections_shut(struct connections *c, uint64_t number);

/* Who served does so no more; @lost: it died, and with it what it had read. */
void connections_take_back(struct connections *c, bool lost);

#endif

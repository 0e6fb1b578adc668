/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_PARENT_H
#define FDB_DAEMON_PARENT_H

/*
 * The privileged process: accepts, attests, counts, and hands on; starts and
 * ends the others. It never reads a byte that a client sent and never a byte of
 * a policy.
 */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "daemon/activation.h"
#include "daemon/admin.h"
#include "daemon/attendant.h"
#include "daemon/connections.h"
#include "daemon/rings.h"
#include "daemon/settings.h"
#include "daemon/succession.h"
#include "daemon/trial.h"

/* From the command line. Borrowed; NULL: not given. */
struct parent_options {
	const char *policy_directory;
	const char *audit_file;
	const char *config;
	const char *state_directory;
};

struct parent {
	struct parent_options options;
	uid_t broker_uid;
	gid_t broker_gid;
	struct settings settings;
	struct activation activation;
	int audit_file; /* or -EBADF */
	sd_event *event;
	sd_event_source *idle;
	struct control room; /* what the pump is told */
	struct attendant audit, pump;
	struct rings rings; /* to audit */
	struct connections connections;
	struct succession succession;
	struct trial trial;
	struct admin admin;
	bool is_complete;	/* all children were started */
	bool needs_pump;	/* a policy that served did */
	bool is_announced;	/* READY=1 was sent */
	bool is_closing;	/* told to stop */
	unsigned int uncounted; /* answers to ASK that are to come */
};

/* For main() to return. */
int parent_main(const struct parent_options *options);

#endif

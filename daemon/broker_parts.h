/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_BROKER_PARTS_H
#define FDB_DAEMON_BROKER_PARTS_H

/* What broker.c is made of. */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/confine.h"
#include "daemon/control.h"
#include "daemon/hull.h"
#include "daemon/loop.h"
#include "daemon/reading.h"
#include "daemon/shadow.h"

struct broker {
	struct control_start start;
	struct reading reading;	  /* without a policy if degraded */
	struct reading candidate; /* without one if there is none */
	struct shadow shadow;
	struct confine_needs needs;
	uint32_t unattested; /* POLICY_FACT_* that rules hinge on, and this kernel cannot tell */
	int procfd, procfs;  /* owned */
	struct hull *hull;   /* owned; see confine_needs */
	struct server server;
	struct loop loop;
	uint64_t files;	  /* that this process may have open */
	bool has_threads; /* which use all of this until the process ends */
};

/* It may serve from now on. 0 or -errno. */
int broker_say_ready(struct broker *broker);

/* The policy is bad, which is not our failure: its author reads why. 0 or -errno. */
int broker_refuse(struct reading *reading);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_CONTROL_H
#define FDB_DAEMON_CONTROL_H

/*
 * What the parent and a broker generation say to each other, on the SEQPACKET
 * socketpair that the broker finds at CONTROL_FD. It opens with the hand-shake
 * of wire/handshake.h, the parent sending its credentials.
 *
 * parent → broker
 *	START		settings and the decision counter; the broker then loads, confines itself, and
 *			says READY or REFUSED
 *	CONNECTION	facts, one descriptor: serve it. `inherited` says that an earlier generation
 *			did, so that the first message must be the notice `lost` after a crash
 *	STOP		read no more requests, answer what was read, say STOPPED, exit when done
 * broker → parent
 *	READY		the policy's summary as `key value` lines (for status), warnings as text
 *	REFUSED		the diagnostics, ready to print; the broker exits
 *	STOPPED		the decision counter, the next number to use
 *	COUNTERS	in answer to ASK: counters as `key value` lines
 * parent → broker
 *	ASK		for COUNTERS
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTROL_FD 3 /* in a child */
#define AUDIT_FD   4 /* in a broker: where records go; in the audit process: where they come from */

enum control_type {
	CONTROL_START = 1,
	CONTROL_CONNECTION,
	CONTROL_STOP,
	CONTROL_READY,
	CONTROL_REFUSED,
	CONTROL_STOPPED,
	CONTROL_ASK,
	CONTROL_COUNTERS,
};

struct control_start {
	uint64_t generation;
	uint64_t next_decision;
	uint32_t in_flight;	 /* limits, see limits.h */
	uint32_t in_flight_each;
	uint32_t open_sec;
	char policy_directory[4096]; /* --policy, or "" for the four */
};

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_FACTS_H
#define FDB_DAEMON_FACTS_H

/*
 * Who made a connection, as the parent attested it at accept. Travels with the
 * connection's descriptor to each generation that serves it. Supplementary
 * groups do not travel: SO_PEERGROUPS gives the same answer on every duplicate.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/label.h"

#define FACTS_NAME_MAX 255U /* bytes of a unit's or slice's name: systemd's UNIT_NAME_MAX */

struct facts {
	uint64_t connection; /* number given by the parent, never used twice */
	pid_t pid;
	uint64_t pidfd_ino; /* of its pidfd, which no other process ever has; 0: not told */
	uid_t uid;	    /* effective, at connect(2) */
	gid_t gid;
	uint64_t cap_effective; /* CapEff of the connector: how far a uid 0 is root */
	uint32_t attested;	/* those of POLICY_TRAITS and POLICY_LABELS that could be taken */
	uint32_t traits;	/* and of these, those that are so */
	uint64_t exe_dev;	/* 0 with exe_ino 0: not attested */
	uint64_t exe_ino;
	uint64_t exe_born; /* nanoseconds; numbers are given again, a birth is not. 0: not told */
	char unit[FACTS_NAME_MAX + 1]; /* "" : none */
	char user_unit[FACTS_NAME_MAX + 1];
	char slice[FACTS_NAME_MAX + 1];
	char exe[FACTS_NAME_MAX + 1]; /* its text, for the audit only: it can be forged */
	char label[LABEL_MAX + 1];    /* of its security module; "": none, or longer */
};

/* Nobody's. The texts are empty, and not cleared. */
void facts_clear(struct facts *facts);

/*
 * Facts as a part of a larger message. Errors stick to the cursor, whose owner
 * looks at them once, at the end.
 */
struct cursor_reader;
struct cursor_writer;
void facts_put(struct cursor_writer *w, const struct facts *facts);
void facts_get(struct cursor_reader *r, struct facts *ret);

#endif

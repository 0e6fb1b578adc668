/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_IDENTITY_H
#define FDB_DAEMON_IDENTITY_H

/*
 * Who made a connection, by the kernel's word: the only file that asks a
 * socket for its peer. What the kernel cannot attest is refused; an error never
 * becomes an identity.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "daemon/facts.h"

/**
 * identity_peer() - process and ids of the connector
 * @sock:	a connected socket; borrowed
 *
 * Return: 0; -EACCES for ids that are never served: pid 0 (not of this pid namespace), the
 *	overflow uid, -1; another -errno from getsockopt(2).
 */
int identity_peer(int sock, struct ucred *ret);

/* One file and no other, ever. */
struct identity_file {
	uint64_t dev, ino, born;
};

/* What @path names, or where it leads; asks no server and no user's daemon. 0 or -errno. */
int identity_of_file(int dir, const char *path, struct identity_file *ret);

/**
 * identity_attest() - all facts of the connector but its connection number
 * @sock:	a connected socket, just accepted; borrowed
 * @module:	labels_module(), asked once
 *
 * Reads of its process what rules may name, and then makes sure that the
 * process still lives: a number that was reused in between would have lent it
 * another one's facts.
 *
 * Return: as identity_peer(); -ESRCH the process is gone; another -errno: not attested.
 */
int identity_attest(int sock, uint32_t module, struct facts *ret);

/* Its process, pinned: a pidfd, the caller's, or -errno. By its number, which may be another one's
 * by now, before Linux 6.5. */
int identity_pidfd(int sock, const struct ucred *peer, bool *ret_by_number);

/* Its label, if it has one that rules can name. @module: as above. */
void identity_label(int sock, uint32_t module, struct facts *facts);

/* What of @facts, POLICY_FACT_*, the running kernel cannot tell of a process, by asking it of this one. */
uint32_t identity_unattestable(uint32_t facts);

/**
 * identity_groups() - supplementary groups of the connector, at connect(2)
 * @ret:	malloc'ed, the caller's; NULL if there are none
 *
 * Return: 0; -ENOMEM; another -errno from getsockopt(2).
 */
int identity_groups(int sock, gid_t **ret, size_t *ret_n);

#endif

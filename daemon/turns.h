/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_TURNS_H
#define FDB_DAEMON_TURNS_H

/* Whose turn it is, of those who ask at the same time. With the workers' lock. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/session.h"

struct turns {
	uint64_t n;	/* ever */
	uid_t uid;	/* of the last one */
	uint64_t mixed; /* the last one that was another uid's than the one before it */
};

/* Whether several uids ask at the same time. */
bool turns_are_mixed(const struct turns *turns);

/* Those of @n ready @sessions that are to be served now come first: all, or where several uids ask one
 * of each. How many. */
int turns_choose(const struct turns *turns, struct session **sessions, int n);

/* @session has its turn. */
void turns_note(struct turns *turns, struct session *session);

#endif

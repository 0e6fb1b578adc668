/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_TURNS_H
#define FDB_DAEMON_TURNS_H

/* Whose turn it is, of those who ask at the same time. With the workers' lock. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/session.h"

#define TURNS_MAX     128U
#define TURNS_ALONE   16U /* looks that found nobody else, before a guess */
#define TURNS_REPEATS 64U /* requests for which somebody else waits who has come meanwhile */

struct turns {
	uint64_t n;	/* ever */
	uid_t uid;	/* of the last one */
	uint64_t mixed; /* the last one that was another uid's than the one before it */
	/* Those who were ready, and who is next of them. NULL: it is not there any more. */
	struct session *ready[TURNS_MAX];
	size_t n_ready, next;
	/* Who was ready alone, how often in a row, and his turns since then. NULL: there were several. */
	struct session *alone;
	unsigned int n_alone, n_repeats;
	unsigned int looks; /* before the next guess: twice as many after each that was wrong */
	uint32_t tick;	    /* of the first of these turns */
};

/* Whether several uids ask at the same time. */
bool turns_are_mixed(const struct turns *turns);

/* Whether all who were ready have had their turn. */
bool turns_are_over(const struct turns *turns);

/* Give turns to @n ready @sessions, TURNS_MAX at most: all, or where several uids ask one of each. */
void turns_choose(struct turns *turns, struct session *const *sessions, size_t n);

/* Give one more turn to who is always ready alone, without a look at who is now: he may not be. @tick: a
 * number that is another from time to time; then there is a look. */
bool turns_repeat(struct turns *turns, uint32_t tick);

/* He was not ready. */
void turns_waste(struct turns *turns);

/* Who has his turn now, or NULL: all have had theirs. */
struct session *turns_take(struct turns *turns);

/* @session has none any more. */
void turns_forget(struct turns *turns, const struct session *session);

#endif

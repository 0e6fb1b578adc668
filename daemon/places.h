/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_PLACES_H
#define FDB_DAEMON_PLACES_H

/* The workers that may block, or that did: how many of whose requests. With the workers' lock. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct session;
struct worker;
struct workers;

/* How many places @uid has, and whether it may have one more. */
uint32_t places_of(const struct workers *w, uid_t uid);
bool places_are_free(const struct workers *w, uid_t uid);

/* Whether any that @uid may have will ever be free: not all of them are stuck. */
bool places_may_be_free(const struct workers *w, uid_t uid);

/* Whether what this uid asks for blocks even where it should not, too often. */
bool places_distrust(const struct workers *w, uid_t uid);

/* Of everybody. */
uint32_t places_stuck(const struct workers *w);

/**
 * places_take() - a worker takes a place
 * @session:	whose request is the reason; referenced as long as it has it; or NULL
 * @deadline_usec: CLOCK_MONOTONIC: then it is given up
 */
void places_take(struct worker *worker, struct session *session, uid_t uid, uint64_t deadline_usec);

/* It has one no more, if it had. */
void places_return(struct worker *worker);

#endif

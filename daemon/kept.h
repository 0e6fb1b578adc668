/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_KEPT_H
#define FDB_DAEMON_KEPT_H

/*
 * Sources of policies, kept below the state directory, each policy in a directory of its own:
 *
 *	loading/	what a generation that is being started has read
 *	last-good/	what was loaded last, and is not on trial
 *	unconfirmed/	what was loaded on trial and is not confirmed: it serves now, or was taken back
 *
 * In each of them:
 *	policy.d/NAME.fdp	the files that counted, as they were read: those that were masked or
 *				replaced are not there, and all are in one directory, so that they
 *				load as the same policy by themselves
 *	about			lines `key value`: policy SHA256, generation, loaded, file NAME PATH
 */

#include <stdint.h>

#include "base/text.h"
#include "policy/load.h"

#define KEPT_DIRECTORY	"/var/lib/fdbroker"
#define KEPT_SHA256_LEN 64U

enum kept { KEPT_LOADING, KEPT_LAST_GOOD, KEPT_UNCONFIRMED };

struct kept_about {
	char sha256[KEPT_SHA256_LEN + 1];
	uint64_t generation;
	uint64_t loaded_sec; /* UTC */
};

/* The directory of its sources, for load_policy(). */
void kept_path(const char *state, enum kept which, struct text *out);

/**
 * kept_write() - keep what was read, as KEPT_LOADING, in the place of what was there
 * @state:	the state directory; made if only it is missing
 *
 * It is on the disk when this returns. Return: 0; -EPERM somebody else than root can change
 *	@state; another -errno, and then there is no KEPT_LOADING, or half of one.
 */
int kept_write(const char *state, const struct kept_about *about, const struct policy_files *files);

/* The sha256 in `about`: 0; -ENOENT nothing is kept there; -EBADMSG it says none; another -errno. */
int kept_sha256(const char *state, enum kept which, char ret[KEPT_SHA256_LEN + 1]);

/**
 * kept_move() - let @from be @to, at once
 *
 * Whoever looks, or crashes, sees the old or the new one whole. What @to was is removed.
 * Return: 0, or -errno, and nothing has moved.
 */
int kept_move(const char *state, enum kept from, enum kept to);

/* 0, also if nothing was there; or -errno. */
int kept_remove(const char *state, enum kept which);

#endif

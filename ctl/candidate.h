/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_CANDIDATE_H
#define FDB_CTL_CANDIDATE_H

/*
 * The directory `shadow` beside the admin socket, through which a candidate policy
 * reaches the daemon: all its files, by name. Root's, and nobody else can enter it.
 */

#include "base/text.h"
#include "ctl/command.h"
#include "policy/load.h"

struct candidate {
	struct text place;  /* "/run/fdbroker/shadow" */
	struct text staged; /* what is not in its place yet, or no more; removed in the end */
	int lock;	    /* owned */
};

#define CANDIDATE_EMPTY ((struct candidate){ .lock = -EBADF })

/* Be the only one who does this. EXIT_YES, or what to exit with. */
enum exit_code candidate_lock(const struct ctl *ctl, struct candidate *candidate);
void candidate_done(struct candidate *candidate);

/* Write the files to a directory of their own. EXIT_YES, or what to exit with. */
enum exit_code candidate_stage(const struct ctl *ctl, struct candidate *candidate,
			       const struct policy_files *files);

/* Put what is staged in its place, and what was there in its: twice is as it was. */
enum exit_code candidate_exchange(const struct ctl *ctl, const struct candidate *candidate);

/* Remove what is in its place, if anything is. */
void candidate_remove(const struct candidate *candidate);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_OBJECT_H
#define FDB_CTL_OBJECT_H

/*
 * --live: the object as it is now, looked at with the authority of whoever runs
 * fdbrokerctl, and never opened for more than O_PATH.
 */

#include "ctl/question.h"

struct live {
	const struct policy *policy;
	const struct policy_subject *subject; /* of the query's caller */
	struct candidates *candidates;	      /* scratch */
};

/**
 * answer_live() - the policy's answer to a name and to what stands there now
 *
 * Follows what the daemon does, with three differences: whoever runs this may see less than the
 * daemon (-EACCES); permissions of the caller himself are not tried; of several links in a row
 * only where they lead in the end is judged.
 *
 * Return: 0 and the answer; -ENOENT nothing is there and the request does not create;
 *	-EEXIST something is there and the request is only to create;
 *	another -errno from looking at it.
 */
int answer_live(const struct live *live, const struct policy_query *query, struct answer *ret);

/* Of such an errno: the daemon's reason, if this is its answer too (the name is allowed, and that
 * is all there is to it); else NULL, and nothing is known. */
const char *answer_live_reason(int error);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_OBJECT_H
#define FDB_CTL_OBJECT_H

/*
 * --live: the object as it is now, looked at with the authority of whoever runs
 * fdbrokerctl, and never opened for more than O_PATH.
 */

#include "ctl/question.h"

/**
 * answer_live() - the policy's answer to a name and to what stands there now
 * @candidates:	scratch
 *
 * Follows what the daemon does, with two differences: whoever runs this may see less than the
 * daemon (-EACCES), and permissions of the caller himself are not tried.
 *
 * Return: 0 and the answer; -ENOENT nothing is there and the request does not create;
 *	another -errno from looking at it.
 */
int answer_live(const struct policy *policy, const struct policy_query *query,
		struct candidates *candidates, struct answer *ret);

#endif

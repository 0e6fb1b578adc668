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

/* What a name leads to now. */
struct object;

/* 0; -errno from looking at it. The path is clean. */
int object_look(struct object **ret, const struct policy_query *query);
struct object *object_free(struct object *object);
DEFINE_CLEANUP(struct object *, object_free)

/* Where it really is, and whose; of what is not there yet its directory's owner. */
const char *object_path(const struct object *object);
uid_t object_owner(const struct object *object);

/* -ENOENT: nothing is there, and the query does not create; -ENOTDIR: no directory, and it wants one;
 * or 0. */
int object_error(const struct object *object);

/* May it be come by from @path? No, where links lead there and no allow among @candidates follows
 * such. */
bool object_is_reached(const struct object *object, const struct candidates *candidates,
		       const char *path);

/* What @live->candidates say of it, each of which names @query; as answer_live(). */
int object_judge(const struct object *object, const struct live *live,
		 const struct policy_query *query, struct answer *ret);

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

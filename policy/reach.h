/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_REACH_H
#define FDB_POLICY_REACH_H

/*
 * How far a policy reaches: the directories below which it may allow something.
 * Whoever acts by the policy can give up the rest beforehand.
 *
 * Pure: it speaks of names, and knows neither what is there nor who will ask.
 */

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"

struct policy_reach {
	const char *directory; /* absolute; what is allowed is this or lies below it */
	uint32_t modes;	       /* POLICY_*: what is allowed there */
	bool as_root;
	bool devices;  /* character or block devices among it */
	bool personal; /* a user's home: of no use where it is not there */
};

/**
 * policy_reaches() - tell of everything that some rule allows
 * @add:	called for each; borrows. The same directory may come several times. 0, or -errno,
 *		which ends it
 *
 * A name that hinges on the caller is cut before the first component that does; his home directory
 * is everybody's of the passwd database in turn.
 *
 * A home directory that no name can be below is passed over. Return: 0, or -errno of @add.
 */
int policy_reaches(const struct policy *policy,
		   int (*add)(void *context, const struct policy_reach *reach), void *context);

#endif

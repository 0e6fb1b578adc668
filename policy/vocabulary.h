/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_VOCABULARY_H
#define FDB_POLICY_VOCABULARY_H

/*
 * Every distinct component of a policy's patterns, once, so that two components
 * are the same if their pointers are. Wanted only while a policy is compiled.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "policy/glob.h"
#include "policy/match.h"

struct vocabulary {
	uint32_t *hashes;		     /* malloc'ed, as the next */
	const struct component **components; /* NULL: free */
	size_t n, room;			     /* room is a power of two, or 0 */
};

/* The component that is spelt like @glob, made in @arena if there is none. 0, -ENOMEM, or -EINVAL
 * for what no pattern can hold. */
int vocabulary_add(struct vocabulary *vocabulary, struct arena *arena,
		   const struct glob_component *glob, const struct component **ret);

void vocabulary_done(struct vocabulary *vocabulary);

#endif

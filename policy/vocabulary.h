/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_VOCABULARY_H
#define FDB_POLICY_VOCABULARY_H

/*
 * Every distinct component of a policy's patterns, once: two components are the
 * same if their pointers are, and a component of a name is looked up once
 * however many patterns it is held to.
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

/* The plain component of these bytes, or NULL. */
const struct component *vocabulary_find(const struct vocabulary *vocabulary, const char *bytes,
					size_t len);

void vocabulary_done(struct vocabulary *vocabulary);

#endif

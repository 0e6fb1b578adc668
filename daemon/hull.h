/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_HULL_H
#define FDB_DAEMON_HULL_H

/*
 * What of the file system a broker keeps: a Landlock ruleset around what its
 * policy may allow. The policy decides what is opened; the hull is what is left
 * of the file system should somebody else decide instead.
 *
 * Source: landlock(7); Linux 5.13. Later rights are handled where the kernel has them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/policy.h"

struct hull;
struct locality;

/**
 * hull_new() - look where the policy reaches, as the file system is now
 * @policy:	borrowed for the call; NULL: nothing is kept
 * @locality:	learns of the mounts that are met on the way; or NULL
 *
 * Rules hold on to inodes. So that a directory may be made anew, what is kept is the parent of the
 * deepest directory that there is; but never `/` for something that lies below it. Where not even a
 * top-level directory is there, nothing is kept, and a grant there finds the hull too small: see
 * renewal.h.
 *
 * As root, before confinement. Return: 0; -EOPNOTSUPP the kernel has no Landlock, or it is switched
 * off; another -errno.
 */
int hull_new(struct hull **ret, const struct policy *policy, struct locality *locality);

/* Give up all else, for good. Needs no_new_privs. 0 or -errno. */
int hull_enforce(struct hull *hull);

/**
 * hull_wants() - the rights that opening by these modes takes
 *
 * Of these, hull_without() leaves those that the directory of that inode does not give. What is left
 * after all directories on the way, and the object itself, is lacking.
 */
uint64_t hull_wants(const struct hull *hull, uint32_t modes);
uint64_t hull_without(const struct hull *hull, uint64_t rights, uint64_t dev, uint64_t ino);

/* A line for each place, escaped: "hull /srv read,create"; at most @max, and "hull-more 3". */
void hull_print(const struct hull *hull, size_t max, struct text *out);

struct hull *hull_free(struct hull *hull);
DEFINE_CLEANUP(struct hull *, hull_free)

#endif

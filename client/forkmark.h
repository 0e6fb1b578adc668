/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CLIENT_FORKMARK_H
#define FDB_CLIENT_FORKMARK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/cleanup.h"

/* A mark that is gone in every child of the process that made it. */
struct forkmark;

/* NULL: no memory. */
struct forkmark *forkmark_new(void);

/* Did this very process make it, rather than one that we are a fork of? */
bool forkmark_is_ours(const struct forkmark *mark);

/* The number of the process that made it, and in its children 0. */
pid_t forkmark_pid(const struct forkmark *mark);

/* NULL is allowed; so is a mark of another process. Always returns NULL. */
struct forkmark *forkmark_free(struct forkmark *mark);

DEFINE_CLEANUP(struct forkmark *, forkmark_free)

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_TWO_NAMES_H
#define FDB_DAEMON_TWO_NAMES_H

/*
 * A request with two names on its way: what two_names.c, which judges it, and bind.c, which does it,
 * share. Nobody else includes this.
 */

#include <stdbool.h>

#include "daemon/opening.h"

/* One name, and what is there. */
struct side {
	struct opening o; /* first: whoever is told of it finds the side */
	struct outcome out;
	struct pair *pair;
	struct named at; /* no descriptor in its pin: nothing is there */
};

struct pair {
	const struct request *request;
	struct side old, new, target; /* target: what stands at the new name, to be removed */
	struct outcome_other *other;  /* owned, until the outcome has it */
};

bool pair_is_link(const struct pair *pair);
bool pair_has_target(const struct pair *pair);

/* Whether every rule that decided lends root's authority. */
bool bind_is_as_root(const struct pair *pair);

/* All has been judged: rename or link. 0; -EAGAIN something has changed since; another -errno. */
int bind_names(struct pair *pair);

#endif

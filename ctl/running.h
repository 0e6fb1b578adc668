/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_RUNNING_H
#define FDB_CTL_RUNNING_H

/* The policy that the daemon runs, by the sources that it has kept of it. */

#include "ctl/command.h"

struct running {
	bool asked;	 /* the daemon has said all of this; or else it is what it kept last */
	char *directory; /* of the sources; owned, like the others */
	char *sha256;	 /* NULL: not known */
	char *installed; /* the directory that it takes for the installed policy, NULL: the four */
};

/**
 * running_find() - ask the daemon, and where none can be asked look for what it kept
 * @ret:	running_done()
 *
 * Below --root nobody is asked. Return: EXIT_YES; or what to exit with, and it is said why.
 */
enum exit_code running_find(const struct ctl *ctl, struct running *ret);
void running_done(struct running *running);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_GENERATION_PARTS_H
#define FDB_DAEMON_GENERATION_PARTS_H

/* What generation.c is made of. */

#include <stdbool.h>

#include "daemon/generation.h"

/* Tell the owner. */
void generation_tell(struct generation *g, enum generation_event event,
		     const struct control *message);

/* It has so long for what comes next; what it had before counts no more. 0 or -errno. */
int generation_set_timer(struct generation *g, unsigned int sec);

/* What the broker says, by the state that it is in. False: that does not belong there. */
bool generation_take(struct generation *g, const struct control *message);

#endif

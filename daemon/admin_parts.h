/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_ADMIN_PARTS_H
#define FDB_DAEMON_ADMIN_PARTS_H

/* What admin.c is made of. */

#include <stdint.h>

#include "daemon/admin.h"
#include "wire/admin.h"

enum admin_state { ADMIN_IDLE, ADMIN_RELOAD, ADMIN_STATUS };

struct admin_session {
	struct admin *admin;
	struct admin_session *next;
	enum admin_state state;
	uint16_t opcode; /* of what it waits for */
	uint64_t number; /* RELOAD: what it waits for */
	int fd;
	sd_event_source *io, *timer;
};

/* It is ended then, or for want of an answer to STATUS it gets what there is. 0 or -errno. */
int admin_set_timer(struct admin_session *session, uint64_t usec);

/* It waits no more. @fd goes with the answer; borrowed; -EBADF: none. It may be gone then. */
void admin_answer(struct admin_session *session, int exit_code, const char *text, int fd);

void admin_end(struct admin_session *session);

/* admin_requests.c: do what it asks for, and answer where that is all. -errno: it is to be ended. */
int admin_begin(struct admin_session *session, const struct admin_request *request);

#endif

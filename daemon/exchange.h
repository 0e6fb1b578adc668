/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_EXCHANGE_H
#define FDB_DAEMON_EXCHANGE_H

/* One message of a client's and its answer: what is known of it so far. */

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "daemon/opener.h"
#include "daemon/session.h"
#include "daemon/shadow.h"
#include "wire/proto.h"

struct server;

struct exchange {
	struct server *server;
	struct session *session;
	size_t size; /* of the message, in the server's buffer */
	struct ucred sender;
	struct wire_header header;
	struct wire_open claim; /* borrows the message; of a request that was read, the request */
	uint64_t time_usec, answered_usec; /* when it came, and when that was over */
	uint64_t decision;
	struct shadow_verdict shadow; /* NONE: not asked, or it says the same */
	struct trace *trace;	      /* of the opening, its worker's; NULL: nobody asks for it */
	struct batch *batch;	      /* of which this is a member; its session's. NULL: none */
	const char *fault;	      /* why the connection must end; NULL: it need not */
	struct outcome outcome;	      /* its descriptor is owned */
	struct request request;
};

/* With nothing received yet. */
void exchange_begin(struct exchange *x, struct server *server, struct session *session);

/* 1 a message from the connector; 0 nothing was there; -errno the connection is over, and if @fault
 * is set for what was sent. */
int exchange_receive(struct exchange *x);

/* 1 a request, or a batch, which is its session's; 0 none, and the answer is known; -errno not even a message, see @fault. */
int exchange_read(struct exchange *x);

/* The outcome, where nothing was opened. */
void exchange_answer(struct exchange *x, enum wire_reason reason, int error);

/* Free what is owned but the descriptor. */
void exchange_done(struct exchange *x);

/* @x was moved in memory, with a request that was read. */
void exchange_adopt(struct exchange *x);

/* Send the outcome. Its descriptor stays where it is, unless it is kept for later: who called discards
 * it. 0 or -errno, as session_send(). */
int exchange_reply(struct exchange *x);

/* What the caller of @x is told when he has waited long enough, while another thread still opens:
 * of @x nothing that it writes is read. */
void exchange_expire(const struct exchange *x, struct exchange *ret);

#endif

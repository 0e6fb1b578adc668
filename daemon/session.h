/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_SESSION_H
#define FDB_DAEMON_SESSION_H

/*
 * One connection, as the broker knows it: who made it, by the parent's facts and
 * the socket's own groups, and what that means to this policy. All of it is
 * made once, when the connection arrives, and does not change.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "daemon/authority.h"
#include "daemon/facts.h"
#include "policy/policy.h"
#include "wire/act.h"

#define SESSION_REPLY_MAX (WIRE_HEADER_SIZE + 18U + WIRE_DATA_MAX) /* bytes: a link's target */

struct session {
	struct session *next, *previous; /* the loop's */
	unsigned int references;	 /* the loop's, and of each request that is in work */
	uint64_t turn;			 /* the loop's: when it was served last */
	uint32_t watched;		 /* for which events of epoll(7); 0: it is not there */
	int fd;				 /* owned */
	struct principal principal;	 /* borrows groups */
	gid_t *groups;			 /* owned */
	struct policy_caller *caller;	 /* owned; NULL without a policy */
	void *who; /* owned; what each of its records says of him, or NULL: there was none yet */
	size_t who_size;
	struct policy_caller *shadow; /* owned; as the candidate policy sees him, or NULL */
	/* A reply that the client has no room for yet. While there is one, nothing is read. */
	uint8_t *reply;			     /* owned */
	size_t reply_size;		     /* 0: none */
	int reply_fd;			     /* owned; -EBADF: none goes with it */
	bool reply_lingers;		     /* close(2) of it may block, whatever it is by then */
	const struct policy_rule *in_flight; /* by which it was granted; see serve_delivered() */
	struct session *next_queued;	     /* the loop's */
	bool is_queued;
	/* Of under_way.h. */
	struct session *next_holder;
	uint32_t under_way; /* descriptors */
	bool is_holder, has_ended;
	struct batch *batch; /* owned; in work, or to be reported: nothing is read. See batch.h */
	struct facts facts;  /* last: what each request asks of them is before their texts */
};

/**
 * session_new() - adopt a connection
 * @fd:		owned by the session on success; on failure the caller's
 * @policy:	borrowed, or NULL: there is none
 *
 * To be called with the broker's own authority. 0 or -errno.
 */
int session_new(struct session **ret, int fd, const struct facts *facts,
		const struct policy *policy);

/* Say who this is to a candidate policy too. 0 or -errno, and the session serves without. */
int session_shadow(struct session *session, const struct policy *candidate);

struct session *session_ref(struct session *session);
/* Returns NULL. With the last reference, closes and frees. */
struct session *session_unref(struct session *session);
DEFINE_CLEANUP(struct session *, session_unref)

/* Close its descriptors; this does not end the connection, of which the parent holds a duplicate. */
void session_close(struct session *session);

/* Whether a message's sender is one of whom the connector's facts hold. */
bool session_agrees(const struct session *session, const struct ucred *sender);

/**
 * session_send() - send a reply, or keep it until there is room
 * @fd:	goes with it; -EBADF: none. Taken if it is kept, otherwise still the caller's
 *
 * Return: 0 sent or kept; -ETOOMANYREFS not with a descriptor, for now; another -errno: the
 *	connection is of no use any more.
 */
int session_send(struct session *session, const void *reply, size_t size, int *fd);

/* Send what was kept, without its descriptor if that cannot go now: BUSY. 0 sent, or still kept;
 * -errno: the connection is of no use any more. *ret_fd: the descriptor that is not needed any more, the
 * caller's, or -EBADF. */
int session_flush(struct session *session, int *ret_fd);

#endif

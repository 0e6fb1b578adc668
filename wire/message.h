/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_WIRE_MESSAGE_H
#define FDB_WIRE_MESSAGE_H

/*
 * One message in, one message out: data, credentials and at most the announced
 * number of descriptors. Nothing else in the tree names SCM_* or looks at a
 * control message.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "wire/ancillary.h"
#include "wire/proto.h"

#define MESSAGE_FDS_MAX WIRE_FDS_MAX /* the most that message_receive() takes: of a batch */

struct message {
	size_t size; /* bytes of data, >= 1 */
	bool has_credentials;
	struct ucred sender; /* valid if has_credentials; as the kernel checked it at send time */
	size_t n_fds;
	/* CLOEXEC; the receiver's, message_done() closes them. MESSAGE_FDS_MAX at most; the room is for
	 * as many as there are integers in a control buffer, until they are counted. */
	int fds[ANCILLARY_SIZE / sizeof(int)];
};

#define MESSAGE_EMPTY ((struct message){ 0 })

/* The same without a look at what n_fds says is not there, which is most of it. */
static inline void message_init(struct message *m)
{
	m->size = m->n_fds = 0;
	m->has_credentials = false;
	m->sender = (struct ucred){ 0 };
}

struct message_want {
	size_t fds;	  /* descriptors that may come; one more is an error */
	bool credentials; /* a message without them is an error */
	bool wait;	  /* for a message, unless the socket itself is O_NONBLOCK */
};

/**
 * message_receive() - receive one message whole, or refuse it whole
 * @sock:	SOCK_SEQPACKET or SOCK_DGRAM socket; borrowed. SO_PASSCRED decides whether credentials come
 * @buffer:	destination
 * @size:	its capacity in bytes; a longer message is refused, never cut
 * @want:	what may and what must come with it; borrowed
 * @ret:	what came; emptied on failure, so that it never holds a descriptor then
 *
 * Blocks only if it is wanted; no thread is cancelled in it (pthreads(7)). Every descriptor that the kernel
 * installed is either in @ret or closed.
 * Source: unix(7), recvmsg(2), cmsg(3).
 *
 * Return: 1 for a message; 0 when the peer is gone, which on a socket without SO_PASSCRED a
 *	message without a byte cannot be told from;
 *	-EAGAIN nothing queued;
 *	-EMSGSIZE the message is longer than @size;
 *	-EBADMSG the message has no byte, or the control data is of a wrong level, type or length,
 *	or repeated;
 *	-EMFILE the kernel could not install a descriptor: the table is full, or a security
 *	module refused. This one error leaves the message itself in @buffer, and its size in
 *	@ret, so that its receiver can tell which request has failed;
 *	-E2BIG more descriptors than wanted (all closed);
 *	-ENODATA credentials wanted and none attached;
 *	another -errno from recvmsg(2).
 */
int message_receive(int sock, void *buffer, size_t size, const struct message_want *want,
		    struct message *ret);

void message_done(struct message *m);

/* What goes with a message: nothing is sent that is not named here. */
struct message_attach {
	const int *fds; /* borrowed; the sender's copies stay open */
	size_t n_fds;
	const struct ucred *credentials; /* NULL: none attached explicitly */
};

/**
 * message_send() - send one message
 * @sock:	borrowed
 * @data:	borrowed
 * @size:	in bytes, >= 1
 * @attach:	or NULL for nothing
 *
 * Never blocks, never raises SIGPIPE; no thread is cancelled in it. Control padding is zeroed.
 *
 * Return: 0; -EAGAIN the peer's queue is full; -EPIPE or -ECONNRESET it is gone;
 *	-EINVAL no byte, or more than MESSAGE_FDS_MAX descriptors;
 *	-ETOOMANYREFS too many descriptors in flight; -ESRCH or -EPERM credentials
 *	that the kernel does not let us claim; another -errno from sendmsg(2) or sendto(2).
 */
int message_send(int sock, const void *data, size_t size, const struct message_attach *attach);

/**
 * message_accept_credentials() - have the kernel attest the sender of each message
 * @sock:	borrowed; what is set on a listening socket holds for connections made after
 * @refuse_fds:	also have it refuse descriptors at the sender, where it can (Linux 6.16)
 *
 * Return: 1 descriptors are refused; 0 they are not; -errno of setsockopt(2).
 */
int message_accept_credentials(int sock, bool refuse_fds);

#endif

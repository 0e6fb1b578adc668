/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_WIRE_ANCILLARY_H
#define FDB_WIRE_ANCILLARY_H

/*
 * What recvmsg(2) delivers beside the data, as a pure function over its flags
 * and control bytes: it can be held against bytes that no kernel would send.
 * For message.c and its tests.
 */

#include <stddef.h>
#include <sys/socket.h>

#include "wire/proto.h"

struct message;

/* A control buffer that holds the most that a peer can make the kernel deliver: all the
 * descriptors of one message (unix(7): SCM_MAX_FD), credentials, and a security context, a pidfd
 * or a timestamp should somebody have asked for them. The kernel drops what does not fit, so that
 * with less we could not tell a hostile peer from a full descriptor table. */
#define ANCILLARY_SIZE                                                                             \
	(CMSG_SPACE(WIRE_FDS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred)) + 512)

/**
 * ancillary_read() - take apart the control bytes of one message
 * @msg_flags:	of the message as recvmsg(2) returned them
 * @control:	the control bytes; need no alignment
 * @size:	their size as recvmsg(2) returned it
 * @ret:	written in every case, but for its size. Its descriptors are all that were seen, in the
 *		order of arrival, wanted or not: the caller's to close, above all after an error
 *
 * Source: cmsg(3), unix(7).
 *
 * Return: 0;
 *	-EMSGSIZE MSG_TRUNC: the data is a prefix;
 *	-EBADMSG a control message of a level, type or length that we do not expect, or a second one
 *	of its type;
 *	-EMFILE MSG_CTRUNC: the kernel could not install a descriptor.
 */
int ancillary_read(int msg_flags, const void *control, size_t size, struct message *ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_WIRE_HANDSHAKE_H
#define FDB_WIRE_HANDSHAKE_H

/*
 * One side of a socketpair learns who the kernel says the other side is, or
 * whom it may speak for; the process id arrives as the receiver's pid
 * namespace names it.
 *
 *	receiver → sender	the ping: "credentials that you send now will reach me"
 *	sender → receiver	i32 errno; 0 comes with the credentials
 *
 * A new receiving end has no SO_PASSCRED: without the ping the first
 * credentials would be lost. A sender whose credentials the kernel refuses
 * says so, so that its peer need not wait for the time-out to learn it.
 */

#include <stdint.h>
#include <sys/socket.h>

/**
 * handshake_receive() - ask for the peer's credentials and wait for them
 * @sock:	an end of a SOCK_SEQPACKET pair; borrowed. SO_PASSCRED stays set on it
 * @timeout_usec: by the monotonic clock
 * @ret:	written on success only
 *
 * Return: 0;
 *	-ESRCH the sender could not name the process: it does not exist;
 *	another errno of the sender's, negated, such as -EPERM: it may not claim to be that process;
 *	-ENODATA the credentials name no process here: they were sent before we asked, or the
 *	process is outside our pid namespace;
 *	-ETIMEDOUT; -ECONNRESET the peer is gone;
 *	-EPROTO it sent something else;
 *	or an errno of our own system calls.
 */
int handshake_receive(int sock, uint64_t timeout_usec, struct ucred *ret);

/**
 * handshake_send() - wait for the ping and answer it
 * @sock:	the other end; borrowed
 * @credentials: of this process, or of one that it may speak for: unix(7), SCM_CREDENTIALS
 * @timeout_usec: by the monotonic clock
 *
 * Return: 0; -ESRCH no such process; -EPERM credentials that we may not claim; these and other
 *	failures to send were reported to the receiver;
 *	-ETIMEDOUT; -ECONNRESET or -EPIPE the peer is gone; -EPROTO it sent anything but a ping.
 */
int handshake_send(int sock, const struct ucred *credentials, uint64_t timeout_usec);

/* The same for an event loop: call it when @sock is readable. Never blocks; -EAGAIN no ping yet. */
int handshake_answer(int sock, const struct ucred *credentials);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CLIENT_TRANSFER_H
#define FDB_CLIENT_TRANSFER_H

/*
 * One message to the broker, one from it, however long that takes. Any number of threads may send at a time;
 * one may receive.
 */

#include <stddef.h>

struct forkmark;
struct message;

/* Send it as this process, with its effective ids. 0; -ECONNRESET the broker is gone; another -errno of
 * sendmsg(2) or sendto(2). */
int transfer_send(int sock, const struct forkmark *mark, const void *bytes, size_t size);

/* Wait for a message. As message_receive(), but for -EAGAIN and -EINTR. */
int transfer_receive(int sock, void *buffer, size_t size, struct message *ret);

#endif

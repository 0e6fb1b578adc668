/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CLIENT_CHANNEL_H
#define FDB_CLIENT_CHANNEL_H

/*
 * One connection as one process uses it: any number of threads ask, and each
 * gets the answer to its own question.
 */

#include <stdbool.h>

struct channel;
struct question;

/**
 * channel_new() - a channel over a connection, of the calling process only
 * @take_fd:	consumed on success only
 * @previous:	or NULL; the channel of the parent process, kept so that it can be freed
 *
 * Return: 0 or -ENOMEM.
 */
int channel_new(int take_fd, struct channel *previous, struct channel **ret);

/* Close the connection and free the channel and all previous ones. NULL is allowed. */
struct channel *channel_free(struct channel *channel);

/* The same for a channel that was never used; the previous one stays. */
void channel_forget(struct channel *channel);

/* Close our copy of the parent process's connection, which is not ours to use. */
void channel_disown(struct channel *channel);

/* Does it belong to this very process, rather than to one that we are a fork of? */
bool channel_is_ours(const struct channel *channel);

int channel_fd(const struct channel *channel);

/**
 * channel_ask() - ask the broker
 * @question:	borrowed; what is the answer's is written whenever the broker answered, that is on 0
 *		and on -EMFILE. Its descriptor is -EBADF if none comes
 *
 * Blocks until the broker answers. A question that the broker lost is asked
 * once more if asking twice is harmless.
 *
 * Return: 0 the broker answered; -EMFILE it answered yes, and the kernel
 *	could not give us the descriptor; -ECONNRESET the broker is gone, or lost
 *	the question; -EPROTO its message made no sense and the connection is shut; another -errno
 *	of sendmsg(2).
 */
int channel_ask(struct channel *channel, struct question *question);

#endif

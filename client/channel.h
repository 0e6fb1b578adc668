/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CLIENT_CHANNEL_H
#define FDB_CLIENT_CHANNEL_H

/*
 * One connection as one process uses it: any number of threads ask, and each
 * gets the answer to its own question.
 */

#include <stdbool.h>

#include "wire/act.h"
#include "wire/batch.h"
#include "wire/proto.h"

struct channel;

/* Many opens at once; all of it is borrowed. */
struct question_batch {
	struct wire_batch_writer *message;
	/* Written with the answer, for each open. A descriptor is the caller's, and instead of one that
	 * was granted may be -EMFILE. */
	struct wire_answer *results;
	int *fds;
};

/* What the broker is asked. */
struct question {
	uint16_t opcode;
	union {
		struct wire_open open;	      /* WIRE_OPCODE_OPEN */
		struct question_batch *batch; /* WIRE_OPCODE_BATCH */
		struct wire_act act;	      /* all others */
	};
	/* Where what is told goes, and its length; more of it than has room is no answer. */
	void *data;
	size_t data_size, data_len;
};

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
 * @question:	borrowed; its data is written if the answer has any
 * @ret:	the broker's answer; written whenever it answered, that is on 0 and on -EMFILE
 * @ret_fd:	CLOEXEC and the caller's if the answer comes with one, -EBADF if not
 *
 * Blocks until the broker answers. A question that the broker lost is asked
 * once more if asking twice is harmless.
 *
 * Return: 0 the broker answered; -EMFILE it answered yes, and the kernel
 *	could not give us the descriptor; -ECONNRESET the broker is gone, or lost
 *	the question; -EPROTO its message made no sense and the connection is shut; another -errno
 *	of sendmsg(2).
 */
int channel_ask(struct channel *channel, struct question *question, struct wire_answer *ret,
		int *ret_fd);

#endif

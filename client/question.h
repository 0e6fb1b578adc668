/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CLIENT_QUESTION_H
#define FDB_CLIENT_QUESTION_H

/*
 * What the broker is asked, as a message, and what is an answer to it. Pure: nothing is sent or received
 * here, and nobody waits.
 */

#include <stdbool.h>
#include <stddef.h>

#include "wire/act.h"
#include "wire/batch.h"
#include "wire/message.h"
#include "wire/proto.h"

/* Many opens at once; all of it is borrowed. */
struct question_batch {
	struct wire_batch_writer *message;
	/* Written with the answer, for each open. A descriptor is the caller's, and instead of one that
	 * was granted may be -EMFILE. */
	struct wire_answer *results;
	int *fds;
};

struct question {
	uint16_t opcode;
	/* Written with the answer. */
	int fd; /* CLOEXEC and the caller's; left as it is if none came */
	struct wire_answer answer;
	size_t data_len;
	/* Where what is told goes; more of it than has room is no answer. */
	void *data;
	size_t data_size;
	union {
		struct wire_open open;	      /* WIRE_OPCODE_OPEN */
		struct question_batch *batch; /* WIRE_OPCODE_BATCH */
		struct wire_act act;	      /* all others */
	};
};

#define QUESTION_SIZE (WIRE_HEADER_SIZE + 12U + 2 * WIRE_PATH_MAX) /* bytes: act.h */

/* Does who has it done twice get the same as who has it done once? */
bool question_is_repeatable(const struct question *question);

/* The message that asks it: @buffer, of QUESTION_SIZE, or where that of a batch stands. Its bytes, or
 * -EMSGSIZE. */
int question_write(const struct question *question, uint64_t id, void *buffer, const void **ret);

#define REPLY_SIZE (WIRE_HEADER_SIZE + WIRE_ANSWER_SIZE + 2U + WIRE_DATA_MAX) /* bytes: act.h */

/* What came. Borrows the message, and its descriptors until they are given away. */
struct reply {
	struct wire_header header;
	struct wire_act_answer act; /* unless it is a notice, or of a batch */
	const void *bytes;
	struct message *message;
	bool cut; /* the kernel could not install its descriptors */
};

/* 0; -EPROTO it cannot be the answer to anything: it contradicts itself, or has not the descriptors that it
 * announces. A notice, and what is of a batch, are only known for it. */
int reply_read(const void *bytes, struct message *message, bool cut, struct reply *ret);

/**
 * reply_give() - give the answer to who asked
 * @question:	what is the answer's of it is written, and its batch, unless it is -EPROTO
 *
 * Return: 0; -EMFILE, but for the descriptor, which the kernel could not install; -EPROTO it is not the
 *	answer to @question.
 */
int reply_give(const struct reply *reply, struct question *question);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/question.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/codec.h"

bool question_is_repeatable(const struct question *question)
{
	const uint32_t changes = WIRE_OPEN_CREATE | WIRE_OPEN_TRUNCATE | WIRE_OPEN_TMPFILE;

	if (question->opcode == WIRE_OPCODE_BATCH)
		return true; /* it holds nothing else */
	if (question->opcode == WIRE_OPCODE_OPEN)
		return !(question->open.flags & changes);
	return !wire_act_changes(question->opcode);
}

int question_write(const struct question *question, uint64_t id, void *buffer, const void **ret)
{
	*ret = buffer;
	if (question->opcode == WIRE_OPCODE_OPEN)
		return wire_open_write(id, &question->open, buffer, QUESTION_SIZE);
	if (question->opcode != WIRE_OPCODE_BATCH)
		return wire_act_write(id, question->opcode, &question->act, buffer, QUESTION_SIZE);
	*ret = question->batch->message->buffer;
	return (int)wire_batch_end(question->batch->message, id);
}

static bool is_of(const struct wire_header *header, uint16_t opcode)
{
	return header->opcode == (opcode | WIRE_OPCODE_REPLY);
}

/* Of an answer to one request. */
static bool is_sound(const struct reply *reply)
{
	const struct wire_answer *answer = &reply->act.answer;

	if ((answer->error == 0) != (answer->reason == WIRE_REASON_OK))
		return false;
	if (reply->cut)
		return reply->message->n_fds == 0 && answer->n_fds > 0;
	return reply->message->n_fds == answer->n_fds;
}

/* A message is of one kind, and the readers of all others refuse it. */
int reply_read(const void *bytes, struct message *message, bool cut, struct reply *ret)
{
	size_t size = message->size;

	*ret = (struct reply){ .bytes = bytes, .message = message, .cut = cut };
	if (wire_answer_read(bytes, size, &ret->header, &ret->act.answer) == 0 ||
	    wire_act_answer_read(bytes, size, &ret->header, &ret->act) == 0)
		return is_sound(ret) ? 0 : -EPROTO;
	if (wire_header_read(bytes, size, &ret->header) < 0)
		return -EPROTO;
	if (ret->header.opcode != WIRE_OPCODE_NOTICE && !is_of(&ret->header, WIRE_OPCODE_BATCH))
		return -EPROTO;
	return 0;
}

static bool is_answer_to(const struct question *question, const struct reply *reply)
{
	/* One that does not know batches, or has no memory for one. */
	if (question->opcode == WIRE_OPCODE_BATCH)
		return is_of(&reply->header, WIRE_OPCODE_OPEN) && reply->act.answer.error != 0;
	return is_of(&reply->header, question->opcode) &&
	       reply->act.data_len <= question->data_size;
}

/* @message: NULL, if the kernel could not install all its descriptors. */
static void hand_over(struct question_batch *batch, struct message *message)
{
	size_t next = 0;

	for (uint16_t i = 0; i < batch->message->n; i++) {
		batch->fds[i] = -EMFILE;
		if (message && batch->results[i].n_fds > 0)
			batch->fds[i] = message->fds[next++];
	}
	if (message)
		message->n_fds = 0;
}

/* Each granted open has its own descriptor, in their order; if one is missing, none is given. */
static int give_results(const struct reply *reply, struct question_batch *batch)
{
	struct message *message = reply->message;
	struct wire_header header;
	int given = wire_batch_answer_read(reply->bytes, message->size, &header, batch->results,
					   batch->message->n);

	if (given < 0 || (reply->cut && given == 0))
		return -EPROTO;
	if (message->n_fds != (reply->cut ? 0 : (size_t)given))
		return -EPROTO;
	hand_over(batch, reply->cut ? NULL : message);
	return 0;
}

static int give_answer(const struct reply *reply, struct question *question)
{
	const struct wire_act_answer *act = &reply->act;

	question->answer = act->answer;
	question->data_len = act->data_len;
	if (act->data_len > 0)
		memcpy(question->data, act->data, act->data_len);
	if (reply->message->n_fds > 0)
		question->fd = reply->message->fds[0];
	reply->message->n_fds = 0;
	return reply->cut ? -EMFILE : 0;
}

int reply_give(const struct reply *reply, struct question *question)
{
	if (is_of(&reply->header, question->opcode) && question->opcode == WIRE_OPCODE_BATCH)
		return give_results(reply, question->batch);
	return is_answer_to(question, reply) ? give_answer(reply, question) : -EPROTO;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Many opens in few messages. What the broker would not decide in a batch, since it may take its time,
 * is asked for by itself: at once if that can be told from its flags, and otherwise when
 * the broker says so. So what goes into a batch changes nothing, and may be repeated if it was lost.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "client/code.h"
#include "client/handle.h"
#include "client/open_flags.h"
#include "client/path.h"
#include "wire/batch.h"

_Static_assert(FDBROKER_BATCH_MAX == WIRE_BATCH_MAX, "one message may hold them all");

#define CHANGES (WIRE_OPEN_CREATE | WIRE_OPEN_TRUNCATE | WIRE_OPEN_TMPFILE)

/* A message and whose opens are in it. */
struct collection {
	struct fdbroker *broker;
	struct wire_batch_writer message;
	struct fdbroker_request *requests[WIRE_BATCH_MAX];
};

static void settle(struct fdbroker_request *request, int r, struct fdbroker_answer answer)
{
	request->fd = code_filter(r);
	request->answer = answer;
}

static void ask_singly(struct fdbroker *broker, struct fdbroker_request *request)
{
	request->fd = fdbroker_open(broker, request->path, request->flags, request->mode,
				    &request->answer);
}

/* @fd: that came for it, or the errno for which it did not. */
static void settle_one(struct fdbroker *broker, struct fdbroker_request *request,
		       const struct wire_answer *result, int fd)
{
	const struct fdbroker_answer answer = { (enum fdbroker_reason)result->reason,
						result->decision };

	if (result->reason == WIRE_REASON_SINGLY)
		ask_singly(broker, request);
	else
		settle(request, result->error == 0 ? fd : -result->error, answer);
}

/* Ask for what was collected, and begin anew. */
static void ask(struct collection *c)
{
	struct wire_answer results[WIRE_BATCH_MAX] _uninitialized_;
	int fds[WIRE_BATCH_MAX] _uninitialized_;
	struct question_batch batch = { .message = &c->message, .results = results, .fds = fds };
	struct question question = { .opcode = WIRE_OPCODE_BATCH, .batch = &batch };
	struct fdbroker_answer answer = { .reason = FDBROKER_REASON_NONE };
	uint16_t n = c->message.n;
	int r = 0;

	if (n > 0)
		r = handle_ask(c->broker, &question, &answer);
	for (uint16_t i = 0; i < n; i++)
		/* Lost twice, they are not all lost by what one of them does to a broker. */
		if (r == -EOPNOTSUPP || r == -ECONNRESET)
			ask_singly(c->broker, c->requests[i]);
		else if (r < 0)
			settle(c->requests[i], r, answer);
		else
			settle_one(c->broker, c->requests[i], &results[i], fds[i]);
	c->message = wire_batch_begin(c->message.buffer, c->message.size);
}

static void collect(struct collection *c, struct fdbroker_request *request, struct path *name)
{
	static const struct fdbroker_answer none = { .reason = FDBROKER_REASON_NONE };
	struct wire_open open;
	int r;

	r = path_absolute(request->path, name);
	if (r == 0)
		r = open_flags_translate(request->flags, request->mode, name->directory, &open);
	if (r < 0) {
		settle(request, r, none);
		return;
	}
	if (open.flags & CHANGES) {
		ask_singly(c->broker, request);
		return;
	}
	open.path = name->text;
	open.path_len = (uint16_t)name->len;
	if (wire_batch_add(&c->message, &open) < 0) {
		ask(c);
		(void)wire_batch_add(&c->message, &open);
	}
	c->requests[c->message.n - 1] = request;
}

static size_t room_for(size_t n)
{
	size_t most = WIRE_BATCH_HEAD + n * (WIRE_OPEN_SIZE + WIRE_PATH_MAX);

	return most < WIRE_MESSAGE_MAX ? most : WIRE_MESSAGE_MAX;
}

int fdbroker_open_batch(struct fdbroker *broker, struct fdbroker_request *requests, size_t n)
{
	_cleanup_(freep) uint8_t *buffer = NULL;
	struct collection c _uninitialized_;
	struct path name _uninitialized_;
	int opened = 0;

	if (!broker || !requests || n == 0 || n > FDBROKER_BATCH_MAX)
		return -EINVAL;
	buffer = malloc(room_for(n));
	if (!buffer)
		return -ENOMEM;
	c.broker = broker;
	c.message = wire_batch_begin(buffer, room_for(n));
	for (size_t i = 0; i < n; i++)
		collect(&c, &requests[i], &name);
	ask(&c);
	for (size_t i = 0; i < n; i++)
		opened += requests[i].fd >= 0;
	return opened;
}

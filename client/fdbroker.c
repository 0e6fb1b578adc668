/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The exported functions. A handle outlives fork(2): the child's first call
 * finds that the channel is another process's, and replaces it by its own, without a lock, since
 * the parent's may be held for ever in the child. The old one is kept until
 * fdbroker_close(): another thread of the child may just be looking at it.
 */

#include "client/fdbroker.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/macro.h"
#include "client/channel.h"
#include "client/code.h"
#include "client/connection.h"
#include "client/handle.h"
#include "client/open_flags.h"
#include "client/path.h"
#include "client/sandbox.h"
#include "wire/codec.h"

static_assert((int)FDBROKER_REASON_OK == (int)WIRE_REASON_OK, "reasons are the wire's");
static_assert((int)FDBROKER_REASON_CONDITION == (int)WIRE_REASON_CONDITION, "");
static_assert((int)FDBROKER_REASON_BAD_PATH == (int)WIRE_REASON_BAD_PATH, "");
static_assert((int)FDBROKER_REASON_DEGRADED == (int)WIRE_REASON_DEGRADED, "");

struct fdbroker {
	_Atomic(struct channel *) channel; /* owned */
	char *path;			   /* owned; how to connect anew, NULL: not at all */
	bool chosen;			   /* see struct connection_place */
};

DEFINE_CLEANUP(struct fdbroker *, fdbroker_close)

struct fdbroker *fdbroker_close(struct fdbroker *broker)
{
	if (!broker)
		return NULL;
	channel_free(atomic_load(&broker->channel));
	free(broker->path);
	free(broker);
	return NULL;
}

/* A handle over @take_fd, which is consumed on success only. */
static int broker_new(int take_fd, const struct connection_place *place, struct fdbroker **ret)
{
	_cleanup_(fdbroker_closep) struct fdbroker *broker = calloc(1, sizeof(*broker));
	struct channel *channel;
	int r;

	if (!broker)
		return -ENOMEM;
	broker->chosen = place->chosen;
	if (place->path) {
		broker->path = strdup(place->path);
		if (!broker->path)
			return -ENOMEM;
	}
	r = channel_new(take_fd, NULL, &channel);
	if (r < 0)
		return r;
	atomic_init(&broker->channel, channel);
	*ret = TAKE_PTR(broker);
	return 0;
}

static int connect_anew(const struct connection_place *place, struct fdbroker **ret)
{
	_cleanup_(fd_closep) int fd = -EBADF;
	int r;

	r = connection_open(place->path, place->chosen, &fd);
	if (r < 0)
		return r;
	r = broker_new(fd, place, ret);
	if (r == 0)
		(void)TAKE_FD(fd);
	return r;
}

static int adopt(int fd, struct fdbroker **ret)
{
	static const struct connection_place place = { .fd = -EBADF, .chosen = true };
	int r;

	r = connection_check(fd, place.chosen);
	if (r < 0)
		return r;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return broker_new(fd, &place, ret);
}

int fdbroker_adopt(struct fdbroker **ret, int fd)
{
	if (!ret)
		return -EINVAL;
	return code_filter(adopt(fd, ret));
}

int fdbroker_connect(struct fdbroker **ret, const char *path)
{
	struct connection_place place;
	int r;

	if (!ret)
		return -EINVAL;
	r = connection_find(path, &place);
	if (r == 0)
		r = place.path ? connect_anew(&place, ret) : adopt(place.fd, ret);
	return code_filter(r);
}

/* In a child of the process that connected: a channel of our own in @stale's place. */
static int replace_channel(struct fdbroker *broker, struct channel *stale, struct channel **ret)
{
	_cleanup_(fd_closep) int fd = -EBADF;
	struct channel *fresh;
	int r;

	if (!broker->path || connection_open(broker->path, broker->chosen, &fd) < 0)
		return -ECHILD;
	r = channel_new(fd, stale, &fresh);
	if (r < 0)
		return r;
	(void)TAKE_FD(fd);
	*ret = stale;
	if (atomic_compare_exchange_strong(&broker->channel, ret, fresh)) {
		channel_disown(stale);
		*ret = fresh;
		return 0;
	}
	/* Another thread was faster, and *ret is now its channel. */
	channel_forget(fresh);
	return 0;
}

static int current_channel(struct fdbroker *broker, struct channel **ret)
{
	struct channel *channel = atomic_load(&broker->channel);

	if (!channel_is_ours(channel))
		return replace_channel(broker, channel, ret);
	*ret = channel;
	return 0;
}

static int ask(struct fdbroker *broker, struct question *question)
{
	struct channel *channel;
	int r;

	r = current_channel(broker, &channel);
	if (r == 0)
		r = channel_ask(channel, question);
	if (r < 0)
		return r;
	if (question->answer.error != 0)
		return -question->answer.error;
	return question->fd >= 0 ? question->fd : 0;
}

int handle_ask(struct fdbroker *broker, struct question *question,
	       struct fdbroker_answer *ret_answer)
{
	int r;

	/* Until the broker says another one. */
	question->answer.reason = FDBROKER_REASON_NONE;
	r = ask(broker, question);
	if (ret_answer) {
		ret_answer->reason = (enum fdbroker_reason)question->answer.reason;
		ret_answer->decision = question->answer.decision;
	}
	return code_filter(r);
}

int handle_unasked(struct fdbroker_answer *ret_answer, int r)
{
	if (ret_answer)
		*ret_answer = (struct fdbroker_answer){ .reason = FDBROKER_REASON_NONE };
	return code_filter(r);
}

int fdbroker_open(struct fdbroker *broker, const char *path, int flags, mode_t mode,
		  struct fdbroker_answer *ret_answer)
{
	struct question question = { .opcode = WIRE_OPCODE_OPEN };
	struct path name _uninitialized_;
	int r;

	r = broker ? path_absolute(path, &name) : -EINVAL;
	if (r == 0)
		r = open_flags_translate(flags, mode, name.directory, &question.open);
	if (r < 0)
		return handle_unasked(ret_answer, r);
	question.open.path = name.text;
	question.open.path_len = (uint16_t)name.len;
	return handle_ask(broker, &question, ret_answer);
}

const char *fdbroker_reason_name(enum fdbroker_reason reason)
{
	if (reason == FDBROKER_REASON_NONE)
		return "none";
	return wire_reason_name((unsigned)reason > UINT16_MAX ? UINT16_MAX : (uint16_t)reason);
}

int fdbroker_sandbox(struct fdbroker *broker, uint32_t flags)
{
	struct channel *channel;

	if (!broker || flags != 0)
		return -EINVAL;
	channel = atomic_load(&broker->channel);
	if (!channel_is_ours(channel))
		return -ECHILD;
	return code_filter(sandbox_enter(channel_fd(channel)));
}

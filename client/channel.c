/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Every asking thread is a waiter with an id of its own, on its own stack, in
 * the channel's list. Whichever waiter finds nobody reading reads the next
 * message, gives it to the waiter whose id it bears, and wakes the others, of whom one reads on.
 *
 * A message that nobody can be meant by (an unknown id, an answered one, descriptors that
 * were not announced) shuts the connection for all: after it no answer
 * could be believed. The descriptor stays open until channel_free(): its number may not
 * become another file's while a thread waits on it (and in the sandbox it cannot be closed).
 *
 * After fork(2) the child sees memory that another thread may have left in mid-change, a lock
 * that nobody will release, and a connection whose answers are its parent's. It touches
 * none of them: see current_channel() in fdbroker.c.
 */

#include "client/channel.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "client/forkmark.h"
#include "client/question.h"
#include "client/settled.h"
#include "client/transfer.h"
#include "wire/codec.h"
#include "wire/message.h"

enum {
	WAITING = 1, /* not an errno: results are 0 or negative */
	LOST = -ERESTART,
};

struct waiter {
	struct waiter *next;
	uint64_t id;
	int result; /* WAITING, 0, LOST or -errno */
	struct question *question;
};

struct channel {
	struct channel *previous; /* owned */
	struct forkmark *mark;	  /* owned */
	int fd;			  /* owned */
	pthread_mutex_t lock;	  /* of what follows */
	pthread_cond_t changed;
	bool shut;
	bool reading; /* a thread is in transfer_receive() */
	uint64_t last_id;
	uint64_t lost_id; /* up to this one, an answer may come that nobody waits for: proto.h */
	struct waiter *waiters; /* each on its thread's stack */
};

struct incoming {
	uint8_t bytes[REPLY_SIZE];
	struct message message;
};

int channel_new(int take_fd, struct channel *previous, struct channel **ret)
{
	_cleanup_(forkmark_freep) struct forkmark *mark = forkmark_new();
	struct channel *c = calloc(1, sizeof(*c));

	if (!c || !mark) {
		free(c);
		return -ENOMEM;
	}
	c->mark = TAKE_PTR(mark);
	c->previous = previous;
	c->fd = take_fd;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	settled_forget();
	*ret = c;
	return 0;
}

static void close_connection(struct channel *c)
{
	/* By itself, as in base/fd.c: nobody is cancelled here. The sandbox forbids to close this one: end
	 * it by other means. */
	if (c->fd >= 0 && syscall(SYS_close, c->fd) < 0 && errno == EPERM && channel_is_ours(c))
		shutdown(c->fd, SHUT_RDWR);
	c->fd = -EBADF;
}

struct channel *channel_free(struct channel *c)
{
	while (c) {
		struct channel *previous = c->previous;

		close_connection(c);
		/* In a child of fork(2) the parent's lock is in no state to be destroyed. */
		if (channel_is_ours(c)) {
			pthread_cond_destroy(&c->changed);
			pthread_mutex_destroy(&c->lock);
		}
		forkmark_free(c->mark);
		free(c);
		c = previous;
	}
	return NULL;
}

void channel_forget(struct channel *c)
{
	c->previous = NULL;
	channel_free(c);
}

void channel_disown(struct channel *c)
{
	c->fd = fd_close(c->fd);
}

bool channel_is_ours(const struct channel *c)
{
	return forkmark_is_ours(c->mark);
}

int channel_fd(const struct channel *c)
{
	return c->fd;
}

static void finish_all(struct channel *c, int result)
{
	for (struct waiter *w = c->waiters; w; w = w->next)
		if (w->result == WAITING)
			w->result = result;
}

static void shut(struct channel *c, int error)
{
	c->shut = true;
	shutdown(c->fd, SHUT_RDWR);
	finish_all(c, error);
}

static struct waiter *find_waiter(struct channel *c, uint64_t id)
{
	for (struct waiter *w = c->waiters; w; w = w->next)
		if (w->id == id && w->result == WAITING)
			return w;
	return NULL;
}

/* Nobody waits for it: then it must be from before a notice. */
static int take_unknown(const struct channel *c, uint64_t id)
{
	return id != 0 && id <= c->lost_id ? 0 : -EPROTO;
}

static int take_notice(struct channel *c, const struct incoming *in)
{
	uint16_t which = 0;

	if (in->message.n_fds > 0 || wire_notice_read(in->bytes, in->message.size, &which) < 0)
		return -EPROTO;
	if (which == WIRE_NOTICE_LOST) {
		finish_all(c, LOST);
		c->lost_id = c->last_id;
	}
	return 0; /* a notice of a later version is none of ours */
}

/* Give the answer to who waits for it. @cut: the kernel could not install its descriptors */
static int take_message(struct channel *c, struct incoming *in, bool cut)
{
	struct reply reply;
	struct waiter *w;
	int r;

	r = reply_read(in->bytes, &in->message, cut, &reply);
	if (r < 0)
		return r;
	if (reply.header.opcode == WIRE_OPCODE_NOTICE)
		return cut ? -EPROTO : take_notice(c, in);
	w = find_waiter(c, reply.header.id);
	if (!w)
		return take_unknown(c, reply.header.id);
	r = reply_give(&reply, w->question);
	if (r == -EPROTO)
		return r;
	w->result = r;
	return 0;
}

/* Make sense of what transfer_receive() returned. */
static void take(struct channel *c, int received, struct incoming *in)
{
	int r = 0;

	if (received > 0)
		r = take_message(c, in, false);
	else if (received == -EMFILE)
		r = take_message(c, in, true);
	else if (received == 0 || received == -ECONNRESET)
		r = -ECONNRESET;
	else
		r = -EPROTO;
	message_done(&in->message);
	if (r < 0)
		shut(c, r);
}

/* With the lock held: until another thread has read. A waiter is on the stack: its thread may not leave,
 * by being cancelled, before it is off the list. */
static void wait_for_others(struct channel *c)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	pthread_cond_wait(&c->changed, &c->lock);
	pthread_setcancelstate(state, NULL);
}

/* With the lock held, if nobody is reading: read one message, for whomever it is. */
static void read_one(struct channel *c)
{
	struct incoming in _uninitialized_;
	int r;

	c->reading = true;
	pthread_mutex_unlock(&c->lock);
	r = transfer_receive(c->fd, in.bytes, sizeof(in.bytes), &in.message);
	pthread_mutex_lock(&c->lock);
	c->reading = false;
	take(c, r, &in);
	/* Who has called is among them, and needs no waking. */
	if (c->waiters->next)
		pthread_cond_broadcast(&c->changed);
}

static int send_question(const struct channel *c, uint64_t id, const struct question *question)
{
	uint8_t buffer[QUESTION_SIZE] _uninitialized_;
	const void *bytes;
	int size = question_write(question, id, buffer, &bytes);

	return size < 0 ? size : transfer_send(c->fd, c->mark, bytes, (size_t)size);
}

static int enlist(struct channel *c, struct waiter *w)
{
	if (c->shut)
		return -ECONNRESET;
	w->id = ++c->last_id;
	w->next = c->waiters;
	c->waiters = w;
	return 0;
}

static void delist(struct channel *c, struct waiter *w)
{
	struct waiter **at = &c->waiters;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
}

static int ask_once(struct channel *c, struct question *question)
{
	struct waiter w = { .result = WAITING, .question = question };
	int r;

	pthread_mutex_lock(&c->lock);
	r = enlist(c, &w);
	pthread_mutex_unlock(&c->lock);
	if (r < 0)
		return r;

	r = send_question(c, w.id, question);
	pthread_mutex_lock(&c->lock);
	/* Only this thread failed: what others were answered may still be unread. */
	if (r < 0 && w.result == WAITING)
		w.result = r;
	while (w.result == WAITING)
		if (c->reading)
			wait_for_others(c);
		else
			read_one(c);
	delist(c, &w);
	pthread_mutex_unlock(&c->lock);
	return w.result;
}

int channel_ask(struct channel *c, struct question *question)
{
	int r;

	question->fd = -EBADF;
	r = ask_once(c, question);
	if (r == LOST && question_is_repeatable(question))
		r = ask_once(c, question);
	return r == LOST ? -ECONNRESET : r;
}

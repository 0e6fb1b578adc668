/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Every asking thread is a waiter with an id of its own, on its own stack, in
 * the channel's list. Whichever waiter finds nobody reading reads, and gives each message to
 * the waiter whose id it bears, until its own has come; then another reads on. Who neither
 * sends nor reads sleeps, and is woken for one of two reasons: it has its answer, or it is to read.
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
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lock.h"
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

/* A thread's from when it is on the list until it is off it, or was rung for. */
struct waiter {
	struct waiter *next;
	uint64_t id;
	struct question *question;
	int result; /* WAITING, and on the list; or 0, LOST or -errno */
	bool asleep;
	struct bell bell;
	struct waiter *next_woken;
};

struct channel {
	struct channel *previous; /* owned */
	struct forkmark *mark;	  /* owned */
	int fd;			  /* owned */
	struct lock lock;	  /* of what follows */
	bool shut;
	bool reading; /* a thread is in transfer_receive(), or will be */
	uint64_t last_id;
	uint64_t lost_id; /* up to this one, an answer may come that nobody waits for: proto.h */
	struct waiter *waiters; /* each on its thread's stack */
	struct waiter *woken;	/* to be rung for when the lock is released */
};

struct incoming {
	uint8_t bytes[REPLY_SIZE];
	struct message message;
	struct reply reply;
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

/* With the lock held, as all up to unlock(): have it look at what has become of it. */
static void wake(struct channel *c, struct waiter *w)
{
	if (!w->asleep)
		return;
	w->asleep = false;
	w->next_woken = c->woken;
	c->woken = w;
}

/* Where the one with that id is linked, or the end of the list. */
static struct waiter **find(struct channel *c, uint64_t id)
{
	struct waiter **at = &c->waiters;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

static void finish(struct channel *c, struct waiter **at, int result)
{
	struct waiter *w = *at;

	*at = w->next;
	w->result = result;
	wake(c, w);
}

static void finish_all(struct channel *c, int result)
{
	while (c->waiters)
		finish(c, &c->waiters, result);
}

static void shut(struct channel *c, int error)
{
	c->shut = true;
	shutdown(c->fd, SHUT_RDWR);
	finish_all(c, error);
}

/* Nobody waits for it: then it must be from before a notice. */
static int take_unknown(const struct channel *c, uint64_t id)
{
	return id != 0 && id <= c->lost_id ? 0 : -EPROTO;
}

static int take_notice(struct channel *c, const struct reply *reply)
{
	uint16_t which = 0;

	if (reply->cut || reply->message->n_fds > 0 ||
	    wire_notice_read(reply->bytes, reply->message->size, &which) < 0)
		return -EPROTO;
	if (which == WIRE_NOTICE_LOST) {
		finish_all(c, LOST);
		c->lost_id = c->last_id;
	}
	return 0; /* a notice of a later version is none of ours */
}

/* Give the answer to who waits for it. */
static int take(struct channel *c, const struct reply *reply)
{
	struct waiter **at;
	int r;

	if (reply->header.opcode == WIRE_OPCODE_NOTICE)
		return take_notice(c, reply);
	at = find(c, reply->header.id);
	if (!*at)
		return take_unknown(c, reply->header.id);
	r = reply_give(reply, (*at)->question);
	if (r == -EPROTO)
		return r;
	finish(c, at, r);
	return 0;
}

/* Who read has its answer: another one reads on. Those that do not sleep look for themselves. */
static void pass_reading_on(struct channel *c)
{
	struct waiter *w = c->waiters;

	while (w && !w->asleep)
		w = w->next;
	c->reading = w != NULL;
	if (w)
		wake(c, w);
}

/* Who is woken runs at once, maybe in our place, and may end: not with the lock held, and each is
 * looked at before it is rung for. */
static void unlock(struct channel *c)
{
	struct waiter *woken = c->woken;

	c->woken = NULL;
	lock_release(&c->lock);
	while (woken) {
		struct waiter *w = woken;

		woken = w->next_woken;
		bell_ring(&w->bell);
	}
}

/* One message, for whomever it is: 0, or why nothing more can be believed. */
static int receive(const struct channel *c, struct incoming *in)
{
	int r = transfer_receive(c->fd, in->bytes, sizeof(in->bytes), &in->message);

	if (r > 0)
		return reply_read(in->bytes, &in->message, false, &in->reply);
	if (r == -EMFILE)
		return reply_read(in->bytes, &in->message, true, &in->reply);
	return r == 0 || r == -ECONNRESET ? -ECONNRESET : -EPROTO;
}

/* As the one who reads, until @w has its answer. */
static void read_for(struct channel *c, struct waiter *w)
{
	struct incoming in _uninitialized_;
	int r;

	do {
		r = receive(c, &in);
		lock_take(&c->lock);
		if (r == 0)
			r = take(c, &in.reply);
		if (r < 0)
			shut(c, r);
		if (w->result != WAITING)
			pass_reading_on(c);
		unlock(c);
		message_done(&in.message);
	} while (w->result == WAITING);
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

/* It has sent: if it has no answer yet it is to sleep, or, where nobody reads, to read. */
static bool is_to_sleep(struct channel *c, struct waiter *w)
{
	if (w->result != WAITING)
		return false;
	w->asleep = c->reading;
	c->reading = true;
	return w->asleep;
}

static int ask_once(struct channel *c, struct question *question)
{
	struct waiter w = { .result = WAITING, .question = question };
	bool sleeps;
	int r;

	lock_take(&c->lock);
	r = enlist(c, &w);
	lock_release(&c->lock);
	if (r < 0)
		return r;

	r = send_question(c, w.id, question);
	lock_take(&c->lock);
	/* Only this thread failed: what others were answered may still be unread. */
	if (r < 0 && w.result == WAITING)
		finish(c, find(c, w.id), r);
	sleeps = is_to_sleep(c, &w);
	lock_release(&c->lock);

	if (sleeps)
		bell_await(&w.bell);
	/* Still: it was woken to read. */
	if (w.result == WAITING)
		read_for(c, &w);
	return w.result;
}

int channel_ask(struct channel *c, struct question *question)
{
	question->fd = -EBADF;
	for (bool again = false;; again = true) {
		int r = ask_once(c, question);

		if (r != LOST)
			return r;
		if (again || !question_is_repeatable(question))
			return -ECONNRESET;
	}
}

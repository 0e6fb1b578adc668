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
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "client/forkmark.h"
#include "wire/codec.h"
#include "wire/message.h"

/* bytes: act.h */
#define REQUEST_SIZE (WIRE_HEADER_SIZE + 12U + 2 * WIRE_PATH_MAX)
#define REPLY_SIZE   (WIRE_HEADER_SIZE + 18U + WIRE_DATA_MAX)

enum {
	WAITING = 1, /* not an errno: results are 0 or negative */
	LOST = -ERESTART,
};

struct waiter {
	struct waiter *next;
	uint64_t id;
	int result; /* WAITING, 0, LOST or -errno */
	int fd;	    /* owned */
	struct wire_answer answer;
	struct question *question;
};

struct channel {
	struct channel *previous; /* owned */
	struct forkmark *mark;	  /* owned */
	int fd;			  /* owned */
	pthread_mutex_t lock;	  /* of what follows */
	pthread_cond_t changed;
	bool shut;
	bool reading; /* a thread is in receive() */
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
	*ret = c;
	return 0;
}

static void close_connection(struct channel *c)
{
	/* The sandbox forbids to close this one: end it by other means. */
	if (c->fd >= 0 && close(c->fd) < 0 && errno == EPERM && channel_is_ours(c))
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

static bool is_answer_to(const struct question *question, const struct wire_header *header,
			 const struct wire_act_answer *act)
{
	/* One that does not know batches, or has no memory for one. */
	if (question->opcode == WIRE_OPCODE_BATCH)
		return header->opcode == (WIRE_OPCODE_OPEN | WIRE_OPCODE_REPLY) &&
		       act->answer.error != 0;
	return header->opcode == (question->opcode | WIRE_OPCODE_REPLY) &&
	       act->data_len <= question->data_size;
}

/* Nobody waits for it: then it must be from before a notice. */
static int take_unknown(const struct channel *c, uint64_t id)
{
	return id != 0 && id <= c->lost_id ? 0 : -EPROTO;
}

/* @message: NULL, if the kernel could not install all its descriptors. */
static void hand_over(struct question_batch *batch, struct message *message)
{
	size_t next = 0;

	for (uint16_t i = 0; i < batch->message->n; i++) {
		batch->fds[i] = -EMFILE;
		if (!message || batch->results[i].n_fds == 0)
			continue;
		batch->fds[i] = TAKE_FD(message->fds[next]);
		next++;
	}
}

/* Each granted open has its own descriptor, in their order; if one is missing, none is given. */
static int take_results(struct channel *c, struct incoming *in, uint64_t id, bool cut)
{
	struct question_batch *batch;
	struct wire_header header;
	size_t given = 0;
	struct waiter *w;

	w = find_waiter(c, id);
	if (!w)
		return take_unknown(c, id);
	batch = w->question->batch;
	if (w->question->opcode != WIRE_OPCODE_BATCH ||
	    wire_batch_answer_read(in->bytes, in->message.size, &header, batch->results,
				   batch->message->n) < 0)
		return -EPROTO;
	for (uint16_t i = 0; i < batch->message->n; i++)
		given += batch->results[i].n_fds;
	if (in->message.n_fds != (cut ? 0 : given) || (cut && given == 0))
		return -EPROTO;
	hand_over(batch, cut ? NULL : &in->message);
	w->answer = (struct wire_answer){ 0 };
	w->result = 0;
	return 0;
}

/* Give the answer to who waits for it. @cut: the kernel could not install its descriptor */
static int take_answer(struct channel *c, struct incoming *in, bool cut)
{
	struct wire_act_answer act = { .data_len = 0 };
	struct wire_answer answer;
	struct wire_header header;
	struct waiter *w;

	if (wire_answer_read(in->bytes, in->message.size, &header, &act.answer) < 0 &&
	    wire_act_answer_read(in->bytes, in->message.size, &header, &act) < 0)
		return -EPROTO;
	answer = act.answer;
	if ((answer.error == 0) != (answer.reason == WIRE_REASON_OK))
		return -EPROTO;
	if (in->message.n_fds != (cut ? 0 : answer.n_fds))
		return -EPROTO;
	if (cut && answer.n_fds == 0)
		return -EPROTO;
	w = find_waiter(c, header.id);
	if (!w)
		return take_unknown(c, header.id);
	if (!is_answer_to(w->question, &header, &act))
		return -EPROTO;
	w->question->data_len = act.data_len;
	if (act.data_len > 0)
		memcpy(w->question->data, act.data, act.data_len);
	w->answer = answer;
	w->result = cut ? -EMFILE : 0;
	if (in->message.n_fds == 1)
		w->fd = TAKE_FD(in->message.fds[0]);
	return 0;
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

static int take_message(struct channel *c, struct incoming *in, bool cut)
{
	struct wire_header header;

	if (wire_header_read(in->bytes, in->message.size, &header) < 0)
		return -EPROTO;
	if (header.opcode == WIRE_OPCODE_NOTICE)
		return cut ? -EPROTO : take_notice(c, in);
	if (header.opcode == (WIRE_OPCODE_BATCH | WIRE_OPCODE_REPLY))
		return take_results(c, in, header.id, cut);
	return take_answer(c, in, cut);
}

/* Make sense of what receive() returned. */
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

static int wait_for(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	while (poll(&pfd, 1, -1) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Somebody else who has the connection may make it O_NONBLOCK at any time. Who does not wait in
 * recvmsg(2) itself may take a message that is followed by the end for the end: that is believed only of
 * who has polled before. */
static int receive(const struct channel *c, struct incoming *in)
{
	static const struct message_want want = { .fds = WIRE_FDS_MAX, .wait = true };
	bool polled = false;
	int r;

	for (;;) {
		r = message_receive(c->fd, in->bytes, sizeof(in->bytes), &want, &in->message);
		if (r != -EAGAIN && r != -EINTR && (r != 0 || polled))
			return r;
		r = wait_for(c->fd, POLLIN);
		if (r < 0)
			return r;
		polled = true;
	}
}

/* With the lock held: let one message be read, by this thread or by another. */
static void wait_turn(struct channel *c)
{
	struct incoming in _uninitialized_;
	int r;

	if (c->reading) {
		pthread_cond_wait(&c->changed, &c->lock);
		return;
	}
	c->reading = true;
	pthread_mutex_unlock(&c->lock);
	message_init(&in.message);
	r = receive(c, &in);
	pthread_mutex_lock(&c->lock);
	c->reading = false;
	take(c, r, &in);
	pthread_cond_broadcast(&c->changed);
}

static int write_request(uint64_t id, const struct question *question, void *buffer, size_t size)
{
	if (question->opcode == WIRE_OPCODE_OPEN)
		return wire_open_write(id, &question->open, buffer, size);
	return wire_act_write(id, question->opcode, &question->act, buffer, size);
}

/* Explicitly, since the kernel would attach the real ids. They may change at any time, by a call of any
 * thread, so they are asked for; our number does not, except that vfork(2) lends our memory to
 * somebody else. Then the kernel says so. */
static int send_bytes(const struct channel *c, const void *bytes, size_t size)
{
	struct ucred self = { .pid = forkmark_pid(c->mark), .uid = geteuid(), .gid = getegid() };
	const struct message_attach attach = { .credentials = &self };
	int r;

	for (;;) {
		r = message_send(c->fd, bytes, size, &attach);
		if (r == -EPIPE)
			return -ECONNRESET;
		if (r == -EPERM && self.pid != getpid()) {
			self.pid = getpid();
			continue;
		}
		if (r != -EAGAIN && r != -EINTR)
			return r;
		r = wait_for(c->fd, POLLOUT);
		if (r < 0)
			return r;
	}
}

static int send_request(const struct channel *c, uint64_t id, const struct question *question)
{
	uint8_t bytes[REQUEST_SIZE] _uninitialized_;
	int size;

	if (question->opcode == WIRE_OPCODE_BATCH) {
		struct wire_batch_writer *message = question->batch->message;

		return send_bytes(c, message->buffer, wire_batch_end(message, id));
	}
	size = write_request(id, question, bytes, sizeof(bytes));
	return size < 0 ? size : send_bytes(c, bytes, (size_t)size);
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

static int ask_once(struct channel *c, struct question *question, struct waiter *w)
{
	int r;

	*w = (struct waiter){ .result = WAITING, .fd = -EBADF, .question = question };
	pthread_mutex_lock(&c->lock);
	r = enlist(c, w);
	pthread_mutex_unlock(&c->lock);
	if (r < 0)
		return r;

	r = send_request(c, w->id, question);
	pthread_mutex_lock(&c->lock);
	/* Only this thread failed: what others were answered may still be unread. */
	if (r < 0 && w->result == WAITING)
		w->result = r;
	while (w->result == WAITING)
		wait_turn(c);
	delist(c, w);
	pthread_mutex_unlock(&c->lock);
	return w->result;
}

/* Who has it done twice gets the same as who has it done once. */
static bool is_repeatable(const struct question *question)
{
	const uint32_t changes = WIRE_OPEN_CREATE | WIRE_OPEN_TRUNCATE | WIRE_OPEN_TMPFILE;

	if (question->opcode == WIRE_OPCODE_BATCH)
		return true; /* it holds nothing else */
	if (question->opcode == WIRE_OPCODE_OPEN)
		return !(question->open.flags & changes);
	return !wire_act_changes(question->opcode);
}

static int ask(struct channel *c, struct question *question, struct waiter *w)
{
	int r = ask_once(c, question, w);

	if (r == LOST && is_repeatable(question))
		r = ask_once(c, question, w);
	return r == LOST ? -ECONNRESET : r;
}

int channel_ask(struct channel *c, struct question *question, struct wire_answer *ret, int *ret_fd)
{
	struct waiter w;
	int state, r;

	/* A waiter is on the stack: its thread may not leave before it is off the list. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	r = ask(c, question, &w);
	pthread_setcancelstate(state, NULL);
	if (r < 0 && r != -EMFILE)
		return r;
	*ret = w.answer;
	*ret_fd = w.fd;
	return r;
}

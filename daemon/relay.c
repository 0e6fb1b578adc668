/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/relay.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "daemon/thread.h"

/*
 * A read(2) of inotify(7) returns whole events. So each is a packet of its own (pipe(2), O_DIRECT):
 * whoever has room for the largest gets one event whole, as he would have got one at least.
 *
 * The kernel's queue is emptied whether the reader reads or not, and as there, an event that is as the
 * one before it is not said twice. With the last event of its watch the relay ends too, and the reader
 * sees the end of the pipe: nothing would ever come any more.
 *
 * To close an instance waits for the kernel (fsnotify_wait_marks_destroyed()): the thread's time.
 */

#define AT_ONCE 4096U /* bytes read */
#define HEAD	sizeof(struct inotify_event)
#define LARGEST (HEAD + NAME_MAX + 1) /* bytes of an event: inotify(7) */
#define KEPT	(2 * HEAD)	      /* room for what is never left out: see take() */

struct relay {
	struct relay_setup setup;
	struct relay_end end;
	pthread_t thread;
	bool lost;   /* some events, since those that wait */
	bool over;   /* no more will come */
	size_t at;   /* where those begin that wait */
	size_t last; /* where the last of them does */
	size_t size;
	uint8_t waiting[RELAY_WAITING];
	uint8_t bytes[AT_ONCE];
};

/* events that wait */

static void add(struct relay *relay, const void *event, size_t size)
{
	memcpy(relay->waiting + relay->size, event, size);
	relay->last = relay->size;
	relay->size += size;
}

/* Once, until the reader has come to it: what is left out behind it is what it tells of. */
static void add_overflow(struct relay *relay)
{
	static const struct inotify_event overflow = { .wd = -1, .mask = IN_Q_OVERFLOW };

	if (!relay->lost)
		add(relay, &overflow, sizeof(overflow));
	relay->lost = true;
}

static bool is_repeated(const struct relay *relay, const uint8_t *event, size_t size)
{
	return relay->size > relay->at && relay->size - relay->last == size &&
	       memcmp(relay->waiting + relay->last, event, size) == 0;
}

static void take(struct relay *relay, uint32_t mask, const uint8_t *event, size_t size)
{
	if (mask & IN_Q_OVERFLOW) {
		add_overflow(relay);
	} else if (mask & IN_IGNORED) {
		add(relay, event, size);
		relay->over = true;
	} else if (is_repeated(relay, event, size)) {
		return;
	} else if (relay->lost || relay->size + size > sizeof(relay->waiting) - KEPT) {
		atomic_fetch_add(relay->setup.lost, 1);
		add_overflow(relay);
	} else {
		add(relay, event, size);
	}
}

/* Whoever sent the descriptor may be hijacked: it need not be what it should. */
static int take_all(struct relay *relay, size_t n)
{
	struct inotify_event head;
	size_t size;

	for (size_t at = 0; at < n && !relay->over; at += size) {
		if (n - at < HEAD)
			return -EBADMSG;
		memcpy(&head, relay->bytes + at, HEAD);
		size = HEAD + head.len;
		if (head.len > LARGEST - HEAD || size > n - at ||
		    (head.len > 0 && head.mask & IN_IGNORED))
			return -EBADMSG;
		take(relay, head.mask, relay->bytes + at, size);
	}
	return 0;
}

static int receive(struct relay *relay)
{
	ssize_t n = read(relay->setup.instance, relay->bytes, sizeof(relay->bytes));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EBADMSG;
	memmove(relay->waiting, relay->waiting + relay->at, relay->size - relay->at);
	relay->size -= relay->at;
	relay->last -= relay->at < relay->last ? relay->at : relay->last;
	relay->at = 0;
	return take_all(relay, (size_t)n);
}

/* As many as the pipe takes. */
static int deliver(struct relay *relay)
{
	struct inotify_event head;
	ssize_t n;

	while (relay->at < relay->size) {
		memcpy(&head, relay->waiting + relay->at, HEAD);
		n = write(relay->setup.pipe, relay->waiting + relay->at, HEAD + head.len);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if ((size_t)n != HEAD + head.len)
			return -EBADMSG;
		relay->at += (size_t)n;
	}
	relay->lost = false;
	return 0;
}

/* life */

static int turn(struct relay *relay)
{
	bool waits = relay->at < relay->size;
	struct pollfd fds[] = { { relay->setup.pipe, waits ? POLLOUT : 0, 0 },
				{ relay->setup.instance, relay->over ? 0 : POLLIN, 0 },
				{ relay->setup.stop, 0, 0 } };
	int r = 0;

	if (poll(fds, ELEMENTSOF(fds), -1) < 0)
		return errno == EINTR ? 0 : -errno;
	/* POLLERR: nobody has its other end any more. */
	if (fds[2].revents != 0 || fds[0].revents & (POLLERR | POLLHUP | POLLNVAL))
		return -EPIPE;
	if (fds[1].revents != 0)
		r = receive(relay);
	return r < 0 ? r : deliver(relay);
}

static void *run(void *argument)
{
	struct relay *relay = argument;
	int r = 0;

	while (r == 0 && !(relay->over && relay->at == relay->size))
		r = turn(relay);
	relay->end.error = r == -EPIPE ? 0 : r;
	/* First what tells the reader. */
	relay->setup.pipe = fd_close(relay->setup.pipe);
	relay->setup.instance = fd_close(relay->setup.instance);
	while (write(relay->setup.ended, &relay, sizeof(relay)) < 0 && errno == EINTR)
		continue;
	return NULL;
}

int relay_start(struct relay **ret, const struct relay_setup *setup)
{
	struct relay *relay = malloc(sizeof(*relay));
	int r;

	if (!relay)
		return -ENOMEM;
	relay->setup = *setup;
	relay->end = (struct relay_end){ .uid = setup->uid };
	relay->lost = relay->over = false;
	relay->at = relay->last = relay->size = 0;
	r = thread_start(&relay->thread, run, relay);
	if (r < 0) {
		free(relay);
		return r;
	}
	*ret = relay;
	return 0;
}

void relay_join(struct relay *relay, struct relay_end *ret)
{
	pthread_join(relay->thread, NULL);
	*ret = relay->end;
	free(relay);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/flow.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "daemon/thread.h"

/*
 * What is written to a pipe at once, up to PIPE_BUF bytes, is in it as a whole (pipe(7)), and a
 * read of as much as a pipe holds takes all that is in it. So each message of a client
 * reaches the file whole, in one write with O_APPEND, unless the disk is full or the client has
 * made its pipe larger than pipes are (F_SETPIPE_SZ).
 *
 * splice(2) would spare the copy, but it refuses files that are open for appending.
 */

#define AT_ONCE	  65536U   /* bytes: what a pipe holds, pipe(7) */
#define AFTER_END 1048576U /* bytes: what the largest pipe can hold, /proc/sys/fs/pipe-max-size */

struct flow {
	struct flow_setup setup;
	struct flow_end end;
	pthread_t thread;
	uint8_t bytes[AT_ONCE];
};

static int append(struct flow *f, const uint8_t *bytes, size_t size)
{
	ssize_t n;

	while (size > 0) {
		n = write(f->setup.file, bytes, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			f->end.lost += size;
			return -errno;
		}
		f->end.bytes += (uint64_t)n;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

/* 1 the pipe has something, or its end; 0 it was the last for now and ever. */
static int await(const struct flow *f, bool *stopped)
{
	struct pollfd fds[] = { { f->setup.pipe, POLLIN, 0 }, { f->setup.stop, 0, 0 } };

	while (poll(fds, *stopped ? 1 : 2, *stopped ? 0 : -1) < 0)
		if (errno != EINTR)
			return -errno;
	*stopped = *stopped || fds[1].revents != 0;
	return fds[0].revents != 0;
}

static int empty(struct flow *f)
{
	uint64_t left = AFTER_END;
	bool stopped = false;
	ssize_t n;
	int r;

	for (;;) {
		r = await(f, &stopped);
		if (r < 0 || (r == 0 && stopped))
			return r;
		n = read(f->setup.pipe, f->bytes, sizeof(f->bytes));
		if (n == 0)
			return 0;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n < 0)
			continue;
		r = append(f, f->bytes, (size_t)n);
		/* Whoever goes on writing must not keep the daemon from its end. */
		if (r < 0 || (stopped && left <= (uint64_t)n))
			return r;
		left -= stopped ? (uint64_t)n : 0;
	}
}

static void *run(void *argument)
{
	struct flow *f = argument;

	f->end.error = empty(f);
	/* First what tells the client; the other may take as long as it likes. */
	f->setup.pipe = fd_close(f->setup.pipe);
	f->setup.file = fd_close(f->setup.file);
	while (write(f->setup.ended, &f, sizeof(f)) < 0 && errno == EINTR)
		continue;
	return NULL;
}

static void *close_it(void *file)
{
	pthread_detach(pthread_self());
	fd_close((int)(intptr_t)file);
	return NULL;
}

/* As many wait at most as brokers that have sent one wait to close theirs: `max-in-flight` each. */
void flow_refuse(int take_file)
{
	pthread_t thread;

	if (thread_start(&thread, close_it, (void *)(intptr_t)take_file) < 0)
		fd_close(take_file);
}

int flow_start(struct flow **ret, const struct flow_setup *setup)
{
	struct flow *f = malloc(sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	f->setup = *setup;
	f->end = (struct flow_end){ .uid = setup->uid, .name = strdup(setup->name) };
	r = f->end.name ? thread_start(&f->thread, run, f) : -ENOMEM;
	if (r < 0) {
		free(f->end.name);
		free(f);
		return r;
	}
	*ret = f;
	return 0;
}

void flow_join(struct flow *flow, struct flow_end *ret)
{
	pthread_join(flow->thread, NULL);
	*ret = flow->end;
	free(flow);
}

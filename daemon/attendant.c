/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/attendant.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "daemon/child.h"
#include "daemon/control.h"
#include "daemon/log.h"
#include "wire/handshake.h"
#include "wire/message.h"

/*
 * One that dies is replaced at once if it lived for a while, and after a second if
 * it did not; so is one that could not be started. Meanwhile what brokers send waits,
 * in the queue or in rings, and when those are full they are told so at once: nobody
 * waits for it.
 */

#define QUEUE_BYTES  (4 << 20) /* asked for; /proc/sys/net/core/wmem_max may give less */
#define RESTART_USEC USEC_PER_SEC
#define CALM_USEC    (10 * USEC_PER_SEC)

static void start(struct attendant *a);

static int on_delay(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source;
	(void)usec;
	start(context);
	return 0;
}

static int start_later(struct attendant *a, uint64_t usec)
{
	a->delay = sd_event_source_disable_unref(a->delay);
	return sd_event_add_time_relative(a->setup.event, &a->delay, CLOCK_MONOTONIC, usec, 0,
					  on_delay, a);
}

static void forget(struct attendant *a)
{
	a->io = sd_event_source_disable_unref(a->io);
	a->exit = sd_event_source_disable_unref(a->exit);
	a->control = fd_close(a->control);
	a->pid = 0;
	a->is_greeted = false;
}

static int on_exit_of_child(sd_event_source *source, const siginfo_t *si, void *context)
{
	struct attendant *a = context;
	bool calm = clock_monotonic_usec() - a->started_usec > CALM_USEC;

	(void)source;
	forget(a);
	if (a->closing && si->si_code == CLD_EXITED) {
		a->setup.closed(a->setup.context);
		return 0;
	}
	if (si->si_code == CLD_EXITED)
		log_error("%s process exited with status %d, unasked", a->setup.name,
			  si->si_status);
	else
		log_error("%s process was ended by signal %d (%s)", a->setup.name, si->si_status,
			  sigabbrev_np(si->si_status) ?: "?");
	a->n_restarts++;
	return start_later(a, calm || a->n_restarts == 1 ? 0 : RESTART_USEC);
}

/* The end of file says: write what there is, and end. To one that does not know us yet
 * it would say nothing: it is told after the hand-shake. */
static void hang_up(struct attendant *a)
{
	if (!a->is_greeted)
		return;
	a->io = sd_event_source_disable_unref(a->io);
	a->control = fd_close(a->control);
}

static int greet(struct attendant *a)
{
	const struct ucred self = { .pid = getpid(), .uid = geteuid(), .gid = getegid() };
	int r;

	r = handshake_answer(a->control, &self);
	if (r == 0 && a->setup.greeting)
		r = control_send(a->control, a->setup.greeting);
	a->is_greeted = r == 0;
	if (a->is_greeted && a->setup.greeted)
		a->setup.greeted(a->setup.context);
	if (a->closing)
		hang_up(a);
	return r;
}

static int receive(struct attendant *a)
{
	_cleanup_(freep) char *buffer = NULL;
	struct control message;
	char *text;
	int r;

	if (!a->is_greeted)
		return greet(a);
	buffer = malloc(CONTROL_SIZE_MAX);
	if (!buffer)
		return -ENOMEM;
	r = control_receive_from_child(a->control, buffer, CONTROL_SIZE_MAX, &message);
	if (r <= 0)
		return r == 0 ? -EPIPE : r;
	if (message.type != CONTROL_COUNTERS)
		return a->setup.told ? a->setup.told(a->setup.context, &message) : -EPROTO;
	r = control_copy_text(&message, &text);
	if (r < 0)
		return r;
	free(a->counters);
	a->counters = text;
	a->setup.counted(a->setup.context);
	return 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct attendant *a = context;
	int r = receive(a);

	(void)fd;
	(void)revents;
	if (r == -EAGAIN || r >= 0)
		return 0;
	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (r != -EPIPE && r != -ECONNRESET)
		(void)sd_event_source_send_child_signal(a->exit, SIGKILL, NULL, 0);
	return 0;
}

static int watch(struct attendant *a)
{
	int r;

	r = child_watch(a->setup.event, a->pid, on_exit_of_child, a, &a->exit);
	if (r < 0)
		return r;
	return sd_event_add_io(a->setup.event, &a->io, a->control, EPOLLIN, on_io, a);
}

static int spawn(struct attendant *a)
{
	_cleanup_(fd_closep) int its_end = -EBADF;
	int pair[2], r;

	a->started_usec = clock_monotonic_usec();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -errno;
	a->control = pair[0];
	its_end = pair[1];
	r = message_accept_credentials(a->control, true);
	if (r < 0)
		return r;
	r = child_start(a->setup.program, (int[]){ its_end, a->queue[0], a->setup.file }, 3,
			&a->pid);
	if (r < 0)
		return r;
	r = watch(a);
	return r < 0 ? child_give_up(a->pid, r) : 0;
}

/* This machine may have no room for a process now, or for the descriptors to it: nobody else has to
 * end for that. */
static void start(struct attendant *a)
{
	int r = spawn(a);

	if (r == 0 && a->closing)
		attendant_close(a);
	if (r == 0)
		return;
	log_error_errno(r, "cannot start the %s process: %m", a->setup.name);
	forget(a);
	if (!a->closing)
		r = start_later(a, RESTART_USEC);
	if (r < 0)
		(void)sd_event_exit(a->setup.event, r);
}

int attendant_make_queue(int queue[2], bool takes_files)
{
	static const int bytes = QUEUE_BYTES;
	int r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, queue) < 0)
		return -errno;
	/* With a sender, a message without a byte is told from the end: message_receive(). */
	r = message_accept_credentials(queue[0], !takes_files);
	if (r < 0) {
		queue[0] = fd_close(queue[0]);
		queue[1] = fd_close(queue[1]);
		return r;
	}
	/* CAP_NET_ADMIN may exceed wmem_max; without it the wish is cut, and that is fine. */
	if (setsockopt(queue[1], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(queue[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return 0;
}

int attendant_init(struct attendant *a, const struct attendant_setup *setup)
{
	*a = (struct attendant){ .setup = *setup, .queue = { -EBADF, -EBADF }, .control = -EBADF };
	return setup->has_queue ? attendant_make_queue(a->queue, true) : 0;
}

void attendant_start(struct attendant *a)
{
	if (a->started_usec == 0)
		start(a);
}

int attendant_queue(const struct attendant *a)
{
	return a->queue[1];
}

int attendant_send(struct attendant *a, const struct control *message)
{
	return a->is_greeted ? control_send(a->control, message) : -EAGAIN;
}

int attendant_ask(struct attendant *a)
{
	return attendant_send(a, &(const struct control){ .type = CONTROL_ASK });
}

void attendant_close(struct attendant *a)
{
	a->closing = true;
	if (a->pid != 0)
		hang_up(a);
	else if (a->started_usec == 0)
		a->setup.closed(a->setup.context);
}

void attendant_done(struct attendant *a)
{
	if (!a->setup.event)
		return;
	forget(a);
	a->delay = sd_event_source_disable_unref(a->delay);
	a->queue[0] = fd_close(a->queue[0]);
	a->queue[1] = fd_close(a->queue[1]);
	free(a->counters);
	a->counters = NULL;
}

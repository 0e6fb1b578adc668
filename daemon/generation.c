/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/generation_parts.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "daemon/child.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/tallies.h"
#include "wire/handshake.h"
#include "wire/message.h"

/*
 * The broker is the one process of ours that strangers talk to. Whatever it
 * sends that does not belong to its state ends it, as a taken-over broker is
 * worth less than none.
 *
 * SIGKILL ends a process when the kernel lets go of it, and a file system that hangs never may.
 * Normally it takes microseconds, and waiting for the exit makes sure that no two read from one
 * connection; what is in the kernel's hands for longer reads nothing ever again (signal(7): the
 * signal comes before its next instruction), so that after a while its owner goes on without it.
 */

static void kill_it(struct generation *g, const char *why)
{
	if (g->state == GENERATION_KILLED)
		return;
	log_error("broker %llu %s: ending it", (unsigned long long)g->start.generation, why);
	g->state = GENERATION_KILLED;
	(void)sd_event_source_set_enabled(g->io, SD_EVENT_OFF);
	(void)sd_event_source_send_child_signal(g->exit, SIGKILL, NULL, 0);
	(void)generation_set_timer(g, LIMIT_KILL_SEC);
}

void generation_tell(struct generation *g, enum generation_event event,
		     const struct control *message)
{
	g->told(g->context, g, event, message);
}

/* time-outs */

static void give_up(struct generation *g)
{
	snprintf(g->ending, sizeof(g->ending), "was killed and does not end");
	generation_tell(g, GENERATION_STUCK, NULL);
}

static const char *what_is_late(enum generation_state state)
{
	if (state == GENERATION_STOPPING)
		return "does not stop";
	return state == GENERATION_LEAVING ? "does not end" : "takes too long to start";
}

static int on_timer(sd_event_source *source, uint64_t usec, void *context)
{
	struct generation *g = context;

	(void)source;
	(void)usec;
	if (g->state == GENERATION_KILLED)
		give_up(g);
	else
		kill_it(g, what_is_late(g->state));
	return 0;
}

int generation_set_timer(struct generation *g, unsigned int sec)
{
	g->timer = sd_event_source_disable_unref(g->timer);
	return sd_event_add_time_relative(g->event, &g->timer, CLOCK_MONOTONIC, sec * USEC_PER_SEC,
					  0, on_timer, g);
}

static int greet(struct generation *g)
{
	const struct ucred self = { .pid = getpid(), .uid = geteuid(), .gid = getegid() };
	const struct control message = { .type = CONTROL_START, .start = &g->start };
	int r;

	r = handshake_answer(g->control, &self);
	if (r < 0)
		return r;
	r = control_send(g->control, &message);
	if (r < 0)
		return r;
	g->state = GENERATION_LOADING;
	return 1;
}

/* Return: 1 for a message; 0 when there is nothing to come; -EAGAIN; another -errno. */
static int receive(struct generation *g)
{
	_cleanup_(freep) char *buffer = NULL;
	struct control message;
	int r;

	if (g->state == GENERATION_GREETING)
		return greet(g);
	buffer = malloc(CONTROL_SIZE_MAX);
	if (!buffer)
		return -ENOMEM;
	r = control_receive_from_child(g->control, buffer, CONTROL_SIZE_MAX, &message);
	if (r <= 0)
		return r;
	return generation_take(g, &message) ? 1 : -EPROTO;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct generation *g = context;
	int r = -EAGAIN;

	(void)fd;
	if (revents & EPOLLOUT) {
		(void)sd_event_source_set_io_events(source, EPOLLIN);
		generation_tell(g, GENERATION_ROOM, NULL);
	}
	if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR))
		r = receive(g);
	/* Its end of file is its death, or just before it: the exit follows. */
	if (r == 0 || r == -ECONNRESET || r == -EPIPE)
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	else if (r < 0 && r != -EAGAIN)
		kill_it(g, strerror(-r));
	return 0;
}

/* exit */

static void describe(struct generation *g, const siginfo_t *si)
{
	g->killed = si->si_code != CLD_EXITED;
	if (g->killed)
		snprintf(g->ending, sizeof(g->ending), "was ended by signal %d (%s)", si->si_status,
			 sigabbrev_np(si->si_status) ?: "?");
	else
		snprintf(g->ending, sizeof(g->ending), "exited with status %d", si->si_status);
}

static int on_exit_of_child(sd_event_source *source, const siginfo_t *si, void *context)
{
	struct generation *g = context;

	(void)source;
	/* What it said before it went. */
	while (g->state != GENERATION_GREETING && receive(g) == 1)
		continue;
	describe(g, si);
	generation_tell(g, GENERATION_GONE, NULL); /* frees g */
	return 0;
}

/* start */

static int watch(struct generation *g)
{
	int r;

	r = child_watch(g->event, g->pid, on_exit_of_child, g, &g->exit);
	if (r < 0)
		return r;
	r = sd_event_add_io(g->event, &g->io, g->control, EPOLLIN, on_io, g);
	if (r < 0)
		return r;
	return generation_set_timer(g, LIMIT_START_SEC);
}

static int spawn(struct generation *g, const struct generation_setup *setup)
{
	_cleanup_(fd_closep) int its_end = -EBADF, bell = -EBADF;
	int pair[2], ring, r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -errno;
	g->control = pair[0];
	its_end = pair[1];
	r = message_accept_credentials(g->control, true);
	if (r < 0)
		return r;
	g->tally = tallies_create();
	if (g->tally < 0)
		return g->tally;
	r = rings_open(setup->rings, g->start.generation, &ring, &bell);
	if (r < 0)
		return r;
	r = child_start(CHILD_BROKER, (int[]){ its_end, bell, setup->pump, g->tally, ring }, 5,
			&g->pid);
	if (r < 0)
		return r;
	r = watch(g);
	return r < 0 ? child_give_up(g->pid, r) : 0;
}

int generation_start(struct generation **ret, const struct generation_setup *setup)
{
	_cleanup_(generation_freep) struct generation *g = NULL;
	int r;

	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->control = g->tally = -EBADF;
	g->start = *setup->start;
	g->event = setup->event;
	g->told = setup->told;
	g->context = setup->context;
	r = spawn(g, setup);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(g);
	return 0;
}

/* requests */

int generation_send(struct generation *g, const struct control *connection)
{
	int r = control_send(g->control, connection);

	if (r == -EAGAIN)
		(void)sd_event_source_set_io_events(g->io, EPOLLIN | EPOLLOUT);
	return r;
}

void generation_stop(struct generation *g)
{
	const struct control message = { .type = CONTROL_STOP };

	g->state = GENERATION_STOPPING;
	if (control_send(g->control, &message) < 0 || generation_set_timer(g, LIMIT_STOP_SEC) < 0)
		kill_it(g, "cannot be told to stop");
}

int generation_ask(struct generation *g)
{
	int r = control_send(g->control, &(const struct control){ .type = CONTROL_ASK });

	g->asked += r == 0;
	return r;
}

int generation_unshadow(struct generation *g)
{
	int r = control_send(g->control, &(const struct control){ .type = CONTROL_UNSHADOW });

	if (r == 0)
		g->start.shadow_directory[0] = '\0';
	return r;
}

void generation_leave(struct generation *g)
{
	g->state = GENERATION_LEAVING;
	g->timer = sd_event_source_disable_unref(g->timer);
	g->io = sd_event_source_disable_unref(g->io);
	g->control = fd_close(g->control);
}

struct generation *generation_free(struct generation *g)
{
	if (!g)
		return NULL;
	sd_event_source_disable_unref(g->timer);
	sd_event_source_disable_unref(g->io);
	sd_event_source_disable_unref(g->exit);
	fd_close(g->control);
	fd_close(g->tally);
	free(g->summary);
	free(g->warnings);
	free(g->counters);
	free(g);
	return NULL;
}

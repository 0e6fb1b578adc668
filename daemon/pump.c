/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/account.h"
#include "base/clock.h"
#include "base/code.h"
#include "base/fd.h"
#include "base/macro.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/broker.h"
#include "daemon/burden.h"
#include "daemon/confine.h"
#include "daemon/control.h"
#include "daemon/copies.h"
#include "daemon/flow.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/relay.h"

/*
 * What clients write passes through here, and so does what happens to what they watch: a process of
 * its own, with the right to nothing but the descriptors that it is given. This thread never
 * touches a file or a pipe, so that a broker that asks for room is always answered.
 *
 * Its parent's end is its own: then what is in the pipes is written, and no more is read.
 */

struct pump {
	struct control_room room;
	struct quota pipes, watches;
	struct copies copies;
	int stop[2];	  /* closed at [1] to tell every flow and relay */
	int ended[2];	  /* pointers of flows */
	int unwatched[2]; /* of relays */
	size_t n_flows, n_relays;
	uint64_t opened, failed, malformed, refused, watched;
	uint64_t bytes, lost;
	atomic_ullong events_lost;
	uint64_t said_usec; /* when a failure was last logged */
	bool is_over;
};

/* flows */

/* A client may have his disk full all day long: one line a second, the counters say the rest. */
static void say_failure(struct pump *pump, const struct flow_end *end)
{
	_cleanup_(text_done) struct text name = TEXT_EMPTY;
	uint64_t now = clock_monotonic_usec();

	pump->failed++;
	if (pump->said_usec != 0 && now - pump->said_usec < USEC_PER_SEC)
		return;
	pump->said_usec = now;
	text_escape(&name, end->name, strlen(end->name));
	log_error_errno(end->error, "cannot append to %s for uid %u, %" PRIu64 " bytes lost: %m",
			name.data ? name.data : "?", end->uid, end->lost);
}

static void take_end(struct pump *pump)
{
	struct flow_end end;
	struct flow *flow;

	if (read(pump->ended[0], &flow, sizeof(flow)) != sizeof(flow))
		return;
	flow_join(flow, &end);
	pump->n_flows--;
	quota_return(&pump->pipes, end.uid);
	pump->bytes += end.bytes;
	pump->lost += end.lost;
	if (end.error < 0)
		say_failure(pump, &end);
	free(end.name);
}

static int start_flow(struct pump *pump, struct burden *burden)
{
	const struct flow_setup setup = { .uid = burden->uid,
					  .name = burden->name,
					  .pipe = burden->fds[0],
					  .file = burden->fds[1],
					  .stop = pump->stop[0],
					  .ended = pump->ended[1] };
	struct flow *flow;
	int r;

	r = quota_take(&pump->pipes, burden->uid);
	if (r < 0)
		return r;
	r = flow_start(&flow, &setup);
	if (r < 0) {
		quota_return(&pump->pipes, burden->uid);
		return r;
	}
	burden->fds[0] = burden->fds[1] = -EBADF;
	pump->n_flows++;
	pump->opened++;
	return 0;
}

/* watches */

static void take_watch_end(struct pump *pump)
{
	struct relay_end end;
	struct relay *relay;

	if (read(pump->unwatched[0], &relay, sizeof(relay)) != sizeof(relay))
		return;
	relay_join(relay, &end);
	pump->n_relays--;
	quota_return(&pump->watches, end.uid);
	if (end.error < 0)
		log_error_errno(end.error, "a watch of uid %u ends: %m", end.uid);
}

static int start_relay(struct pump *pump, struct burden *burden)
{
	const struct relay_setup setup = { .uid = burden->uid,
					   .instance = burden->fds[0],
					   .pipe = burden->fds[1],
					   .stop = pump->stop[0],
					   .ended = pump->unwatched[1],
					   .lost = &pump->events_lost };
	struct relay *relay;
	int r;

	r = quota_take(&pump->watches, burden->uid);
	if (r < 0)
		return r;
	r = relay_start(&relay, &setup);
	if (r < 0) {
		quota_return(&pump->watches, burden->uid);
		return r;
	}
	burden->fds[0] = burden->fds[1] = -EBADF;
	pump->n_relays++;
	pump->watched++;
	return 0;
}

/* burdens */

static int take_on(struct pump *pump, struct burden *burden)
{
	switch (burden->kind) {
	case BURDEN_PIPE:
		return start_flow(pump, burden);
	case BURDEN_SNAPSHOT:
		return copies_add(&pump->copies, burden->fds[0], burden->uid, burden->bytes);
	case BURDEN_WATCH:
		return start_relay(pump, burden);
	}
	return -EBADMSG;
}

/* 1 something came; 0 nothing did. */
static int receive(struct pump *pump)
{
	struct burden burden = { .fds = { -EBADF, -EBADF } };
	int reply = -EBADF, r;

	r = burden_receive(PUMP_QUEUE_FD, &burden, &reply);
	if (r == -EAGAIN || r == 0)
		return 0;
	if (r < 0) {
		pump->malformed++;
		burden_done(&burden);
		return 1;
	}
	r = take_on(pump, &burden);
	pump->refused += r < 0;
	/* Whatever is short, it may be there again later. */
	burden_answer(reply, r < 0 ? -EAGAIN : 0);
	if (burden.kind == BURDEN_PIPE && burden.fds[1] >= 0)
		flow_refuse(TAKE_FD(burden.fds[1]));
	burden_done(&burden);
	return 1;
}

/* the parent */

static int answer(const struct pump *pump)
{
	_cleanup_(text_done) struct text text = TEXT_EMPTY;

	text_printf(&text, "pipes %zu\n", pump->n_flows);
	text_printf(&text, "pipes-opened %" PRIu64 "\n", pump->opened);
	text_printf(&text, "pipes-failed %" PRIu64 "\n", pump->failed);
	text_printf(&text, "pipe-bytes-lost %" PRIu64 "\n", pump->lost);
	text_printf(&text, "snapshots %zu\n", pump->copies.n);
	text_printf(&text, "snapshot-bytes %zu\n", pump->copies.quota.taken * COPIES_UNIT);
	text_printf(&text, "watches %zu\n", pump->n_relays);
	text_printf(&text, "watches-opened %" PRIu64 "\n", pump->watched);
	text_printf(&text, "watch-events-lost %llu\n", atomic_load(&pump->events_lost));
	text_printf(&text, "deliveries-refused %" PRIu64 "\n", pump->refused);
	if (text.failed)
		return -ENOMEM;
	return control_send(CONTROL_FD, &(const struct control){ .type = CONTROL_COUNTERS,
								 .text = text.data,
								 .text_len = text.len });
}

static void hear_parent(struct pump *pump)
{
	static uint8_t buffer[CONTROL_SIZE_MAX];
	struct control message;
	int r;

	r = control_receive(CONTROL_FD, buffer, sizeof(buffer), &message);
	if (r == -EAGAIN)
		return;
	pump->is_over = r <= 0;
	if (r <= 0)
		return;
	fd_close(message.fd);
	if (message.type == CONTROL_ASK)
		(void)answer(pump);
}

static int receive_room(struct control_room *ret)
{
	uint64_t deadline = clock_monotonic_usec() + LIMIT_HANDSHAKE_SEC * USEC_PER_SEC;
	static uint8_t buffer[CONTROL_SIZE_MAX];
	struct control control;
	int r;

	r = clock_wait(CONTROL_FD, POLLIN, deadline);
	if (r < 0)
		return r;
	r = control_receive(CONTROL_FD, buffer, sizeof(buffer), &control);
	if (r <= 0)
		return r < 0 ? r : -ECONNRESET;
	fd_close(control.fd);
	if (control.type != CONTROL_ROOM)
		return -EPROTO;
	*ret = control.room;
	return 0;
}

/* life */

static int prepare(struct pump *pump)
{
	const struct control_room *room = &pump->room;
	int r;

	if (pipe2(pump->stop, O_CLOEXEC) < 0 || pipe2(pump->ended, O_CLOEXEC) < 0 ||
	    pipe2(pump->unwatched, O_CLOEXEC) < 0)
		return -errno;
	r = quota_init(&pump->pipes, room->pipes, room->pipes_each);
	if (r < 0)
		return r;
	r = quota_init(&pump->watches, room->watches, room->watches_each);
	if (r < 0)
		return r;
	return copies_init(&pump->copies, room->copies, room->copies_each);
}

static int become_confined(void)
{
	_cleanup_(account_done) struct account account = { 0 };
	int r;

	r = account_by_name(BROKER_USER, &account);
	if (r < 0)
		return r;
	return confine_pump(account.uid, account.gid);
}

static int turn(struct pump *pump)
{
	struct pollfd fds[] = { { .fd = CONTROL_FD, .events = POLLIN },
				{ .fd = PUMP_QUEUE_FD, .events = POLLIN },
				{ .fd = pump->ended[0], .events = POLLIN },
				{ .fd = pump->unwatched[0], .events = POLLIN },
				{ .fd = pump->copies.watches, .events = POLLIN } };

	if (poll(fds, ELEMENTSOF(fds), -1) < 0)
		return errno == EINTR ? 0 : -errno;
	/* What is free again, before who asks for it. */
	if (fds[4].revents != 0)
		copies_forget(&pump->copies);
	if (fds[3].revents != 0)
		take_watch_end(pump);
	if (fds[2].revents != 0)
		take_end(pump);
	if (fds[1].revents != 0)
		(void)receive(pump);
	if (fds[0].revents != 0)
		hear_parent(pump);
	return 0;
}

/* A file that takes nothing must not keep the daemon from its end: what is in its pipe is lost. */
static void drain(struct pump *pump)
{
	uint64_t deadline = clock_monotonic_usec() + LIMIT_DRAIN_SEC * USEC_PER_SEC;

	while (receive(pump) > 0)
		continue;
	pump->stop[1] = fd_close(pump->stop[1]);
	while (pump->n_flows > 0 && clock_wait(pump->ended[0], POLLIN, deadline) > 0)
		take_end(pump);
	while (pump->n_relays > 0 && clock_wait(pump->unwatched[0], POLLIN, deadline) > 0)
		take_watch_end(pump);
	if (pump->n_flows > 0)
		log_error("%zu pipes are left, whose files take nothing", pump->n_flows);
}

static int run(struct pump *pump)
{
	int r;

	r = control_meet_parent();
	if (r < 0)
		return r;
	r = receive_room(&pump->room);
	if (r < 0)
		return r;
	r = prepare(pump);
	if (r < 0)
		return r;
	r = become_confined();
	memory_release();
	memory_be_frugal();
	code_release();
	while (r == 0 && !pump->is_over)
		r = turn(pump);
	if (pump->is_over)
		drain(pump);
	return r;
}

int pump_main(void)
{
	static struct pump pump;
	int r;

	log_set_name("fdbrokerd pump");
	r = run(&pump);
	if (r < 0)
		log_error_errno(r, "the pump ends: %m");
	/* Threads that are in the kernel's hands have no more say. */
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

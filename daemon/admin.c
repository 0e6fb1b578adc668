/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/admin.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "daemon/identity.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/rest.h"
#include "wire/admin.h"
#include "wire/message.h"
#include "wire/proto.h"

/*
 *	IDLE	→ RELOAD	on a request for one, on trial or not, or for a shadow, → IDLE when it
 *				is decided
 *		→ STATUS	on a request for one, → IDLE when the counters are there, or too late
 *
 *		→ IDLE		on a confirmation, answered at once
 *
 * A session that asks while it waits, or anything unknown, is ended. The uid is
 * that of whoever connected; a socket handed to somebody else is root's own doing.
 */

#define STATUS_WAIT_USEC                                                                           \
	(USEC_PER_SEC / 2) /* for counters: a stuck broker must not hide the rest */

enum admin_state { ADMIN_IDLE, ADMIN_RELOAD, ADMIN_STATUS };

struct admin_session {
	struct admin *admin;
	struct admin_session *next;
	enum admin_state state;
	uint16_t opcode; /* of what it waits for */
	uint64_t number; /* RELOAD: what it waits for */
	int fd;
	sd_event_source *io, *timer;
};

static struct admin_session *session_free(struct admin_session *session)
{
	if (!session)
		return NULL;
	sd_event_source_disable_unref(session->timer);
	sd_event_source_disable_unref(session->io);
	fd_close(session->fd);
	free(session);
	return NULL;
}

DEFINE_CLEANUP(struct admin_session *, session_free)

static void end(struct admin_session *session)
{
	struct admin *admin = session->admin;

	for (struct admin_session **at = &admin->sessions; *at; at = &(*at)->next) {
		if (*at != session)
			continue;
		*at = session->next;
		admin->n_sessions--;
		session_free(session);
		return;
	}
}

/* time */

static int on_timer(sd_event_source *source, uint64_t usec, void *context);

static int set_timer(struct admin_session *session, uint64_t usec)
{
	session->timer = sd_event_source_disable_unref(session->timer);
	return sd_event_add_time_relative(session->admin->setup.event, &session->timer,
					  CLOCK_MONOTONIC, usec, 0, on_timer, session);
}

/* answers */

/* A text is cut where a line ends. */
static size_t text_to_send(const char *text)
{
	size_t len = strlen(text);
	const char *end;

	if (len <= ADMIN_TEXT_MAX)
		return len;
	end = memrchr(text, '\n', ADMIN_TEXT_MAX);
	return end ? (size_t)(end - text) + 1 : ADMIN_TEXT_MAX;
}

/* @fd goes with it; borrowed; -EBADF: none. */
static int reply(const struct admin_session *session, int exit_code, const char *text, int fd)
{
	const struct admin_reply message = { .exit_code = exit_code,
					     .opcode = session->opcode,
					     .text = text,
					     .text_len = text_to_send(text) };
	const struct message_attach attach = { .fds = &fd, .n_fds = fd >= 0 };
	_cleanup_(freep) uint8_t *buffer = malloc(WIRE_MESSAGE_MAX);
	int r;

	if (!buffer)
		return -ENOMEM;
	r = admin_reply_write(&message, buffer, WIRE_MESSAGE_MAX);
	if (r < 0)
		return r;
	return message_send(session->fd, buffer, (size_t)r, &attach);
}

static void answer(struct admin_session *session, int exit_code, const char *text, int fd)
{
	session->state = ADMIN_IDLE;
	if (reply(session, exit_code, text, fd) < 0 ||
	    set_timer(session, LIMIT_ADMIN_SEC * USEC_PER_SEC) < 0)
		end(session);
}

void admin_decided(struct admin *admin, uint64_t number, int exit_code, const char *text)
{
	struct admin_session *next;

	for (struct admin_session *session = admin->sessions; session; session = next) {
		next = session->next;
		if (session->state == ADMIN_RELOAD && session->number <= number)
			answer(session, exit_code, text, -EBADF);
	}
}

void admin_counted(struct admin *admin)
{
	_cleanup_(freep) char *status = NULL;
	struct text text = TEXT_EMPTY;
	struct admin_session *next;

	admin->setup.status(admin->setup.context, &text);
	(void)text_finish(&text, &status);
	for (struct admin_session *session = admin->sessions; session; session = next) {
		next = session->next;
		if (session->state != ADMIN_STATUS)
			continue;
		if (status)
			answer(session, 0, status, -EBADF);
		else
			end(session);
	}
}

/* requests */

static int request_reload(struct admin_session *session, const struct admin_request *request)
{
	(void)request;
	session->state = ADMIN_RELOAD;
	session->number = session->admin->setup.reload(session->admin->setup.context);
	return set_timer(session, LIMIT_ADMIN_SEC * USEC_PER_SEC);
}

static void answer_text(struct admin_session *session, int exit_code, struct text *text)
{
	_cleanup_(freep) char *string = NULL;

	if (text_finish(text, &string) < 0)
		end(session);
	else
		answer(session, exit_code, string, -EBADF);
}

static int request_trial(struct admin_session *session, const struct admin_request *request)
{
	const struct admin_setup *setup = &session->admin->setup;
	struct text why = TEXT_EMPTY;

	session->number = setup->reload_on_trial(setup->context, request->sec, &why);
	if (session->number == 0) {
		answer_text(session, 2, &why);
		return 0;
	}
	session->state = ADMIN_RELOAD;
	return set_timer(session, LIMIT_ADMIN_SEC * USEC_PER_SEC);
}

static int request_confirm(struct admin_session *session, const struct admin_request *request)
{
	const struct admin_setup *setup = &session->admin->setup;
	struct text said = TEXT_EMPTY;
	int r = setup->confirm(setup->context, &said);

	(void)request;
	answer_text(session, r < 0 ? EX_IOERR : r, &said);
	return 0;
}

/* The directory is not the request's to say: beside the socket only root writes. */
static int request_shadow(struct admin_session *session, const struct admin_request *request)
{
	(void)request;
	session->state = ADMIN_RELOAD;
	session->number = session->admin->setup.shadow(session->admin->setup.context);
	if (session->number == 0) {
		answer(session, EX_UNAVAILABLE,
		       "error: not now: no policy serves, one is on trial, or a reload is under "
		       "way\n",
		       -EBADF);
		return 0;
	}
	return set_timer(session, LIMIT_ADMIN_SEC * USEC_PER_SEC);
}

static int request_unshadow(struct admin_session *session, const struct admin_request *request)
{
	int r = session->admin->setup.unshadow(session->admin->setup.context);

	(void)request;
	if (r == -ENOENT)
		answer(session, 1, "no shadow runs\n", -EBADF);
	else
		answer(session, r < 0 ? EX_UNAVAILABLE : 0, r < 0 ? "error: not now\n" : "",
		       -EBADF);
	return 0;
}

static int request_status(struct admin_session *session, const struct admin_request *request)
{
	int r;

	(void)request;
	session->state = ADMIN_STATUS;
	r = set_timer(session, STATUS_WAIT_USEC);
	if (r < 0)
		return r;
	session->admin->setup.collect(session->admin->setup.context);
	return 0;
}

static int request_tally(struct admin_session *session, const struct admin_request *request)
{
	const struct admin_setup *setup = &session->admin->setup;
	_cleanup_(freep) char *known = NULL;
	struct text text = TEXT_EMPTY;
	int fd, r;

	(void)request;
	fd = setup->tally(setup->context, &text);
	r = text_finish(&text, &known);
	if (r < 0)
		return r;
	answer(session, 0, known, fd);
	return 0;
}

static int begin(struct admin_session *session, const struct admin_request *request)
{
	static const struct {
		uint16_t opcode;
		int (*begin)(struct admin_session *session, const struct admin_request *request);
	} requests[] = {
		{ ADMIN_OPCODE_RELOAD, request_reload },
		{ ADMIN_OPCODE_STATUS, request_status },
		{ ADMIN_OPCODE_TRIAL, request_trial },
		{ ADMIN_OPCODE_CONFIRM, request_confirm },
		{ ADMIN_OPCODE_SHADOW, request_shadow },
		{ ADMIN_OPCODE_UNSHADOW, request_unshadow },
		{ ADMIN_OPCODE_TALLY, request_tally },
	};

	session->opcode = request->opcode;
	for (size_t i = 0; i < ELEMENTSOF(requests); i++)
		if (requests[i].opcode == request->opcode)
			return requests[i].begin(session, request);
	return -EOPNOTSUPP;
}

static int receive(struct admin_session *session)
{
	static const struct message_want want; /* nothing but bytes */
	uint8_t buffer[ADMIN_REQUEST_MAX];
	struct admin_request request;
	struct message m;
	int r;

	r = message_receive(session->fd, buffer, sizeof(buffer), &want, &m);
	if (r <= 0)
		return r == 0 ? -EPIPE : r;
	r = admin_request_read(buffer, m.size, &request);
	if (r < 0)
		return r;
	if (session->state != ADMIN_IDLE)
		return -EPROTO;
	return begin(session, &request);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct admin_session *session = context;
	int r = receive(session);

	(void)source;
	(void)fd;
	(void)revents;
	if (r < 0 && r != -EAGAIN)
		end(session);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *context)
{
	struct admin_session *session = context;

	(void)source;
	(void)usec;
	if (session->state == ADMIN_STATUS)
		admin_counted(session->admin);
	else
		end(session);
	return 0;
}

/* sessions */

static int admit(struct admin *admin, int *take_fd)
{
	_cleanup_(session_freep) struct admin_session *session = NULL;
	int r;

	session = calloc(1, sizeof(*session));
	if (!session)
		return -ENOMEM;
	session->admin = admin;
	session->fd = TAKE_FD(*take_fd);
	r = sd_event_add_io(admin->setup.event, &session->io, session->fd, EPOLLIN, on_io, session);
	if (r < 0)
		return r;
	r = set_timer(session, LIMIT_ADMIN_SEC * USEC_PER_SEC);
	if (r < 0)
		return r;
	session->next = admin->sessions;
	admin->sessions = TAKE_PTR(session);
	admin->n_sessions++;
	return 0;
}

static int check_peer(struct admin *admin, int fd)
{
	struct ucred peer;
	int r;

	r = identity_peer(fd, &peer);
	if (r < 0)
		return r;
	if (peer.uid == 0)
		return 0;
	if (admin->refused++ == 0)
		log_warning("uid %u, pid %d tried the admin socket", peer.uid, peer.pid);
	return -EACCES;
}

static int on_listener(sd_event_source *source, int listener, uint32_t revents, void *context)
{
	_cleanup_(fd_closep) int fd = -EBADF;
	struct admin *admin = context;
	int r;

	(void)revents;
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			rest_listener(source, &admin->pause);
		return 0;
	}
	if (check_peer(admin, fd) < 0 || admin->n_sessions >= LIMIT_ADMINS)
		return 0;
	r = admit(admin, &fd);
	if (r < 0)
		log_warning_errno(r, "cannot serve the admin socket: %m");
	return 0;
}

int admin_init(struct admin *admin, const struct admin_setup *setup)
{
	*admin = (struct admin){ .setup = *setup };
	if (setup->listener < 0)
		return 0;
	return sd_event_add_io(setup->event, &admin->accepting, setup->listener, EPOLLIN,
			       on_listener, admin);
}

void admin_done(struct admin *admin)
{
	while (admin->sessions)
		end(admin->sessions);
	admin->pause = sd_event_source_disable_unref(admin->pause);
	admin->accepting = sd_event_source_disable_unref(admin->accepting);
}

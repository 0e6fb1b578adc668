/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/admin_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "daemon/identity.h"
#include "daemon/limits.h"
#include "daemon/log.h"
#include "daemon/rest.h"
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

void admin_end(struct admin_session *session)
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

int admin_set_timer(struct admin_session *session, uint64_t usec)
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

void admin_answer(struct admin_session *session, int exit_code, const char *text, int fd)
{
	session->state = ADMIN_IDLE;
	if (reply(session, exit_code, text, fd) < 0 ||
	    admin_set_timer(session, LIMIT_ADMIN_SEC * USEC_PER_SEC) < 0)
		admin_end(session);
}

void admin_decided(struct admin *admin, uint64_t number, int exit_code, const char *text)
{
	struct admin_session *next;

	for (struct admin_session *session = admin->sessions; session; session = next) {
		next = session->next;
		if (session->state == ADMIN_RELOAD && session->number <= number)
			admin_answer(session, exit_code, text, -EBADF);
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
			admin_answer(session, 0, status, -EBADF);
		else
			admin_end(session);
	}
}

/* requests */

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
	return admin_begin(session, &request);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct admin_session *session = context;
	int r = receive(session);

	(void)source;
	(void)fd;
	(void)revents;
	if (r < 0 && r != -EAGAIN)
		admin_end(session);
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
		admin_end(session);
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
	r = admin_set_timer(session, LIMIT_ADMIN_SEC * USEC_PER_SEC);
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
		admin_end(admin->sessions);
	admin->pause = sd_event_source_disable_unref(admin->pause);
	admin->accepting = sd_event_source_disable_unref(admin->accepting);
}

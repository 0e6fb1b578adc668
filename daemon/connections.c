/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/connections.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "daemon/control.h"
#include "daemon/identity.h"
#include "daemon/labels.h"
#include "daemon/log.h"
#include "daemon/rest.h"
#include "wire/message.h"

/*
 * A connection over a limit is closed at once, before anything is read of its
 * process: refusing has to be cheaper than asking. Idle ones are never ended, as
 * a sandboxed program may ask late and cannot connect again.
 *
 * The parent sees the end of a connection as EPOLLHUP on its duplicate, which
 * epoll(7) reports unasked: a client that closed, or a broker that called
 * shutdown(2).
 *
 * Out of descriptors, accept4(2) fails and the listener stays readable: without
 * more ado, a busy loop. The reserve is closed to take the connection off the
 * queue and end it; where even that fails the listener rests for a while.
 */

#define COMPLAINT_INTERVAL_USEC (10 * USEC_PER_SEC)

struct connection {
	TAILQ_ENTRY(connection) link; /* connections::waiting or ::given */
	struct connections *of;
	struct facts facts;
	bool is_given, lost;
	int fd;
	sd_event_source *hangup;
};

static struct connection_list *list_of(const struct connection *connection)
{
	return connection->is_given ? &connection->of->given : &connection->of->waiting;
}

/* From the list, from the count, and for the client too unless a broker still has it. */
static struct connection *connection_free(struct connection *connection)
{
	if (!connection)
		return NULL;
	sd_event_source_disable_unref(connection->hangup);
	fd_close(connection->fd);
	free(connection);
	return NULL;
}

DEFINE_CLEANUP(struct connection *, connection_free)

static void end(struct connection *connection)
{
	TAILQ_REMOVE(list_of(connection), connection, link);
	quota_return(&connection->of->quota, connection->facts.uid);
	connection_free(connection);
}

static int on_hangup(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	(void)source;
	(void)fd;
	(void)revents;
	end(context);
	return 0;
}

/* handing over */

static void mark_given(struct connection *connection, bool is_given)
{
	TAILQ_REMOVE(list_of(connection), connection, link);
	connection->is_given = is_given;
	TAILQ_INSERT_TAIL(list_of(connection), connection, link);
}

void connections_give(struct connections *c)
{
	struct connection *first;
	int r;

	while ((first = TAILQ_FIRST(&c->waiting))) {
		r = c->give(c->context, &(const struct control){ .type = CONTROL_CONNECTION,
								 .facts = first->facts,
								 .lost = first->lost,
								 .fd = first->fd });
		if (r == -EAGAIN)
			return;
		if (r < 0) {
			log_warning_errno(r, "cannot hand over a connection of uid %u: %m",
					  first->facts.uid);
			end(first);
			continue;
		}
		first->lost = false;
		mark_given(first, true);
	}
}

void connections_shut(struct connections *c, uint64_t number)
{
	struct connection *connection;

	TAILQ_FOREACH(connection, &c->given, link)
	{
		if (connection->facts.connection != number)
			continue;
		shutdown(connection->fd, SHUT_RDWR);
		end(connection);
		return;
	}
}

void connections_take_back(struct connections *c, bool lost)
{
	struct connection *last;

	/* From the end to the front: the order in which they came stays. */
	while ((last = TAILQ_LAST(&c->given, connection_list))) {
		TAILQ_REMOVE(&c->given, last, link);
		last->is_given = false;
		last->lost = lost;
		TAILQ_INSERT_HEAD(&c->waiting, last, link);
	}
}

/* accepting */

/* A flood must not become a flood of lines; the counters in `status` have all of them. */
static bool may_complain(struct connections *c)
{
	uint64_t now = clock_monotonic_usec();

	if (c->last_complaint_usec != 0 && now - c->last_complaint_usec < COMPLAINT_INTERVAL_USEC)
		return false;
	c->last_complaint_usec = now;
	return true;
}

static void count_refusal(struct connections *c, uid_t uid, int r)
{
	if (r == -EUSERS)
		c->refused_uid++;
	else
		c->refused_total++;
	if (may_complain(c))
		log_warning("connection of uid %u refused: %s", uid,
			    r == -EUSERS ? "it has as many as it may (max-per-uid)"
					 : "there are as many as there may be (max-clients)");
}

static int attest(struct connections *c, struct connection *connection)
{
	int r;

	r = identity_attest(connection->fd, c->labels, &connection->facts);
	if (r < 0)
		return r;
	connection->facts.connection = ++c->last_number;
	return sd_event_add_io(c->event, &connection->hangup, connection->fd, 0, on_hangup,
			       connection);
}

static int admit(struct connections *c, int *take_fd)
{
	_cleanup_(connection_freep) struct connection *connection = NULL;
	int r;

	connection = calloc(1, sizeof(*connection));
	if (!connection)
		return -ENOMEM;
	connection->of = c;
	connection->fd = TAKE_FD(*take_fd);
	r = attest(c, connection);
	if (r < 0)
		return r;
	TAILQ_INSERT_TAIL(&c->waiting, connection, link);
	connection = NULL;
	return 0;
}

static void refuse_identity(struct connections *c, int r)
{
	c->refused_identity++;
	if (may_complain(c))
		log_warning_errno(r, "connection refused: cannot tell whose it is: %m");
}

static void receive_connection(struct connections *c, int take_fd)
{
	_cleanup_(fd_closep) int fd = take_fd;
	struct ucred peer;
	int r;

	/* Inherited from the listener only by connections made after it was set there; first, as until then
	 * what is sent without credentials has none. */
	r = message_accept_credentials(fd, true);
	if (r >= 0)
		r = identity_peer(fd, &peer);
	if (r < 0) {
		refuse_identity(c, r);
		return;
	}
	if (peer.uid == c->broker) {
		refuse_identity(c, -EACCES);
		return;
	}
	r = quota_take(&c->quota, peer.uid);
	if (r < 0) {
		count_refusal(c, peer.uid, r);
		return;
	}
	r = admit(c, &fd);
	if (r < 0) {
		quota_return(&c->quota, peer.uid);
		refuse_identity(c, r);
		return;
	}
	connections_give(c);
}

static int open_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void shed(struct connections *c)
{
	int fd;

	c->refused_total++;
	if (may_complain(c))
		log_error("connection refused: out of descriptors (LimitNOFILE=)");
	c->reserve = fd_close(c->reserve);
	fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
	fd_close(fd);
	c->reserve = open_reserve();
	if (fd < 0 || c->reserve < 0)
		rest_listener(c->accepting, &c->pause);
}

static int on_listener(sd_event_source *source, int listener, uint32_t revents, void *context)
{
	struct connections *c = context;
	int fd;

	(void)source;
	(void)revents;
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		receive_connection(c, fd);
	else if (errno == EMFILE || errno == ENFILE)
		shed(c);
	else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		rest_listener(c->accepting, &c->pause);
	return 0;
}

int connections_init(struct connections *c, const struct connections_setup *setup)
{
	*c = (struct connections){ .listener = setup->listener,
				   .event = setup->event,
				   .broker = setup->broker,
				   .labels = labels_module(),
				   .give = setup->give,
				   .context = setup->context };
	TAILQ_INIT(&c->waiting);
	TAILQ_INIT(&c->given);
	c->reserve = open_reserve();
	if (c->reserve < 0)
		return -errno;
	if (quota_init(&c->quota, setup->total, setup->each) < 0)
		return -ENOMEM;
	return sd_event_add_io(c->event, &c->accepting, c->listener, EPOLLIN, on_listener, c);
}

void connections_close(struct connections *c)
{
	c->accepting = sd_event_source_disable_unref(c->accepting);
	c->pause = sd_event_source_disable_unref(c->pause);
}

void connections_done(struct connections *c)
{
	struct connection *first;

	if (!c->event)
		return;
	connections_close(c);
	connections_take_back(c, false);
	while ((first = TAILQ_FIRST(&c->waiting)))
		end(first);
	c->reserve = fd_close(c->reserve);
	quota_done(&c->quota);
}

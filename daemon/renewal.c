/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/renewal.h"

#include <errno.h>

#include "base/clock.h"
#include "daemon/control.h"
#include "daemon/log.h"
#include "daemon/serve.h"

/*
 * What can be repeated waits unanswered until this generation leaves: then its client is told that it
 * is lost, and the library asks again, of the next one. The rest is the program's to repeat.
 */

#define ASK_USEC USEC_PER_SEC /* from one request for a renewal to the next, at least */

static bool is_repeatable(const struct request *request)
{
	return !request->create && !request->truncate && !request->tmpfile &&
	       !wire_act_changes(request->opcode);
}

static void ask_parent(struct server *server)
{
	const struct control control = { .type = CONTROL_RENEW, .fd = -EBADF };
	uint64_t now = clock_monotonic_usec();
	int r;

	if (server->renewal_usec != 0 && now - server->renewal_usec < ASK_USEC)
		return;
	r = control_send(server->control, &control);
	if (r < 0)
		log_error_errno(r, "cannot ask for a renewal: %m");
	else
		server->renewal_usec = now;
}

int renewal_await(struct exchange *x)
{
	const struct rate_caller caller = { x->session->facts.uid, x->session->facts.unit };
	struct server *server = x->server;
	uint64_t deadline = clock_monotonic_usec() + server->workers.setup.open_usec;

	if (x->outcome.in_flight)
		rates_return(&server->rates, x->outcome.in_flight, &caller);
	x->outcome.in_flight = NULL;
	if (!server->leaving) {
		ask_parent(server);
		if (is_repeatable(&x->request) && waiting_add(&server->waiting, x, deadline) == 0)
			return -EINPROGRESS;
	}
	x->outcome.outside = false;
	exchange_answer(x, WIRE_REASON_BUSY, EAGAIN);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "daemon/admin_parts.h"
#include "daemon/limits.h"

/* What may be asked for on the admin socket: a row for each, in admin_begin(). */

/* For counters: a stuck broker must not hide the rest. */
#define STATUS_WAIT_USEC (USEC_PER_SEC / 2)

static int request_reload(struct admin_session *session, const struct admin_request *request)
{
	(void)request;
	session->state = ADMIN_RELOAD;
	session->number = session->admin->setup.reload(session->admin->setup.context);
	return admin_set_timer(session, LIMIT_ADMIN_SEC * USEC_PER_SEC);
}

static void answer_text(struct admin_session *session, int exit_code, struct text *text)
{
	_cleanup_(freep) char *string = NULL;

	if (text_finish(text, &string) < 0)
		admin_end(session);
	else
		admin_answer(session, exit_code, string, -EBADF);
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
	return admin_set_timer(session, LIMIT_ADMIN_SEC * USEC_PER_SEC);
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
		admin_answer(session, EX_UNAVAILABLE,
			     "error: not now: no policy serves, one is on trial, or a reload is "
			     "under way\n",
			     -EBADF);
		return 0;
	}
	return admin_set_timer(session, LIMIT_ADMIN_SEC * USEC_PER_SEC);
}

static int request_unshadow(struct admin_session *session, const struct admin_request *request)
{
	int r = session->admin->setup.unshadow(session->admin->setup.context);

	(void)request;
	if (r == -ENOENT)
		admin_answer(session, 1, "no shadow runs\n", -EBADF);
	else
		admin_answer(session, r < 0 ? EX_UNAVAILABLE : 0, r < 0 ? "error: not now\n" : "",
			     -EBADF);
	return 0;
}

static int request_status(struct admin_session *session, const struct admin_request *request)
{
	int r;

	(void)request;
	session->state = ADMIN_STATUS;
	r = admin_set_timer(session, STATUS_WAIT_USEC);
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
	admin_answer(session, 0, known, fd);
	return 0;
}

int admin_begin(struct admin_session *session, const struct admin_request *request)
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

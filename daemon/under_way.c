/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/under_way.h"

#include <linux/sock_diag.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "daemon/batch.h"
#include "daemon/limits.h"

/*
 * That an answer was taken nobody tells; but what is in a client's queue is charged to the socket that
 * sent it, until it is read or its reader has gone (net/unix/af_unix.c, unix_destruct_scm()). So
 * when somebody wants more than there is, or comes again, those who have some are looked at.
 *
 * A connection that was ended for what it sent counts on: otherwise a client could have a full queue on
 * each of as many as he has descriptors, of which the parent counts none (P32).
 */

int under_way_init(struct under_way *u, uint64_t files)
{
	size_t places = files / 4 < LIMIT_BATCH_FILES ? files / 4 : LIMIT_BATCH_FILES, each;

	if (places < 4)
		places = 4;
	each = places / 4 < LIMIT_BATCH_FILES_PER_UID ? places / 4 : LIMIT_BATCH_FILES_PER_UID;
	*u = (struct under_way){ 0 };
	return quota_init(&u->quota, places, each);
}

void under_way_done(struct under_way *u)
{
	while (u->holders) {
		struct session *session = u->holders;

		u->holders = session->next_holder;
		session_unref(session);
	}
	quota_done(&u->quota);
}

static bool has_arrived(const struct session *session)
{
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	socklen_t size = sizeof(memory);

	if (session->batch && !batch_is_answered(session->batch))
		return false;
	if (getsockopt(session->fd, SOL_SOCKET, SO_MEMINFO, memory, &size) < 0)
		return true;
	return memory[SK_MEMINFO_WMEM_ALLOC] == 0;
}

void under_way_return(struct under_way *u, struct session *session, uint16_t n)
{
	if (n == 0)
		return;
	quota_return_many(&u->quota, session->facts.uid, n);
	session->under_way -= n;
}

/* Forget those who have none any more. */
static void look(struct under_way *u)
{
	struct session **at = &u->holders;

	while (*at) {
		struct session *session = *at;

		if (has_arrived(session))
			under_way_return(u, session, session->under_way);
		if (session->under_way > 0) {
			at = &session->next_holder;
			continue;
		}
		*at = session->next_holder;
		session->next_holder = NULL;
		session->is_holder = false;
		if (session->has_ended)
			session_close(session);
		session_unref(session);
	}
}

int under_way_take(struct under_way *u, struct session *session, uint16_t n)
{
	uid_t uid = session->facts.uid;
	int r;

	if (session->under_way > 0 && has_arrived(session))
		under_way_return(u, session, session->under_way);
	r = quota_take_many(&u->quota, uid, n);
	if (r < 0) {
		look(u);
		r = quota_take_many(&u->quota, uid, n);
	}
	if (r < 0)
		return r;
	session->under_way += n;
	if (!session->is_holder) {
		session->is_holder = true;
		session->next_holder = u->holders;
		u->holders = session_ref(session);
	}
	return 0;
}

void under_way_end(struct under_way *u, struct session *session)
{
	session->has_ended = true;
	if (session->is_holder)
		look(u);
	else
		session_close(session);
}

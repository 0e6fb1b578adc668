/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/turns.h"

#include <string.h>
#include <sys/epoll.h>

/*
 * Where several uids ask, who has many connections has no more turns than who has one (P50): of the
 * others epoll(7) tells again, with whatever has come meanwhile.
 *
 * Who was chosen keeps his turn when the lead changes hands. epoll(7) would tell of him again, but
 * Linux puts whatever it tells of at the end of its queue as it tells (fs/eventpoll.c, ep_send_events()):
 * so in the same order, and if slow requests at its beginning take the lead with them, its end has
 * no turn for as long as they come.
 *
 * A client who waits for each answer before he asks again, as fast as he can, has often asked when the
 * thread that answered him runs again, and then a look at who is ready costs as much as reading what he
 * asks. So where nobody else has asked for a while he has a few turns without, however long they
 * take for no more than a tick of workers.c. A wrong guess costs the system call that a right
 * one saves, after the answer. Whether the client or this thread goes on when he is answered stays the
 * same for some ten requests (Linux 6.18), so that after a wrong guess the next one comes soon, and
 * later only while they stay wrong.
 */

#define MIXED_TURNS 256U /* since one of another uid: then he is not there any more */

bool turns_are_mixed(const struct turns *turns)
{
	return turns->mixed > 0 && turns->n - turns->mixed < MIXED_TURNS;
}

bool turns_are_over(const struct turns *turns)
{
	return turns->next == turns->n_ready;
}

/* Of each uid the one that has waited longest. How many. */
static size_t choose_by_uid(struct session **sessions, size_t n)
{
	size_t chosen = 0, at;

	for (size_t i = 0; i < n; i++) {
		struct session *session = sessions[i];

		for (at = 0; at < chosen; at++)
			if (sessions[at]->facts.uid == session->facts.uid)
				break;
		if (at == chosen)
			sessions[chosen++] = session;
		else if (session->turn < sessions[at]->turn)
			sessions[at] = session;
	}
	return chosen;
}

static void begin_alone(struct turns *turns, struct session *session)
{
	turns->alone = session;
	turns->n_alone = 0;
	turns->looks = TURNS_ALONE;
}

void turns_choose(struct turns *turns, struct session *const *sessions, size_t n)
{
	memcpy(turns->ready, sessions, n * sizeof(*sessions));
	turns->n_ready = turns_are_mixed(turns) ? choose_by_uid(turns->ready, n) : n;
	turns->next = 0;
	if (n == 1 && sessions[0] == turns->alone)
		turns->n_alone++;
	else
		begin_alone(turns, n == 1 ? sessions[0] : NULL);
	turns->n_repeats = 0;
}

bool turns_repeat(struct turns *turns, uint32_t tick)
{
	if (!turns->alone || turns->n_alone < turns->looks || turns->n_repeats == TURNS_REPEATS ||
	    turns_are_mixed(turns) || turns->alone->watched != EPOLLIN)
		return false;
	if (turns->n_repeats++ == 0)
		turns->tick = tick;
	else
		turns->looks = 1;
	if (turns->tick != tick)
		return false;
	turns->ready[0] = turns->alone;
	turns->n_ready = 1;
	turns->next = 0;
	return true;
}

void turns_waste(struct turns *turns)
{
	turns->n_alone = 0;
	turns->looks = turns->looks < TURNS_ALONE ? 2 * turns->looks : TURNS_ALONE;
}

static void note(struct turns *turns, struct session *session)
{
	if (turns->n > 0 && session->facts.uid != turns->uid)
		turns->mixed = turns->n;
	turns->uid = session->facts.uid;
	session->turn = ++turns->n;
}

struct session *turns_take(struct turns *turns)
{
	struct session *session = NULL;

	while (!session && !turns_are_over(turns))
		session = turns->ready[turns->next++];
	if (session)
		note(turns, session);
	return session;
}

void turns_forget(struct turns *turns, const struct session *session)
{
	for (size_t i = turns->next; i < turns->n_ready; i++)
		if (turns->ready[i] == session)
			turns->ready[i] = NULL;
	if (turns->alone == session)
		turns->alone = NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/turns.h"

/*
 * Where several uids ask, who has many connections has no more turns than who has one (P50): of the
 * others epoll(7) tells again, with whatever has come meanwhile.
 */

#define MIXED_TURNS 256U /* since one of another uid: then he is not there any more */

bool turns_are_mixed(const struct turns *turns)
{
	return turns->mixed > 0 && turns->n - turns->mixed < MIXED_TURNS;
}

void turns_note(struct turns *turns, struct session *session)
{
	if (turns->n > 0 && session->facts.uid != turns->uid)
		turns->mixed = turns->n;
	turns->uid = session->facts.uid;
	session->turn = ++turns->n;
}

/* Of each uid the one that has waited longest; last of all the uid that had the last turn, since
 * whoever has a turn may take the lead with him. */
static int choose_by_uid(const struct turns *turns, struct session **sessions, int n)
{
	int chosen = 0, at;

	for (int i = 0; i < n; i++) {
		struct session *session = sessions[i];

		for (at = 0; at < chosen; at++)
			if (sessions[at]->facts.uid == session->facts.uid)
				break;
		if (at == chosen)
			sessions[chosen++] = session;
		else if (session->turn < sessions[at]->turn)
			sessions[at] = session;
	}
	for (at = 0; at < chosen - 1; at++) {
		struct session *session = sessions[at];

		if (session->facts.uid != turns->uid)
			continue;
		sessions[at] = sessions[chosen - 1];
		sessions[chosen - 1] = session;
	}
	return chosen;
}

int turns_choose(const struct turns *turns, struct session **sessions, int n)
{
	return turns_are_mixed(turns) ? choose_by_uid(turns, sessions, n) : n;
}

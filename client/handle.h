/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CLIENT_HANDLE_H
#define FDB_CLIENT_HANDLE_H

/* A connection, from one file of the exported functions to another. */

#include "client/fdbroker.h"
#include "client/question.h"

/**
 * handle_ask() - ask @broker, on this very process's own connection
 * @ret_answer:	or NULL; written in every case
 *
 * Return: a descriptor, or 0 where none was asked for; -errno, of the answer or as channel_ask(), and
 *	a documented one.
 */
int handle_ask(struct fdbroker *broker, struct question *question,
	       struct fdbroker_answer *ret_answer);

/* What makes no sense is not asked: @r, if it is a documented error, and who wants to know of an answer
 * learns that there is none. */
int handle_unasked(struct fdbroker_answer *ret_answer, int r);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/members.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/report.h"
#include "daemon/serve.h"

void members_begin(struct members *m, uint16_t n)
{
	m->n = n;
	m->decided = m->reported = 0;
}

bool members_are_decided(const struct members *m)
{
	return m->decided == m->n;
}

bool members_are_reported(const struct members *m)
{
	return m->reported == m->n;
}

void members_note(struct members *m, const struct exchange *x)
{
	const struct outcome *outcome = &x->outcome;

	m->list[m->decided] = (struct member){
		.path = x->claim.path,
		.path_len = x->claim.path_len,
		.canonical = outcome->canonical[0] ? strdup(outcome->canonical) : NULL,
		.rule = outcome->rule,
		.in_flight = outcome->in_flight,
		.time_usec = x->time_usec,
		.dev = outcome->dev,
		.ino = outcome->ino,
		.modes = x->request.modes,
		.condition = outcome->condition,
		.shadow = x->shadow,
	};
	m->results[m->decided++] = (struct wire_answer){
		.reason = (uint16_t)outcome->reason,
		.n_fds = outcome->reason == WIRE_REASON_OK,
		.error = outcome->error,
		.decision = x->server->next_decision++,
	};
}

void members_leave(struct members *m)
{
	m->results[m->decided] = (struct wire_answer){
		.reason = WIRE_REASON_SINGLY,
		.error = EAGAIN,
	};
	m->list[m->decided++] = (struct member){ .rule = NULL };
}

void members_refuse_grants(struct members *m)
{
	for (uint16_t i = 0; i < m->decided; i++) {
		if (m->results[i].error != 0)
			continue;
		m->results[i].reason = WIRE_REASON_BUSY;
		m->results[i].error = EAGAIN;
		m->results[i].n_fds = 0;
	}
}

void members_end_in_flight(const struct members *m, struct rates *rates)
{
	for (uint16_t i = 0; i < m->decided; i++)
		if (m->list[i].in_flight)
			rates_end(rates, m->list[i].in_flight);
}

/* reporting */

static void recall(const struct members *members, uint16_t i, struct exchange *x)
{
	const struct wire_answer *result = &members->results[i];
	const struct member *m = &members->list[i];

	x->claim.path = m->path;
	x->claim.path_len = m->path_len;
	x->request.opcode = WIRE_OPCODE_OPEN;
	x->request.modes = m->modes;
	x->time_usec = m->time_usec;
	x->decision = result->decision;
	x->shadow = m->shadow;
	x->outcome.reason = result->reason;
	x->outcome.error = result->error;
	x->outcome.rule = m->rule;
	x->outcome.condition = m->condition;
	x->outcome.dev = m->dev;
	x->outcome.ino = m->ino;
	x->outcome.canonical[0] = '\0';
	if (m->canonical)
		strcpy(x->outcome.canonical, m->canonical);
}

/* Whether all that is counted of @i, and whether it leaves a record, is what it is of @first. */
static bool is_like(const struct members *members, uint16_t first, uint16_t i)
{
	const struct member *a = &members->list[first], *m = &members->list[i];

	return members->results[i].reason == members->results[first].reason && m->rule == a->rule &&
	       m->time_usec == a->time_usec && m->shadow.kind == a->shadow.kind;
}

/* Of those that are to be reported, up to @end, how many are like the first. */
static uint16_t count_alike(const struct members *m, uint16_t end)
{
	uint16_t i = m->reported + 1;

	while (i < end && is_like(m, m->reported, i))
		i++;
	return (uint16_t)(i - m->reported);
}

static void report_alike(const struct members *m, struct exchange *x, int sent, uint16_t n)
{
	uint16_t first = m->reported;

	if (m->results[first].reason == WIRE_REASON_SINGLY)
		return;
	recall(m, first, x);
	if (report_unrecorded(x, sent, n))
		return;
	for (uint16_t i = first; i < first + n; i++) {
		recall(m, i, x);
		report(x, sent);
	}
}

void members_report(struct members *m, struct exchange *x, int sent, uint16_t most)
{
	uint16_t end = m->decided - m->reported < most ? m->decided : m->reported + most, n;

	while (m->reported < end) {
		n = count_alike(m, end);
		report_alike(m, x, sent, n);
		for (; n > 0; n--)
			free(m->list[m->reported++].canonical);
	}
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_DAEMON_MEMBERS_H
#define FDB_DAEMON_MEMBERS_H

/*
 * The members of a batch that were decided, in their order: what they are answered, and what is to be
 * reported of each when it is known what became of the answer.
 *
 * With the workers' lock.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/exchange.h"
#include "daemon/rate.h"
#include "daemon/shadow.h"
#include "wire/batch.h"
#include "wire/proto.h"

/* What is reported of one. */
struct member {
	const char *path; /* borrows the message */
	char *canonical;  /* owned; NULL: no link was followed */
	const struct policy_rule *rule, *in_flight;
	uint64_t time_usec, dev, ino;
	uint32_t modes;
	enum policy_condition condition;
	struct shadow_verdict shadow;
	uint16_t path_len;
};

struct members {
	uint16_t n, decided, reported;
	struct wire_answer results[WIRE_BATCH_MAX];
	struct member list[WIRE_BATCH_MAX];
};

/* Of @n, none is decided. Nothing else is written. */
void members_begin(struct members *m, uint16_t n);

bool members_are_decided(const struct members *m);
bool members_are_reported(const struct members *m);

/* The next one was decided as @x says, and has the number that follows. */
void members_note(struct members *m, const struct exchange *x);

/* The next one is to be asked for by itself, and decided then: it costs nothing and says nothing. */
void members_leave(struct members *m);

/* What was granted cannot be had. As exchange_reply() does with one. */
void members_refuse_grants(struct members *m);

/* They have nothing under way any more. */
void members_end_in_flight(const struct members *m, struct rates *rates);

/* Report @most of them at most. @x: of their sender, when it was answered; the rest is written.
 * @sent: what became of the answer. */
void members_report(struct members *m, struct exchange *x, int sent, uint16_t most);

#endif

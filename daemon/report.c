/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "daemon/places.h"
#include "daemon/record.h"
#include "policy/explain.h"
#include "wire/codec.h"
#include "wire/message.h"

/*
 * Opening never waits for logging: a record goes out if the audit process has
 * room for it, and if not it is counted, and the next one says how many are missing.
 */

static bool is_complaint(const struct outcome *outcome)
{
	const struct outcome_other *other = outcome->other;

	for (size_t i = 0; other && i < ELEMENTSOF(other->rules); i++)
		if (other->rules[i] && other->rules[i]->complain)
			return true;
	return outcome->rule->complain;
}

static enum record_outcome outcome_of(const struct exchange *x, int sent)
{
	const struct policy_rule *rule = x->outcome.rule;

	if (x->fault)
		return RECORD_CLOSED;
	if (x->outcome.reason == WIRE_REASON_OK && sent >= 0)
		return is_complaint(&x->outcome) ? RECORD_COMPLAIN : RECORD_ALLOW;
	if (x->outcome.reason == WIRE_REASON_OK)
		return RECORD_ERROR;
	if (x->outcome.reason == WIRE_REASON_DEADLINE)
		return RECORD_ERROR;
	if (rule && rule->allow && x->outcome.reason != WIRE_REASON_CONDITION &&
	    x->outcome.reason != WIRE_REASON_RATE)
		return RECORD_ERROR;
	return RECORD_DENY;
}

/* What was done by the rights of two names, is done by those of both. */
static bool is_as_root(const struct outcome *outcome)
{
	return outcome->other ? outcome->other->as_root : outcome->rule && outcome->rule->as_root;
}

static bool wants(const struct policy_rule *rule, const struct exchange *x,
		  enum record_outcome outcome)
{
	if (rule->audit != POLICY_AUDIT_DENY)
		return rule->audit == POLICY_AUDIT_ALL;
	if (outcome == RECORD_ERROR)
		return x->outcome.reason != WIRE_REASON_NOT_FOUND;
	return outcome != RECORD_ALLOW;
}

/*
 * Refusals by the default rule, what was wrong with a message, and grants `as root` are always
 * written; of the rest the rule says. Programs look for files that are not there
 * all day long: that is no refusal.
 */
static bool is_wanted(const struct exchange *x, enum record_outcome outcome)
{
	const struct outcome_other *other = x->outcome.other;
	const struct policy_rule *rule = x->outcome.rule;

	/* What a candidate would do otherwise is what it was loaded for. */
	if (x->shadow.kind != SHADOW_NONE)
		return true;
	if (!rule || (outcome == RECORD_ALLOW && is_as_root(&x->outcome)))
		return true;
	for (size_t i = 0; other && i < ELEMENTSOF(other->rules); i++)
		if (other->rules[i] && wants(other->rules[i], x, outcome))
			return true;
	return wants(rule, x, outcome);
}

static void fill_rule(struct record *record, const struct exchange *x)
{
	const struct policy_rule *rule = x->outcome.rule;

	if (!rule)
		return;
	record->as_root = is_as_root(&x->outcome);
	record->rule_line = rule->line;
	record->rule = record_text(rule->id);
	record->rule_file = record_text(rule->file);
	if (x->outcome.reason == WIRE_REASON_CONDITION)
		record->condition = record_text(policy_condition_name(x->outcome.condition));
	if (x->request.opcode == WIRE_OPCODE_OPEN)
		record->deliver = (uint16_t)rule->obligations->deliver;
}

static void fill(struct record *record, const struct exchange *x, enum record_outcome outcome)
{
	*record = (struct record){
		.time_usec = x->time_usec,
		.decision = x->decision,
		.object_dev = x->outcome.dev,
		.object_ino = x->outcome.ino,
		.lost = x->server->lost,
		.outcome = outcome,
		.generation = x->server->generation,
		.reason = (uint16_t)x->outcome.reason,
		.error = x->outcome.error,
		.modes = x->outcome.modes ? x->outcome.modes : x->request.modes,
		.sender_pid = x->sender.pid,
		.who = { x->session->who, x->session->who_size },
		.path = { x->claim.path, x->claim.path_len },
		.canonical = record_text(x->outcome.canonical),
		.detail = record_text(x->fault),
	};
	fill_rule(record, x);
}

static void fill_shadow(struct record_shadow *record, const struct shadow_verdict *verdict,
			struct text *conditions)
{
	const struct policy_rule *rule = verdict->rule;

	if (verdict->kind == SHADOW_NONE)
		return;
	record->kind = verdict->kind;
	record->reason = (uint16_t)verdict->reason;
	record->as_root = rule && rule->as_root;
	record->rule = record_text(rule ? rule->id : NULL);
	if (verdict->condition != POLICY_CONDITION_NONE)
		record->condition = record_text(policy_condition_name(verdict->condition));
	if (verdict->kind == SHADOW_ALLOW_IF) {
		explain_conditions(rule, conditions);
		record->conditions = record_text(conditions->data);
	}
}

static void list_rules(const struct outcome_other *judged, struct text *ids)
{
	for (size_t i = 0; i < ELEMENTSOF(judged->rules); i++)
		if (judged->rules[i] && (i == 0 || judged->rules[i] != judged->rules[0]))
			text_printf(ids, "%s%s", ids->len > 0 ? ", " : "", judged->rules[i]->id);
}

/* The record is of the name that decided, so that it can be judged anew by itself. */
static void fill_other(struct record *record, const struct exchange *x, struct text *ids)
{
	const struct outcome_other *judged = x->outcome.other;
	struct record_other *other = &record->other;

	if (!x->request.two_names)
		return;
	record->path = record_text(x->outcome.of_new ? x->request.other : x->request.path);
	other->act = x->request.opcode;
	other->is_new = !x->outcome.of_new;
	other->path = record_text(x->outcome.of_new ? x->request.path : x->request.other);
	if (!judged)
		return;
	other->modes = judged->modes;
	other->canonical = record_text(judged->canonical);
	list_rules(judged, ids);
	other->rule = record_text(ids->data);
}

/* Of the socket, as the rules saw them: the account's may be others by now. */
static void fill_groups(struct record_who *who, const struct session *session)
{
	size_t n = session->principal.n_groups;

	who->n_groups = n > RECORD_GROUPS_MAX ? RECORD_GROUPS_MAX + 1 : (uint32_t)n;
	for (size_t i = 0; n <= RECORD_GROUPS_MAX && i < n; i++)
		who->groups[i] = session->groups[i];
}

/* It does not change as long as the connection is there, and is written once. */
static int learn_who(struct session *session, const struct policy *policy)
{
	struct record_who who = { .facts = session->facts };
	uint8_t buffer[RECORD_WHO_MAX];
	int size;

	fill_groups(&who, session);
	if (policy)
		snprintf(who.policy, sizeof(who.policy), "%s", policy_summary(policy)->sha256);
	size = record_write_who(&who, buffer, sizeof(buffer));
	if (size < 0)
		return size;
	session->who = malloc((size_t)size);
	if (!session->who)
		return -ENOMEM;
	memcpy(session->who, buffer, (size_t)size);
	session->who_size = (size_t)size;
	return 0;
}

static void count(struct counters *counters, const struct exchange *x, uint32_t n)
{
	counters->requests += n;
	if (x->fault)
		counters->closed += n;
	else
		counters->reasons[x->outcome.reason] += n;
}

static void tally(const struct exchange *x, int sent, uint32_t n)
{
	const struct tallies_event event = {
		.rule = x->outcome.rule,
		.reason = x->outcome.reason,
		.closed = x->fault,
		.unsent = sent < 0,
		.arrived_usec = x->time_usec,
		.now_usec = x->answered_usec,
		.n = n,
	};

	tallies_count(&x->server->tallies, &event);
}

/* Through the ring; or through the queue of its bell, which takes longer, what the ring has no room
 * for: because it is long, or because who reads it has not had a processor for a while. */
static int pass_on(struct ring_writer *ring, const struct record *record)
{
	/* With the lock of workers.h there is one at a time; and a stack so large is touched at
	 * each of its pages (-fstack-clash-protection). */
	static uint8_t buffer[RECORD_SIZE_MAX];
	void *room = ring_begin(ring);
	int n = room ? record_write(record, room, RING_ENTRY_MAX) : -EMSGSIZE;

	if (n >= 0) {
		ring_end(ring, (size_t)n);
		return 0;
	}
	n = record_write(record, buffer, sizeof(buffer));
	return n < 0 ? n : message_send(ring->bell, buffer, (size_t)n, NULL);
}

/* With what most records have not, some of whose texts are made for it. */
static int pass_on_with_more(const struct exchange *x, struct record *record)
{
	_cleanup_(text_done) struct text conditions = TEXT_EMPTY, ids = TEXT_EMPTY;

	fill_shadow(&record->shadow, &x->shadow, &conditions);
	fill_other(record, x, &ids);
	return pass_on(&x->server->ring, record);
}

static int send_record(const struct exchange *x, enum record_outcome outcome)
{
	struct record record _uninitialized_;
	int r = 0;

	if (!x->session->who)
		r = learn_who(x->session, x->server->policy);
	if (r < 0)
		return r;
	fill(&record, x, outcome);
	if (x->shadow.kind != SHADOW_NONE || x->request.two_names)
		return pass_on_with_more(x, &record);
	return pass_on(&x->server->ring, &record);
}

void report(const struct exchange *x, int sent)
{
	enum record_outcome outcome = outcome_of(x, sent);
	struct server *server = x->server;

	count(&server->counters, x, 1);
	tally(x, sent, 1);
	if (!is_wanted(x, outcome))
		return;
	if (send_record(x, outcome) < 0) {
		server->lost++;
		server->counters.records_lost++;
		return;
	}
	server->lost = 0;
}

bool report_unrecorded(const struct exchange *x, int sent, uint32_t n)
{
	if (is_wanted(x, outcome_of(x, sent)))
		return false;
	count(&x->server->counters, x, n);
	tally(x, sent, n);
	return true;
}

void report_counters(const struct server *server, struct text *out)
{
	const struct counters *counters = &server->counters;

	text_printf(out, "requests %" PRIu64 "\n", counters->requests);
	for (uint16_t i = 0; i < ELEMENTSOF(counters->reasons); i++)
		text_printf(out, "%s %" PRIu64 "\n",
			    i == WIRE_REASON_OK ? "opened" : wire_reason_name(i),
			    counters->reasons[i]);
	text_printf(out, "closed %" PRIu64 "\n", counters->closed);
	text_printf(out, "records-lost %" PRIu64 "\n", counters->records_lost);
	text_printf(out, "slow %" PRIu64 "\n", server->workers.n_left);
	text_printf(out, "in-flight %" PRIu32 "\n", server->workers.n_away);
	text_printf(out, "max-in-flight %" PRIu32 "\n", server->workers.setup.places);
	text_printf(out, "stuck %" PRIu32 "\n", places_stuck(&server->workers));
}

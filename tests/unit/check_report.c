/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/macro.h"
#include "daemon/record.h"
#include "tests/support/suite.h"

static struct server server;
static struct session session;
static struct ring_reader audit;
static int queue; /* the audit process's end */
static unsigned int n_queued;

static void open_ring(void)
{
	int memory = ring_create(), pair[2];

	ck_assert_int_ge(memory, 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	queue = pair[0];
	n_queued = 0;
	ck_assert_int_eq(ring_writer_init(&server.ring, memory, pair[1]), 0);
	ck_assert_int_eq(ring_reader_init(&audit, memory), 0);
	fd_close(memory);
}

static void close_ring(void)
{
	fd_close(queue);
	fd_close(server.ring.bell);
	ring_writer_done(&server.ring);
	ring_reader_done(&audit);
}

/* The bytes of the next record; 0: there is none. */
static int take(uint8_t buffer[RECORD_SIZE_MAX])
{
	int n = ring_look(&audit) == 1 ? ring_next(&audit, buffer) : 0;

	while (n == 0) {
		ssize_t size = recv(queue, buffer, RECORD_SIZE_MAX, MSG_DONTWAIT);

		if (size < 0)
			return 0;
		n = size > 1 ? (int)size : 0; /* one byte is the bell */
		n_queued += n > 0;
	}
	return n;
}

static bool is_written(const struct exchange *x, int sent)
{
	static uint8_t buffer[RECORD_SIZE_MAX];

	report(x, sent);
	return take(buffer) > 0;
}

static const struct policy_obligations nothing;

/* As compiled rules are: what a rule asks for besides is never NULL. */
#define RULE(name, ...)                                                                            \
	{                                                                                          \
		.id = (name), .file = "a", .obligations = &nothing, __VA_ARGS__                    \
	}

static const struct policy_rule silent = RULE("a.s", .allow = true, .audit = POLICY_AUDIT_NONE);
static const struct policy_rule usual = RULE("a.u", .allow = true, .audit = POLICY_AUDIT_DENY);
static const struct policy_rule chatty = RULE("a.c", .allow = true, .audit = POLICY_AUDIT_ALL);
static const struct policy_rule as_root =
	RULE("a.r", .allow = true, .as_root = true, .audit = POLICY_AUDIT_NONE);
static const struct policy_rule deny = RULE("a.d", .audit = POLICY_AUDIT_DENY);
static const struct policy_rule silent_deny = RULE("a.q", .audit = POLICY_AUDIT_NONE);

static const struct {
	const char *name;
	const struct policy_rule *rule;
	enum wire_reason reason;
	bool is_written;
} wanted[] = {
	{ "a grant", &usual, WIRE_REASON_OK, false },
	{ "a grant, by a rule that wants all", &chatty, WIRE_REASON_OK, true },
	{ "a grant as root, by a rule that wants none", &as_root, WIRE_REASON_OK, true },
	{ "a refusal by a rule", &deny, WIRE_REASON_RULE, true },
	{ "a hidden file", &deny, WIRE_REASON_NOT_FOUND, true },
	{ "a refusal by a rule that wants none", &silent_deny, WIRE_REASON_RULE, false },
	{ "a refusal by default", NULL, WIRE_REASON_DEFAULT, true },
	{ "a refusal by a condition", &usual, WIRE_REASON_CONDITION, true },
	{ "the same, by a rule that wants none", &silent, WIRE_REASON_CONDITION, false },
	{ "an error of the kernel's", &usual, WIRE_REASON_KERNEL, true },
	{ "a file that is not there", &usual, WIRE_REASON_NOT_FOUND, false },
	{ "the same, by a rule that wants all", &chatty, WIRE_REASON_NOT_FOUND, true },
	{ "flags that make no sense", NULL, WIRE_REASON_BAD_FLAGS, true },
};

START_TEST(report_writes_what_the_rule_asks_for_and_what_always_must_be)
{
	struct exchange x = { .server = &server,
			      .session = &session,
			      .outcome = { .reason = wanted[_i].reason, .rule = wanted[_i].rule } };

	ck_assert_msg(is_written(&x, 0) == wanted[_i].is_written, "%s", wanted[_i].name);
}
END_TEST

/* Together, only if none of them leaves a record; or they would be counted twice. */
START_TEST(report_counts_many_that_leave_no_record)
{
	struct exchange x = { .server = &server,
			      .session = &session,
			      .outcome = { .reason = wanted[_i].reason, .rule = wanted[_i].rule } };
	static uint8_t buffer[RECORD_SIZE_MAX];
	uint64_t before = server.counters.requests, n = wanted[_i].is_written ? 0 : 7;

	ck_assert_msg(report_unrecorded(&x, 0, 7) == !wanted[_i].is_written, "%s", wanted[_i].name);
	ck_assert_uint_eq(server.counters.requests, before + n);
	ck_assert_uint_eq(server.counters.reasons[wanted[_i].reason], n);
	ck_assert_int_eq(take(buffer), 0);
}
END_TEST

START_TEST(report_writes_why_a_connection_was_ended)
{
	struct exchange x = { .server = &server, .session = &session, .fault = "nonsense" };

	ck_assert(is_written(&x, -EBADMSG));
	ck_assert_uint_eq(server.counters.closed, 1);
}
END_TEST

/* The record of a request of @maker. Borrowed until the next. */
static const struct record *record_of(struct session *maker)
{
	struct exchange x = { .server = &server, .session = maker };
	static uint8_t buffer[RECORD_SIZE_MAX];
	static struct record record;
	int n;

	x.outcome.reason = WIRE_REASON_DEFAULT;
	report(&x, 0);
	n = take(buffer);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(record_read(buffer, (size_t)n, &record), 0);
	return &record;
}

/* Whoever it is is written once for a connection, and never for another. */
START_TEST(report_says_in_each_record_who_made_the_connection)
{
	gid_t groups[] = { 4, 27 };
	struct session alice = { .facts = { .connection = 1, .uid = 30000, .unit = "a.service" } };
	struct session bob = { .facts = { .connection = 2, .uid = 30001 } };
	const struct record *record;
	struct record_who who;

	bob.groups = groups;
	bob.principal.n_groups = ELEMENTSOF(groups);
	for (int i = 0; i < 2; i++) {
		record = record_of(&alice);
		ck_assert_int_eq(record_read_who(record, &who), 0);
		ck_assert_uint_eq(who.facts.connection, 1);
		ck_assert_uint_eq(who.facts.uid, 30000);
		ck_assert_str_eq(who.facts.unit, "a.service");
		ck_assert_uint_eq(who.n_groups, 0);
		record = record_of(&bob);
		ck_assert_int_eq(record_read_who(record, &who), 0);
		ck_assert_uint_eq(who.facts.connection, 2);
		ck_assert_uint_eq(who.facts.uid, 30001);
		ck_assert_str_eq(who.facts.unit, "");
		ck_assert_uint_eq(who.n_groups, 2);
		ck_assert_mem_eq(who.groups, groups, sizeof(groups));
	}
	free(alice.who);
	free(bob.who);
}
END_TEST

/* The longest that a client can cause: a record has room for it, and the ring has not. */
START_TEST(report_sends_by_the_queue_what_is_long)
{
	static struct exchange x = { .server = &server, .session = &session };
	static uint8_t buffer[RECORD_SIZE_MAX];
	static struct record record;
	static char path[RECORD_PATH_MAX];
	int n;

	memset(path, 'x', sizeof(path));
	memset(x.outcome.canonical, 'y', RECORD_PATH_MAX);
	x.claim.path = path;
	x.claim.path_len = sizeof(path);
	x.outcome.reason = WIRE_REASON_DEFAULT;
	report(&x, 0);
	n = take(buffer);
	ck_assert_int_gt(n, RING_ENTRY_MAX);
	ck_assert_uint_eq(n_queued, 1);
	ck_assert_int_eq(record_read(buffer, (size_t)n, &record), 0);
	ck_assert_uint_eq(record.path.len, RECORD_PATH_MAX);
	ck_assert_uint_eq(record.canonical.len, RECORD_PATH_MAX);
	ck_assert_uint_eq(server.counters.records_lost, 0);
}
END_TEST

/* Who reads the ring may be late. */
START_TEST(report_sends_by_the_queue_what_the_ring_has_no_room_for)
{
	struct exchange x = { .server = &server, .session = &session };
	static uint8_t buffer[RECORD_SIZE_MAX];
	static struct record record;
	unsigned int n, size;

	x.outcome.reason = WIRE_REASON_DEFAULT;
	for (n = 0; n < 400; n++) {
		x.decision = n + 1;
		report(&x, 0);
	}
	for (n = 0; (size = (unsigned int)take(buffer)) > 0; n++) {
		ck_assert_int_eq(record_read(buffer, size, &record), 0);
		ck_assert_uint_eq(record.decision, n + 1);
	}
	ck_assert_uint_eq(n, 400);
	ck_assert_uint_gt(n_queued, 0);
	ck_assert_uint_lt(n_queued, 400);
	ck_assert_uint_eq(server.counters.records_lost, 0);
}
END_TEST

/* Opening does not wait for logging; what is lost is counted and the next record says so. */
START_TEST(report_counts_the_records_that_do_not_fit)
{
	struct exchange x = { .server = &server, .session = &session };
	static uint8_t buffer[RECORD_SIZE_MAX];
	static struct record record;
	int n;

	x.outcome.reason = WIRE_REASON_DEFAULT;
	while (server.counters.records_lost < 3)
		report(&x, 0);
	while (take(buffer) > 0)
		continue;
	report(&x, 0);
	n = take(buffer);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(record_read(buffer, (size_t)n, &record), 0);
	ck_assert_uint_eq(record.lost, 3);
	ck_assert_uint_eq(server.lost, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *tcase = suite_case(suite, "report");

	tcase_add_checked_fixture(tcase, open_ring, close_ring);
	tcase_add_loop_test(tcase, report_counts_many_that_leave_no_record, 0, ELEMENTSOF(wanted));
	tcase_add_loop_test(tcase, report_writes_what_the_rule_asks_for_and_what_always_must_be, 0,
			    ELEMENTSOF(wanted));
	tcase_add_test(tcase, report_writes_why_a_connection_was_ended);
	tcase_add_test(tcase, report_says_in_each_record_who_made_the_connection);
	tcase_add_test(tcase, report_sends_by_the_queue_what_is_long);
	tcase_add_test(tcase, report_sends_by_the_queue_what_the_ring_has_no_room_for);
	tcase_add_test(tcase, report_counts_the_records_that_do_not_fit);
	return suite_main(suite);
}

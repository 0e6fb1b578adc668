/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/daemon.h"
#include "tests/support/forked.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

/* What the real daemon counts, as `fdbrokerctl top` and `metrics` show it. */

#define CLIENTS 4
#define ROUNDS	50 /* of each client */

static struct scene s;

static void start(void)
{
	char policy[1024];

	scene_prepare(&s);
	snprintf(policy, sizeof(policy),
		 "version 1;\n"
		 "for user 30000 or user 30001 {\n"
		 "    good: allow read \"%s\";\n"
		 "    bad: allow read \"/etc/hostname\" { owner 12345; }\n"
		 "    few: allow read \"/etc/passwd\" { rate 1/h burst 3 per rule; }\n"
		 "    gone: allow read \"/nowhere\";\n"
		 "    home: allow read \"%%h/x\";\n"
		 "    idle: allow read \"/idle\";\n"
		 "}\n"
		 "no: deny any '/etc/shadow';\n"
		 "hidden: deny any '/etc/gshadow' { hide; }\n",
		 s.own);
	daemon_write_policy(&s.daemon, "scene.fdp", NULL);
	daemon_write_policy(&s.daemon, "t.fdp", policy);
	daemon_start(&s.daemon);
}

/* What a command writes on stdout; the caller frees it. */
static char *output_of(const char *command)
{
	char line[512], *text = NULL;
	size_t size;
	FILE *pipe, *memory = open_memstream(&text, &size);
	size_t n;

	ck_assert_ptr_nonnull(memory);
	snprintf(line, sizeof(line), "%s/fdbrokerctl %s --socket=%s", getenv("builddir"), command,
		 s.daemon.admin);
	pipe = popen(line, "re");
	ck_assert_ptr_nonnull(pipe);
	while ((n = fread(line, 1, sizeof(line), pipe)) > 0)
		fwrite(line, 1, n, memory);
	ck_assert_int_eq(pclose(pipe), 0);
	fclose(memory);
	return text;
}

static int one_of_each(const void *arg)
{
	static const char *const others[] = { "/etc/hostname", "/etc/passwd",  "/nowhere",
					      "/etc/shadow",   "/etc/gshadow", "/elsewhere" };
	int sock = daemon_connect(&s.daemon);

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		fd_close(daemon_ask(sock, s.own, WIRE_OPEN_READ, NULL));
		for (size_t j = 0; j < ELEMENTSOF(others); j++)
			fd_close(daemon_ask(sock, others[j], WIRE_OPEN_READ, NULL));
		fd_close(daemon_ask(sock, "/no/../way", WIRE_OPEN_READ, NULL));
	}
	fd_close(sock);
	return 0;
}

static int one_client(const void *arg)
{
	const struct user user = { .uid = *(const uid_t *)arg, .gid = *(const uid_t *)arg };

	user_become(&user);
	return one_of_each(NULL);
}

static void run_clients(void)
{
	static const uid_t uids[CLIENTS] = { ALICE, BOB, ALICE, BOB };
	pid_t pids[CLIENTS];

	for (size_t i = 0; i < CLIENTS; i++)
		pids[i] = forked_start(one_client, &uids[i]);
	for (size_t i = 0; i < CLIENTS; i++)
		ck_assert_int_eq(forked_wait(pids[i]), 0);
}

/* The first object that `top --json` writes. */
static struct json_object *top_json(void)
{
	_cleanup_(freep) char *text = output_of("top --json -n 1");
	struct json_object *object = json_tokener_parse(text);

	ck_assert_msg(object, "%s", text);
	return object;
}

static uint64_t number(struct json_object *object, const char *key)
{
	struct json_object *value;

	ck_assert_msg(json_object_object_get_ex(object, key, &value), "no %s", key);
	return json_object_get_uint64(value);
}

/* The row of a rule in the list @key. */
static struct json_object *row_of(struct json_object *top, const char *key, const char *rule)
{
	struct json_object *list, *name;

	ck_assert(json_object_object_get_ex(top, key, &list));
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *row = json_object_array_get_idx(list, i);

		ck_assert(json_object_object_get_ex(row, "rule", &name));
		if (strcmp(json_object_get_string(name), rule) == 0)
			return row;
	}
	ck_abort_msg("no row for %s", rule);
}

#define EACH (CLIENTS * ROUNDS)

static const struct expected {
	const char *list, *rule;
	uint64_t granted, denied, condition, rate, failed, unresolved;
} expectations[] = {
	{ "rules", "t.good", .granted = EACH },
	{ "rules", "t.bad", .condition = EACH },
	{ "rules", "t.few", .granted = 3, .rate = EACH - 3 },
	{ "rules", "t.gone", .failed = EACH },
	{ "rules", "t.home", .unresolved = CLIENTS },
	{ "rules", "t.idle", .granted = 0 },
	{ "rules", "t.no", .denied = EACH },
	{ "rules", "t.hidden", .denied = EACH },
	{ "others", "(default deny)", .denied = EACH },
	{ "others", "(not judged)", .denied = EACH },
};

static void assert_counts(struct json_object *top, const struct expected *e)
{
	struct json_object *row = row_of(top, e->list, e->rule);
	const struct {
		const char *key;
		uint64_t expected;
	} counts[] = {
		{ "granted", e->granted },
		{ "denied", e->denied },
		{ "condition_failed", e->condition },
		{ "rate_limited", e->rate },
		{ "failed", e->failed },
		{ "unresolved", e->unresolved },
		{ "decisions", e->granted + e->denied + e->condition + e->rate + e->failed },
	};

	for (size_t i = 0; i < ELEMENTSOF(counts); i++)
		ck_assert_msg(number(row, counts[i].key) == counts[i].expected,
			      "%s: %" PRIu64 " %s, not %" PRIu64, e->rule,
			      number(row, counts[i].key), counts[i].key, counts[i].expected);
	ck_assert_int_eq(number(row, "last") > 0, number(row, "decisions") > 0);
}

START_TEST(every_decision_is_counted_once_and_by_its_rule)
{
	struct json_object *top;

	start();
	run_clients();
	top = top_json();
	for (size_t i = 0; i < ELEMENTSOF(expectations); i++)
		assert_counts(top, &expectations[i]);
	ck_assert_uint_eq(number(top, "decisions"), 8 * EACH);
	ck_assert_uint_eq(number(top, "decisions"), daemon_number(&s.daemon, "requests"));
	ck_assert_uint_eq(number(top, "granted"), daemon_number(&s.daemon, "opened"));
	json_object_put(top);
	scene_stop(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("top");
	TCase *tcase = suite_case(suite, "top");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, every_decision_is_counted_once_and_by_its_rule);
	return suite_main(suite);
}

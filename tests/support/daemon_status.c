/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/number.h"
#include "tests/support/daemon.h"
#include "wire/admin.h"

#define PATIENCE_USEC (30 * USEC_PER_SEC) /* for what takes milliseconds on an idle machine */

/* What a daemon says of itself, when asked and in its log. */

char *daemon_status(const struct daemon *d, const char *key)
{
	size_t len = strlen(key);
	char *text, *found = NULL;

	ck_assert_int_eq(daemon_admin(d, ADMIN_OPCODE_STATUS, 0, &text), 0);
	for (char *line = text; line && !found; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			found = strndup(line + len + 1, strcspn(line + len + 1, "\n"));
	}
	free(text);
	return found ? found : strdup("");
}

uint64_t daemon_number(const struct daemon *d, const char *key)
{
	char *value = daemon_status(d, key);
	uint64_t number = 0;

	ck_assert_msg(value[0] == '\0' || number_u64(value, &number) == 0, "%s is '%s'", key,
		      value);
	free(value);
	return number;
}

pid_t daemon_pid(const struct daemon *d, const char *process)
{
	char key[32];

	snprintf(key, sizeof(key), "pid-%s", process);
	return (pid_t)daemon_number(d, key);
}

void daemon_await_attendants(const struct daemon *d)
{
	static const struct {
		const char *process, *counts;
	} attendants[] = { { "audit", "records-written" }, { "pump", "pipes" } };
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;

	for (size_t i = 0; i < ELEMENTSOF(attendants);) {
		char *count = daemon_status(d, attendants[i].counts);

		ck_assert_msg(clock_monotonic_usec() < deadline, "no %s", attendants[i].process);
		/* When audit counts, a pump that the policy needs has a number. */
		i += count[0] != '\0' || (i > 0 && daemon_pid(d, attendants[i].process) == 0);
		free(count);
	}
}

void daemon_await_number(const struct daemon *d, const char *key, uint64_t expected)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;

	while (daemon_number(d, key) != expected)
		ck_assert_msg(clock_monotonic_usec() < deadline, "%s is not %llu", key,
			      (unsigned long long)expected);
}

void daemon_await_at_least(const struct daemon *d, const char *key, uint64_t least)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;

	while (daemon_number(d, key) < least)
		ck_assert_msg(clock_monotonic_usec() < deadline, "%s stays below %llu", key,
			      (unsigned long long)least);
}

void daemon_assert_status(const struct daemon *d, const char *key, const char *expected)
{
	char *value = daemon_status(d, key);

	ck_assert_msg(strcmp(value, expected) == 0, "%s is '%s'", key, value);
	free(value);
}

void daemon_assert_status_has(const struct daemon *d, const char *key, const char *part)
{
	char *value = daemon_status(d, key);

	ck_assert_msg(strstr(value, part), "%s is '%s'", key, value);
	free(value);
}

void daemon_assert_log_has(const struct daemon *d, const char *part)
{
	char *log = daemon_read_log(d);

	ck_assert_msg(strstr(log, part), "'%s' is not in the log:\n%s", part, log);
	free(log);
}

/* Of the line that is written to its end. */
static char *line_with(const char *text, const char *part)
{
	const char *at = strstr(text, part), *end;

	if (!at)
		return NULL;
	ck_assert_msg(!strstr(at + 1, part), "more than one record with %s:\n%s", part, text);
	end = strchr(at, '\n');
	while (at > text && at[-1] != '\n')
		at--;
	return end ? strndup(at, (size_t)(end - at)) : NULL;
}

char *daemon_await_record(const struct daemon *d, const char *part)
{
	uint64_t deadline = clock_monotonic_usec() + PATIENCE_USEC;
	char *record = NULL;

	while (!record) {
		char *audit = daemon_read_audit(d);

		ck_assert_msg(clock_monotonic_usec() < deadline, "no record with %s", part);
		record = line_with(audit, part);
		free(audit);
	}
	return record;
}

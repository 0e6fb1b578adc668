/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "wire/codec.h"
#include "wire/message.h"

/* P52: what good and bad requests, in any number, leave behind. */

#define FIRST 10000
#define MORE  90000
#define BATCH 16 /* requests under way at once */
#define SLACK 64 /* pages: threads that a busy machine made, a few of which are kept */

static struct scene s;

struct load {
	unsigned int requests;
	uint64_t seed;
};

/* Four of five are served or refused, and stay; one in a hundred ends its connection. */
static size_t next_request(uint8_t *buffer, size_t size, uint64_t *seed, bool *ret_last)
{
	uint64_t dice = scene_random(seed) % 100;
	char path[64];
	size_t n;

	*ret_last = dice == 0;
	if (dice < 40)
		n = scene_request(1, dice % 2 ? s.own : s.lent, buffer, size);
	else {
		snprintf(path, sizeof(path), "/srv/%llx", (unsigned long long)scene_random(seed));
		n = scene_request(1, path, buffer, size);
	}
	if (dice == 0)
		buffer[16] ^= 1; /* another length */
	else if (dice > 90)
		buffer[27] = 0x80; /* an unknown flag */
	else if (dice > 80)
		buffer[2] = 200; /* an unknown opcode */
	return n;
}

/* One answer, or the end. */
static bool take_answer(int sock)
{
	static const struct message_want want = { .fds = 1 };
	uint8_t buffer[256];
	struct message m;
	int r;

	scene_await(sock);
	r = message_receive(sock, buffer, sizeof(buffer), &want, &m);
	message_done(&m);
	return r == 1;
}

/* Requests until a connection is at its end; how many they were. */
static unsigned int use_up(int sock, unsigned int left, uint64_t *seed)
{
	unsigned int sent = 0;
	uint8_t buffer[512];
	bool last = false;

	while (!last && sent < left) {
		unsigned int n = 0;

		while (!last && n < BATCH && sent + n < left) {
			size_t size = next_request(buffer, sizeof(buffer), seed, &last);

			ck_assert_int_eq(send(sock, buffer, size, 0), (ssize_t)size);
			n++;
		}
		for (unsigned int i = 0; i < n; i++)
			ck_assert_int_eq(take_answer(sock), !last || i < n - 1);
		sent += n;
	}
	return sent;
}

static int make_load(const void *arg)
{
	struct load load = *(const struct load *)arg;

	while (load.requests > 0) {
		int sock = daemon_connect(&s.daemon);

		load.requests -= use_up(sock, load.requests, &load.seed);
		fd_close(sock);
	}
	return 0;
}

/* Resident pages that no file has: of code, as many are mapped as ran lately. proc(5) */
static unsigned long pages_of(pid_t pid)
{
	unsigned long pages = 0, of_files = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%*u %lu %lu", &pages, &of_files), 2);
	fclose(file);
	return pages - of_files;
}

static void start(void)
{
	static char options[1024];
	const char *asan = getenv("ASAN_OPTIONS");

	scene_prepare(&s);
	/* What the address sanitizer keeps of freed memory is no growth. */
	snprintf(options, sizeof(options),
		 "ASAN_OPTIONS=%s%squarantine_size_mb=0:thread_local_quarantine_size_kb=0",
		 asan ? asan : "", asan ? ":" : "");
	s.daemon.environment[0] = options;
	scene_start(&s);
}

START_TEST(a_hundred_thousand_requests_leave_nothing_behind)
{
	unsigned long before[SCENE_PROCESSES], after;
	uint64_t requests;

	start();
	requests = daemon_number(&s.daemon, "requests");
	ck_assert_int_eq(scene_as(ALICE, make_load, &(struct load){ FIRST, 1 }), 0);
	for (size_t i = 0; i < SCENE_PROCESSES; i++)
		before[i] = pages_of(s.pids[i]);
	ck_assert_int_eq(scene_as(ALICE, make_load, &(struct load){ MORE, 2 }), 0);
	for (size_t i = 0; i < SCENE_PROCESSES; i++) {
		after = pages_of(s.pids[i]);
		ck_assert_msg(after * 100 <= before[i] * 105 || after <= before[i] + SLACK,
			      "process %zu: %lu pages, then %lu", i, before[i], after);
	}
	ck_assert_uint_eq(daemon_number(&s.daemon, "requests") - requests, FIRST + MORE);
	ck_assert_uint_eq(daemon_number(&s.daemon, "generation"), 1);
	ck_assert_uint_eq(daemon_number(&s.daemon, "refused-per-uid"), 0);
	scene_assert_unharmed(&s);
	scene_stop(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("soak");
	TCase *tcase = suite_case(suite, "soak");

	if (daemon_unavailable() != 0)
		return daemon_unavailable();
	tcase_add_test(tcase, a_hundred_thousand_requests_leave_nothing_behind);
	return suite_main(suite);
}

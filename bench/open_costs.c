/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "bench/bench_open.h"
#include "bench/lanes.h"
#include "bench/measure.h"
#include "bench/mixed_rules.h"
#include "bench/syscalls.h"
#include "bench/tracepoint.h"
#include "client/fdbroker.h"

#define ASKED	2000U
#define WARM_UP 20U
#define STARTS	21U
#define COUNTS	15U
#define RULES	10U

static const struct {
	const char *name;
	enum stage_file file;
	int refusal;
	double limit;
} counted[] = {
	{ "server system calls, ordinary", STAGE_ORDINARY, 0, 5 },
	{ "server system calls, ordinary, recorded", STAGE_RECORDED, 0, 0 },
	{ "server system calls, two-step", STAGE_OWN, 0, 8 },
	{ "server system calls, as root", STAGE_LENT, 0, 0 },
	{ "server system calls, refused", STAGE_REFUSED, -EACCES, 0 },
};

/* What is asked for a row, and whom. */
struct question {
	struct fdbroker *broker;
	const char *path;
	int refusal;
};

static struct question question_of(const struct bench *bench, struct fdbroker *broker, size_t which)
{
	return (struct question){
		.broker = broker,
		.path = bench->stage.paths[counted[which].file],
		.refusal = counted[which].refusal,
	};
}

static void ask(const struct question *question, unsigned int n)
{
	stage_as_caller();
	for (unsigned int i = 0; i < n; i++) {
		int fd = fdbroker_open(question->broker, question->path, O_RDONLY, 0, NULL);

		if (question->refusal != 0 ? fd != question->refusal : fd < 0)
			measure_die(question->path, fd < 0 ? fd : -EBADMSG);
		fd_close(fd);
	}
	stage_as_root();
}

/* "epoll_wait 1, recvmsg 1, …": what at least every other request makes. */
static double tell(const uint64_t *counts, char *text, size_t size)
{
	double all = 0;
	size_t len = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < SYSCALLS_MAX; i++) {
		double each = (double)counts[i] / ASKED;

		all += each;
		if (each >= 0.5 && len < size)
			len += (size_t)snprintf(text + len, size - len, "%s%s %.0f",
						len > 0 ? ", " : "", syscalls_name(i), each);
	}
	return all;
}

/* By the request, and which they are; stopped at each, so that there are more ticks in a request than
 * otherwise, and a guess of daemon/turns.c is hardly ever wrong. */
static double count_stopped(const struct question *question, pid_t pid, char *text, size_t size)
{
	uint64_t counts[SYSCALLS_MAX];
	struct syscalls calls;

	syscalls_start(&calls, pid);
	ask(question, WARM_UP);
	for (size_t i = 0; i < SYSCALLS_MAX; i++)
		counts[i] = calls.counts[i];
	ask(question, ASKED);
	for (size_t i = 0; i < SYSCALLS_MAX; i++)
		counts[i] = calls.counts[i] - counts[i];
	syscalls_stop(&calls);
	return tell(counts, text, size);
}

/* By the request, at full speed: the median, since who goes on when a client is answered, he or the broker,
 * stays the same for a while, and so does how often daemon/turns.c guesses wrong. 0 or -errno. */
static int count_running(const struct question *question, pid_t pid, double *ret)
{
	struct series series = { .n = 0 };
	struct tracepoint tracepoint;
	uint64_t before;
	int r;

	r = tracepoint_open(&tracepoint, pid);
	if (r < 0)
		return r;
	for (unsigned int i = 0; i < COUNTS; i++) {
		ask(question, WARM_UP);
		before = tracepoint_count(&tracepoint);
		ask(question, ASKED);
		series_add(&series, (double)(tracepoint_count(&tracepoint) - before) / ASKED);
	}
	*ret = series_median(&series);
	tracepoint_close(&tracepoint);
	return 0;
}

static void count_calls(struct bench *bench, const struct stage_daemon *daemon,
			struct fdbroker *broker, size_t which)
{
	const struct question question = question_of(bench, broker, which);
	pid_t pid = daemon->pids[STAGE_BROKER];
	char note[384];
	size_t len;
	double all;
	int r;

	all = count_stopped(&question, pid, note, sizeof(note));
	r = count_running(&question, pid, &all);
	len = strlen(note);
	if (r < 0)
		snprintf(note + len, sizeof(note) - len, "; all by ptrace(2), no tracepoint: %s",
			 strerror(-r));
	bench_row(bench, counted[which].name, all,
		  counted[which].limit > 0 ? counted[which].limit + 0.1 : 0, "", note);
}

/* KiB, of its own and its share of what it has in common with others. */
static double memory_of(pid_t pid)
{
	char path[64], line[128];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	return strtod(measure_line(path, "Pss:", line, sizeof(line)), NULL);
}

static void memory_row(struct bench *bench, const struct stage_daemon *daemon, const char *name,
		       double limit)
{
	double kib[STAGE_PROCESSES] = { 0 }, all = 0;
	char note[96];

	for (size_t i = 0; i < STAGE_PROCESSES; i++)
		if (daemon->pids[i] > 0)
			all += kib[i] = memory_of(daemon->pids[i]);
	snprintf(note, sizeof(note), "KiB: parent %.0f, broker %.0f, audit %.0f, pump %.0f",
		 kib[STAGE_PARENT], kib[STAGE_BROKER], kib[STAGE_AUDIT], kib[STAGE_PUMP]);
	bench_row(bench, name, all / 1024, limit, "MiB", note);
}

static void start(struct bench *bench, bool copies_nothing, struct stage_daemon *daemon,
		  struct fdbroker **broker)
{
	int r;

	bench->stage.copies_nothing = copies_nothing;
	stage_daemon_start(&bench->stage, RULES, daemon);
	bench->stage.copies_nothing = false;
	stage_as_caller();
	r = fdbroker_connect(broker, daemon->socket);
	stage_as_root();
	if (r < 0)
		measure_die("cannot connect", r);
}

static void stop(struct stage_daemon *daemon, struct fdbroker *broker)
{
	fdbroker_close(broker);
	stage_daemon_stop(daemon);
}

/* When it has served: what was never touched is no memory yet. */
static void ask_for_each(struct bench *bench, struct fdbroker *broker)
{
	for (size_t i = 0; i < ELEMENTSOF(counted); i++) {
		const struct question question = question_of(bench, broker, i);

		ask(&question, ASKED);
	}
}

/* How long the policy of @daemon takes to be loaded, here: the broker does the same, but in memory that it
 * has never touched, which takes longer. */
static double load_usec(const struct stage_daemon *daemon)
{
	struct policy *policy = NULL;
	char directory[96];
	double usec;
	int r;

	snprintf(directory, sizeof(directory), "%s/policy.d", daemon->directory);
	r = mixed_rules_load_from(directory, &policy, &usec);
	if (r < 0)
		measure_die(directory, r);
	policy_free(policy);
	return usec;
}

/* The budget's row leaves the policy's load away, however small it is. */
static void start_rows(struct bench *bench)
{
	struct series msec = { .n = 0 }, without_load = { .n = 0 };

	for (unsigned int i = 0; i < (bench->smoke ? 1 : STARTS); i++) {
		struct stage_daemon daemon;

		stage_daemon_start(&bench->stage, RULES, &daemon);
		series_add(&msec, daemon.start_usec / 1e3);
		series_add(&without_load, (daemon.start_usec - load_usec(&daemon)) / 1e3);
		stage_daemon_stop(&daemon);
	}
	bench_row(bench, "start to first reply, 10 rules", series_median(&msec), 0, "ms", NULL);
	bench_row(bench, "the same without the load of its policy", series_median(&without_load), 5,
		  "ms", NULL);
}

/* Nearly every policy lends files and no copies of them, so that there is no pump. */
static void memory_rows(struct bench *bench)
{
	struct stage_daemon daemon;
	struct fdbroker *broker;

	start(bench, true, &daemon, &broker);
	ask_for_each(bench, broker);
	memory_row(bench, &daemon, "memory of all processes (PSS), 10 rules", 2);
	stop(&daemon, broker);
}

void bench_costs(struct bench *bench)
{
	struct stage_daemon daemon;
	struct fdbroker *broker;

	puts("");
	memory_rows(bench);
	start(bench, false, &daemon, &broker);
	for (size_t i = 0; i < ELEMENTSOF(counted); i++)
		count_calls(bench, &daemon, broker, i);
	memory_row(bench, &daemon, "the same, one of them of copies, and so with a pump", 0);
	stop(&daemon, broker);
	start_rows(bench);
}

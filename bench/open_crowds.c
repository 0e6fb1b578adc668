/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "bench/bench_open.h"
#include "bench/crowd.h"
#include "bench/yardstick.h"
#include "client/fdbroker.h"

#define RULES	 10000U
#define ROUNDS	 5U
#define USEC	 400000U
#define BUDGETED 64U /* clients */
#define OFTEN	 3U  /* times as many rounds have they: rounds differ by a tenth */

/* One file for all, and two hosts of it. */
struct hosts {
	const char *path;
	struct stage_daemon daemon;
	struct yardstick yardstick;
};

struct client {
	const char *path;
	struct fdbroker *broker;
	int sock;
	struct ucred self;
};

static struct client *client_new(const struct hosts *hosts)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		measure_die("client", -ENOMEM);
	client->path = hosts->path;
	client->self = (struct ucred){ getpid(), geteuid(), getegid() };
	return client;
}

static void *join_daemon(void *context)
{
	const struct hosts *hosts = context;
	struct client *client = client_new(hosts);
	int r = fdbroker_connect(&client->broker, hosts->daemon.socket);

	if (r < 0)
		measure_die("cannot connect", r);
	return client;
}

static int ask_daemon(void *context)
{
	const struct client *client = context;
	int fd = fdbroker_open(client->broker, client->path, O_RDONLY, 0, NULL);

	if (fd < 0)
		return fd;
	fd_close(fd);
	return 0;
}

static void *join_yardstick(void *context)
{
	const struct hosts *hosts = context;
	struct client *client = client_new(hosts);

	client->sock = yardstick_connect(&hosts->yardstick);
	if (client->sock < 0)
		measure_die("cannot connect", client->sock);
	return client;
}

static int ask_yardstick(void *context)
{
	const struct client *client = context;

	return yardstick_ask(client->sock, &client->self, client->path);
}

/* What came out for one number of clients. */
struct outcome {
	struct series rate, other_rate, ratio, fairness, other_fairness, p50, p99;
};

static void run_round(struct hosts *hosts, size_t n, unsigned int usec, struct outcome *out)
{
	const struct crowd_host daemon = { "fdbrokerd", hosts, join_daemon, ask_daemon };
	const struct crowd_host least = { "minimal broker", hosts, join_yardstick, ask_yardstick };
	struct crowd_result ours, other;

	crowd_run(&least, n, usec, &other);
	crowd_run(&daemon, n, usec, &ours);
	series_add(&out->rate, ours.rate);
	series_add(&out->other_rate, other.rate);
	series_add(&out->ratio, ours.rate / other.rate);
	series_add(&out->fairness, ours.fairness);
	series_add(&out->other_fairness, other.fairness);
	series_add(&out->p50, ours.p50);
	series_add(&out->p99, ours.p99);
}

static void show(size_t n, struct outcome *out)
{
	printf("%-32zu %9.0f %9.0f %8.2f %8.2f %8.2f %8.1f %8.1f\n", n, series_median(&out->rate),
	       series_median(&out->other_rate), series_median(&out->ratio),
	       series_median(&out->fairness), series_median(&out->other_fairness),
	       series_median(&out->p50), series_median(&out->p99));
}

static void tell(struct bench *bench, size_t n, struct outcome *out)
{
	bench_point(bench, "clients", "fdbrokerd", (double)n, series_median(&out->rate));
	bench_point(bench, "clients", "minimal broker", (double)n, series_median(&out->other_rate));
	bench_point(bench, "latency of clients", "p50", (double)n, series_median(&out->p50));
	bench_point(bench, "latency of clients", "p99", (double)n, series_median(&out->p99));
}

static void run_size(const struct bench *bench, struct hosts *hosts, size_t n, struct outcome *out)
{
	unsigned int times = n == BUDGETED ? OFTEN : 1;

	for (unsigned int i = 0; i < times; i++)
		run_round(hosts, n, bench->smoke ? 20000 : USEC, out);
}

static void run(struct bench *bench, struct hosts *hosts)
{
	static const size_t sizes[] = { 1, 2, 4, 16, 64, 256, 1000 };
	static struct outcome outcomes[ELEMENTSOF(sizes)];
	size_t n = bench->smoke ? 2 : ELEMENTSOF(sizes);

	for (unsigned int round = 0; round < (bench->smoke ? 1 : ROUNDS); round++)
		for (size_t i = 0; i < n; i++)
			run_size(bench, hosts, sizes[i], &outcomes[i]);
	printf("\n%-32s %9s %9s %8s %8s %8s %8s %8s\n", "clients, all processors", "opens/s",
	       "minimal", "x", "max/min", "minimal", "p50 us", "p99");
	for (size_t i = 0; i < n; i++) {
		show(sizes[i], &outcomes[i]);
		tell(bench, sizes[i], &outcomes[i]);
		if (sizes[i] != BUDGETED)
			continue;
		bench_row_least(bench, "64 clients, opens/s by the minimal broker's",
				series_median(&outcomes[i].ratio), 0.80, "", NULL);
		bench_row(bench, "64 clients: the fastest by the slowest",
			  series_median(&outcomes[i].fairness), 2, "", NULL);
	}
}

void bench_crowds(struct bench *bench)
{
	struct hosts hosts = { .path = bench->stage.paths[STAGE_ORDINARY] };

	measure_on_all_processors();
	stage_daemon_start(&bench->stage, bench->smoke ? 10 : RULES, &hosts.daemon);
	yardstick_start_for_many(&hosts.yardstick);
	run(bench, &hosts);
	yardstick_stop(&hosts.yardstick);
	stage_daemon_stop(&hosts.daemon);
	measure_on_one_processor();
}

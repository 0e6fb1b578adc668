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

struct crowd {
	size_t n;	    /* clients */
	unsigned int times; /* that it runs in a round */
	struct outcome out;
};

/*
 * A thousand processes have a thousand address spaces and kernel stacks, which no cache holds: what they do
 * themselves takes longer then, whoever serves them. Two processes with so many connections tell what these
 * cost the server.
 */
struct kind {
	const char *title, *plot;
	const char *latency; /* another plot, or NULL */
	size_t processes;    /* 0: each client is one */
	struct crowd crowds[8];
	size_t n;
};

static void run_once(struct hosts *hosts, const struct kind *kind, struct crowd *crowd,
		     unsigned int usec)
{
	size_t threads = kind->processes > 0 ? crowd->n / kind->processes : 1;
	const struct crowd_host daemon = { "fdbrokerd", hosts, threads, join_daemon, ask_daemon };
	const struct crowd_host least = { "minimal broker", hosts, threads, join_yardstick,
					  ask_yardstick };
	struct outcome *out = &crowd->out;
	struct crowd_result ours, other;

	crowd_run(&least, crowd->n, usec, &other);
	crowd_run(&daemon, crowd->n, usec, &ours);
	series_add(&out->rate, ours.rate);
	series_add(&out->other_rate, other.rate);
	series_add(&out->ratio, ours.rate / other.rate);
	series_add(&out->fairness, ours.fairness);
	series_add(&out->other_fairness, other.fairness);
	series_add(&out->p50, ours.p50);
	series_add(&out->p99, ours.p99);
}

static void run_round(const struct bench *bench, struct hosts *hosts, struct kind *kind)
{
	for (size_t i = 0; i < kind->n; i++)
		for (unsigned int k = 0; k < kind->crowds[i].times; k++)
			run_once(hosts, kind, &kind->crowds[i], bench->smoke ? 20000 : USEC);
}

static void show(size_t n, struct outcome *out)
{
	printf("%-32zu %9.0f %9.0f %8.2f %8.2f %8.2f %8.1f %8.1f\n", n, series_median(&out->rate),
	       series_median(&out->other_rate), series_median(&out->ratio),
	       series_median(&out->fairness), series_median(&out->other_fairness),
	       series_median(&out->p50), series_median(&out->p99));
}

static void tell(struct bench *bench, struct kind *kind)
{
	printf("\n%-32s %9s %9s %8s %8s %8s %8s %8s\n", kind->title, "opens/s", "minimal", "x",
	       "max/min", "minimal", "p50 us", "p99");
	for (size_t i = 0; i < kind->n; i++) {
		struct outcome *out = &kind->crowds[i].out;
		double n = (double)kind->crowds[i].n;

		show(kind->crowds[i].n, out);
		bench_point(bench, kind->plot, "fdbrokerd", n, series_median(&out->rate));
		bench_point(bench, kind->plot, "minimal broker", n,
			    series_median(&out->other_rate));
		if (!kind->latency)
			continue;
		bench_point(bench, kind->latency, "p50", n, series_median(&out->p50));
		bench_point(bench, kind->latency, "p99", n, series_median(&out->p99));
	}
}

static struct outcome *find(struct kind *kind, size_t n)
{
	for (size_t i = 0; i < kind->n; i++)
		if (kind->crowds[i].n == n)
			return &kind->crowds[i].out;
	return NULL;
}

static void judge(struct bench *bench, struct kind *processes, struct kind *connections)
{
	struct outcome *budgeted = find(processes, BUDGETED), *few = find(connections, BUDGETED),
		       *many = find(connections, CROWD_MAX);

	if (!budgeted || !few || !many)
		return;
	bench_row_least(bench, "64 clients, opens/s by the minimal broker's",
			series_median(&budgeted->ratio), 0.80, "", NULL);
	bench_row(bench, "64 clients: the fastest by the slowest",
		  series_median(&budgeted->fairness), 2, "", NULL);
	bench_row_least(bench, "1,000 connections, opens/s by those of 64",
			series_median(&many->rate) / series_median(&few->rate), 0, "",
			"of two processes");
	bench_row_least(bench, "the same of the minimal broker",
			series_median(&many->other_rate) / series_median(&few->other_rate), 0, "",
			"which has nothing to know of a connection");
}

static void run(struct bench *bench, struct hosts *hosts)
{
	static struct kind processes = {
		.title = "clients, all processors",
		.plot = "clients",
		.latency = "latency of clients",
		.crowds = { { .n = 1, .times = 1 },
			    { .n = 2, .times = 1 },
			    { .n = 4, .times = 1 },
			    { .n = 16, .times = 1 },
			    { .n = BUDGETED, .times = OFTEN },
			    { .n = 256, .times = 1 },
			    { .n = CROWD_MAX, .times = 1 } },
		.n = 7,
	};
	static struct kind connections = {
		.title = "connections of two processes",
		.plot = "connections",
		.processes = 2,
		.crowds = { { .n = 2, .times = 1 },
			    { .n = BUDGETED, .times = 1 },
			    { .n = 256, .times = 1 },
			    { .n = CROWD_MAX, .times = 1 } },
		.n = 4,
	};

	if (bench->smoke) {
		processes.n = 2;
		connections.n = 1;
	}
	for (unsigned int round = 0; round < (bench->smoke ? 1 : ROUNDS); round++) {
		run_round(bench, hosts, &processes);
		run_round(bench, hosts, &connections);
	}
	tell(bench, &processes);
	tell(bench, &connections);
	judge(bench, &processes, &connections);
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

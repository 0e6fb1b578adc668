/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/crowd.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/histogram.h"
#include "base/macro.h"
#include "bench/stage.h"

/*
 * Each client says that it was answered once by a byte in a pipe, and begins when the other pipe ends; so
 * that all are being served before the first one asks again. That it is connected would not do: a
 * thousand who connect at once are taken one after the other, a fifth of a millisecond each.
 */

#define NSEC_PER_TICK 100 /* of the histogram, which ends at 12.6 million */

struct tally {
	uint64_t n;
	struct histogram ticks;
};

struct ground {
	atomic_bool over;
	struct tally tallies[CROWD_MAX];
};

struct gate {
	int there[2], go[2];
};

static void wait_at(struct gate *gate)
{
	char byte = 0;

	fd_close(gate->go[1]);
	if (write(gate->there[1], &byte, 1) != 1)
		_exit(1);
	while (read(gate->go[0], &byte, 1) < 0 && errno == EINTR)
		continue;
}

static void ask(const struct crowd_host *host, void *client)
{
	int r = host->ask(client);

	if (r < 0)
		measure_die(host->name, r);
}

static void be_client(const struct crowd_host *host, struct ground *ground, struct tally *tally,
		      struct gate *gate)
{
	uint64_t last, now;
	void *client;

	stage_become_caller();
	client = host->join(host->context);
	ask(host, client);
	wait_at(gate);
	last = measure_wall_nsec();
	while (!atomic_load_explicit(&ground->over, memory_order_relaxed)) {
		ask(host, client);
		now = measure_wall_nsec();
		histogram_add(&tally->ticks, (now - last) / NSEC_PER_TICK, 1);
		tally->n++;
		last = now;
	}
	_exit(0);
}

static void gather(const struct crowd_host *host, struct ground *ground, pid_t *pids, size_t n)
{
	struct gate gate;
	char byte;

	if (pipe(gate.there) < 0 || pipe(gate.go) < 0)
		measure_die("pipe", -errno);
	fflush(stdout);
	for (size_t i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			measure_die("fork", -errno);
		if (pids[i] == 0)
			be_client(host, ground, &ground->tallies[i], &gate);
	}
	fd_close(gate.there[1]);
	for (size_t i = 0; i < n; i++)
		if (read(gate.there[0], &byte, 1) != 1)
			measure_die(host->name, -ECONNREFUSED);
	for (size_t i = 0; i < ELEMENTSOF(gate.go); i++)
		fd_close(gate.go[i]);
	fd_close(gate.there[0]);
}

static void disperse(const struct crowd_host *host, const pid_t *pids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int status;

		if (waitpid(pids[i], &status, 0) < 0 || status != 0)
			measure_die(host->name, -ECONNABORTED);
	}
}

static void add_up(const struct ground *ground, size_t n, double sec, struct crowd_result *ret)
{
	uint64_t all = 0, most = 0, least = UINT64_MAX;
	struct histogram ticks = { .counts = { 0 } };

	*ret = (struct crowd_result){ 0 };
	for (size_t i = 0; i < n; i++) {
		uint64_t each = ground->tallies[i].n;

		all += each;
		most = each > most ? each : most;
		least = each < least ? each : least;
		histogram_sum(&ticks, &ground->tallies[i].ticks);
	}
	ret->rate = (double)all / sec;
	ret->fairness = (double)most / (double)(least > 0 ? least : 1);
	if (histogram_quantile(&ticks, 0.5, &ret->p50) == 0)
		ret->p50 *= NSEC_PER_TICK / 1e3;
	if (histogram_quantile(&ticks, 0.99, &ret->p99) == 0)
		ret->p99 *= NSEC_PER_TICK / 1e3;
}

void crowd_run(const struct crowd_host *host, size_t n, unsigned int usec, struct crowd_result *ret)
{
	struct ground *ground = measure_share(sizeof(*ground));
	pid_t pids[CROWD_MAX];
	uint64_t began;
	double sec;

	gather(host, ground, pids, n);
	began = measure_wall_nsec();
	usleep(usec);
	atomic_store(&ground->over, true);
	sec = (double)(measure_wall_nsec() - began) / 1e9;
	disperse(host, pids, n);
	add_up(ground, n, sec, ret);
	munmap(ground, sizeof(*ground));
}

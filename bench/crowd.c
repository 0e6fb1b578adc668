/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/crowd.h"

#include <errno.h>
#include <pthread.h>
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

/* One client: a thread, of a process that may have others. */
struct client {
	const struct crowd_host *host;
	const struct ground *ground;
	struct tally *tally;
	struct gate *gate;
	pthread_t thread;
};

static void *be_client(void *context)
{
	const struct client *self = context;
	void *client = self->host->join(self->host->context);
	uint64_t last, now;

	ask(self->host, client);
	wait_at(self->gate);
	last = measure_wall_nsec();
	while (!atomic_load_explicit(&self->ground->over, memory_order_relaxed)) {
		ask(self->host, client);
		now = measure_wall_nsec();
		histogram_add(&self->tally->ticks, (now - last) / NSEC_PER_TICK, 1);
		self->tally->n++;
		last = now;
	}
	return NULL;
}

_Noreturn static void be_process(const struct crowd_host *host, struct ground *ground, size_t first,
				 struct gate *gate)
{
	static struct client clients[CROWD_MAX];
	size_t n = host->threads > 0 ? host->threads : 1;

	fd_close(gate->go[1]);
	stage_become_caller();
	for (size_t i = 0; i < n; i++) {
		clients[i] = (struct client){ .host = host,
					      .ground = ground,
					      .tally = &ground->tallies[first + i],
					      .gate = gate };
		if (i > 0 && pthread_create(&clients[i].thread, NULL, be_client, &clients[i]) != 0)
			measure_die("pthread_create", -EAGAIN);
	}
	be_client(&clients[0]);
	for (size_t i = 1; i < n; i++)
		pthread_join(clients[i].thread, NULL);
	_exit(0);
}

/* How many processes they are. */
static size_t gather(const struct crowd_host *host, struct ground *ground, pid_t *pids, size_t n)
{
	size_t step = host->threads > 0 ? host->threads : 1;
	struct gate gate;
	char byte;

	if (pipe(gate.there) < 0 || pipe(gate.go) < 0)
		measure_die("pipe", -errno);
	fflush(stdout);
	for (size_t i = 0; i < n; i += step) {
		pids[i / step] = fork();
		if (pids[i / step] < 0)
			measure_die("fork", -errno);
		if (pids[i / step] == 0)
			be_process(host, ground, i, &gate);
	}
	fd_close(gate.there[1]);
	for (size_t i = 0; i < n; i++)
		if (read(gate.there[0], &byte, 1) != 1)
			measure_die(host->name, -ECONNREFUSED);
	for (size_t i = 0; i < ELEMENTSOF(gate.go); i++)
		fd_close(gate.go[i]);
	fd_close(gate.there[0]);
	return n / step;
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
	size_t processes;
	uint64_t began;
	double sec;

	processes = gather(host, ground, pids, n);
	began = measure_wall_nsec();
	usleep(usec);
	atomic_store(&ground->over, true);
	sec = (double)(measure_wall_nsec() - began) / 1e9;
	disperse(host, pids, processes);
	add_up(ground, n, sec, ret);
	munmap(ground, sizeof(*ground));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/lanes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "client/fdbroker.h"

static const char *next_path(struct asked *asked)
{
	if (!asked->paths)
		return asked->path;
	return asked->paths[asked->next++ % asked->n_paths];
}

/* What was opened at @path is not needed. */
static int done(const struct asked *asked, const char *path, int fd)
{
	if (fd < 0)
		return fd;
	fd_close(fd);
	return asked->removes && unlink(path) < 0 ? -errno : 0;
}

static int open_directly(void *context)
{
	struct asked *asked = context;
	const char *path = next_path(asked);
	int fd = open(path, asked->flags | O_CLOEXEC, asked->mode);

	return done(asked, path, fd < 0 ? -errno : fd);
}

static int ask_yardstick(void *context)
{
	struct asked *asked = context;

	return yardstick_ask(asked->sock, &asked->self, next_path(asked));
}

static struct fdbroker *whose_turn(struct asked *asked)
{
	return asked->second && asked->next++ % 2 == 1 ? asked->second : asked->broker;
}

static int ask_broker(void *context)
{
	struct asked *asked = context;
	const char *path = next_path(asked);
	int fd = fdbroker_open(whose_turn(asked), path, asked->flags, asked->mode, NULL);

	if (asked->refusal != 0)
		return fd == asked->refusal ? 0 : -EBADMSG;
	return done(asked, path, fd);
}

static int ask_batch(void *context)
{
	const struct asked *asked = context;
	int r = fdbroker_open_batch(asked->broker, asked->requests, asked->n_requests);

	for (unsigned int i = 0; r >= 0 && i < asked->n_requests; i++)
		r = done(asked, asked->requests[i].path, asked->requests[i].fd);
	return r;
}

static struct lane *add(struct course *c, const char *name, int (*once)(void *context),
			const struct asked *asked)
{
	struct lane *lane = &c->lanes[c->race.n];

	if (c->race.n == LANES_MAX)
		measure_die(name, -E2BIG);
	c->asked[c->race.n++] = *asked;
	*lane = (struct lane){
		.name = name,
		.once = once,
		.context = &c->asked[c->race.n - 1],
	};
	return lane;
}

struct asked *lane_asked(struct lane *lane)
{
	return lane->context;
}

struct lane *course_add_direct(struct course *course, const char *name, const char *path)
{
	return add(course, name, open_directly, &(struct asked){ .path = path });
}

struct lane *course_add_minimal(struct course *course, const char *name, const char *path)
{
	const struct asked asked = {
		.sock = course->yardstick.sock,
		.self = { getpid(), STAGE_CALLER, STAGE_CALLER },
		.path = path,
	};
	struct lane *lane = add(course, name, ask_yardstick, &asked);

	lane->servers[0] = course->yardstick.pid;
	return lane;
}

struct lane *course_add(struct course *course, const char *name, const struct stage_daemon *daemon,
			struct fdbroker *broker, const char *path)
{
	const struct asked asked = { .broker = broker, .path = path };
	struct lane *lane = add(course, name, ask_broker, &asked);

	for (size_t i = 0; i < STAGE_PROCESSES; i++)
		lane->servers[i] = daemon->pids[i];
	return lane;
}

struct lane *course_add_batch(struct course *course, const char *name,
			      const struct stage_daemon *daemon, struct fdbroker *broker,
			      const char *path, unsigned int n)
{
	struct lane *lane = course_add(course, name, daemon, broker, path);
	struct asked *asked = lane_asked(lane);

	asked->requests = calloc(n, sizeof(*asked->requests));
	if (!asked->requests)
		measure_die(name, -ENOMEM);
	asked->n_requests = n;
	for (unsigned int i = 0; i < n; i++)
		asked->requests[i] = (struct fdbroker_request){ .path = path };
	lane->once = ask_batch;
	lane->files = n;
	lane->slow = n;
	return lane;
}

struct lane *course_add_other(struct course *course, const char *name, int (*once)(void *context),
			      void *context)
{
	struct lane *lane = add(course, name, once, &(struct asked){ 0 });

	lane->context = context;
	return lane;
}

struct fdbroker *course_connect(struct course *course, const struct stage_daemon *daemon)
{
	struct fdbroker **broker = &course->brokers[course->n_brokers++];
	int r = fdbroker_connect(broker, daemon->socket);

	if (r < 0)
		measure_die("cannot connect", r);
	return *broker;
}

void course_init(struct course *course, const char *path)
{
	*course = (struct course){ .race.lanes = course->lanes };
	yardstick_start(&course->yardstick);
	course->direct = course_add_direct(course, "direct open", path);
	course->minimal = course_add_minimal(course, "minimal broker (e)", path);
}

void course_done(struct course *course)
{
	for (size_t i = 0; i < course->race.n; i++)
		free(course->asked[i].requests);
	race_done(&course->race);
	for (size_t i = 0; i < course->n_brokers; i++)
		fdbroker_close(course->brokers[i]);
	yardstick_stop(&course->yardstick);
}

void course_run(struct course *course, unsigned int rounds, unsigned int requests)
{
	course->race.rounds = rounds;
	course->race.requests = requests;
	stage_as_caller();
	race_run(&course->race);
	stage_as_root();
}

struct shown {
	double p50, p90, p99, rate, by_direct, by_minimal, switches;
};

static struct shown look_at(const struct course *course, struct lane *lane)
{
	return (struct shown){
		.p50 = race_quantile(lane, 0.5),
		.p90 = race_quantile(lane, 0.9),
		.p99 = race_quantile(lane, 0.99),
		.rate = series_median(&lane->rate),
		.by_direct = race_ratio(lane, course->direct),
		.by_minimal = race_ratio(lane, course->minimal),
		.switches = series_median(&lane->switches),
	};
}

void course_show(struct course *course, const char *title, FILE *results)
{
	printf("\n%-32s %8s %8s %8s %9s %8s %7s %8s\n", title, "p50 us", "p90", "p99", "files/s",
	       "x direct", "x (e)", "switches");
	for (size_t i = 0; i < course->race.n; i++) {
		struct lane *lane = &course->lanes[i];
		struct shown s = look_at(course, lane);

		printf("%-32s %8.2f %8.2f %8.2f %9.0f %8.2f %7.2f %8.2f\n", lane->name, s.p50,
		       s.p90, s.p99, s.rate, s.by_direct, s.by_minimal, s.switches);
		if (results)
			fprintf(results, "lane\t%s\t%s\t%.3f\t%.3f\t%.3f\t%.0f\t%.3f\t%.3f\t%.2f\n",
				title, lane->name, s.p50, s.p90, s.p99, s.rate, s.by_direct,
				s.by_minimal, s.switches);
	}
}

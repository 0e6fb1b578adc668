/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench/lanes.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "client/fdbroker.h"

#define FIRST_GROUP 40000U

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
	return (asked->second && asked->next++ % 2 == 1 ? asked->second : asked->to)->broker;
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
	int r = fdbroker_open_batch(asked->to->broker, asked->requests, asked->n_requests);

	for (unsigned int i = 0; r >= 0 && i < asked->n_requests; i++)
		r = asked->closes_each ? done(asked, asked->requests[i].path, asked->requests[i].fd)
				       : asked->requests[i].fd;
	if (!asked->closes_each && r >= 0)
		fdbroker_close_batch(asked->requests, asked->n_requests);
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
		.path = path,
	};
	struct lane *lane = add(course, name, ask_yardstick, &asked);

	lane->servers[0] = course->yardstick.pid;
	return lane;
}

struct lane *course_add(struct course *course, const char *name, const struct connection *to,
			const char *path)
{
	struct lane *lane =
		add(course, name, ask_broker, &(struct asked){ .to = to, .path = path });

	for (size_t i = 0; i < STAGE_PROCESSES; i++)
		lane->servers[i] = to->daemon->pids[i];
	return lane;
}

struct lane *course_add_batch(struct course *course, const char *name, const struct connection *to,
			      const char *path, unsigned int n)
{
	struct lane *lane = course_add(course, name, to, path);
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

struct connection *course_connect(struct course *course, const struct stage_daemon *daemon)
{
	struct connection *connection = &course->connections[course->n_connections];

	if (course->n_connections++ == LANES_MAX)
		measure_die("connections", -E2BIG);
	*connection = (struct connection){ .daemon = daemon };
	return connection;
}

void course_init(struct course *course, const char *path)
{
	struct lane *lanes = measure_share(LANES_MAX * sizeof(*lanes));

	*course = (struct course){ .race.lanes = lanes, .lanes = lanes };
	yardstick_start(&course->yardstick);
	course->direct = course_add_direct(course, "direct open", path);
	course->minimal = course_add_minimal(course, "minimal broker (e)", path);
}

void course_done(struct course *course)
{
	for (size_t i = 0; i < course->race.n; i++)
		free(course->asked[i].requests);
	race_done(&course->race);
	munmap(course->lanes, LANES_MAX * sizeof(*course->lanes));
	yardstick_stop(&course->yardstick);
}

static void be_in_groups(size_t n)
{
	static gid_t list[LANES_GROUPS_MAX];

	for (size_t i = 0; i < n; i++)
		list[i] = FIRST_GROUP + (gid_t)i;
	if (setgroups(n, list) < 0)
		measure_die("setgroups", -errno);
}

static void connect_all(struct course *course)
{
	for (size_t i = 0; i < course->n_connections; i++) {
		struct connection *connection = &course->connections[i];
		int r;

		be_in_groups(connection->n_groups);
		stage_as_caller();
		r = fdbroker_connect(&connection->broker, connection->daemon->socket);
		stage_as_root();
		if (r < 0)
			measure_die("cannot connect", r);
	}
	be_in_groups(0);
}

static void close_all(struct course *course)
{
	for (size_t i = 0; i < course->n_connections; i++)
		course->connections[i].broker = fdbroker_close(course->connections[i].broker);
}

/* The yardstick's clients say who they are, too: once for all. */
static void sign_all(struct course *course)
{
	for (size_t i = 0; i < course->race.n; i++)
		course->asked[i].self = (struct ucred){ getpid(), STAGE_CALLER, STAGE_CALLER };
}

static void run_effectively(struct course *course)
{
	sign_all(course);
	connect_all(course);
	stage_as_caller();
	race_run(&course->race);
	stage_as_root();
	close_all(course);
}

static void run_wholly(struct course *course)
{
	sign_all(course);
	connect_all(course);
	stage_become_caller();
	race_run(&course->race);
	_exit(EXIT_SUCCESS);
}

static void run_in_child(struct course *course)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run_wholly(course);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		measure_die("the caller", -errno);
	if (status != 0)
		exit(EXIT_FAILURE); /* it has said why */
}

void course_run(struct course *course, unsigned int rounds, unsigned int requests)
{
	course->race.rounds = rounds;
	course->race.requests = requests;
	race_prepare(&course->race);
	if (course->needs_root)
		run_effectively(course);
	else
		run_in_child(course);
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

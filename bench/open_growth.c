/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "bench/bench_open.h"
#include "bench/lanes.h"

/* What a request costs by something that grows: one thing at a time, all sizes in one race. */

#define DEPTH_RULES 10U

static const size_t rules[] = { 10, 10000, 100000 };
static const unsigned int depths[] = { 1, 4, 8, 16, 32, 64 }; /* directories below the stage's */
static const size_t groups[] = { 0, 8, 64, 512, 4096 };

struct points {
	struct lane *lane;
	const char *line;
	double x;
};

static void tell(struct bench *bench, const struct course *course, const char *plot,
		 const struct points *points, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bench_point(bench, plot, points[i].line, points[i].x,
			    race_ratio(points[i].lane, course->minimal));
}

/* rules */

static void add_rules(struct bench *bench, struct course *course, const struct stage_daemon *daemon,
		      size_t n, struct points *points)
{
	static char names[2 * ELEMENTSOF(rules)][40];
	const struct connection *to = course_connect(course, daemon);
	static size_t at;

	snprintf(names[at], sizeof(names[at]), "%zu rules, ordinary", n);
	points[0].lane = course_add(course, names[at++], to, bench->stage.paths[STAGE_ORDINARY]);
	snprintf(names[at], sizeof(names[at]), "%zu rules, refused", n);
	points[1].lane = course_add(course, names[at++], to, bench->stage.paths[STAGE_REFUSED]);
	lane_asked(points[1].lane)->refusal = -EACCES;
	points[0].line = "ordinary";
	points[1].line = "refused";
	points[0].x = points[1].x = (double)n;
}

static void run_rules(struct bench *bench)
{
	static struct course course;
	struct stage_daemon daemons[ELEMENTSOF(rules)];
	struct points points[2 * ELEMENTSOF(rules)];
	size_t n = bench->smoke ? 1 : ELEMENTSOF(rules);

	course_init(&course, bench->stage.paths[STAGE_ORDINARY]);
	for (size_t i = 0; i < n; i++) {
		stage_daemon_start(&bench->stage, rules[i], &daemons[i]);
		add_rules(bench, &course, &daemons[i], rules[i], &points[2 * i]);
	}
	course_run(&course, bench->rounds, bench->requests);
	course_show(&course, "by the number of rules", bench->results);
	tell(bench, &course, "rules", points, 2 * n);
	course_done(&course);
	for (size_t i = 0; i < n; i++)
		stage_daemon_stop(&daemons[i]);
}

/* depth */

static void make_deep(const struct stage *stage, unsigned int depth, char *path, size_t size)
{
	size_t len = (size_t)snprintf(path, size, "%s", stage->deep);

	for (unsigned int i = 1; i < depth; i++) {
		len += (size_t)snprintf(path + len, size - len, "/d");
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			measure_die(path, -errno);
	}
	snprintf(path + len, size - len, "/f");
	stage_make_file(path, 0, 0644);
}

static void run_depths(struct bench *bench, const struct stage_daemon *daemon)
{
	static char paths[ELEMENTSOF(depths)][STAGE_PATH_MAX], names[2 * ELEMENTSOF(depths)][40];
	static struct course course;
	struct points points[2 * ELEMENTSOF(depths)];
	const struct connection *to;

	course_init(&course, bench->stage.paths[STAGE_ORDINARY]);
	to = course_connect(&course, daemon);
	for (size_t i = 0; i < ELEMENTSOF(depths); i++) {
		make_deep(&bench->stage, depths[i], paths[i], sizeof(paths[i]));
		snprintf(names[2 * i], sizeof(names[0]), "%u directories down, minimal", depths[i]);
		snprintf(names[2 * i + 1], sizeof(names[0]), "%u directories down", depths[i]);
		points[2 * i] =
			(struct points){ course_add_minimal(&course, names[2 * i], paths[i]),
					 "minimal broker", depths[i] };
		points[2 * i + 1] =
			(struct points){ course_add(&course, names[2 * i + 1], to, paths[i]),
					 "fdbrokerd", depths[i] };
	}
	course_run(&course, bench->rounds, bench->requests);
	course_show(&course, "by the depth of the path", bench->results);
	tell(bench, &course, "depth", points, ELEMENTSOF(points));
	course_done(&course);
}

/* who asks */

static void run_groups(struct bench *bench, const struct stage_daemon *daemon)
{
	static char names[ELEMENTSOF(groups)][40];
	static struct course course;
	struct points points[ELEMENTSOF(groups)];
	struct connection *to;
	struct lane *lane;

	course_init(&course, bench->stage.paths[STAGE_ORDINARY]);
	for (size_t i = 0; i < ELEMENTSOF(groups); i++) {
		snprintf(names[i], sizeof(names[i]), "caller in %zu groups", groups[i]);
		to = course_connect(&course, daemon);
		to->n_groups = groups[i];
		lane = course_add(&course, names[i], to, bench->stage.paths[STAGE_ORDINARY]);
		points[i] = (struct points){ lane, "ordinary", (double)groups[i] };
	}
	course_run(&course, bench->rounds, bench->requests);
	course_show(&course, "by the caller's groups", bench->results);
	tell(bench, &course, "groups", points, ELEMENTSOF(points));
	course_done(&course);
}

void bench_growth(struct bench *bench)
{
	struct stage_daemon daemon;

	run_rules(bench);
	stage_daemon_start(&bench->stage, DEPTH_RULES, &daemon);
	run_depths(bench, &daemon);
	run_groups(bench, &daemon);
	stage_daemon_stop(&daemon);
}

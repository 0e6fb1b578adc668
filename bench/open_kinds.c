/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/macro.h"
#include "bench/bare_batch.h"
#include "bench/bench_open.h"
#include "bench/lanes.h"

#define RULES 10000U

/* What a rule has recorded is told for itself: the budget is for what is recorded by default, which
 * is every refusal, and what is opened as root. */
static const struct {
	const char *name;
	enum stage_file file;
	int refusal;
	double limit; /* of its time by that of the minimal broker; 0: none */
} kinds[] = {
	{ "ordinary", STAGE_ORDINARY, 0, 1.30 },
	{ "ordinary, each recorded", STAGE_RECORDED, 0, 0 },
	{ "two-step", STAGE_OWN, 0, 1.60 },
	{ "as root, each recorded", STAGE_LENT, 0, 0 },
	{ "refused, each recorded", STAGE_REFUSED, -EACCES, 0.85 },
};

/* Each may take so many times as long, by the file, as opening directly, and its decision besides
 * (bench_decide's limit for so many rules). */
static const struct {
	const char *name;
	unsigned int files;
	double limit; /* 0: none */
	bool closes_each;
} batches[] = {
	{ "batch of 8", 8, 0, false },
	{ "batch of 32", 32, 1.7, false },
	{ "batch of 128", 128, 1.5, false },
	{ "batch of 128, closed one by one", 128, 0, true },
};

#define DECISION_USEC 0.25

/* The least that those of a budget can be: without what makes a broker safe, and with it. */
static const struct {
	const char *name;
	unsigned int files;
	bool safely;
} floors[] = {
	{ "bare batch of 32", 32, false },
	{ "bare batch of 32, safely", 32, true },
	{ "bare batch of 128", 128, false },
	{ "bare batch of 128, safely", 128, true },
};

struct kinds_lanes {
	struct lane *kinds[ELEMENTSOF(kinds)];
	struct lane *batches[ELEMENTSOF(batches)];
	struct lane *floors[ELEMENTSOF(floors)];
	struct bare_batch bare[ELEMENTSOF(floors)];
};

static void lay_floor(struct bench *bench, struct course *course, size_t i, struct kinds_lanes *ret)
{
	struct bare_batch *bare = &ret->bare[i];

	bare_batch_start(bare, bench->stage.paths[STAGE_ORDINARY], floors[i].files,
			 floors[i].safely);
	ret->floors[i] = course_add_other(course, floors[i].name, bare_batch_ask, bare);
	ret->floors[i]->files = ret->floors[i]->slow = floors[i].files;
	ret->floors[i]->servers[0] = bare->pid;
}

static void lay(struct bench *bench, struct course *course, const struct stage_daemon *daemon,
		struct kinds_lanes *ret)
{
	const struct connection *to = course_connect(course, daemon);

	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		ret->kinds[i] =
			course_add(course, kinds[i].name, to, bench->stage.paths[kinds[i].file]);
		lane_asked(ret->kinds[i])->refusal = kinds[i].refusal;
	}
	for (size_t i = 0; i < ELEMENTSOF(batches); i++) {
		ret->batches[i] =
			course_add_batch(course, batches[i].name, to,
					 bench->stage.paths[STAGE_ORDINARY], batches[i].files);
		lane_asked(ret->batches[i])->closes_each = batches[i].closes_each;
	}
	for (size_t i = 0; i < ELEMENTSOF(floors); i++)
		lay_floor(bench, course, i, ret);
}

static void judge(struct bench *bench, struct course *course, struct kinds_lanes *lanes)
{
	double direct = race_quantile(course->direct, 0.5);

	for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
		if (kinds[i].limit > 0)
			bench_row(bench, kinds[i].name,
				  race_ratio(lanes->kinds[i], course->minimal), kinds[i].limit,
				  "x (e)", NULL);
	for (size_t i = 0; i < ELEMENTSOF(batches); i++)
		if (batches[i].limit > 0)
			bench_row(bench, batches[i].name,
				  race_ratio(lanes->batches[i], course->direct),
				  batches[i].limit + DECISION_USEC / direct, "x direct",
				  "by the file; the limit has the decision in it");
	for (size_t i = 0; i < ELEMENTSOF(floors); i++)
		bench_row(bench, floors[i].name, race_ratio(lanes->floors[i], course->direct), 0,
			  "x direct", floors[i].safely ? "under Landlock, and looked at" : NULL);
	bench_row(bench, "context switches of a request", series_median(&lanes->kinds[0]->switches),
		  2.05, "", "of the client and all four processes");
}

void bench_kinds(struct bench *bench)
{
	static struct course course;
	struct stage_daemon daemon;
	struct kinds_lanes lanes;

	stage_daemon_start(&bench->stage, bench->smoke ? 10 : RULES, &daemon);
	course_init(&course, bench->stage.paths[STAGE_ORDINARY]);
	lay(bench, &course, &daemon, &lanes);
	course_run(&course, bench->rounds, bench->requests);
	course_show(&course, "one client, 10,000 rules", bench->results);
	judge(bench, &course, &lanes);
	for (size_t i = 0; i < ELEMENTSOF(floors); i++)
		bare_batch_stop(&lanes.bare[i]);
	course_done(&course);
	stage_daemon_stop(&daemon);
}

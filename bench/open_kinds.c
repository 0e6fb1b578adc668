/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/macro.h"
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

static void run(struct bench *bench, struct course *course, const struct stage_daemon *daemon)
{
	struct lane *lanes[ELEMENTSOF(kinds)];
	struct fdbroker *broker;

	stage_as_caller();
	broker = course_connect(course, daemon);
	stage_as_root();
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		lanes[i] = course_add(course, kinds[i].name, daemon, broker,
				      bench->stage.paths[kinds[i].file]);
		lane_asked(lanes[i])->refusal = kinds[i].refusal;
	}
	course_run(course, bench->rounds, bench->requests);
	course_show(course, "one client, 10,000 rules", bench->results);
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
		if (kinds[i].limit > 0)
			bench_row(bench, kinds[i].name, race_ratio(lanes[i], course->minimal),
				  kinds[i].limit, "x (e)", NULL);
	bench_row(bench, "context switches of a request", series_median(&lanes[0]->switches), 2.05,
		  "", "of the client and all four processes");
}

void bench_kinds(struct bench *bench)
{
	static struct course course;
	struct stage_daemon daemon;

	stage_daemon_start(&bench->stage, bench->smoke ? 10 : RULES, &daemon);
	course_init(&course, bench->stage.paths[STAGE_ORDINARY]);
	run(bench, &course, &daemon);
	course_done(&course);
	stage_daemon_stop(&daemon);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "bench/bench_open.h"
#include "bench/cold.h"
#include "bench/lanes.h"

/* What is not the common case: each beside the same done directly, or by the minimal broker. */

#define RULES 10U
#define SLOW  4U    /* times fewer requests in a round: COLD_FILES must last */
#define NAMES 2048U /* more than a broker remembers: daemon/rooted.h */

struct others {
	struct bench *bench;
	struct course course;
	struct stage_daemon daemon;
	const struct connection *to;
	char new_file[STAGE_PATH_MAX];
	char names[NAMES][STAGE_PATH_MAX];
	struct cold cold;
};

/* Root's files, as "ordinary" is one; but no name comes again before it is forgotten. */
static void add_names(struct others *o)
{
	struct lane *lanes[2];

	for (size_t i = 0; i < NAMES; i++) {
		snprintf(o->names[i], sizeof(o->names[i]), "%s/%zu", o->bench->stage.deep, i);
		stage_make_file(o->names[i], 0, 0644);
	}
	lanes[0] = course_add_minimal(&o->course, "name after name, minimal broker", NULL);
	lanes[1] = course_add(&o->course, "name after name", o->to, NULL);
	for (size_t i = 0; i < ELEMENTSOF(lanes); i++) {
		lane_asked(lanes[i])->paths = o->names;
		lane_asked(lanes[i])->n_paths = NAMES;
	}
}

static void add_create(struct others *o)
{
	struct lane *lanes[2];

	snprintf(o->new_file, sizeof(o->new_file), "%s/new", o->bench->stage.spool);
	lanes[0] = course_add_direct(&o->course, "create and remove, direct", o->new_file);
	lanes[1] = course_add(&o->course, "create and remove", o->to, o->new_file);
	for (size_t i = 0; i < ELEMENTSOF(lanes); i++) {
		lane_asked(lanes[i])->flags = O_CREAT | O_EXCL | O_WRONLY;
		lane_asked(lanes[i])->mode = 0644;
		lane_asked(lanes[i])->removes = true;
		lanes[i]->slow = SLOW;
	}
}

static void forget(void *context)
{
	struct asked *asked = context;

	cold_forget(asked->cold);
	asked->next = 0;
}

static void add_cold(struct others *o)
{
	struct lane *lanes[3];
	int r = cold_init(&o->cold, &o->bench->stage);

	if (r < 0) {
		printf("names that are not cached: not measured, no file system of their own: %s\n",
		       strerror(-r));
		return;
	}
	lanes[0] = course_add_direct(&o->course, "name not cached, direct", NULL);
	lanes[1] = course_add_minimal(&o->course, "name not cached, minimal broker", NULL);
	lanes[2] = course_add(&o->course, "name not cached", o->to, NULL);
	for (size_t i = 0; i < ELEMENTSOF(lanes); i++) {
		lane_asked(lanes[i])->cold = &o->cold;
		lane_asked(lanes[i])->paths = o->cold.paths;
		lane_asked(lanes[i])->n_paths = COLD_FILES;
		lanes[i]->reset = forget;
		lanes[i]->slow = SLOW;
	}
}

static void add_all(struct others *o)
{
	struct stage *stage = &o->bench->stage;
	struct lane *lane;

	o->to = course_connect(&o->course, &o->daemon);
	lane = course_add(&o->course, "two connections in turn", o->to,
			  stage->paths[STAGE_ORDINARY]);
	lane_asked(lane)->second = course_connect(&o->course, &o->daemon);
	lane = course_add(&o->course, "snapshot", o->to, stage->paths[STAGE_COPIED]);
	lane->slow = SLOW;
	add_names(o);
	add_create(o);
	add_cold(o);
}

void bench_others(struct bench *bench)
{
	static struct others o;

	o = (struct others){ .bench = bench };
	stage_daemon_start(&bench->stage, RULES, &o.daemon);
	course_init(&o.course, bench->stage.paths[STAGE_ORDINARY]);
	add_all(&o);
	course_run(&o.course, bench->rounds, bench->requests);
	course_show(&o.course, "other kinds", bench->results);
	course_done(&o.course);
	stage_daemon_stop(&o.daemon);
	if (o.cold.place)
		cold_done(&o.cold);
}

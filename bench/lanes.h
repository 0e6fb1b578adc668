/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_LANES_H
#define FDB_BENCH_LANES_H

/*
 * What is asked of whom: lanes for a race, and what they need. A course has two of its own, which
 * the others are measured by.
 */

#include <stdbool.h>
#include <stdio.h>

#include "bench/race.h"
#include "bench/stage.h"
#include "bench/yardstick.h"

#define LANES_MAX	 48U
#define LANES_GROUPS_MAX 4096U

struct cold;
struct fdbroker;

/* Who asks is there only when the course is run: so long this says to whom it will connect, and as whom. */
struct connection {
	const struct stage_daemon *daemon;
	size_t n_groups; /* that the caller is in meanwhile; LANES_GROUPS_MAX at most */
	struct fdbroker *broker;
};

/* One request, made again and again. */
struct asked {
	const struct connection *to;
	const struct connection *second; /* asked in turn with it; or NULL */
	int sock;			 /* the yardstick's */
	struct ucred self;
	const char *path;	       /* borrowed */
	char (*paths)[STAGE_PATH_MAX]; /* instead of it, one after the other; or NULL */
	size_t n_paths, next;
	struct fdbroker_request *requests; /* owned; or NULL */
	unsigned int n_requests;
	bool closes_each; /* of a batch by itself, not together */
	int flags;
	mode_t mode;
	int refusal;	   /* -errno that is expected; 0: a descriptor */
	bool removes;	   /* what it has made, by itself */
	struct cold *cold; /* for who resets the lane */
};

struct course {
	struct race race;
	struct lane *lanes; /* LANES_MAX; shared with who runs it */
	struct asked asked[LANES_MAX];
	struct yardstick yardstick;
	struct lane *direct, *minimal; /* opening @path oneself, and by the yardstick */
	struct connection connections[LANES_MAX];
	size_t n_connections;
	bool needs_root; /* between requests: the caller is one by effective ids alone, and this process */
};

/* With the two lanes for @path. It starts the yardstick: on the processor of the caller. */
void course_init(struct course *course, const char *path);
void course_done(struct course *course);

/* A connection to @daemon, which is borrowed; it is the course's, and made when that is run. */
struct connection *course_connect(struct course *course, const struct stage_daemon *daemon);

/* Lanes for what is asked over @to. @path is borrowed. Further fields of the lane, and of what is
 * asked, are the caller's to set. */
struct lane *course_add(struct course *course, const char *name, const struct connection *to,
			const char *path);
struct asked *lane_asked(struct lane *lane);

/* For @n opens of it in one request. */
struct lane *course_add_batch(struct course *course, const char *name, const struct connection *to,
			      const char *path, unsigned int n);

/* For opening @path oneself, and for asking the yardstick. */
struct lane *course_add_direct(struct course *course, const char *name, const char *path);
struct lane *course_add_minimal(struct course *course, const char *name, const char *path);

/* For anything else. */
struct lane *course_add_other(struct course *course, const char *name, int (*once)(void *context),
			      void *context);

/* Run it once, in a process that is the caller's, and say what came out; to @results too, unless it is NULL. */
void course_run(struct course *course, unsigned int rounds, unsigned int requests);
void course_show(struct course *course, const char *title, FILE *results);

#endif

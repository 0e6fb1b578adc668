/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_COMPARISON_H
#define FDB_CTL_COMPARISON_H

/* Two policies compared by what their rules mean, with requests that show the difference. */

#include "ctl/meaning.h"
#include "ctl/question.h"
#include "ctl/written.h"

struct side {
	struct load_options options;
	const char *file; /* for options.files */
	struct written written;
	struct policy *policy;
	struct callers *callers;
	struct candidates *candidates;
	struct known *items; /* by id */
	size_t n;
};

/* Read the policy of side->options. A policy with errors is shown on stderr: EXIT_INVALID. */
enum exit_code side_read(const struct ctl *ctl, struct side *side);
void side_done(struct side *side);

enum change { CHANGE_ADDED, CHANGE_REMOVED, CHANGE_CHANGED };

/* A request that the two decide otherwise. */
struct witness {
	struct example example;
	const char *mode;
	struct answer answers[2];
	bool found;
};

struct difference {
	enum change change;
	const struct written_rule *before, *after; /* NULL: there is none */
	const struct written_rule *rule;	   /* `after`, or `before` */
	struct witness witness;
	struct witness other; /* of a change: one that goes the other way */
};

struct comparison {
	struct side sides[2]; /* before, after: read */
	/* Called for each difference, which is borrowed; NULL: they are only counted. */
	void (*found)(void *context, const struct difference *difference);
	void *context;
	size_t counts[3];
};

/* 0 or -ENOMEM. */
int comparison_run(struct comparison *c);
size_t comparison_count(const struct comparison *c);

#endif

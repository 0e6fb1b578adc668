/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_BENCH_MIXED_RULES_H
#define FDB_BENCH_MIXED_RULES_H

/*
 * Rules to measure by, and questions about them. The mix: of ten rules five
 * name one file, three what is below a directory, two are globs; one in eight
 * is for one user alone.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "policy/policy.h"

#define MIXED_USERS	 50U /* from MIXED_FIRST_USER on */
#define MIXED_FIRST_USER 1000U

enum mix {
	MIX_ALL,
	MIX_HEADS, /* partial globs in one directory: "/opt/tool-7-*" followed by more */
	MIX_TAILS, /* the same with the number last: "/opt/x*-7" */
	MIX_MAX,
};

struct mixed_rule {
	char *pattern; /* as in the language */
	char *glob;    /* for fnmatch(3) */
	int flags;     /* for fnmatch(3) */
	bool everybody;
	uid_t uid;
};

struct mixed_question {
	uid_t uid;
	char path[128];
};

struct mixed_rules {
	struct mixed_rule *rules;
	size_t n;
};

int mixed_rules_new(struct mixed_rules *ret, enum mix mix, size_t n);
void mixed_rules_done(struct mixed_rules *rules);

/* A question that rule number @i answers with yes, or by a hair does not. */
struct mixed_question mixed_question(enum mix mix, size_t i, bool miss);

/* Write them to files in @directory, as many as it takes. 0 or -errno. */
int mixed_rules_write(const struct mixed_rules *rules, const char *directory);

/* Write them to files in a new directory, load them by the way that the daemon takes, and remove
 * the files. @ret_usec: processor time of the loading. */
int mixed_rules_load(const struct mixed_rules *rules, struct policy **ret, double *ret_usec);

/* Load whatever policy is in @directory. */
int mixed_rules_load_from(const char *directory, struct policy **ret, double *ret_usec);

#endif

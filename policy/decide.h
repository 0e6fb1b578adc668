/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_DECIDE_H
#define FDB_POLICY_DECIDE_H

/*
 * The decision, in two steps: what the policy says of the name, and, once the
 * object is pinned, what it says of the object.
 *
 * Pure: no I/O, no clock, no allocation, no logging. The same policy and the
 * same query always give the same answer, in the daemon, in fdbrokerctl and in
 * the tests. A refusal is an answer, not an error: neither step can fail.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "policy/policy.h"

/* What is asked. Every pointer is borrowed for the length of the call. */
struct policy_query {
	const struct policy_caller *caller;
	const char *path; /* NUL-terminated; anything at all: step 1 refuses what is not clean */
	uint32_t modes;	  /* POLICY_* bits, at least one */
	uint64_t now_sec; /* UTC seconds, read once per request; for `until` */
};

/* Why. CONDITION names the first condition that failed. */
enum policy_reason {
	POLICY_REASON_OK,
	POLICY_REASON_BAD_PATH,
	POLICY_REASON_DEFAULT,
	POLICY_REASON_RULE,
	POLICY_REASON_CONDITION,
};

enum policy_condition {
	POLICY_CONDITION_NONE,
	POLICY_CONDITION_TYPE,
	POLICY_CONDITION_OWNER,
	POLICY_CONDITION_FILE_GROUP,
	POLICY_CONDITION_MODE_MAX,
	POLICY_CONDITION_LINKS,
	POLICY_CONDITION_MAX_SIZE,
	POLICY_CONDITION_DEVICE,
	POLICY_CONDITION_FS,
	POLICY_CONDITION_MOUNT,
	POLICY_CONDITION_MOUNTS,   /* found by the opener */
	POLICY_CONDITION_SYMLINKS, /* found by the opener */
	POLICY_CONDITION_PARENTS,  /* found by the opener */
	POLICY_CONDITION_MAX,
};

const char *policy_condition_name(enum policy_condition condition);

struct search;

struct candidate {
	const struct policy_rule *rule;
	size_t prefix_len; /* bytes of the query's path that the rule's literal leading components cover */
	/* How specific: more leading components, fewer wildcards, more identity terms, then the id. */
	uint32_t n_leading, n_wildcards, n_terms;
};

/* The answer to step one. The arrays belong to the candidates and are as large as the policy. */
struct candidates {
	enum policy_reason reason; /* OK: look at the object; anything else: refused, for good */
	const struct policy_rule *rule; /* the deny that decided, or NULL */
	/* A rule that hinges on a fact not stated: the answer is not certain. NULL in the daemon, always. */
	const struct policy_rule *undecided;
	const char *undecided_fact; /* what would have to be stated: "unit" */
	struct candidate *allows;   /* most specific first */
	size_t n_allows;
	/* Conditional ones that name the query: their rules alone, in any order. Those of every name are
	 * not among them: decide_object() knows them. */
	struct candidate *denies;
	size_t n_denies;
	/* What finding them takes; policy/'s own. NULL where somebody else has put them together: then all
	 * denies are listed. */
	struct search *search;
};

/* For one policy; reused for any number of queries, one at a time. 0 or -ENOMEM. */
int candidates_new(struct candidates **ret, const struct policy *policy);
struct candidates *candidates_free(struct candidates *candidates);

/**
 * decide_name() - judge a name, touching nothing
 * @policy:	borrowed
 * @query:	the question; borrowed
 * @ret:	either a final refusal, or the allows that name it, most specific first, and the
 *		denies whose conditions the object must be held to
 *
 * An unconditional deny that names the request beats every allow, whatever the
 * order of files and lines. A deny of `append` denies write too; of `write`: write, append,
 * truncate, create and tmpfile.
 */
void decide_name(const struct policy *policy, const struct policy_query *query,
		 struct candidates *ret);

/**
 * candidates_add_standing() - list the conditional denies of every name too
 * @candidates:	as decide_name() left them for @query
 *
 * All denies are in the order of the rules then. For whoever shows them: no decision is another one
 * for it.
 */
void candidates_add_standing(struct candidates *candidates, const struct policy_query *query);

/* What the kernel says of the pinned object. */
struct policy_object {
	mode_t mode; /* type and permission bits */
	uid_t uid;
	gid_t gid;
	uint64_t links;
	uint64_t size; /* bytes */
	dev_t rdev;
	uint32_t fs_magic;    /* statfs(2) f_type */
	uint32_t mount_flags; /* statfs(2) f_flags: ST_RDONLY, … */
	/* Not there yet: what the request would make, on its parent's file system and mount. Of an
	 * allow's conditions only `fs` and `mount` are asked; a conditional deny is held to what
	 * would be made. */
	bool fresh;
	/* With @fresh: it is there by another name, and is to have this one. An allow's conditions are
	 * asked of it too, as written; what it leaves unsaid is no question. */
	bool named;
};

enum verdict {
	VERDICT_DENY, /* for good: a conditional deny holds */
	VERDICT_NEXT, /* this allow's conditions do not hold; try the next */
	VERDICT_ALLOW,
};

struct decision {
	enum verdict verdict;
	enum policy_condition condition; /* NEXT: the first that failed */
	const struct policy_rule *rule;	 /* ALLOW, NEXT: the allow; DENY: the deny */
};

/**
 * decide_object() - judge the pinned object by one candidate
 * @candidates:	as decide_name() left them for @query
 * @i:		which allow
 *
 * Conditional denies first, then the conditions of the allow and the defaults that it did not
 * overwrite (type, links, file system).
 */
struct decision decide_object(const struct candidates *candidates, size_t i,
			      const struct policy_query *query, const struct policy_object *object);

#endif

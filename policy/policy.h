/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_POLICY_H
#define FDB_POLICY_POLICY_H

/* A compiled policy: immutable, shared by everything that decides. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "policy/ast.h"
#include "policy/subject.h"

struct policy;

enum policy_audit { POLICY_AUDIT_NONE, POLICY_AUDIT_DENY, POLICY_AUDIT_ALL };
/* From the most to the least that is followed. */
enum policy_symlinks {
	POLICY_SYMLINKS_FOLLOW,
	POLICY_SYMLINKS_TRUSTED, /* root's, on a way that only root can change */
	POLICY_SYMLINKS_REFUSE,
};

/* Whose requests a rate counts together. */
enum policy_per { POLICY_PER_RULE, POLICY_PER_UID, POLICY_PER_UNIT };

/* What the client holds in the end. */
enum policy_deliver {
	POLICY_DELIVER_FD,	 /* the file itself */
	POLICY_DELIVER_SNAPSHOT, /* a sealed copy of it */
	POLICY_DELIVER_PIPE,	 /* a pipe that is emptied into it */
};
/* The word of the language. */
const char *policy_deliver_name(enum policy_deliver deliver);

#define POLICY_SNAPSHOT_MAX (UINT64_C(64) << 20) /* bytes */

/* What comes with a grant, beyond what was asked for. Most rules share one that asks for nothing. */
struct policy_obligations {
	enum policy_deliver deliver;
	uint64_t snapshot_max; /* bytes */
	bool has_create_mode, has_create_owner;
	mode_t create_mode; /* exactly, whatever was asked for */
	uid_t create_uid;   /* without `create-owner` root's, for `as root` */
	gid_t create_gid;
	uint32_t rate; /* grants in so many seconds; 0: as many as there are */
	uint32_t rate_period_sec;
	uint32_t rate_burst; /* at once, after a while without any */
	enum policy_per rate_per;
	uint32_t in_flight;	/* grants under way at once; 0: any number */
	size_t in_flight_index; /* of this rule among those with `inflight` */
};

/* What the rest of the tree may know of a rule. Borrowed from the policy. */
struct policy_rule {
	const char *id;	  /* "20-nginx.tls-key" */
	const char *file; /* "builtin" for the floor's */
	uint32_t line;
	bool allow;
	bool as_root;
	bool hide;
	bool complain; /* what a scope in `mode complain` adds: anything, as the caller, if no other allow does */
	uint32_t modes; /* POLICY_* as written; a deny's effect is wider, see decide.h */
	enum policy_audit audit;
	enum policy_symlinks symlinks;
	bool mounts_stay; /* the object must be on the mount of the rule's literal prefix */
	bool parents_trusted; /* each directory must be one that only root or the object's owner can change */
	const char *note;			      /* or NULL */
	const struct policy_obligations *obligations; /* never NULL */
};

struct policy_summary {
	size_t n_files, n_rules, n_as_root, n_expects;
	uint32_t modes;	     /* POLICY_* that some allow has */
	bool as_root_reads;  /* some `as root` allow reads or lists */
	bool as_root_owns;   /* some `as root` allow removes, or changes attributes */
	bool as_root_writes; /* some `as root` allow writes, creates, … */
	bool asks_mount;     /* some rule has the condition `mount` */
	bool delivers;	     /* some allow lends a copy or a pipe, not the file */
	size_t n_rates;	     /* rules with `rate` */
	size_t n_in_flight;  /* rules with `inflight` */
	char sha256[65];     /* hex, of the effective sources in order of their names */
};

const struct policy_summary *policy_summary(const struct policy *policy);

/* All rules, the floor's first. */
size_t policy_n_rules(const struct policy *policy);
const struct policy_rule *policy_rule(const struct policy *policy, size_t i);
/* Which one it is: the inverse of policy_rule(). */
size_t policy_rule_index(const struct policy *policy, const struct policy_rule *rule);

/* What must be known of a caller to tell whether it is for him: POLICY_FACT_*. */
uint32_t policy_rule_facts(const struct policy *policy, size_t i);

/* The paths that `exe` terms name, for whoever must find out which of them a caller runs. NULL past the end. */
const char *policy_exe_path(const struct policy *policy, size_t i);

struct policy *policy_free(struct policy *policy);

/*
 * A caller as one policy sees him: which rules' subjects accept him, and his
 * values of the specifiers. Made once per connection; copies what it needs of
 * the subject, borrows the policy.
 */
struct policy_caller;

int policy_caller_new(struct policy_caller **ret, const struct policy *policy,
		      const struct policy_subject *subject);
struct policy_caller *policy_caller_free(struct policy_caller *caller);

/* What a specifier of this letter stands for: "a" for `%i` of x@a.service; NULL if he has none that may
 * stand in a path. @ret_known: whether the fact that it comes from is known, so that NULL is final. */
const char *policy_caller_value(const struct policy_caller *caller, char letter, bool *ret_known);

/* The first rule from @i on that is for him, and has a path with a specifier for which he has no
 * value; policy_n_rules() if there is none. */
size_t policy_caller_unresolved(const struct policy_caller *caller, size_t i);

#endif

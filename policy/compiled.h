/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_COMPILED_H
#define FDB_POLICY_COMPILED_H

/* What struct policy is made of. For the modules that build it and those that decide by it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "policy/decide.h"
#include "policy/label_pattern.h"
#include "policy/match.h"
#include "policy/policy.h"
#include "policy/trie.h"

struct id_range {
	uint32_t first, last;
};

struct id_ranges {
	const struct id_range *items;
	size_t n;
};

static inline bool id_ranges_have(const struct id_ranges *ranges, uint32_t id)
{
	for (size_t i = 0; i < ranges->n; i++)
		if (id >= ranges->items[i].first && id <= ranges->items[i].last)
			return true;
	return false;
}

/* One term of a conjunction. */
struct term {
	enum ast_term_kind kind;
	enum ast_key key; /* AST_TERM_KEY */
	bool negated;
	size_t subject;			    /* AST_TERM_SUBJECT: index into policy.subjects */
	struct id_ranges ids;		    /* user, group */
	const struct component *names;	    /* unit, user-unit, slice */
	const char *const *paths;	    /* exe */
	const struct label_pattern *labels; /* apparmor, selinux */
	bool yes, no;			    /* traits: will do if it is so, if it is not */
	size_t n;			    /* of names, paths or labels */
};

struct conj {
	const struct term *terms;
	size_t n;
};

struct who {
	const struct conj *conjs;
	size_t n;
	uint32_t facts; /* POLICY_FACT_* that it asks for, named subjects included */
};

/* Does a subject accept a caller? */
struct who_answer {
	enum truth accepts;
	uint32_t n_terms;    /* YES: terms of the longest conjunction that accepts */
	const char *unknown; /* UNKNOWN: the word of a term that would have to be known */
};

/* What is asked of the object. A bit of `asked` per enum policy_condition. */
struct conditions {
	uint32_t asked;
	uint32_t types; /* 1U << (type >> 12), for each that will do */
	struct id_ranges owners;
	bool owner_caller;
	struct id_ranges groups;
	mode_t mode_max;
	bool any_links; /* else one */
	uint64_t max_size;
	const struct device_range *devices;
	size_t n_devices;
	bool fs_any, fs_local;
	const uint32_t *fs_magics; /* those named */
	size_t n_fs_magics;
	uint32_t mount_flags; /* ST_*: all must be set */
	bool set_id;	      /* floor: set-user-ID or set-group-ID */
};

struct device_range {
	uint32_t major, minor;
	bool any_minor;
};

struct rule {
	struct policy_rule shown; /* first, so that it and the rule have one address */
	struct conditions
		*conditions; /* shared by rules that ask the same; not changed once compiled */
	const struct pattern **paths; /* the trie's */
	const struct pattern **except;
	uint64_t until_sec; /* UTC; UINT64_MAX: for ever */
	uint32_t n_paths, n_except;
	uint32_t scope;	    /* index into policy.scopes: whom it is for */
	uint32_t effect;    /* modes that it allows or denies, those that follow from others too */
	bool unconditional; /* a deny that need not see the object */
};

/* A passwd entry, kept from the time of loading. */
struct known_user {
	uid_t uid;
	size_t order; /* in which the name service gave it */
	const char *name;
	const char *home;
};

struct known_group {
	gid_t gid;
	const char *name;
};

struct policy {
	struct arena arena; /* owns everything below */
	struct policy_summary summary;
	struct who *subjects; /* each refers to earlier ones only */
	size_t n_subjects;
	struct who *scopes;
	size_t n_scopes;
	struct rule *rules; /* the floor's, then by file name and line */
	size_t n_rules;
	struct trie *trie;
	const char **exes; /* malloc'ed */
	size_t n_exes;
	uint32_t specifiers;		/* used by some pattern: 1U << enum specifier */
	const struct known_user *users; /* by uid, if a specifier needs them */
	size_t n_users;
	const struct known_group *groups; /* by gid, likewise */
	size_t n_groups;
};

struct policy_caller {
	const struct policy *policy; /* borrowed */
	struct arena arena;
	/* Of policy.scopes: which rules are for him, to denies and, at index true, to allows. */
	const struct who_answer *scopes[2];
	const uint8_t *accepts[2]; /* the enum truth of each of them, close together */
	struct match_values values;
	bool uid_known;
	uid_t uid;
};

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_SUBJECT_H
#define FDB_POLICY_SUBJECT_H

/* Who asks, as facts: in the daemon attested by the kernel, in fdbrokerctl and `expect` stated. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define POLICY_OVERFLOW_UID 65534U /* user_namespaces(7): a uid that has no mapping here */

/* Facts that are known. A fact that is not known makes terms about it neither true nor
 * false. */
enum policy_fact {
	POLICY_FACT_USER = 1U << 0,  /* uid */
	POLICY_FACT_GROUP = 1U << 1, /* gid and groups: all of them, so that absence is known too */
	POLICY_FACT_UNIT = 1U << 2,
	POLICY_FACT_USER_UNIT = 1U << 3,
	POLICY_FACT_SLICE = 1U << 4,
	POLICY_FACT_EXE = 1U << 5,
	POLICY_FACT_USERNS = 1U << 6,
	POLICY_FACT_MNTNS = 1U << 7,
	POLICY_FACT_PIDNS = 1U << 8,
	POLICY_FACT_NNP = 1U << 9,
	POLICY_FACT_SECCOMP = 1U << 10,
	POLICY_FACT_APPARMOR = 1U << 11,
	POLICY_FACT_SELINUX = 1U << 12,
	POLICY_FACT_ALL = (1U << 13) - 1,
	/* What is so of a process or is not: in the namespace of the host, no_new_privs is set, a
	 * seccomp filter is on. */
	POLICY_TRAITS = POLICY_FACT_USERNS | POLICY_FACT_MNTNS | POLICY_FACT_PIDNS |
			POLICY_FACT_NNP | POLICY_FACT_SECCOMP,
	/* What a security module says; a kernel has one of them at most. */
	POLICY_LABELS = POLICY_FACT_APPARMOR | POLICY_FACT_SELINUX,
};

/* Everything is borrowed. */
struct policy_subject {
	uint32_t known; /* POLICY_FACT_* */
	/* By the kernel, in the daemon. Then what is not known could not be attested: an allow that
	 * hinges on it does not match, and to a deny it is absent. */
	bool attested;
	uint32_t traits; /* those of POLICY_TRAITS that are so */
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* supplementary; any order */
	size_t n_groups;
	const char *unit;      /* "nginx.service", or NULL: in no system unit */
	const char *user_unit; /* or NULL */
	const char *slice;     /* innermost: "user-1000.slice", or NULL */
	const char *apparmor;  /* name of a profile, or NULL: confined by none */
	const char *selinux;   /* "user:role:type:level", or NULL */
	/* Those of POLICY_LABELS that do not bind the process. Then he is neither surely who the label
	 * names nor surely another: no allow that hinges on it matches, and every deny does. */
	uint32_t doubtful;
	/* Those paths of policy_exe_path() whose file is the caller's executable, by device and inode
	 * at the time it connected; compared as strings. */
	const char *const *exes;
	size_t n_exes;
};

#endif

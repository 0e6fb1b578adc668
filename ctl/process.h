/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_PROCESS_H
#define FDB_CTL_PROCESS_H

/*
 * Subjects put together from what can be seen now: of a running process, or from
 * a record. Not attested as the daemon does it: by the time this is read the process may be
 * another program, and the daemon asks the connection, not /proc.
 */

#include <sys/types.h>

#include "base/cleanup.h"
#include "ctl/found.h"
#include "policy/label.h"
#include "policy/policy.h"
#include "policy/subject.h"

struct process {
	struct policy_subject subject; /* borrows the rest */
	gid_t *groups;
	char *unit, *user_unit, *slice;
	struct label label;
	const char **exes; /* the policy's strings */
};

/**
 * process_of_pid() - what /proc shows of a process; what may not be read is not known
 *
 * Return: 0; -ESRCH no such process; another -errno.
 */
int process_of_pid(pid_t pid, const struct policy *policy, struct process **ret);

/* What a record says; where it tells of no groups, they are those that the account has today. 0 or -errno; -EINVAL: no uid. */
int process_of_record(const struct found *found, const struct policy *policy, struct process **ret);

/* process_label.c: the label, if there is one that a rule may be about. */
void process_label_of_pid(struct process *process, pid_t pid);
void process_label_of_record(struct process *process, const struct found *found);

struct process *process_free(struct process *process);
DEFINE_CLEANUP(struct process *, process_free)

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/process.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <systemd/sd-login.h>

#include "base/account.h"
#include "base/macro.h"
#include "base/number.h"

struct process *process_free(struct process *process)
{
	if (!process)
		return NULL;
	free(process->groups);
	free(process->unit);
	free(process->user_unit);
	free(process->slice);
	free(process->exes);
	free(process);
	return NULL;
}

static size_t count_exes(const struct policy *policy)
{
	size_t n = 0;

	while (policy_exe_path(policy, n))
		n++;
	return n;
}

/* Those executables that the policy names and whose file is this one. */
static int take_exes(struct process *process, const struct policy *policy, uint64_t dev,
		     uint64_t ino)
{
	size_t n = count_exes(policy);
	struct stat st;

	process->exes = calloc(n + 1, sizeof(*process->exes));
	if (!process->exes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const char *path = policy_exe_path(policy, i);

		if (stat(path, &st) == 0 && st.st_dev == dev && st.st_ino == ino)
			process->exes[process->subject.n_exes++] = path;
	}
	process->subject.exes = process->exes;
	process->subject.known |= POLICY_FACT_EXE;
	return 0;
}

static void borrow_names(struct process *process)
{
	process->subject.unit = process->unit;
	process->subject.user_unit = process->user_unit;
	process->subject.slice = process->slice;
	process->subject.known |= POLICY_FACT_UNIT | POLICY_FACT_USER_UNIT | POLICY_FACT_SLICE;
}

/* a running process */

/* "Uid:\t1000\t1000\t…": proc_pid_status(5): real, effective, saved, file system. */
static int read_effective(const char *line, uint32_t *ret)
{
	return sscanf(line, "%*s %*u %" SCNu32, ret) == 1 ? 0 : -EBADMSG;
}

static int read_groups(struct process *process, char *line)
{
	char *save = NULL, *word;
	uint32_t gid;

	for (word = strtok_r(line, ", \t\n", &save); word; word = strtok_r(NULL, ", \t\n", &save)) {
		gid_t *groups = reallocarray(process->groups, process->subject.n_groups + 1,
					     sizeof(*groups));

		if (!groups)
			return -ENOMEM;
		process->groups = groups;
		if (number_id(word, &gid) < 0)
			return -EBADMSG;
		groups[process->subject.n_groups++] = gid;
	}
	process->subject.groups = process->groups;
	return 0;
}

static void take_trait(struct process *process, uint32_t fact, bool is_so)
{
	process->subject.known |= fact;
	if (is_so)
		process->subject.traits |= fact;
}

/* Compared with our own: the daemon's, unless fdbrokerctl runs in a container. */
static void take_namespace(struct process *process, pid_t pid, const char *name, uint32_t fact)
{
	struct stat own, its;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	if (stat(path, &own) < 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	if (stat(path, &its) == 0)
		take_trait(process, fact, own.st_dev == its.st_dev && own.st_ino == its.st_ino);
}

static int read_status_line(struct process *process, char *line)
{
	if (strncmp(line, "Uid:", 4) == 0)
		return read_effective(line, &process->subject.uid);
	if (strncmp(line, "Gid:", 4) == 0)
		return read_effective(line, &process->subject.gid);
	if (strncmp(line, "Groups:", 7) == 0)
		return read_groups(process, line + 7);
	if (strncmp(line, "NoNewPrivs:", 11) == 0)
		take_trait(process, POLICY_FACT_NNP, strchr(line, '1'));
	/* proc(5): 2 is SECCOMP_MODE_FILTER. */
	if (strncmp(line, "Seccomp:", 8) == 0)
		take_trait(process, POLICY_FACT_SECCOMP, strchr(line, '2'));
	return 0;
}

static int read_status(struct process *process, pid_t pid)
{
	_cleanup_(freep) char *line = NULL;
	size_t capacity = 0;
	char path[64];
	FILE *file;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? -ESRCH : -errno;
	while (r == 0 && getline(&line, &capacity, file) > 0)
		r = read_status_line(process, line);
	fclose(file);
	process->subject.known |= POLICY_FACT_USER | POLICY_FACT_GROUP;
	return r;
}

int process_of_pid(pid_t pid, const struct policy *policy, struct process **ret)
{
	_cleanup_(process_freep) struct process *process = calloc(1, sizeof(*process));
	char path[64];
	struct stat st;
	int r;

	if (!process)
		return -ENOMEM;
	r = read_status(process, pid);
	if (r < 0)
		return r;
	(void)sd_pid_get_unit(pid, &process->unit);
	(void)sd_pid_get_user_unit(pid, &process->user_unit);
	(void)sd_pid_get_slice(pid, &process->slice);
	borrow_names(process);
	take_namespace(process, pid, "user", POLICY_FACT_USERNS);
	take_namespace(process, pid, "mnt", POLICY_FACT_MNTNS);
	take_namespace(process, pid, "pid", POLICY_FACT_PIDNS);
	process_label_of_pid(process, pid);
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (stat(path, &st) == 0) {
		r = take_exes(process, policy, st.st_dev, st.st_ino);
		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(process);
	return 0;
}

/* a record */

static int copy_name(const struct found *found, const char *name, char **ret)
{
	const char *value = found_get(found, name);

	if (!value || *value == '\0')
		return 0;
	*ret = strdup(value);
	return *ret ? 0 : -ENOMEM;
}

static int take_names(struct process *process, const struct found *found)
{
	if (copy_name(found, "unit", &process->unit) < 0 ||
	    copy_name(found, "user_unit", &process->user_unit) < 0 ||
	    copy_name(found, "slice", &process->slice) < 0)
		return -ENOMEM;
	borrow_names(process);
	return 0;
}

static int take_ids(struct process *process, const struct found *found)
{
	const char *uid = found_get(found, "uid"), *gid = found_get(found, "gid");

	if (!uid || number_u32(uid, &process->subject.uid) < 0 || !gid ||
	    number_u32(gid, &process->subject.gid) < 0)
		return -EINVAL;
	process->subject.known |= POLICY_FACT_USER;
	return 0;
}

/* "33,107", or "none". */
static int take_recorded_groups(struct process *process, const char *list)
{
	_cleanup_(freep) char *copy = strdup(list);

	if (!copy)
		return -ENOMEM;
	process->subject.known |= POLICY_FACT_GROUP;
	return strcmp(list, "none") == 0 ? 0 : read_groups(process, copy);
}

/* Without an account nothing is known of the groups but the primary one. */
static int take_groups(struct process *process)
{
	_cleanup_(account_done) struct account account = { 0 };
	int r;

	r = account_by_uid(process->subject.uid, &account);
	if (r == -ESRCH)
		return 0;
	if (r < 0)
		return r;
	r = account_groups(&account, &process->groups, &process->subject.n_groups);
	if (r < 0)
		return r;
	process->subject.groups = process->groups;
	process->subject.known |= POLICY_FACT_GROUP;
	return 0;
}

/* "host", "yes" and "filter" are so; "unknown" is not known. */
static void take_recorded_trait(struct process *process, uint32_t fact, const char *word)
{
	static const char *const words[][2] = { { "host", "other" },
						{ "yes", "no" },
						{ "filter", "none" } };

	for (size_t i = 0; word && i < ELEMENTSOF(words); i++)
		for (size_t j = 0; j < 2; j++)
			if (strcmp(word, words[i][j]) == 0)
				take_trait(process, fact, j == 0);
}

/* Return: 1 the record tells of them; 0 it is older than that; -ENOMEM. */
static int take_recorded_traits(struct process *process, const struct found *found)
{
	static const uint32_t namespaces[] = { POLICY_FACT_USERNS, POLICY_FACT_MNTNS,
					       POLICY_FACT_PIDNS };
	const char *ns = found_get(found, "ns");
	_cleanup_(freep) char *copy = ns ? strdup(ns) : NULL;
	char *save = NULL, *word;

	if (!ns)
		return 0;
	if (!copy)
		return -ENOMEM;
	word = strtok_r(copy, ",", &save);
	for (size_t i = 0; i < ELEMENTSOF(namespaces); i++) {
		take_recorded_trait(process, namespaces[i], word);
		word = strtok_r(NULL, ",", &save);
	}
	take_recorded_trait(process, POLICY_FACT_NNP, found_get(found, "nnp"));
	take_recorded_trait(process, POLICY_FACT_SECCOMP, found_get(found, "seccomp"));
	return 1;
}

/* A record without it: the daemon could attest none, so that it is not known to be another. */
static int take_recorded_exe(struct process *process, const struct policy *policy,
			     const struct found *found)
{
	const char *exe = found_get(found, "exe_ino");
	uint64_t dev, ino;

	if (!exe || sscanf(exe, "%" SCNu64 ":%" SCNu64, &dev, &ino) != 2)
		return 0;
	return take_exes(process, policy, dev, ino);
}

int process_of_record(const struct found *found, const struct policy *policy, struct process **ret)
{
	_cleanup_(process_freep) struct process *process = calloc(1, sizeof(*process));
	const char *groups = found_get(found, "groups");
	int r;

	if (!process)
		return -ENOMEM;
	r = take_ids(process, found);
	if (r < 0)
		return r;
	r = take_names(process, found);
	if (r < 0)
		return r;
	r = groups ? take_recorded_groups(process, groups) : take_groups(process);
	if (r < 0)
		return r;
	process_label_of_record(process, found);
	r = take_recorded_exe(process, policy, found);
	if (r < 0)
		return r;
	r = take_recorded_traits(process, found);
	if (r < 0)
		return r;
	/* What the kernel could not attest then was absent to the rules: no answer hinges on it. */
	process->subject.attested = r > 0 && process->subject.known & POLICY_FACT_GROUP;
	*ret = TAKE_PTR(process);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Labels of security modules: what a process has now, where the daemon takes
 * what it had when it connected; and what a record says, with the module whose
 * it is, which a label does not tell by itself.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/process.h"

static int read_file(const char *path, char *ret, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t n;

	if (!file)
		return -errno;
	n = fread(ret, 1, size - 1, file);
	ret[n] = '\0';
	fclose(file);
	return (int)n;
}

/* Whose labels this machine gives out, as the daemon asks it. */
static uint32_t own_module(void)
{
	char list[256];

	return read_file("/sys/kernel/security/lsm", list, sizeof(list)) < 0 ? 0
									     : label_module(list);
}

static void take_label(struct process *process, uint32_t module, const char *bytes, size_t size)
{
	struct policy_subject *subject = &process->subject;

	if (module == 0 || label_read(module, bytes, size, &process->label) < 0)
		return;
	subject->known |= module;
	subject->doubtful = process->label.doubtful ? module : 0;
	if (module == POLICY_FACT_SELINUX)
		subject->selinux = process->label.name;
	else if (process->label.name[0] != '\0')
		subject->apparmor = process->label.name;
}

void process_label_of_pid(struct process *process, pid_t pid)
{
	char path[64], bytes[LABEL_MAX + 2];
	int n;

	snprintf(path, sizeof(path), "/proc/%d/attr/current", pid);
	n = read_file(path, bytes, sizeof(bytes));
	if (n > 0)
		take_label(process, own_module(), bytes, (size_t)n);
}

void process_label_of_record(struct process *process, const struct found *found)
{
	uint32_t module = found_is(found, "lsm", "apparmor")  ? POLICY_FACT_APPARMOR
			  : found_is(found, "lsm", "selinux") ? POLICY_FACT_SELINUX
							      : 0;
	const char *text = found_get(found, "label");

	if (text)
		take_label(process, module, text, strlen(text));
}

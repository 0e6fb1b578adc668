/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/labels.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "policy/label.h"
#include "policy/subject.h"

/*
 * securityfs lists the modules that are active; where it is not mounted nothing
 * is attested. AppArmor puts its profile's mode into the label. SELinux does
 * not: there a switch of the whole machine says whether contexts bind, and is
 * looked at each time, because it can be turned at any. A single domain that is
 * permissive is not seen: SECURITY.md says so.
 */

#define LIST_SIZE 256 /* bytes; about 80 with every module of Linux 6.18 */

static int read_file(const char *path, char *ret, size_t size)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, ret, size - 1);
	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return 0;
}

uint32_t labels_module(void)
{
	char list[LIST_SIZE];

	return read_file("/sys/kernel/security/lsm", list, sizeof(list)) < 0 ? 0
									     : label_module(list);
}

static bool contexts_bind(void)
{
	char enforcing[8];

	return read_file("/sys/fs/selinux/enforce", enforcing, sizeof(enforcing)) == 0 &&
	       enforcing[0] == '1';
}

static size_t trimmed(const char *bytes, size_t size)
{
	while (size > 0 && (bytes[size - 1] == '\0' || bytes[size - 1] == '\n'))
		size--;
	return size;
}

static bool add(struct facts *facts, const char *bytes, size_t size)
{
	size_t len = strlen(facts->label);

	/* Never cut: half a label is another one. */
	if (len + size >= sizeof(facts->label) || memchr(bytes, '\0', size))
		return false;
	memcpy(facts->label + len, bytes, size);
	facts->label[len + size] = '\0';
	return true;
}

void labels_take(uint32_t module, const char *bytes, size_t size, struct facts *facts)
{
	struct label label;

	facts->label[0] = '\0';
	if (!add(facts, bytes, trimmed(bytes, size)))
		return;
	if (module == POLICY_FACT_SELINUX && !contexts_bind() &&
	    !add(facts, LABEL_PERMISSIVE, strlen(LABEL_PERMISSIVE)))
		return;
	if (label_read(module, facts->label, strlen(facts->label), &label) == 0)
		facts->attested |= module;
}

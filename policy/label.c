/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * AppArmor writes a profile's name and, in parentheses, its mode; it leaves the
 * mode out where no profile confines at all. A profile that only complains is
 * the name of a program and no bound of it: it may become any other. Of SELinux
 * the context is the whole label, and whether it binds is asked elsewhere.
 *
 * Whatever does not look like this is no label: an error never becomes an
 * identity.
 */
#include "policy/label.h"

#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "policy/subject.h"

#define UNCONFINED "unconfined"

/* Modules that answer SO_PEERSEC; the kernel asks them in turn and does not say which answered. */
static const struct {
	const char *name;
	uint32_t fact; /* 0: labels that no word of the language is about */
} modules[] = {
	{ "apparmor", POLICY_FACT_APPARMOR },
	{ "selinux", POLICY_FACT_SELINUX },
	{ "smack", 0 },
};

static bool has_module(const char *list, const char *name)
{
	size_t len = strlen(name), n;

	for (const char *at = list; *at; at += n + (at[n] != '\0')) {
		n = strcspn(at, ",\n");
		if (n == len && strncmp(at, name, n) == 0)
			return true;
	}
	return false;
}

uint32_t label_module(const char *list)
{
	uint32_t fact = 0;
	unsigned int n = 0;

	for (size_t i = 0; i < ELEMENTSOF(modules); i++) {
		if (!has_module(list, modules[i].name))
			continue;
		fact = modules[i].fact;
		n++;
	}
	return n == 1 ? fact : 0;
}

static bool has_control(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)bytes[i] < ' ' || bytes[i] == '\x7f')
			return true;
	return false;
}

/* Where " (mode)" begins at the end of @text, or NULL. */
static char *find_mode(char *text)
{
	size_t len = strlen(text);
	char *open = strrchr(text, '(');

	if (len == 0 || text[len - 1] != ')' || !open || open - text < 2 || open[-1] != ' ')
		return NULL;
	return open - 1;
}

/* apparmor(7): enforced, or killed for what would be refused. What this build does not know of is
 * taken for no bound. */
static bool is_bound(const char *mode)
{
	return strcmp(mode, " (enforce)") == 0 || strcmp(mode, " (kill)") == 0;
}

static int read_profile(struct label *label)
{
	char *mode = find_mode(label->name);

	if (mode) {
		label->doubtful = !is_bound(mode);
		*mode = '\0';
		return 0;
	}
	if (strcmp(label->name, UNCONFINED) != 0)
		return -EBADMSG;
	label->name[0] = '\0';
	return 0;
}

/* user:role:type, and what follows is the level. */
static int read_context(struct label *label)
{
	const char *name = label->name;
	char *mode = find_mode(label->name);
	size_t len;

	if (mode && strcmp(mode, LABEL_PERMISSIVE) != 0)
		return -EBADMSG;
	if (mode) {
		label->doubtful = true;
		*mode = '\0';
	}
	for (unsigned int i = 0; i < 3; i++) {
		len = strcspn(name, ":");
		if (len == 0 || (i < 2 && name[len] == '\0'))
			return -EBADMSG;
		name += len + (name[len] != '\0');
	}
	return 0;
}

int label_read(uint32_t module, const char *bytes, size_t size, struct label *ret)
{
	struct label label = { .doubtful = false };
	int r;

	if (size > 0 && bytes[size - 1] == '\0')
		size--;
	if (size > 0 && bytes[size - 1] == '\n')
		size--;
	if (size > LABEL_MAX)
		return -ENAMETOOLONG;
	if (size == 0 || has_control(bytes, size))
		return -EBADMSG;
	memcpy(label.name, bytes, size);
	r = -EBADMSG;
	if (module == POLICY_FACT_APPARMOR)
		r = read_profile(&label);
	else if (module == POLICY_FACT_SELINUX)
		r = read_context(&label);
	if (r < 0)
		return r;
	*ret = label;
	return 0;
}

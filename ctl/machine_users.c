/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * W306: which units run as a user, by the unit files and not by asking systemd: an image has nobody to
 * ask, and a unit that does not run now does tomorrow. Of a unit file only User= in [Service] is read, in the
 * file that counts and its drop-ins; who sets it by a specifier (user@.service) is somebody else each time.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/account.h"
#include "base/fd.h"
#include "base/macro.h"
#include "base/number.h"
#include "base/text.h"
#include "ctl/machine.h"
#include "ctl/machine_look.h"
#include "policy/array.h"

#define UNIT_FILE_MAX 65536U /* bytes that are read of one */
#define UNITS_SHOWN   3U

/* A service, by the first file of its name: systemd.unit(5). */
struct machine_service {
	char *name;
	char *user; /* NULL: none is set, which is root */
};

static const char *const directories[] = {
	"/etc/systemd/system",		 "/run/systemd/system",	    "/run/systemd/transient",
	"/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
};

void machine_services_done(struct machine *m)
{
	for (size_t i = 0; i < m->n_services; i++) {
		free(m->services[i].name);
		free(m->services[i].user);
	}
	free(m->services);
}

/* reading */

static int read_file(const struct machine *m, const char *path, char *buffer, size_t size)
{
	_cleanup_(fd_closep) int fd = machine_open_file(m, path);
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	while ((n = read(fd, buffer + used, size - 1 - used)) > 0)
		used += (size_t)n;
	if (n < 0)
		return -errno;
	buffer[used] = '\0';
	return 0;
}

/* The last `User=` of a file's [Service] replaces *user; an empty one resets it. */
static int take_user(char *text, char **user)
{
	bool in_service = false;

	for (char *save, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *value = line + strlen("User=");

		if (line[0] == '[')
			in_service = strncmp(line, "[Service]", strlen("[Service]")) == 0;
		if (!in_service || strncmp(line, "User=", strlen("User=")) != 0)
			continue;
		free(*user);
		*user = *value == '\0' ? NULL : strndup(value, strcspn(value, " \t\r"));
		if (*value != '\0' && !*user)
			return -ENOMEM;
	}
	return 0;
}

static int read_user(const struct machine *m, const char *path, char **user)
{
	static char buffer[UNIT_FILE_MAX];

	/* What cannot be read says nothing. */
	return read_file(m, path, buffer, sizeof(buffer)) < 0 ? 0 : take_user(buffer, user);
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	return len > n && strcmp(name + len - n, suffix) == 0;
}

static void dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Call @visit for each name in a directory that ends in @suffix; without one there is none. */
static int for_each_name(struct machine *m, const char *path, const char *suffix,
			 int (*visit)(struct machine *m, const char *path, const char *name))
{
	_cleanup_(fd_closep) int fd = machine_open_directory(m, path);
	_cleanup_(dir_closep) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir)
		return 0;
	(void)TAKE_FD(fd);
	while (r == 0 && (entry = readdir(dir)))
		if (has_suffix(entry->d_name, suffix))
			r = visit(m, path, entry->d_name);
	return r;
}

static int add_drop_in(struct machine *m, const char *path, const char *name)
{
	char file[1024];

	snprintf(file, sizeof(file), "%s/%s", path, name);
	return read_user(m, file, &m->services[m->n_services - 1].user);
}

static int add_drop_ins(struct machine *m, const char *name)
{
	int r = 0;

	for (size_t i = ELEMENTSOF(directories); r == 0 && i-- > 0;) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s.d", directories[i], name);
		r = for_each_name(m, path, ".conf", add_drop_in);
	}
	return r;
}

static bool is_known(const struct machine *m, const char *name)
{
	for (size_t i = 0; i < m->n_services; i++)
		if (strcmp(m->services[i].name, name) == 0)
			return true;
	return false;
}

/* A link to a file of another name is another name of that unit, or, to /dev/null, a mask. */
static bool is_alias(const struct machine *m, const char *path, const char *name)
{
	char target[512];
	int n = machine_link(m, path, target, sizeof(target));
	const char *slash;

	if (n < 0)
		return false;
	slash = strrchr(target, '/');
	return strcmp(slash ? slash + 1 : target, name) != 0 && strcmp(target, "/dev/null") != 0;
}

static int add_service(struct machine *m, const char *path, const char *name)
{
	struct machine_service *service;
	char file[1024];
	int r;

	snprintf(file, sizeof(file), "%s/%s", path, name);
	if (is_known(m, name) || is_alias(m, file, name))
		return 0;
	service = ARRAY_ADD(m->services, m->n_services);
	if (!service)
		return -ENOMEM;
	*service = (struct machine_service){ .name = strdup(name) };
	if (!service->name)
		return -ENOMEM;
	r = read_user(m, file, &service->user);
	return r < 0 ? r : add_drop_ins(m, name);
}

static int read_services(struct machine *m)
{
	int r = 0;

	for (size_t i = 0; r == 0 && !m->services_read && i < ELEMENTSOF(directories); i++)
		r = for_each_name(m, directories[i], ".service", add_service);
	m->services_read = true;
	return r;
}

/* judging */

/* By number where this machine's accounts can tell, or else by name. */
static bool is_same_user(const struct machine *m, const char *one, const char *other)
{
	_cleanup_(account_done) struct account a = { 0 }, b = { 0 };
	uint32_t ids[2];

	if (strcmp(one, other) == 0)
		return true;
	if (m->image)
		return false;
	if (number_id(one, &ids[0]) < 0) {
		if (account_by_name(one, &a) < 0)
			return false;
		ids[0] = a.uid;
	}
	if (number_id(other, &ids[1]) < 0) {
		if (account_by_name(other, &b) < 0)
			return false;
		ids[1] = b.uid;
	}
	return ids[0] == ids[1];
}

static void check_user(struct machine *m, const struct ast_value *value)
{
	_cleanup_(text_done) struct text units = TEXT_EMPTY;
	struct diag *diag;
	size_t n = 0;

	for (size_t i = 0; i < m->n_services; i++) {
		const struct machine_service *service = &m->services[i];

		if (!service->user || !is_same_user(m, service->user, value->text))
			continue;
		if (n++ < UNITS_SHOWN)
			text_printf(&units, "%s%s", n > 1 ? ", " : "", service->name);
	}
	if (n < 2 || units.failed)
		return;
	diag = diag_add(m->analysis->diags, DIAG_WARNING, "W306", value->place,
			"'user' alone: %s is the user of %zu units", value->text, n);
	diag_detail(m->analysis->diags, diag, "%s%s", units.data, n > UNITS_SHOWN ? ", …" : "");
	diag_help(m->analysis->diags, diag, "name the unit that is meant:  user %s and unit …",
		  value->text);
}

/* Of root there are too many to be worth a word, and it needs no broker. */
static bool is_root(const char *name)
{
	return strcmp(name, "root") == 0 || strcmp(name, "0") == 0;
}

int machine_user(struct machine *m, const struct who_conj *conj)
{
	int r;

	for (size_t i = 0; i < conj->n; i++)
		if (conj->terms[i]->kind != AST_TERM_KEY || conj->terms[i]->negated ||
		    conj->terms[i]->key != AST_KEY_USER)
			return 0;
	r = read_services(m);
	for (size_t i = 0; r == 0 && i < conj->n; i++)
		for (size_t j = 0; j < conj->terms[i]->values.n; j++)
			if (!is_root(conj->terms[i]->values.items[j].text))
				check_user(m, &conj->terms[i]->values.items[j]);
	return r;
}

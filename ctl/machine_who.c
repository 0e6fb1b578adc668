/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Programs and units that a policy names, and the kernel's protection of links. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/macro.h"
#include "ctl/machine.h"
#include "ctl/machine_look.h"

static bool is_interpreter(const char *path)
{
	static const char *const names[] = { "python", "perl", "ruby",	"bash",	   "sh",  "dash",
					     "zsh",    "java", "node",	"php",	   "lua", "guile",
					     "awk",    "gawk", "tclsh", "busybox", "env" };
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		size_t len = strlen(names[i]);

		/* "python3.11" too. */
		if (strncmp(base, names[i], len) == 0 &&
		    base[len + strspn(base + len, "0123456789.")] == '\0')
			return true;
	}
	return false;
}

static void check_exe(struct machine *m, const struct ast_value *value)
{
	_cleanup_(freep) char *path = NULL;
	struct diags *diags = m->analysis->diags;
	struct stat st;

	if (glob_literal(value, NULL, &path) < 0)
		return;
	if (is_interpreter(path))
		diag_help(diags,
			  diag_add(diags, DIAG_WARNING, "W207", value->place,
				   "'exe' %s is an interpreter: it is whatever it runs", path),
			  "name the unit instead:  unit …");
	if (machine_look(m, path, &st) < 0)
		return;
	if (S_ISLNK(st.st_mode))
		diag_help(diags,
			  diag_add(diags, DIAG_WARNING, "W208", value->place,
				   "'exe' %s is a symbolic link", path),
			  "write the file that it leads to; a link may be changed by an update");
	else if (st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
		diag_detail(diags,
			    diag_add(diags, DIAG_WARNING, "W207", value->place,
				     "'exe' %s can be changed by others than root", path),
			    "owner %u, mode %04o", st.st_uid, (unsigned int)st.st_mode & 07777);
}

/* "a@b.service" comes from "a@.service". */
static void template_of(const char *unit, char *ret, size_t size)
{
	const char *at = strchr(unit, '@'), *dot = strrchr(unit, '.');

	if (at && dot && dot > at)
		snprintf(ret, size, "%.*s%s", (int)(at + 1 - unit), unit, dot);
	else
		snprintf(ret, size, "%s", unit);
}

static bool is_unit_file(struct machine *m, const char *unit)
{
	static const char *const directories[] = {
		"/etc/systemd/system",		 "/run/systemd/system",
		"/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
		"/lib/systemd/system",		 "/run/systemd/transient",
		"/run/systemd/generator",	 "/run/systemd/generator.early",
		"/run/systemd/generator.late",
	};
	char path[512];
	struct stat st;

	for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
		snprintf(path, sizeof(path), "%s/%s", directories[i], unit);
		if (machine_look_through(m, path, &st) == 0)
			return true;
	}
	return false;
}

/* Scopes and slices are made while the system runs; a pattern may be meant for what will be. */
static void check_unit(struct machine *m, const struct ast_value *value)
{
	const char *suffix = strrchr(value->text, '.');
	char template[256];
	struct stat st;

	if ((value->kind == AST_PATTERN && strpbrk(value->text, "*?[{\\")) || !suffix ||
	    strcmp(suffix, ".scope") == 0 || strcmp(suffix, ".slice") == 0 ||
	    strlen(value->text) >= sizeof(template) ||
	    machine_look_through(m, "/usr/lib/systemd/system", &st) < 0)
		return;
	template_of(value->text, template, sizeof(template));
	if (!is_unit_file(m, value->text) && !is_unit_file(m, template))
		diag_detail(m->analysis->diags,
			    diag_add(m->analysis->diags, DIAG_WARNING, "W302", value->place,
				     "unit %s is unknown to systemd", value->text),
			    "no request can come from it until it is installed");
}

void machine_term(struct machine *m, const struct ast_term *term)
{
	if (term->kind != AST_TERM_KEY || term->negated)
		return;
	for (size_t i = 0; i < term->values.n; i++) {
		if (term->key == AST_KEY_EXE)
			check_exe(m, &term->values.items[i]);
		else if (term->key == AST_KEY_UNIT)
			check_unit(m, &term->values.items[i]);
	}
}

/* proc(5): /proc/sys/fs/protected_* */
void machine_unprotected(struct text *out)
{
	static const char *const names[] = { "hardlinks", "symlinks", "regular", "fifos" };

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		char path[64], value = '1';
		_cleanup_(fd_closep) int fd = -EBADF;

		snprintf(path, sizeof(path), "/proc/sys/fs/protected_%s", names[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && read(fd, &value, 1) == 1 && value == '0')
			text_printf(out, " fs.protected_%s=0", names[i]);
	}
}

void machine_kernel(struct machine *m)
{
	_cleanup_(text_done) struct text off = TEXT_EMPTY;
	struct diag *diag;

	machine_unprotected(&off);
	if (off.len == 0 || off.failed)
		return;
	diag = diag_add(m->analysis->diags, DIAG_WARNING, "W209", (struct place){ 0 },
			"the kernel does not protect links in shared directories:%s", off.data);
	diag_help(m->analysis->diags, diag, "set them to 1 in sysctl.d(5)");
}

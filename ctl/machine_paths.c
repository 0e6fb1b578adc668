/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What stands where a path of an allow leads, as far as the path is literal: the
 * directories on the way, then the object, or what a wildcard at the end matches.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "ctl/machine_look.h"
#include "policy/fstype.h"

#define ENTRIES_MAX  256U /* of a directory that are looked at */
#define OBJECT_MODES (POLICY_READ | POLICY_WRITE | POLICY_APPEND | POLICY_TRUNCATE | POLICY_CONNECT)
#define CREATING     (POLICY_CREATE | POLICY_TMPFILE)
/* Of a name itself: what it links to (lstat, readlink, unlink), and further names, are another matter. */
#define OF_NAMES (POLICY_STAT | POLICY_REMOVE)

/* One pattern of one path of one rule. */
struct visit {
	struct machine *m;
	const struct ast_rule *rule;
	const struct ast_path *path;
	const struct language_pattern *pattern;
	bool warned; /* about a directory on the way */
	bool linked; /* about further names of a file */
	bool led;    /* about a link */
};

static struct diag *warn(const struct visit *visit, const char *id, const char *message)
{
	return diag_add(visit->m->analysis->diags, DIAG_WARNING, id, visit->path->place, "%s",
			message);
}

static bool says(const struct ast_rule *rule, enum ast_attr_name name, const char *word)
{
	const struct ast_attr *attr = rule_attr(rule, name);

	return attr && attr->values.n > 0 && strcmp(attr->values.items[0].text, word) == 0;
}

static bool refuses_links(const struct ast_rule *rule)
{
	return says(rule, AST_ATTR_SYMLINKS, "refuse") ||
	       (rule->as_root && !rule_attr(rule, AST_ATTR_SYMLINKS));
}

/* May a name be allowed that is @real, or below it if the path goes on behind the link? */
static bool is_allowed(const struct visit *visit, const char *real, bool below)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	struct glob_component any = { .deep = true };
	struct glob_path deep = { .components = &any, .n = 1 };
	struct ast_path path = { .kind = AST_PATH_LITERAL };
	_cleanup_(freep) char *text = strdup(real);
	struct language_area area = { 0 };
	const struct language_area *in[] = { &area, &visit->m->allowed };
	struct language_question question = { .in = in, .n_in = 2, .loose = true };
	struct arena arena = ARENA_EMPTY;
	bool allowed = true;

	path.text = text;
	if (text && glob_parse(&path, NULL, &glob) == 0 &&
	    language_add(&area.paths, &arena, NULL, &glob->paths[0]) == 0 &&
	    (!below || language_add(&area.paths, &arena, area.paths.items[0], &deep) == 0))
		allowed = analysis_find(visit->m->analysis, question, NULL) != 0;
	language_list_done(&area.paths);
	arena_done(&arena);
	return allowed;
}

static void check_missing(const struct visit *visit, const char *name)
{
	if (!(visit->rule->modes & CREATING) || strcmp(name, visit->pattern->leading) != 0)
		diag_detail(visit->m->analysis->diags, warn(visit, "W203", "matches nothing now"),
			    "%s does not exist", name);
}

static bool is_of_names(const struct visit *visit)
{
	return (visit->rule->modes & ~(uint32_t)OF_NAMES) == 0;
}

/* @name is a link on the way to @end, or to what cannot be listed here if that is NULL. */
static void check_link(struct visit *visit, const char *name, const char *end)
{
	_cleanup_(freep) char *real = NULL, *whole = NULL;
	struct diags *diags = visit->m->analysis->diags;
	struct diag *diag;

	if (visit->led || (end && strcmp(name, end) == 0 && is_of_names(visit)))
		return;
	if (machine_real(visit->m, name, &real) < 0 ||
	    machine_real(visit->m, end ? end : name, &whole) < 0) {
		check_missing(visit, real && end ? end : name);
		return;
	}
	if (!refuses_links(visit->rule) && is_allowed(visit, whole, !end))
		return;
	visit->led = true;
	diag = warn(visit, "W202",
		    "path goes through a symbolic link; requests for this name never match");
	diag_detail(diags, diag, "%s -> %s", name, real);
	diag_help(diags, diag, "write %s%s", whole,
		  refuses_links(visit->rule) ? ", or say  symlinks trusted;"
					     : ", or allow that name too");
}

static void check_directory(struct visit *visit, const char *name, const struct stat *st)
{
	struct diags *diags = visit->m->analysis->diags;
	bool sticky = st->st_mode & S_ISVTX;
	struct diag *diag;

	if (visit->warned || !S_ISDIR(st->st_mode))
		return;
	visit->warned = true;
	if (st->st_mode & S_IWOTH && !sticky) {
		diag = warn(visit, "W204", "directory is writable by everybody and not sticky");
		diag_detail(diags, diag,
			    "%s (mode %04o): anybody can put another file in its place", name,
			    (unsigned int)st->st_mode & 07777);
	} else if (visit->rule->as_root &&
		   (st->st_uid != 0 || (st->st_mode & S_IWGRP && !sticky))) {
		diag = warn(visit, "W201", "parent directory can be changed by others than root");
		diag_detail(diags, diag,
			    "%s is owned by uid %u, gid %u (mode %04o): they can rename or link "
			    "other files",
			    name, st->st_uid, st->st_gid, (unsigned int)st->st_mode & 07777);
		diag_more(diags, diag, "of the same file system into place");
		diag_help(diags, diag, "%s",
			  says(visit->rule, AST_ATTR_PARENTS, "any")
				  ? "without  parents any;  the rule would not match there"
				  : "owner, links and parents are what protects this rule");
	} else {
		visit->warned = false;
	}
}

static void check_fs(const struct visit *visit, const char *name)
{
	uint32_t magic;
	enum fstype type;

	if (rule_attr(visit->rule, AST_ATTR_FS) || machine_fs(visit->m, name, &magic) < 0)
		return;
	type = fstype_of(magic);
	if (type == FSTYPE_NETWORK || type == FSTYPE_USER)
		diag_detail(visit->m->analysis->diags,
			    warn(visit, "W205",
				 type == FSTYPE_NETWORK
					 ? "on a network file system: another machine answers"
					 : "on a file system that a process answers for"),
			    "%s", name);
}

static void check_object(struct visit *visit, const char *name, const struct stat *st)
{
	struct diags *diags = visit->m->analysis->diags;
	struct diag *diag;

	if (S_ISREG(st->st_mode) && st->st_nlink > 1 && !visit->linked && !is_of_names(visit) &&
	    !says(visit->rule, AST_ATTR_LINKS, "any")) {
		visit->linked = true;
		diag = warn(visit, "W206", "a file that matches has further names");
		diag_detail(diags, diag, "%s has %lu hard links: whoever holds one holds it", name,
			    (unsigned long)st->st_nlink);
	}
	if (S_ISREG(st->st_mode) && st->st_mode & S_IWOTH)
		diag_detail(diags,
			    warn(visit, "W204", "a file that matches is writable by everybody"),
			    "%s (mode %04o)", name, (unsigned int)st->st_mode & 07777);
}

static void check_literal(struct visit *visit, const char *name, const struct stat *st)
{
	check_object(visit, name, st);
	if (S_ISDIR(st->st_mode) && visit->rule->modes & OBJECT_MODES &&
	    !rule_attr(visit->rule, AST_ATTR_TYPE))
		diag_help(visit->m->analysis->diags,
			  warn(visit, "W108",
			       "the path is a directory, which is not what is below it"),
			  "did you mean  \"%s/**\"?", name);
}

static bool matches(const struct visit *visit, const char *name)
{
	_cleanup_(glob_freep) struct glob *glob = NULL;
	_cleanup_(freep) char *text = strdup(name);
	struct ast_path path = { .kind = AST_PATH_LITERAL, .text = text };
	const struct language_pattern *pattern = visit->pattern;
	struct language_area one = { .paths = { &pattern, 1 } }, other = { 0 };
	const struct language_area *in[] = { &one, &other };
	struct language_question question = { .in = in, .n_in = 2, .loose = true };
	struct arena arena = ARENA_EMPTY;
	bool found = false;

	if (text && glob_parse(&path, NULL, &glob) == 0 &&
	    language_add(&other.paths, &arena, NULL, &glob->paths[0]) == 0)
		found = analysis_find(visit->m->analysis, question, NULL) == 1;
	language_list_done(&other.paths);
	arena_done(&arena);
	return found;
}

struct seen {
	size_t n, n_matching, n_directories;
};

static void check_match(struct visit *visit, const char *name, const struct stat *st,
			struct seen *seen)
{
	if (!matches(visit, name))
		return;
	seen->n_matching++;
	seen->n_directories += S_ISDIR(st->st_mode);
	if (S_ISLNK(st->st_mode))
		check_link(visit, name, name);
	else
		check_object(visit, name, st);
}

/* Components behind the literal ones. */
static size_t count_rest(const struct language_pattern *pattern)
{
	size_t n = 0;

	for (uint32_t i = 0; i < pattern->n; i++)
		n += pattern->positions[i].step == LANGUAGE_BYTE &&
		     !pattern->positions[i].only_skips && pattern->positions[i].letter == '/';
	for (const char *at = pattern->leading; *at; at++)
		n -= *at == '/';
	return n;
}

/* All names that are @depth components below @directory. */
static void list(struct visit *visit, const char *directory, size_t depth, struct seen *seen)
{
	int fd = machine_open_directory(visit->m, *directory ? directory : "/");
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!stream) {
		fd_close(fd);
		return;
	}
	while (seen->n <= ENTRIES_MAX && (entry = readdir(stream))) {
		_cleanup_(freep) char *name = NULL;
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		seen->n++;
		if (asprintf(&name, "%s/%s", directory, entry->d_name) < 0)
			break;
		if (machine_look(visit->m, name, &st) < 0)
			continue;
		if (depth == 1)
			check_match(visit, name, &st, seen);
		else if (S_ISDIR(st.st_mode))
			list(visit, name, depth - 1, seen);
	}
	closedir(stream);
}

static void check_entries(struct visit *visit)
{
	const char *leading = visit->pattern->leading;
	size_t depth = count_rest(visit->pattern);
	struct seen seen = { 0 };

	list(visit, leading, depth, &seen);
	if (seen.n > ENTRIES_MAX)
		return;
	if (seen.n_matching == 0 && !(visit->rule->modes & CREATING))
		diag_detail(visit->m->analysis->diags, warn(visit, "W203", "matches nothing now"),
			    "of %zu names below %s", seen.n, *leading ? leading : "/");
	else if (seen.n_matching > 0 && seen.n_directories == seen.n_matching && depth == 1 &&
		 visit->rule->modes & OBJECT_MODES && !rule_attr(visit->rule, AST_ATTR_TYPE))
		diag_help(visit->m->analysis->diags,
			  warn(visit, "W108", "matches nothing but directories"),
			  "did you mean  \"%s/**\"?", leading);
}

/* Directory after directory; 1: the end was reached. */
static int walk(struct visit *visit, char *name)
{
	char *slash = name;
	struct stat st;
	int r;

	while (slash && *slash) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		r = machine_look(visit->m, name, &st);
		if (r == 0 && S_ISLNK(st.st_mode))
			check_link(visit, name,
				   visit->pattern->literal ? visit->pattern->leading : NULL);
		else if (r == 0 && !slash && visit->pattern->literal)
			check_literal(visit, name, &st);
		else if (r == 0)
			check_directory(visit, name, &st);
		else if (r == -ENOENT)
			check_missing(visit, name);
		if (r < 0 || S_ISLNK(st.st_mode))
			return 0;
		if (slash)
			*slash = '/';
	}
	return 1;
}

static bool has_specifier(const struct language_pattern *pattern)
{
	for (uint32_t i = 0; i < pattern->n; i++) {
		if (pattern->positions[i].step == LANGUAGE_SPECIFIER)
			return true;
	}
	return false;
}

static int visit_pattern(struct visit *visit)
{
	_cleanup_(freep) char *name = strdup(visit->pattern->leading);

	if (!name)
		return -ENOMEM;
	if (!(visit->pattern->forms & LANGUAGE_STRICT) || walk(visit, name) == 0)
		return 0;
	check_fs(visit, *name ? name : "/");
	/* Names that depend on the caller, and whole trees, are not listed. */
	if (!visit->pattern->literal && !visit->pattern->has_deep && !has_specifier(visit->pattern))
		check_entries(visit);
	return 0;
}

int machine_path(struct machine *m, const struct ast_rule *rule, const struct ast_path *path)
{
	struct ast_path copy = *path;
	struct ast_rule one = { .paths = { .items = &copy, .n = 1 } };
	struct language_area area = { 0 };
	int r = analysis_area(m->analysis, &one, &area);

	for (size_t i = 0; r == 0 && i < area.paths.n; i++) {
		struct visit visit = {
			.m = m, .rule = rule, .path = path, .pattern = area.paths.items[i]
		};

		r = visit_pattern(&visit);
	}
	language_list_done(&area.paths);
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Only directories are read, and never through a link or on to another file system. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ctl/learn_rules.h"
#include "ctl/path_pattern.h"

#define DEPTH_MAX 16U

struct scan {
	struct proposal *proposal;
	const struct path_pattern *pattern;
	const char **asked; /* sorted */
	size_t start;	    /* of what is shown of a name: bytes of the directory and its slash */
	size_t budget;
	bool any_type; /* not files alone */
	dev_t dev;
};

static DIR *close_directory(DIR *directory)
{
	closedir(directory);
	return NULL;
}
DEFINE_CLEANUP(DIR *, close_directory)

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int note(struct scan *scan, const char *path)
{
	struct proposal *proposal = scan->proposal;

	if (!path_pattern_admits(scan->pattern, path) ||
	    bsearch(&path, scan->asked, proposal->n, sizeof(*scan->asked), compare_names))
		return 0;
	if (proposal->n_others++ >= LEARN_EXAMPLES_MAX)
		return 0;
	proposal->others[proposal->n_others - 1] = strdup(path + scan->start);
	return proposal->others[proposal->n_others - 1] ? 0 : -ENOMEM;
}

static int scan_directory(struct scan *scan, const char *path, unsigned int depth);

static int scan_entry(struct scan *scan, const char *directory, const char *name,
		      unsigned int depth)
{
	_cleanup_(freep) char *path = NULL;
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return -ENOMEM;
	if (lstat(path, &st) < 0 || st.st_dev != scan->dev)
		return 0;
	if (S_ISDIR(st.st_mode) && depth > 0)
		return scan_directory(scan, path, depth - 1);
	return S_ISREG(st.st_mode) || scan->any_type ? note(scan, path) : 0;
}

static int scan_directory(struct scan *scan, const char *path, unsigned int depth)
{
	_cleanup_(close_directoryp) DIR *directory = opendir(path);
	struct dirent *entry;
	int r = 0;

	while (directory && r == 0 && (entry = readdir(directory))) {
		if (scan->budget-- == 0) {
			scan->budget = 0;
			scan->proposal->unseen = true;
			return 0;
		}
		r = scan_entry(scan, path, entry->d_name, depth);
	}
	return r;
}

static int scan_all(struct scan *scan, const char *directory)
{
	struct stat st;

	if (lstat(directory, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	scan->dev = st.st_dev;
	return scan_directory(scan, directory,
			      strstr(scan->proposal->pattern, "**") ? DEPTH_MAX : 0);
}

int proposal_find_others(struct proposal *proposal)
{
	const char *path = proposal->wants[0]->path;
	size_t len = learn_directory_len(path);
	_cleanup_(freep) const char **asked = calloc(proposal->n, sizeof(*asked));
	_cleanup_(freep) char *directory = strndup(path, len);
	_cleanup_(path_pattern_freep) struct path_pattern *pattern = NULL;
	struct scan scan = { .proposal = proposal, .start = len + 1, .budget = LEARN_SCAN_MAX };
	int r;

	if (!asked || !directory)
		return -ENOMEM;
	for (size_t i = 0; i < proposal->n; i++)
		asked[i] = proposal->wants[i]->path;
	qsort(asked, proposal->n, sizeof(*asked), compare_names);
	r = path_pattern_new(&pattern, proposal->pattern);
	if (r < 0)
		return r;
	scan.asked = asked;
	scan.any_type = learn_is_of_any_type(proposal->wants[0]->modes);
	scan.pattern = pattern;
	return scan_all(&scan, directory);
}

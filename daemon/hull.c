/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hull.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/kernel.h"
#include "base/macro.h"
#include "daemon/descent.h"
#include "daemon/landlock.h"
#include "daemon/locality.h"
#include "policy/array.h"
#include "policy/keywords.h"
#include "policy/reach.h"

/*
 * The uid may become anybody's for the length of an open, capabilities may be
 * raised as far as the policy needs them, and the filter cannot see names: the
 * hull is what bounds the names that a hijacked broker can open. landlock(7)
 * judges the object that a descriptor refers to, through /proc/self/fd too, so that
 * pins are reopened only within it. It does not judge O_PATH, stat(2), chmod(2), utimes(2) or
 * chown(2): a filter cannot see names, and AT_EMPTY_PATH would be no bound, since a pin can be had of anything.
 * So owner and mode are changed by what was opened, and judged then: fchown(2) and fchmod(2), where a
 * policy allows `create` or `tmpfile`, and no other. Not so for a policy that allows `attributes`,
 * `connect` or `watch`: fchmodat(2), utimensat(2), connect(2) and inotify_add_watch(2) take names,
 * because what they act on need not be readable, or to open it would do something.
 *
 * An open for neither reading nor writing (access mode 3 of open(2)) asks no right of Landlock's, though
 * DAC wants both for it: such a descriptor can be given to fchmod(2), so that of ordinary files the
 * bound is what one user may read and write. The filter keeps set-user-ID and
 * set-group-ID bits out of both, not out of open_how.mode, which is in memory: what is opened so is empty,
 * and loses them when it is written to.
 *
 * A rule on a directory is gone with that inode, and does not see what is mounted over it. A rule on
 * its parent outlives both.
 */

struct wanted {
	char *directory; /* owned */
	uint32_t modes;
	bool devices, personal;
};

struct anchor {
	char *path; /* owned; as the policy names it */
	uint64_t dev, ino;
	uint32_t modes;
	uint64_t rights;
};

struct hull {
	struct landlock landlock;
	struct wanted *wanted;
	size_t n_wanted;
	struct anchor *anchors; /* by dev and ino */
	size_t n_anchors;
	struct locality *locality; /* borrowed by hull_new(), or NULL */
};

/* What the descriptors that a mode hands out must be able to do: rights travel with them. */
static const struct {
	uint32_t mode;
	uint64_t rights;
} needs[] = {
	{ POLICY_READ, LANDLOCK_ACCESS_FS_READ_FILE },
	{ POLICY_LIST, LANDLOCK_ACCESS_FS_READ_DIR },
	{ POLICY_WRITE, LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE },
	{ POLICY_APPEND, LANDLOCK_ACCESS_FS_WRITE_FILE },
	{ POLICY_TRUNCATE, LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE },
	/* REMOVE: what could not be finished is taken away again. */
	{ POLICY_CREATE, LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE |
				 LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE },
	{ POLICY_CREATE, LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR |
				 LANDLOCK_ACCESS_FS_MAKE_SYM },
	/* a directory that was made is opened, to be given its group: make.c */
	{ POLICY_CREATE, LANDLOCK_ACCESS_FS_READ_DIR },
	{ POLICY_REMOVE, LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR },
	/* rename and link, from one directory to another */
	{ POLICY_CREATE, LANDLOCK_ACCESS_FS_REFER },
	{ POLICY_REMOVE, LANDLOCK_ACCESS_FS_REFER },
	{ POLICY_TMPFILE, LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
				  LANDLOCK_ACCESS_FS_TRUNCATE },
};

static uint64_t rights_of(uint32_t modes, bool devices)
{
	uint64_t rights = devices ? LANDLOCK_ACCESS_FS_IOCTL_DEV : 0;

	for (size_t i = 0; i < ELEMENTSOF(needs); i++)
		if (modes & needs[i].mode)
			rights |= needs[i].rights;
	return rights;
}

/* What comes next to each other is often the same: a policy's files are about one place. */
static int want(void *context, const struct policy_reach *reach)
{
	struct hull *hull = context;
	struct wanted *last = hull->n_wanted > 0 ? &hull->wanted[hull->n_wanted - 1] : NULL;

	if (!last || last->personal != reach->personal ||
	    strcmp(last->directory, reach->directory) != 0) {
		last = ARRAY_ADD(hull->wanted, hull->n_wanted);
		if (!last)
			return -ENOMEM;
		last->personal = reach->personal;
		last->directory = strdup(reach->directory);
		if (!last->directory)
			return -ENOMEM;
	}
	last->modes |= reach->modes;
	last->devices |= reach->devices;
	return 0;
}

static int by_directory(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;
	int r = strcmp(x->directory, y->directory);

	return r != 0 ? r : x->personal - y->personal;
}

/* Sorted, each directory once. */
static void merge_wanted(struct hull *hull)
{
	size_t kept = 0;

	if (hull->n_wanted == 0)
		return;
	qsort(hull->wanted, hull->n_wanted, sizeof(*hull->wanted), by_directory);
	for (size_t i = 1; i < hull->n_wanted; i++) {
		struct wanted *into = &hull->wanted[kept], *from = &hull->wanted[i];

		if (by_directory(into, from) == 0) {
			into->modes |= from->modes;
			into->devices |= from->devices;
			free(from->directory);
		} else if (++kept != i) {
			hull->wanted[kept] = *from;
		}
	}
	hull->n_wanted = kept + 1;
}

static int keep(struct hull *hull, const struct descent_step *at, const struct wanted *wanted)
{
	uint64_t rights = rights_of(wanted->modes, wanted->devices);
	struct anchor *anchor;
	struct stat st;
	int r;

	r = landlock_allow(&hull->landlock, at->fd, rights);
	if (r < 0)
		return r;
	if (fstat(at->fd, &st) < 0)
		return -errno;
	anchor = ARRAY_ADD(hull->anchors, hull->n_anchors);
	if (!anchor)
		return -ENOMEM;
	anchor->dev = st.st_dev;
	anchor->ino = st.st_ino;
	anchor->modes = wanted->modes;
	anchor->rights = rights;
	anchor->path = at->len > 0 ? strndup(wanted->directory, at->len) : strdup("/");
	return anchor->path ? 0 : -ENOMEM;
}

static int find_anchor(struct hull *hull, struct descent *way, const struct wanted *wanted)
{
	const struct descent_step *last, *parent;
	int r;

	r = descent_go(way, wanted->directory);
	if (r < 0)
		return r;
	last = descent_last(way);
	parent = descent_parent(way);
	if (hull->locality)
		locality_learn_at(hull->locality, last->fd);
	if (wanted->personal && !way->complete)
		return 0;
	if (!parent)
		return way->complete ? keep(hull, last, wanted) : 0;
	if (parent->len == 0)
		return keep(hull, last, wanted);
	return keep(hull, parent, wanted);
}

static int by_id(const void *a, const void *b)
{
	const struct anchor *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return (x->ino > y->ino) - (x->ino < y->ino);
}

/* The kernel adds up what rules of one inode give; so do we. */
static void merge_anchors(struct hull *hull)
{
	size_t kept = 0;

	if (hull->n_anchors == 0)
		return;
	qsort(hull->anchors, hull->n_anchors, sizeof(*hull->anchors), by_id);
	for (size_t i = 1; i < hull->n_anchors; i++) {
		struct anchor *into = &hull->anchors[kept], *from = &hull->anchors[i];

		if (by_id(into, from) == 0) {
			into->modes |= from->modes;
			into->rights |= from->rights;
			free(from->path);
		} else if (++kept != i) {
			hull->anchors[kept] = *from;
		}
	}
	hull->n_anchors = kept + 1;
}

static int find_anchors(struct hull *hull, const struct policy *policy)
{
	_cleanup_(descent_done) struct descent way = DESCENT_NONE;
	int r;

	r = policy_reaches(policy, want, hull);
	if (r < 0)
		return r;
	merge_wanted(hull);
	for (size_t i = 0; i < hull->n_wanted; i++) {
		r = find_anchor(hull, &way, &hull->wanted[i]);
		if (r < 0)
			return r;
	}
	merge_anchors(hull);
	return 0;
}

static void forget_wanted(struct hull *hull)
{
	for (size_t i = 0; i < hull->n_wanted; i++)
		free(hull->wanted[i].directory);
	free(hull->wanted);
	hull->wanted = NULL;
	hull->n_wanted = 0;
}

int hull_new(struct hull **ret, const struct policy *policy, struct locality *locality)
{
	_cleanup_(hull_freep) struct hull *hull = calloc(1, sizeof(*hull));
	int r;

	if (!hull)
		return -ENOMEM;
	hull->landlock = LANDLOCK_EMPTY;
	hull->locality = locality;
	r = landlock_init(&hull->landlock);
	if (r == 0 && policy)
		r = find_anchors(hull, policy);
	if (r < 0)
		return r;
	forget_wanted(hull);
	hull->locality = NULL;
	*ret = TAKE_PTR(hull);
	return 0;
}

int hull_enforce(struct hull *hull)
{
	return landlock_enforce(&hull->landlock);
}

uint64_t hull_wants(const struct hull *hull, uint32_t modes)
{
	return rights_of(modes, false) & hull->landlock.rights;
}

uint64_t hull_without(const struct hull *hull, uint64_t rights, uint64_t dev, uint64_t ino)
{
	const struct anchor key = { .dev = dev, .ino = ino }, *anchor;

	/* C11 7.22.5.1: even for none there must be an array. */
	if (hull->n_anchors == 0)
		return rights;
	anchor = bsearch(&key, hull->anchors, hull->n_anchors, sizeof(key), by_id);
	return anchor ? rights & ~anchor->rights : rights;
}

static void print_modes(uint32_t modes, struct text *out)
{
	const char *before = " ";

	for (size_t bit = 0; bit < keyword_modes.n - 1; bit++) {
		if (!(modes >> bit & 1))
			continue;
		text_printf(out, "%s%s", before, keyword_modes.words[bit]);
		before = ",";
	}
}

void hull_print(const struct hull *hull, size_t max, struct text *out)
{
	for (size_t i = 0; i < hull->n_anchors && i < max; i++) {
		text_puts(out, "hull ");
		text_escape(out, hull->anchors[i].path, strlen(hull->anchors[i].path));
		print_modes(hull->anchors[i].modes, out);
		text_puts(out, "\n");
	}
	if (hull->n_anchors > max)
		text_printf(out, "hull-more %zu\n", hull->n_anchors - max);
}

struct hull *hull_free(struct hull *hull)
{
	if (!hull)
		return NULL;
	forget_wanted(hull);
	for (size_t i = 0; i < hull->n_anchors; i++)
		free(hull->anchors[i].path);
	free(hull->anchors);
	landlock_done(&hull->landlock);
	free(hull);
	return NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_LEARN_H
#define FDB_CTL_LEARN_H

/*
 * What `learn` is made of: wants, which are records that say the same, and
 * proposals, which are rules for some of them. Names come from clients: every byte of them is
 * quoted in the policy's text and escaped elsewhere.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/found.h"
#include "policy/policy.h"

#define LEARN_WANTS_MAX 100000U /* different requests: further ones are counted only */

/* Somebody asked so often for something that no rule gives him. */
struct want {
	char *who; /* as it stands behind `for` */
	char *path;
	uint32_t modes;
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t n_groups;
	uint64_t n, first_usec, last_usec;
	bool granted;	/* in `mode complain`: the caller may, by himself */
	bool refused;	/* by the kernel, to the caller */
	bool allowed;	/* by a rule that there is by now */
	char *withheld; /* why it is not proposed, escaped; or NULL */
	/* The object as it is now, if it is there. */
	bool exists;
	mode_t type; /* S_IFMT of it; regular where nothing is */
	uid_t owner;
	uint64_t links;
	const char *fs;	 /* the kernel's own file system, which a rule must name; or NULL */
	bool needs_root; /* the caller may not do it */
	bool strays;	 /* it goes through links that are not root's */
};

struct wants {
	struct want **items; /* owned; in the order of want_compare() after wants_finish() */
	size_t n;
	uint64_t n_requests, n_dropped; /* requests that records told of, and of these not kept */
	void *tree;			/* tsearch(3) */
};

#define WANTS_EMPTY ((struct wants){ 0 })

/* learn_wants.c. 0 or -ENOMEM, or another -errno of the name service. */
int wants_take(struct wants *wants, const struct policy *policy, const struct found *found);
void wants_done(struct wants *wants);
/* Neither withheld nor allowed. */
bool want_is_proposable(const struct want *want);
/* The proposable ones first; by who, need of root, type, modes, directory, extension, name: as they are put together. */
int want_compare(const void *a, const void *b);

/* learn_who.c: `unit "a.service"`. 0; -ENOENT and *ret_why: it cannot be named; -ENOMEM. */
int learn_who(const struct found *found, struct text *out, const char **ret_why);

/* learn_judge.c: why it must not be proposed, if so: by the policy as it is, and by its name. */
int learn_judge(struct want *want, const struct policy *policy, const struct found *found);

/* learn_object.c: what is there, and whether the caller may do it himself; or that no rule would do
 * for it. 0 or -ENOMEM. */
int learn_look(struct want *want);

/* Names below /proc/self are another file for everybody: not to be looked at. */
bool learn_is_own(const char *path);

/* Modes by which a rule speaks of whatever stands there: it needs no `type`. */
bool learn_is_of_any_type(uint32_t modes);

/* Bytes of the directory of @path, without the slash; the extension with its dot, or "". */
size_t learn_directory_len(const char *path);
const char *learn_extension(const char *path);

/* learn_text.c: bytes as they stand in a pattern; and a whole name, quoted as suits it. With
 * @unicode characters beyond ASCII may stand as they are. */
void learn_add_escaped(struct text *out, const char *bytes, size_t len, bool unicode);
void learn_add_quoted(struct text *out, const char *string, bool unicode);

#endif

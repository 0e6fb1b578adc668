/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_LOAD_H
#define FDB_POLICY_LOAD_H

/*
 * Files to policy: which files count (override, masks, leftovers), whether they
 * may be trusted (policy/files.c, policy/trust.c), then parse, check, disable, compile,
 * expectations. Nothing else in policy/ does I/O or, through base/account, asks
 * the name service.
 */

#include <stdbool.h>
#include <stddef.h>

#include "policy/ast.h"
#include "policy/diag.h"
#include "policy/policy.h"
#include "policy/source.h"

enum load_trust {
	LOAD_TRUST_ENFORCE, /* E009 is an error up to `/`: the daemon */
	LOAD_TRUST_TREE, /* error for the directory and below, its parents are not asked: fdbrokerd --policy */
	LOAD_TRUST_NOTE, /* E009 is a note: fdbrokerctl check FILE, --policy, --root */
};

struct policy_files;

struct load_options {
	const char *root;	  /* prefix of the four directories, or NULL */
	const char *directory;	  /* instead of the four, or NULL */
	const char *const *files; /* join the installed files, replacing one of the same name */
	size_t n_files;
	bool only_files; /* the directories are not read */
	enum load_trust trust;
	/* Called with the files of a policy that loads, for whoever would look closer; may be NULL. */
	int (*inspect)(const struct policy_files *files, struct diags *diags, void *userdata);
	void *userdata;
};

/**
 * load_trees() - read and parse, nothing else
 * @ret:	trees of the effective files, in order of their names
 *
 * For printing back and for looking at a policy that does not load.
 * Return: 0 whatever is wrong with the policy; -ENOMEM or another -errno for what is no
 * policy's fault.
 */
struct policy_files {
	struct source **sources;
	struct ast **trees;
	size_t n;
};
int load_trees(const struct load_options *options, struct diags *diags, struct policy_files *ret);
void policy_files_done(struct policy_files *files);

/**
 * load_names() - every policy file that is there, those that do not count too
 * @ret:	by name, and those of one name in order of precedence: the first one counts
 *
 * Return: as load_trees().
 */
struct policy_name {
	char *path;
	const char *masked_by; /* the path of the one that counts, or NULL */
	bool is_mask;	       /* a link to /dev/null: nothing of this name counts */
	enum source_origin origin;
};
struct policy_names {
	struct policy_name *items;
	size_t n;
};
int load_names(const struct load_options *options, struct diags *diags, struct policy_names *ret);
void policy_names_done(struct policy_names *names);

/**
 * load_policy() - the whole way
 * @ret:	NULL if @diags has an error
 *
 * Return: as load_trees().
 */
int load_policy(const struct load_options *options, struct diags *diags, struct policy **ret);

/* Compile one text in memory, without accounts of this machine beyond the name service: for tests. */
int load_text(const char *name, const char *text, size_t size, struct diags *diags,
	      struct policy **ret);

/**
 * load_subject() - the subject that `--as` or `expect … as` describes
 * @conj:	positive terms with one value and no glob; anything else is E006
 * @ret:	owns what its pointers borrow; load_subject_free()
 *
 * `user X` brings X's passwd entry and groups.
 */
struct stated_subject {
	struct policy_subject subject;
	gid_t *groups;
	char *unit, *user_unit, *slice, *exe, *apparmor, *selinux;
};
int load_subject(const struct ast_conj *conj, struct diags *diags, struct stated_subject **ret);
struct stated_subject *load_subject_free(struct stated_subject *stated);

#endif

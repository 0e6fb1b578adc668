/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_LEARN_RULES_H
#define FDB_CTL_LEARN_RULES_H

/* Wants to rules: what may be put together, and what a pattern would admit beside them. */

#include "ctl/learn.h"

#define LEARN_GLOB_MIN	   3U /* names of one kind in one directory, before a star stands for them */
#define LEARN_SCAN_MAX	   10000U /* entries of directories that are looked at for one pattern */
#define LEARN_EXAMPLES_MAX 3U

struct proposal {
	struct want *const *wants; /* borrowed: those in a row that it is for */
	size_t n;
	char *pattern; /* what stands between double quotes; NULL: the names themselves */
	char *wider;   /* what --wide would say; or NULL */
	char label[48];
	uint64_t seen, first_usec, last_usec;
	size_t n_files; /* different names */
	/* Regular files that are there, and that @pattern would admit, and nobody asked for. */
	size_t n_others;
	char *others[LEARN_EXAMPLES_MAX]; /* names in the directory, of some of them */
	bool unseen;			  /* there is more than was looked at */
};

struct proposals {
	struct proposal *items;
	size_t n;
};

#define PROPOSALS_EMPTY ((struct proposals){ 0 })

enum learn_width { LEARN_USUAL, LEARN_NARROW, LEARN_WIDE };

/**
 * proposals_make() - rules for all wants that are neither withheld nor allowed
 * @wants:	in order, looked at; borrowed by @ret
 * @unicode:	whether patterns may hold characters beyond ASCII
 *
 * 0 or -ENOMEM.
 */
int proposals_make(struct proposals *ret, const struct wants *wants, enum learn_width width,
		   bool unicode);
void proposals_done(struct proposals *proposals);

/* learn_others.c: fills in what @proposal's pattern would admit beside its wants. 0 or -ENOMEM. */
int proposal_find_others(struct proposal *proposal);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_MEANING_H
#define FDB_CTL_MEANING_H

/* What a rule means, apart from how and where it is written; and an example of it. */

#include "ctl/written.h"

/*
 * Add a text that two rules share exactly if they say the same: sets and subjects
 * replaced by what they stand for, order and spelling of lists, terms and
 * attributes evened out. To compare, not to show.
 */
void meaning_add(const struct written *written, const struct written_rule *rule, struct text *out);

/*
 * A request that a rule is about. Where the rule lists several callers, or a pattern stands for several
 * names, @variant chooses: 0 is the first of each.
 */
struct example {
	size_t path; /* of the rule's paths */
	unsigned int variant;
	struct text who,
		name; /* the caller, as --as takes it, with a user and a unit; text_done() */
};

/* 0; -ENOENT there is no name for this caller; -ERANGE there is no such variant. */
int example_find(const struct written *written, const struct written_rule *rule,
		 struct example *example);
void example_done(struct example *example);

#endif

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

/* A caller that the rule is for, as --as takes it; with a user and a unit, whatever it asks for. */
void example_caller(const struct written *written, const struct written_rule *rule,
		    struct text *out);

/* A path that the rule's path @i matches for that caller; false: none was found. */
bool example_path(const struct written *written, const struct written_rule *rule, size_t i,
		  struct text *out);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_OBSERVED_H
#define FDB_CTL_OBSERVED_H

/* What an object is, where a rule asks it to be something else. */

#include "base/text.h"
#include "policy/decide.h"

/* Add "its owner is root(0)" for a condition that does not hold; nothing where the object does not
 * tell. */
void observed_add(enum policy_condition condition, const struct policy_object *object,
		  struct text *out);

#endif

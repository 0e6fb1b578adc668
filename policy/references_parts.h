/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_REFERENCES_PARTS_H
#define FDB_POLICY_REFERENCES_PARTS_H

/* What references.c and references_cycles.c share. */

#include "policy/references.h"

/* NULL: nothing is called so. */
struct name_node *references_find(const struct references *names, const struct name_ref *ref);

/* E007, with what may be meant. */
void references_undefined(const struct references *names, const struct name_ref *ref);

/* Go along all references once: E007, E008, E016, and each flag carried to those that refer to it.
 * 0 or -ENOMEM. */
int references_follow(const struct references *names);

#endif

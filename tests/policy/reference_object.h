/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_POLICY_REFERENCE_OBJECT_H
#define FDB_TESTS_POLICY_REFERENCE_OBJECT_H

/* Attributes and the floor, read off the tree and off policy-language each time they are asked. */

#include "tests/policy/reference.h"

bool reference_hides(const struct ast_rule *rule);
bool reference_is_conditional(const struct ast_rule *rule);
bool reference_is_over(const struct ast_rule *rule, uint64_t now_sec);

/* What it makes is to belong to somebody whom nobody knows. */
bool reference_creates_for_nobody(const struct ast_rule *rule);

/* The first that fails, defaults included, or NONE. */
enum policy_condition reference_condition(const struct ast_rule *rule, uint32_t modes,
					  const struct policy_subject *subject,
					  const struct policy_object *object);

/* Does the floor deny? NO, MAYBE (not known who asks) or YES. */
int reference_floor(const char *path, uint32_t modes, const struct policy_subject *subject);
bool reference_floor_object(uint32_t modes, const struct policy_object *object);

#endif

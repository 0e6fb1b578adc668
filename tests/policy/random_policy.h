/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_POLICY_RANDOM_POLICY_H
#define FDB_TESTS_POLICY_RANDOM_POLICY_H

/*
 * Random policies, callers, names and objects, all from so small a world that
 * they meet often. The same seed gives the same ones.
 */

#include <stdint.h>

#include "base/text.h"
#include "policy/decide.h"
#include "policy/subject.h"

struct random {
	uint64_t state; /* not 0 */
};

/* 0 to @n - 1. */
uint32_t random_below(struct random *random, uint32_t n);

void random_policy(struct random *random, struct text *out);

/* What it points to is constant. */
struct policy_subject random_subject(struct random *random);

void random_path(struct random *random, char *ret, size_t size);
uint32_t random_modes(struct random *random);
struct policy_object random_object(struct random *random);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_POLICY_ORDER_H
#define FDB_POLICY_ORDER_H

/* Which of several rules that name a request comes first. */

#include <stdbool.h>
#include <stddef.h>

#include "policy/decide.h"

/* Is @a more specific than @b? */
bool order_is_before(const struct candidate *a, const struct candidate *b);

/* The most specific first; what is only complained of last. */
void order_allows(struct candidate *items, size_t n);

/* As the rules were written. */
void order_denies(struct candidate *items, size_t n);

#endif

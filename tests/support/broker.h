/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_BROKER_H
#define FDB_TESTS_BROKER_H

/*
 * For tests of the opener, in a child: the policy of a broker, and its confinement. Whatever goes wrong is
 * the child's to exit with.
 */

#include "policy/policy.h"

#define BROKER_ID 4242

/* The policy that this text means, or NULL, and what is wrong with it on stderr. */
struct policy *broker_load(const char *text);

/* Confine this process as a broker with this policy, but for what of the file system it sees. 0 or -errno. */
int broker_confine(const struct policy *policy);

#endif

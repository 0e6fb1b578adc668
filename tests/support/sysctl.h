/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_SYSCTL_H
#define FDB_TESTS_SYSCTL_H

#include <check.h>

#define SYSCTL_CASES 2

/*
 * Two test cases, "protected" and "unprotected", for tests that are added to both: fs.protected_* (proc(5))
 * are on with most hosts, and off with others, and the broker relies on neither. They are put back
 * whatever becomes of a test, or of this program. The whole machine has them once: whoever set
 * them keeps others waiting until they are put back.
 */
void sysctl_cases(Suite *suite, TCase *ret[SYSCTL_CASES]);

/* The same for fs.suid_dumpable, with which a process that has changed its user is as open to that
 * user as any other, off with most hosts: on for the tests of @tcase. */
void sysctl_let_dump(TCase *tcase);

#endif

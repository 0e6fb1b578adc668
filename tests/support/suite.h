/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_SUITE_H
#define FDB_TESTS_SUITE_H

#include <check.h>

/* A test case named @name added to @suite; every test in it must leave as many descriptors open
 * as it found, or it fails. */
TCase *suite_case(Suite *suite, const char *name);

/* Run one suite; the value for main() to return. */
int suite_main(Suite *suite);

/* Open descriptors of process @pid (0: this one), or -1. */
int suite_count_fds(int pid);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_TESTS_SUITE_H
#define FDB_TESTS_SUITE_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

/* A test case named @name added to @suite; every test in it must leave as many descriptors open
 * as it found, or it fails. */
TCase *suite_case(Suite *suite, const char *name);

/* Run one suite; the value for main() to return. With FDBROKER_TEST in the environment only the
 * test of that name is run, and that there is none is a failure. As root its mounts are the program's
 * own, and go with it, however it ends. */
int suite_main(Suite *suite);

/* Is the test @name to be run? Check itself chooses by case, not by test. */
bool suite_wants(const char *name);
#undef tcase_add_test
#undef tcase_add_loop_test
#define tcase_add_test(tcase, test) tcase_add_loop_test(tcase, test, 0, 1)
#define tcase_add_loop_test(tcase, test, from, to)                                                 \
	tcase_add_loop_exit_test(tcase, test, 0, from, suite_wants(#test) ? (int)(to) : (from))

/*
 * A new directory in @where ("/" or "/tmp"), 0755. Its test removes it; what tests leave that are ended is
 * removed by suite_main(), and what programs leave that are ended by the next program.
 */
void suite_make_directory(const char *where, char *ret, size_t size);

/* It and all that is in it, as far as that goes. */
void suite_remove(const char *path);

/* Open descriptors of process @pid (0: this one), or -1. */
int suite_count_fds(int pid);

#endif

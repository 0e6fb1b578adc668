/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fd.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/kernel.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"

/* 0: fd_statx() says what fstat(2) says; 1 nothing; 2 something else. */
static int tells_the_same(int fd)
{
	struct statx sx;
	struct stat st;

	if (fd_statx(fd, STATX_BASIC_STATS, &sx) < 0 || fstat(fd, &st) < 0)
		return 1;
	return sx.stx_ino == st.st_ino && sx.stx_size == (uint64_t)st.st_size ? 0 : 2;
}

/* @arg: what a name that is NULL is answered, or 0. */
static int look(const void *arg)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	const int *error = arg;
	int fd = fd_memory("seen");

	if (*error != 0 && (seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint16_t)*error),
					     SCMP_SYS(statx), 1, SCMP_A1(SCMP_CMP_EQ, 0)) < 0 ||
			    seccomp_load(filter) < 0))
		return 200;
	/* What was learnt the first time is known the second. */
	return tells_the_same(fd) + tells_the_same(fd);
}

START_TEST(fd_statx_is_of_the_descriptor)
{
	ck_assert_int_eq(forked_run(look, &(int){ 0 }), 0);
	ck_assert_int_eq(fd_statx(-EBADF, STATX_BASIC_STATS, &(struct statx){ 0 }), -EBADF);
}
END_TEST

/* Linux before 6.11 */
START_TEST(fd_statx_does_with_a_kernel_that_wants_a_name)
{
	ck_assert_int_eq(forked_run(look, &(int){ EFAULT }), 0);
}
END_TEST

START_TEST(fd_statx_says_why_it_cannot)
{
	/* One that fails for another reason is not asked again. */
	ck_assert_int_eq(forked_run(look, &(int){ EACCES }), 1 + 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fd");
	TCase *tcase = suite_case(suite, "statx");

	tcase_add_test(tcase, fd_statx_is_of_the_descriptor);
	tcase_add_test(tcase, fd_statx_does_with_a_kernel_that_wants_a_name);
	tcase_add_test(tcase, fd_statx_says_why_it_cannot);
	return suite_main(suite);
}

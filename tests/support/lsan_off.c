/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * For programs that end inside the sandbox, in builds with AddressSanitizer: its search for
 * leaks at exit starts a tracer and reads /proc, which is just what the
 * sandbox forbids, and it would end the program with an error. The hook is
 * sanitizer/lsan_interface.h's.
 */

#include <linux/seccomp.h>
#include <sys/prctl.h>

__attribute__((visibility("default"))) int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
}

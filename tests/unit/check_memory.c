/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/memory.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/support/suite.h"

#define DEEP  65536
#define SMALL 12000 /* more than is left of the heap */
#define TABLE 65536

/* proc(5), /proc/pid/pagemap, bit 63. */
static bool is_there(uintptr_t address)
{
	_cleanup_(fd_closep) int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uint64_t entry = 0;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, &entry, sizeof(entry), (off_t)(address / page * sizeof(entry))),
			 sizeof(entry));
	return entry >> 63 == 1;
}

/* Somewhere in the middle of what it took. */
__attribute__((noinline)) static uintptr_t go_deep(void)
{
	volatile char large[DEEP];

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = 7;
	return (uintptr_t)large + sizeof(large) / 2;
}

START_TEST(what_was_deep_in_the_stack_goes_back)
{
	uintptr_t deep = go_deep();

	ck_assert(is_there(deep));
	memory_release();
	ck_assert(!is_there(deep));
}
END_TEST

START_TEST(what_the_caller_has_on_the_stack_stays)
{
	char own[DEEP], same[DEEP];

	memset(own, 7, sizeof(own));
	memset(same, 7, sizeof(same));
	memory_release();
	ck_assert_mem_eq(own, same, sizeof(own));
}
END_TEST

/* Whether malloc(3) is glibc's: a sanitizer has its own, which nobody tells anything. */
#ifdef __SANITIZE_ADDRESS__
#define CAN_BE_TOLD false
#else
#define CAN_BE_TOLD true
#endif

/* calloc(3) would clear what malloc(3) had got beforehand, beyond what it was asked for. */
START_TEST(a_table_is_not_touched)
{
	char *small, *table;

	memory_release();
	memory_be_frugal();
	small = malloc(SMALL);
	table = calloc(1, TABLE);
	ck_assert(small && table);
	ck_assert(!is_there((uintptr_t)table + TABLE / 2));
	free(table);
	free(small);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tcase = suite_case(suite, "memory");

	tcase_add_test(tcase, what_was_deep_in_the_stack_goes_back);
	tcase_add_test(tcase, what_the_caller_has_on_the_stack_stays);
	if (CAN_BE_TOLD)
		tcase_add_test(tcase, a_table_is_not_touched);
	return suite_main(suite);
}

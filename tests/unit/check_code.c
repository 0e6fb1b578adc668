/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/code.h"

#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/support/suite.h"

/* Two segments that the loader writes to and protects then: this program is linked so that its code,
 * too, may have something to relocate. */
__attribute__((used)) static int target;
__asm__(".pushsection .text\n"
	".balign 16\n"
	"in_code: .dc.a target\n"
	".popsection");
extern const int *const in_code __attribute__((visibility("hidden")));
static const int *const volatile in_constants = &target;

struct range {
	uintptr_t inside, start, end;
};

static int find_code(struct dl_phdr_info *object, size_t size, void *context)
{
	struct range *range = context;

	(void)size;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		uintptr_t start = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
		uintptr_t end = start + object->dlpi_phdr[i].p_memsz;

		if (object->dlpi_phdr[i].p_type != PT_LOAD || range->inside < start ||
		    range->inside >= end)
			continue;
		*range = (struct range){ .start = start, .end = end };
		return 1;
	}
	return 0;
}

/* Pages of the C library's code that are mapped: proc(5), /proc/pid/pagemap, bit 63. */
static unsigned int n_mapped(const struct range *range, uintptr_t page)
{
	_cleanup_(fd_closep) int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	unsigned int n = 0;
	uint64_t entry;

	ck_assert_int_ge(fd, 0);
	for (uintptr_t at = range->start; at < range->end; at += page) {
		ck_assert_int_eq(pread(fd, &entry, sizeof(entry),
				       (off_t)(at / page * sizeof(entry))),
				 sizeof(entry));
		n += entry >> 63 == 1;
	}
	return n;
}

START_TEST(what_is_not_used_is_mapped_no_more)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	struct range libc = { .inside = (uintptr_t)qsort };
	unsigned int all;

	ck_assert_int_eq(dl_iterate_phdr(find_code, &libc), 1);
	for (uintptr_t at = libc.start; at < libc.end; at += page)
		(void)*(const volatile char *)at;
	all = n_mapped(&libc, page);
	code_release();
	ck_assert_uint_lt(n_mapped(&libc, page), all);
}
END_TEST

START_TEST(what_the_loader_wrote_stays)
{
	code_release();
	ck_assert_ptr_eq(in_constants, &target);
	ck_assert_ptr_eq(in_code, &target);
}
END_TEST

START_TEST(what_the_program_wrote_stays)
{
	target = 7;
	code_release();
	ck_assert_int_eq(target, 7);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("code");
	TCase *tcase = suite_case(suite, "release");

	tcase_add_test(tcase, what_is_not_used_is_mapped_no_more);
	tcase_add_test(tcase, what_the_loader_wrote_stays);
	tcase_add_test(tcase, what_the_program_wrote_stays);
	return suite_main(suite);
}

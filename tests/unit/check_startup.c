/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/startup.h"

#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macro.h"
#include "tests/support/suite.h"

/* KiB that are mapped of files, with "r-xp" and the like. */
static unsigned long mapped(const char *permissions)
{
	char line[512], seen[8] = "";
	unsigned long all = 0, kib;
	FILE *file = fopen("/proc/self/smaps", "re");

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*x-%*x %4s", seen) == 1)
			continue;
		if (strcmp(seen, permissions) == 0 && sscanf(line, "Rss: %lu", &kib) == 1)
			all += kib;
	}
	fclose(file);
	return all;
}

/* As if all of it had been run: a child of fork(2) begins with no code mapped. Also what
 * a sanitizer keeps between texts. */
__attribute__((__no_sanitize_address__)) static int touch(struct dl_phdr_info *object, size_t size,
							  void *context)
{
	volatile const char *bytes;

	(void)size;
	(void)context;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];

		bytes = (volatile const char *)(object->dlpi_addr + segment->p_vaddr);
		for (size_t at = 0; segment->p_type == PT_LOAD && at < segment->p_filesz;
		     at += 4096)
			(void)bytes[at];
	}
	return 0;
}

/* What was loaded and relocated is there, whatever is written to it since. */
static const char *const relocated[] = { "one", "two", "three" };
static char written[] = "before";

START_TEST(startup_lets_go_of_code_and_of_nothing_that_was_written)
{
	unsigned long code, data;

	strcpy(written, "after!");
	dl_iterate_phdr(touch, NULL);
	code = mapped("r-xp");
	data = mapped("rw-p");
	startup_forget();
	ck_assert_uint_lt(mapped("r-xp"), code - code / 4);
	ck_assert_uint_ge(mapped("rw-p"), data);
	ck_assert_str_eq(written, "after!");
	for (size_t i = 0; i < ELEMENTSOF(relocated); i++)
		ck_assert_uint_ge(strlen(relocated[i]), 3);
	startup_forget();
	ck_assert_ptr_nonnull(getenv("PATH"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("startup");
	TCase *tcase = suite_case(suite, "startup");

	tcase_add_test(tcase, startup_lets_go_of_code_and_of_nothing_that_was_written);
	return suite_main(suite);
}

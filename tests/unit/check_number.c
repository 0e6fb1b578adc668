/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/number.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "tests/support/suite.h"

static const struct {
	const char *text;
	int expected;
	uint32_t value;
} cases[] = {
	{ "0", 0, 0 },
	{ "1", 0, 1 },
	{ "4294967294", 0, 4294967294U },
	{ "4294967295", -ERANGE, 0 },
	{ "4294967296", -ERANGE, 0 },
	{ "99999999999999999999999", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "+1", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 },
	{ "1 ", -EINVAL, 0 },
	{ "01", -EINVAL, 0 },
	{ "0x1", -EINVAL, 0 },
	{ "1a", -EINVAL, 0 },
};

START_TEST(number_id_is_strict_and_refuses_nobodys_id)
{
	uint32_t value = 77;
	int r = number_id(cases[_i].text, &value);

	ck_assert_msg(r == cases[_i].expected, "%s: %d", cases[_i].text, r);
	ck_assert_uint_eq(value, r == 0 ? cases[_i].value : 77);
}
END_TEST

static const struct {
	uint32_t value;
	const char *text;
} printed[] = {
	{ 0, "0" },
	{ 9, "9" },
	{ 10, "10" },
	{ 65536, "65536" },
	{ INT32_MAX, "2147483647" },
	{ UINT32_MAX, "4294967295" },
};

START_TEST(number_is_printed_as_it_is_read)
{
	char text[NUMBER_SIZE], path[NUMBER_FD_PATH_SIZE], expected[64];

	ck_assert_uint_eq(number_print(printed[_i].value, text), strlen(printed[_i].text));
	ck_assert_str_eq(text, printed[_i].text);
	if (printed[_i].value > INT32_MAX)
		return;
	number_fd_path((int)printed[_i].value, path);
	snprintf(expected, sizeof(expected), "/proc/self/fd/%s", printed[_i].text);
	ck_assert_str_eq(path, expected);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("number");
	TCase *tcase = suite_case(suite, "id");

	tcase_add_loop_test(tcase, number_id_is_strict_and_refuses_nobodys_id, 0,
			    (int)ELEMENTSOF(cases));
	tcase_add_loop_test(tcase, number_is_printed_as_it_is_read, 0, (int)ELEMENTSOF(printed));
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "tests/support/suite.h"

/* Two rules, "a.bc" and "d". */
static void *make(size_t *ret_size)
{
	static const struct tally_header header = {
		.magic = TALLY_MAGIC, .n_rules = 2, .names_size = 5, .generation = 7
	};
	static const struct tally_name names[] = { { 4, TALLY_ALLOW }, { 5, 0 } };
	struct tally_layout layout;
	struct tally_row *rows;
	char *data;

	ck_assert_int_eq(tally_layout(2, 5, &layout), 0);
	data = calloc(1, layout.size);
	ck_assert_ptr_nonnull(data);
	memcpy(data, &header, sizeof(header));
	memcpy(data + layout.names, names, sizeof(names));
	memcpy(data + layout.bytes, "a.bcd", 5);
	rows = (void *)(data + layout.rows);
	for (size_t i = 0; i < TALLY_SPECIAL + 2; i++)
		rows[i].counts[TALLY_GRANTED] = i + 1;
	*ret_size = layout.size;
	return data;
}

START_TEST(rows_and_names_are_found)
{
	_cleanup_(freep) void *data = NULL;
	struct tally tally;
	size_t size, len;

	data = make(&size);
	ck_assert_int_eq(tally_read(data, size, &tally), 0);
	ck_assert_uint_eq(tally.n_rows, TALLY_SPECIAL + 2);
	ck_assert_mem_eq(tally_name(&tally, TALLY_SPECIAL, &len), "a.bc", 4);
	ck_assert_uint_eq(len, 4);
	ck_assert_mem_eq(tally_name(&tally, TALLY_SPECIAL + 1, &len), "d", 1);
	ck_assert_uint_eq(len, 1);
	(void)tally_name(&tally, TALLY_DEFAULT, &len);
	ck_assert_uint_eq(len, 0);
	ck_assert_uint_eq(tally_flags(&tally, TALLY_SPECIAL), TALLY_ALLOW);
	ck_assert_uint_eq(tally_flags(&tally, TALLY_UNJUDGED), 0);
	ck_assert_uint_eq(tally_decisions(&tally.rows[TALLY_SPECIAL + 1]), TALLY_SPECIAL + 2);
}
END_TEST

START_TEST(a_tally_of_any_other_size_is_refused)
{
	_cleanup_(freep) void *data = NULL;
	struct tally tally;
	size_t size;

	data = make(&size);
	for (size_t n = 0; n < size; n++) {
		_cleanup_(freep) void *cut = calloc(1, n > 0 ? n : 1);

		ck_assert_ptr_nonnull(cut);
		memcpy(cut, data, n);
		ck_assert_int_eq(tally_read(cut, n, &tally), -EBADMSG);
	}
}
END_TEST

static const struct {
	const char *name;
	struct tally_header header;
	struct tally_name names[2];
} forged[] = {
	{ "magic", { 1, 2, 5, 7, 0 }, { { 4, 0 }, { 5, 0 } } },
	{ "more rules", { TALLY_MAGIC, 3, 5, 7, 0 }, { { 4, 0 }, { 5, 0 } } },
	{ "as many rules as there can be", { TALLY_MAGIC, UINT32_MAX, 5, 7, 0 }, { { 4, 0 } } },
	{ "longer names", { TALLY_MAGIC, 2, UINT32_MAX, 7, 0 }, { { 4, 0 }, { 5, 0 } } },
	{ "a name that ends before it begins",
	  { TALLY_MAGIC, 2, 5, 7, 0 },
	  { { 5, 0 }, { 4, 0 } } },
	{ "a name past the end", { TALLY_MAGIC, 2, 5, 7, 0 }, { { 4, 0 }, { UINT32_MAX, 0 } } },
	{ "bytes of no name", { TALLY_MAGIC, 2, 5, 7, 0 }, { { 1, 0 }, { 4, 0 } } },
};

START_TEST(what_is_forged_is_refused)
{
	_cleanup_(freep) char *data = NULL;
	struct tally tally;
	size_t size;

	data = make(&size);
	memcpy(data, &forged[_i].header, sizeof(forged[_i].header));
	memcpy(data + sizeof(forged[_i].header), forged[_i].names, sizeof(forged[_i].names));
	ck_assert_msg(tally_read(data, size, &tally) == -EBADMSG, "%s", forged[_i].name);
}
END_TEST

/* Sizes at the limit, and one rule more. */
START_TEST(a_layout_is_bounded)
{
	uint64_t per_rule = sizeof(struct tally_row) + sizeof(struct tally_name);
	uint64_t most = (TALLY_SIZE_MAX - 4096) / per_rule;
	struct tally_layout layout;

	ck_assert_int_eq(tally_layout(most, 0, &layout), 0);
	ck_assert_uint_le(layout.size, TALLY_SIZE_MAX);
	ck_assert_int_eq(tally_layout(most + 16, 0, &layout), -EFBIG);
	ck_assert_int_eq(tally_layout(1, TALLY_SIZE_MAX, &layout), -EFBIG);
	ck_assert_int_eq(tally_layout(UINT64_MAX, 1, &layout), -EFBIG);
	ck_assert_int_eq(tally_layout(1, UINT64_MAX, &layout), -EFBIG);
	ck_assert_int_eq(tally_layout(0, 0, &layout), 0);
	ck_assert_uint_eq(layout.size, 64 + TALLY_SPECIAL * sizeof(struct tally_row));
}
END_TEST

START_TEST(sums_stay_at_the_largest)
{
	struct tally_row row = { .counts = { UINT64_MAX, 1 }, .last_usec = 5, .sum_usec = 3 };
	struct tally_row sum = { .counts = { 1, 1 }, .last_usec = 9, .sum_usec = UINT64_MAX };

	ck_assert_uint_eq(tally_decisions(&row), UINT64_MAX);
	tally_sum(&sum, &row);
	ck_assert_uint_eq(sum.counts[0], UINT64_MAX);
	ck_assert_uint_eq(sum.counts[1], 2);
	ck_assert_uint_eq(sum.last_usec, 9);
	ck_assert_uint_eq(sum.sum_usec, UINT64_MAX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tally");
	TCase *tcase = suite_case(suite, "tally");

	tcase_add_test(tcase, rows_and_names_are_found);
	tcase_add_test(tcase, a_tally_of_any_other_size_is_refused);
	tcase_add_loop_test(tcase, what_is_forged_is_refused, 0, (int)ELEMENTSOF(forged));
	tcase_add_test(tcase, a_layout_is_bounded);
	tcase_add_test(tcase, sums_stay_at_the_largest);
	return suite_main(suite);
}

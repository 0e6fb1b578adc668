/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/values.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "tests/support/suite.h"

static const struct {
	const char *text;
	int r;
	bool named;
	uint32_t first, last;
} ids[] = {
	{ "0", 0, false, 0, 0 },
	{ "1000-59999", 0, false, 1000, 59999 },
	{ "5-5", 0, false, 5, 5 },
	{ "4294967294", 0, false, 4294967294U, 4294967294U },
	{ "4294967295", -ERANGE, false, 0, 0 }, /* P41: (uid_t)-1 */
	{ "4294967296", -ERANGE, false, 0, 0 },
	{ "0-4294967295", -ERANGE, false, 0, 0 },
	{ "9-8", -ERANGE, false, 0, 0 },
	{ "99999999999999999999999999999", -ERANGE, false, 0, 0 },
	{ "0day", -EINVAL, false, 0, 0 }, /* P64: not 0 */
	{ "00", -EINVAL, false, 0, 0 },
	{ "1000-", -EINVAL, false, 0, 0 },
	{ "-1", -EINVAL, false, 0, 0 },
	{ "1-2-3", -EINVAL, false, 0, 0 },
	{ "", -EINVAL, false, 0, 0 },
	{ "a:b", -EINVAL, false, 0, 0 },
	{ "a*", -EINVAL, false, 0, 0 },
	{ "root", 0, true, 0, 0 },
	{ "DOM\\user", 0, true, 0, 0 },
	{ "_apt", 0, true, 0, 0 },
};

START_TEST(value_ids_reads_names_numbers_and_ranges)
{
	struct value_ids ret = { 0 };

	ck_assert_msg(value_ids(ids[_i].text, &ret) == ids[_i].r, "%s", ids[_i].text);
	ck_assert_msg(ret.named == ids[_i].named && ret.first == ids[_i].first &&
			      ret.last == ids[_i].last,
		      "%s", ids[_i].text);
}
END_TEST

static const struct {
	const char *text;
	int r;
	uint64_t value;
} sizes[] = {
	{ "0", 0, 0 },
	{ "4096", 0, 4096 },
	{ "64K", 0, 65536 },
	{ "1M", 0, 1048576 },
	{ "2G", 0, UINT64_C(2147483648) },
	{ "1T", 0, UINT64_C(1099511627776) },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "18014398509481984K", -ERANGE, 0 },
	{ "K", -EINVAL, 0 },
	{ "64k", -EINVAL, 0 },
	{ "64KB", -EINVAL, 0 },
	{ "064", -EINVAL, 0 },
	{ "+1", -EINVAL, 0 },
	{ "1.5M", -EINVAL, 0 },
	{ "", -EINVAL, 0 },
};

START_TEST(value_size_reads_bytes_and_their_multiples)
{
	uint64_t ret = 0;

	ck_assert_msg(value_size(sizes[_i].text, &ret) == sizes[_i].r, "%s", sizes[_i].text);
	ck_assert_msg(ret == sizes[_i].value, "%s", sizes[_i].text);
}
END_TEST

static const struct {
	const char *text;
	int r;
	mode_t value;
} modes[] = {
	{ "0640", 0, 0640 },  { "640", 0, 0640 },     { "000", 0, 0 },
	{ "0777", 0, 0777 },  { "4755", -EINVAL, 0 }, { "04755", -EINVAL, 0 },
	{ "64", -EINVAL, 0 }, { "0648", -EINVAL, 0 }, { "u=rw", -EINVAL, 0 },
	{ "", -EINVAL, 0 },
};

START_TEST(value_mode_reads_permission_bits_only)
{
	mode_t ret = 0;

	ck_assert_msg(value_mode(modes[_i].text, &ret) == modes[_i].r, "%s", modes[_i].text);
	ck_assert_msg(ret == modes[_i].value, "%s", modes[_i].text);
}
END_TEST

static const struct {
	const char *text;
	int r;
	struct value_device value;
} devices[] = {
	{ "188:*", 0, { 188, 0, true } },
	{ "1:3", 0, { 1, 3, false } },
	{ "4095:1048575", 0, { 4095, 1048575, false } },
	{ "4096:0", -ERANGE, { 0 } },
	{ "1:1048576", -ERANGE, { 0 } },
	{ "188", -EINVAL, { 0 } },
	{ "188:", -EINVAL, { 0 } },
	{ ":3", -EINVAL, { 0 } },
	{ "*:3", -EINVAL, { 0 } },
	{ "1:**", -EINVAL, { 0 } },
	{ "1:3:5", -EINVAL, { 0 } },
};

START_TEST(value_device_reads_a_number_or_all_of_a_driver)
{
	struct value_device ret = { 0 };

	ck_assert_msg(value_device(devices[_i].text, &ret) == devices[_i].r, "%s",
		      devices[_i].text);
	ck_assert_msg(ret.major == devices[_i].value.major &&
			      ret.minor == devices[_i].value.minor &&
			      ret.any_minor == devices[_i].value.any_minor,
		      "%s", devices[_i].text);
}
END_TEST

static const struct {
	const char *text;
	int r;
	uint64_t value;
} dates[] = {
	{ "1970-01-01", 0, 86400 }, /* a bare date ends at 24:00 */
	{ "1970-01-02T00:00Z", 0, 86400 },    { "2027-01-31T18:30Z", 0, 1801420200 },
	{ "2028-02-29", 0, 1835481600 },      { "2027-02-29", -ERANGE, 0 },
	{ "2027-13-01", -ERANGE, 0 },	      { "2027-00-10", -ERANGE, 0 },
	{ "2027-01-31T24:00Z", -ERANGE, 0 },  { "2027-01-31T18:60Z", -ERANGE, 0 },
	{ "1969-12-31", -ERANGE, 0 },	      { "2027-1-31", -EINVAL, 0 },
	{ "2027-01-31T18:30", -EINVAL, 0 },   { "2027-01-31 18:30Z", -EINVAL, 0 },
	{ "2027-01-31T18:30Zx", -EINVAL, 0 }, { "", -EINVAL, 0 },
};

START_TEST(value_until_reads_days_and_minutes_that_exist)
{
	uint64_t ret = 0;

	ck_assert_msg(value_until(dates[_i].text, &ret) == dates[_i].r, "%s", dates[_i].text);
	ck_assert_msg(ret == dates[_i].value, "%s: %llu", dates[_i].text, (unsigned long long)ret);
}
END_TEST

static const struct {
	const char *text;
	int r;
	struct value_rate value;
} rates[] = {
	{ "20/s", 0, { 20, 1 } },	    { "6/min", 0, { 6, 60 } },
	{ "1/h", 0, { 1, 3600 } },	    { "0/s", -ERANGE, { 0 } },
	{ "20", -EINVAL, { 0 } },	    { "/s", -EINVAL, { 0 } },
	{ "20/sec", -EINVAL, { 0 } },	    { "20/m", -EINVAL, { 0 } },
	{ "4294967295/s", -ERANGE, { 0 } },
};

START_TEST(value_rate_reads_a_count_and_its_period)
{
	struct value_rate ret = { 0 };

	ck_assert_msg(value_rate(rates[_i].text, &ret) == rates[_i].r, "%s", rates[_i].text);
	ck_assert_msg(ret.count == rates[_i].value.count &&
			      ret.period_sec == rates[_i].value.period_sec,
		      "%s", rates[_i].text);
}
END_TEST

START_TEST(value_file_type_knows_the_seven)
{
	mode_t ret;

	ck_assert_int_eq(value_file_type("regular", &ret), 0);
	ck_assert_uint_eq(ret, S_IFREG);
	ck_assert_int_eq(value_file_type("socket", &ret), 0);
	ck_assert_uint_eq(ret, S_IFSOCK);
	ck_assert_int_eq(value_file_type("file", &ret), -EINVAL);
}
END_TEST

static const struct {
	const char *text;
	bool is_unit;
} units[] = {
	{ "nginx.service", true },
	{ "session-*.scope", true },
	{ "a@*.service", true },
	{ "web*", true },
	{ "nginx", false },
	{ ".service", false },
	{ "", false },
	{ "a/b.service", false },
	{ "nginx.Service", false },
};

START_TEST(value_is_unit_wants_the_suffix)
{
	ck_assert_msg(value_is_unit(units[_i].text) == units[_i].is_unit, "%s", units[_i].text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("values");
	TCase *tcase = suite_case(suite, "values");

	tcase_add_loop_test(tcase, value_ids_reads_names_numbers_and_ranges, 0, ELEMENTSOF(ids));
	tcase_add_loop_test(tcase, value_size_reads_bytes_and_their_multiples, 0,
			    ELEMENTSOF(sizes));
	tcase_add_loop_test(tcase, value_mode_reads_permission_bits_only, 0, ELEMENTSOF(modes));
	tcase_add_loop_test(tcase, value_device_reads_a_number_or_all_of_a_driver, 0,
			    ELEMENTSOF(devices));
	tcase_add_loop_test(tcase, value_until_reads_days_and_minutes_that_exist, 0,
			    ELEMENTSOF(dates));
	tcase_add_loop_test(tcase, value_rate_reads_a_count_and_its_period, 0, ELEMENTSOF(rates));
	tcase_add_test(tcase, value_file_type_knows_the_seven);
	tcase_add_loop_test(tcase, value_is_unit_wants_the_suffix, 0, ELEMENTSOF(units));
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/cursor.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/macro.h"
#include "tests/support/suite.h"

static const uint8_t ramp[8] = { 0x81, 2, 3, 4, 5, 6, 7, 0x88 };

static uint64_t read_u16(struct cursor_reader *r)
{
	return cursor_read_u16(r);
}

static uint64_t read_u32(struct cursor_reader *r)
{
	return cursor_read_u32(r);
}

static uint64_t read_i32(struct cursor_reader *r)
{
	return (uint32_t)cursor_read_i32(r);
}

static void write_u16(struct cursor_writer *w, uint64_t value)
{
	cursor_write_u16(w, (uint16_t)value);
}

static void write_u32(struct cursor_writer *w, uint64_t value)
{
	cursor_write_u32(w, (uint32_t)value);
}

static void write_i32(struct cursor_writer *w, uint64_t value)
{
	cursor_write_i32(w, (int32_t)value);
}

static const struct {
	const char *name;
	uint64_t (*read)(struct cursor_reader *r);
	void (*write)(struct cursor_writer *w, uint64_t value);
	size_t size;
	uint64_t value; /* of ramp */
} integers[] = {
	{ "u16", read_u16, write_u16, 2, 0x0281 },
	{ "u32", read_u32, write_u32, 4, 0x04030281 },
	{ "i32", read_i32, write_i32, 4, 0x04030281 },
	{ "u64", cursor_read_u64, cursor_write_u64, 8, 0x8807060504030281 },
};

START_TEST(integers_are_little_endian_at_any_alignment)
{
	uint8_t unaligned[9] = { 0 };
	struct cursor_reader r = cursor_reader(unaligned + 1, integers[_i].size);

	memcpy(unaligned + 1, ramp, 8);
	ck_assert_uint_eq(integers[_i].read(&r), integers[_i].value);
	ck_assert_int_eq(cursor_read_end(&r), 0);
}
END_TEST

START_TEST(an_integer_is_read_only_if_it_is_there_whole)
{
	for (size_t size = 0; size <= 8; size++) {
		struct cursor_reader r = cursor_reader(ramp, size);
		uint64_t value = integers[_i].read(&r);
		int expected = size == integers[_i].size ? 0 : -EBADMSG;

		ck_assert_uint_eq(value, size < integers[_i].size ? 0 : integers[_i].value);
		ck_assert_int_eq(cursor_read_end(&r), expected);
	}
}
END_TEST

START_TEST(an_integer_is_written_only_if_it_fits_whole)
{
	for (size_t size = 0; size <= 8; size++) {
		uint8_t buffer[9] = { 0 };
		struct cursor_writer w = cursor_writer(buffer, size);

		integers[_i].write(&w, integers[_i].value);
		if (size < integers[_i].size) {
			ck_assert_int_eq(cursor_write_end(&w), -EMSGSIZE);
			ck_assert_int_eq(buffer[0], 0);
			continue;
		}
		ck_assert_int_eq(cursor_write_end(&w), (int)integers[_i].size);
		ck_assert_mem_eq(buffer, ramp, integers[_i].size);
		ck_assert_int_eq(buffer[integers[_i].size], 0);
	}
}
END_TEST

START_TEST(a_negative_number_comes_back)
{
	uint8_t buffer[4] = { 0 };
	struct cursor_writer w = cursor_writer(buffer, sizeof(buffer));
	struct cursor_reader r = cursor_reader(buffer, sizeof(buffer));

	cursor_write_i32(&w, INT32_MIN);
	ck_assert_int_eq(cursor_read_i32(&r), INT32_MIN);
}
END_TEST

START_TEST(nothing_is_read_after_an_error)
{
	struct cursor_reader r = cursor_reader(ramp, sizeof(ramp));
	uint16_t len = 77;
	size_t rest = 77;
	char text[4] = "abc";

	ck_assert_ptr_null(cursor_read_bytes(&r, sizeof(ramp) + 1));
	ck_assert_uint_eq(cursor_read_u16(&r), 0);
	ck_assert_uint_eq(cursor_read_u64(&r), 0);
	ck_assert_ptr_null(cursor_read_bytes(&r, 0));
	ck_assert_ptr_null(cursor_read_string(&r, 10, &len));
	ck_assert_uint_eq(len, 0);
	ck_assert_ptr_null(cursor_read_rest(&r, &rest));
	ck_assert_uint_eq(rest, 0);
	cursor_read_text(&r, text, sizeof(text));
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(cursor_read_end(&r), -EBADMSG);
}
END_TEST

START_TEST(nothing_is_written_after_an_error)
{
	uint8_t buffer[4] = { 0 };
	struct cursor_writer w = cursor_writer(buffer, sizeof(buffer));

	cursor_write_u64(&w, UINT64_MAX);
	cursor_write_u16(&w, UINT16_MAX);
	cursor_write_bytes(&w, "", 0);
	ck_assert_int_eq(cursor_write_end(&w), -EMSGSIZE);
	ck_assert_mem_eq(buffer, "\0\0\0", 4);
}
END_TEST

START_TEST(a_huge_size_does_not_wrap)
{
	uint8_t buffer[4] = { 0 };
	struct cursor_reader r = cursor_reader(buffer, sizeof(buffer));
	struct cursor_writer w = cursor_writer(buffer, sizeof(buffer));
	volatile size_t huge = SIZE_MAX; /* which the compiler would see through and warn of */

	(void)cursor_read_u16(&r);
	ck_assert_ptr_null(cursor_read_bytes(&r, huge));
	cursor_write_u16(&w, 1);
	cursor_write_bytes(&w, "x", huge);
	ck_assert_int_eq(cursor_write_end(&w), -EMSGSIZE);
}
END_TEST

/* Strings and texts: the bytes of a message, and what becomes of them with room for 4 bytes. */
static const struct {
	const char *name;
	const char *bytes;
	size_t size;
	int string; /* cursor_read_string() with a maximum of 4 */
	int text;   /* cursor_read_text() into 5 bytes */
} strings[] = {
	{ "no length", "\1", 1, -EBADMSG, -EBADMSG },
	{ "empty", "\0\0", 2, 0, 0 },
	{ "max - 1", "\3\0abc", 5, 0, 0 },
	{ "max", "\4\0abcd", 6, 0, 0 },
	{ "max + 1", "\5\0abcde", 7, -EBADMSG, -EBADMSG },
	{ "one byte short", "\4\0abc", 5, -EBADMSG, -EBADMSG },
	{ "one byte over", "\3\0abcd", 6, -EBADMSG, -EBADMSG },
	{ "longest length", "\377\377abcd", 6, -EBADMSG, -EBADMSG },
	{ "NUL first", "\3\0\0bc", 5, 0, -EBADMSG },
	{ "NUL within", "\3\0a\0c", 5, 0, -EBADMSG },
	{ "NUL last", "\3\0ab\0", 5, 0, -EBADMSG },
};

START_TEST(a_string_is_bounded_and_keeps_its_bytes)
{
	struct cursor_reader r = cursor_reader(strings[_i].bytes, strings[_i].size);
	uint16_t len;
	const char *string = cursor_read_string(&r, 4, &len);

	ck_assert_msg(cursor_read_end(&r) == strings[_i].string, "%s", strings[_i].name);
	if (strings[_i].string == 0)
		ck_assert_mem_eq(string, strings[_i].bytes + 2, strings[_i].size - 2);
}
END_TEST

START_TEST(a_text_is_bounded_and_holds_no_nul)
{
	struct cursor_reader r = cursor_reader(strings[_i].bytes, strings[_i].size);
	char text[6] = "!!!!!";

	/* P55, as far as lengths go */
	cursor_read_text(&r, text, 5);
	ck_assert_msg(cursor_read_end(&r) == strings[_i].text, "%s", strings[_i].name);
	ck_assert_int_eq(text[5], '\0');
	if (strings[_i].text == 0)
		ck_assert_str_eq(text, strings[_i].size == 2 ? "" : strings[_i].bytes + 2);
}
END_TEST

START_TEST(a_string_longer_than_its_length_can_say_is_not_written)
{
	static char bytes[65536 + 2];
	static uint8_t buffer[65536 + 4];

	for (size_t len = 65534; len <= 65536; len++) {
		struct cursor_writer w = cursor_writer(buffer, sizeof(buffer));

		cursor_write_string(&w, bytes, len);
		ck_assert_int_eq(cursor_write_end(&w), len <= 65535 ? (int)len + 2 : -EMSGSIZE);
	}
}
END_TEST

START_TEST(text_and_rest_come_back)
{
	uint8_t buffer[64] = { 0 };
	struct cursor_writer w = cursor_writer(buffer, sizeof(buffer));
	struct cursor_reader r;
	char text[16];
	size_t len;

	cursor_write_text(&w, "nginx.service");
	cursor_write_bytes(&w, "tail", 4);
	r = cursor_reader(buffer, (size_t)cursor_write_end(&w));
	cursor_read_text(&r, text, sizeof(text));
	ck_assert_str_eq(text, "nginx.service");
	ck_assert_mem_eq(cursor_read_rest(&r, &len), "tail", 4);
	ck_assert_uint_eq(len, 4);
	ck_assert_int_eq(cursor_read_end(&r), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cursor");
	TCase *tcase = suite_case(suite, "integers");

	tcase_add_loop_test(tcase, integers_are_little_endian_at_any_alignment, 0,
			    (int)ELEMENTSOF(integers));
	tcase_add_loop_test(tcase, an_integer_is_read_only_if_it_is_there_whole, 0,
			    (int)ELEMENTSOF(integers));
	tcase_add_loop_test(tcase, an_integer_is_written_only_if_it_fits_whole, 0,
			    (int)ELEMENTSOF(integers));
	tcase_add_test(tcase, a_negative_number_comes_back);

	tcase = suite_case(suite, "errors");
	tcase_add_test(tcase, nothing_is_read_after_an_error);
	tcase_add_test(tcase, nothing_is_written_after_an_error);
	tcase_add_test(tcase, a_huge_size_does_not_wrap);

	tcase = suite_case(suite, "strings");
	tcase_add_loop_test(tcase, a_string_is_bounded_and_keeps_its_bytes, 0,
			    (int)ELEMENTSOF(strings));
	tcase_add_loop_test(tcase, a_text_is_bounded_and_holds_no_nul, 0, (int)ELEMENTSOF(strings));
	tcase_add_test(tcase, a_string_longer_than_its_length_can_say_is_not_written);
	tcase_add_test(tcase, text_and_rest_come_back);
	return suite_main(suite);
}

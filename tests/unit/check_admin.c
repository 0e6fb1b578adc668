/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/admin.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "tests/support/suite.h"
#include "wire/proto.h"

#define LENGTH_AT 16
#define TEXT_AT	  28

static char text[ADMIN_TEXT_MAX + 1];
static uint8_t buffer[WIRE_MESSAGE_MAX];

static const struct admin_request requests[] = {
	{ .opcode = ADMIN_OPCODE_RELOAD },
	{ .opcode = ADMIN_OPCODE_STATUS },
	{ .opcode = ADMIN_OPCODE_TRIAL, .sec = 0x01020304 },
	{ .opcode = ADMIN_OPCODE_CONFIRM },
	{ .opcode = ADMIN_OPCODE_SHADOW },
	{ .opcode = ADMIN_OPCODE_UNSHADOW },
	{ .opcode = ADMIN_OPCODE_TALLY },
};

static int write_request(uint16_t opcode, size_t size)
{
	return admin_request_write(&(struct admin_request){ .opcode = opcode }, buffer, size);
}

START_TEST(a_request_comes_back)
{
	int size = admin_request_write(&requests[_i], buffer, sizeof(buffer));
	struct admin_request request;

	ck_assert_int_eq(admin_request_read(buffer, (size_t)size, &request), 0);
	ck_assert_uint_eq(request.opcode, requests[_i].opcode);
	ck_assert_uint_eq(request.sec, requests[_i].sec);
}
END_TEST

START_TEST(opcodes_that_are_not_ours_are_told_apart)
{
	for (uint32_t number = 0; number <= 0xffff; number++) {
		int size = write_request((uint16_t)number, sizeof(buffer));
		struct admin_request request = { .opcode = 77 };
		int r = admin_request_read(buffer, (size_t)size, &request);
		bool ours = false;

		for (size_t i = 0; i < ELEMENTSOF(requests); i++)
			ours |= requests[i].opcode == number;
		if (r != (ours ? 0 : -EOPNOTSUPP) || request.opcode != (ours ? number : 77))
			ck_abort_msg("opcode %u: %d", number, r);
	}
}
END_TEST

/* One byte of a request changed. */
static const struct {
	const char *name;
	size_t at;
	uint8_t value;
	int expected;
} changes[] = {
	{ "version 0", 0, 0, -EOPNOTSUPP },    { "version 2", 0, 2, -EOPNOTSUPP },
	{ "version 257", 1, 1, -EOPNOTSUPP },  { "flag", 4, 1, -EBADMSG },
	{ "highest flag", 7, 0x80, -EBADMSG }, { "length", LENGTH_AT, 25, -EBADMSG },
	{ "reserved", 20, 1, -EBADMSG },       { "another id", 8, 9, 0 },
};

START_TEST(a_request_is_a_bare_header)
{
	int size = write_request(ADMIN_OPCODE_RELOAD, sizeof(buffer));
	struct admin_request request;

	buffer[changes[_i].at] = changes[_i].value;
	ck_assert_msg(admin_request_read(buffer, (size_t)size, &request) == changes[_i].expected,
		      "%s", changes[_i].name);
}
END_TEST

START_TEST(a_request_of_any_other_size_is_refused)
{
	struct admin_request request;

	for (size_t size = 0; size < 64; size++) {
		_cleanup_(freep) uint8_t *message = calloc(1, size > 0 ? size : 1);
		int right = admin_request_write(&requests[_i], buffer, sizeof(buffer));

		ck_assert_ptr_nonnull(message);
		buffer[LENGTH_AT] = (uint8_t)size;
		memcpy(message, buffer, size < (size_t)right ? size : (size_t)right);
		ck_assert_int_eq(admin_request_read(message, size, &request),
				 size == (size_t)right ? 0 : -EBADMSG);
	}
}
END_TEST

static const struct {
	size_t text_len;
	int written;
} text_lens[] = {
	{ 0, TEXT_AT },
	{ 1, TEXT_AT + 1 },
	{ ADMIN_TEXT_MAX - 1, TEXT_AT + ADMIN_TEXT_MAX - 1 },
	{ ADMIN_TEXT_MAX, TEXT_AT + ADMIN_TEXT_MAX },
	{ ADMIN_TEXT_MAX + 1, -EMSGSIZE },
	{ SIZE_MAX, -EMSGSIZE },
};

START_TEST(a_reply_of_bounded_text_comes_back)
{
	struct admin_reply reply = {
		.exit_code = -5,
		.opcode = ADMIN_OPCODE_RELOAD,
		.text = text,
		.text_len = text_lens[_i].text_len,
	};
	struct admin_reply back;
	int size;

	memset(text, 'x', sizeof(text));
	size = admin_reply_write(&reply, buffer, sizeof(buffer));
	ck_assert_int_eq(size, text_lens[_i].written);
	if (size < 0)
		return;
	ck_assert_int_eq(admin_reply_read(buffer, (size_t)size, &back), 0);
	ck_assert_int_eq(back.exit_code, -5);
	ck_assert_uint_eq(back.opcode, ADMIN_OPCODE_RELOAD);
	ck_assert_uint_eq(back.text_len, reply.text_len);
	ck_assert_mem_eq(back.text, text, back.text_len);
}
END_TEST

static int write_reply(size_t size)
{
	struct admin_reply reply = {
		.opcode = ADMIN_OPCODE_STATUS,
		.text = "generation 1\n",
		.text_len = 13,
	};

	return admin_reply_write(&reply, buffer, size);
}

START_TEST(a_reply_that_is_cut_is_refused)
{
	size_t size = (size_t)write_reply(sizeof(buffer));

	for (size_t n = 0; n < size; n++) {
		_cleanup_(freep) uint8_t *cut = calloc(1, n > 0 ? n : 1);
		struct admin_reply back;

		ck_assert_ptr_nonnull(cut);
		memcpy(cut, buffer, n);
		ck_assert_int_eq(admin_reply_read(cut, n, &back), -EBADMSG);
	}
}
END_TEST

START_TEST(a_reply_longer_than_the_limit_is_refused)
{
	size_t size = TEXT_AT + ADMIN_TEXT_MAX + 1;
	struct admin_reply back;

	write_reply(sizeof(buffer));
	buffer[LENGTH_AT] = (uint8_t)(size & 0xff);
	buffer[LENGTH_AT + 1] = (uint8_t)(size >> 8);
	ck_assert_int_eq(admin_reply_read(buffer, size, &back), -EBADMSG);
}
END_TEST

START_TEST(a_buffer_too_small_is_an_error)
{
	int size = write_reply(sizeof(buffer));

	for (int n = 0; n < size; n++)
		ck_assert_int_eq(write_reply((size_t)n), -EMSGSIZE);
	ck_assert_int_eq(write_request(ADMIN_OPCODE_STATUS, WIRE_HEADER_SIZE - 1), -EMSGSIZE);
	ck_assert_int_eq(write_request(ADMIN_OPCODE_TRIAL, ADMIN_REQUEST_MAX - 1), -EMSGSIZE);
}
END_TEST

START_TEST(request_and_reply_are_not_each_other)
{
	struct admin_reply back;
	struct admin_request request;
	int size = write_reply(sizeof(buffer));

	ck_assert_int_eq(admin_request_read(buffer, (size_t)size, &request), -EOPNOTSUPP);
	size = write_request(ADMIN_OPCODE_STATUS, sizeof(buffer));
	ck_assert_int_eq(admin_reply_read(buffer, (size_t)size, &back), -EOPNOTSUPP);
}
END_TEST

START_TEST(flipped_bits_are_an_error_or_another_reply)
{
	size_t size = (size_t)write_reply(sizeof(buffer));
	_cleanup_(freep) uint8_t *message = malloc(size);

	ck_assert_ptr_nonnull(message);
	memcpy(message, buffer, size);
	for (size_t bit = 0; bit < size * 8; bit++) {
		struct admin_reply back;

		message[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (admin_reply_read(message, size, &back) == 0)
			ck_assert_ptr_eq(back.text + back.text_len, message + size);
		message[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("admin");
	TCase *tcase = suite_case(suite, "request");

	tcase_add_loop_test(tcase, a_request_comes_back, 0, (int)ELEMENTSOF(requests));
	tcase_add_test(tcase, opcodes_that_are_not_ours_are_told_apart);
	tcase_add_loop_test(tcase, a_request_is_a_bare_header, 0, (int)ELEMENTSOF(changes));
	tcase_add_loop_test(tcase, a_request_of_any_other_size_is_refused, 0, ELEMENTSOF(requests));

	tcase = suite_case(suite, "reply");
	tcase_add_loop_test(tcase, a_reply_of_bounded_text_comes_back, 0,
			    (int)ELEMENTSOF(text_lens));
	tcase_add_test(tcase, a_reply_that_is_cut_is_refused);
	tcase_add_test(tcase, a_reply_longer_than_the_limit_is_refused);
	tcase_add_test(tcase, a_buffer_too_small_is_an_error);
	tcase_add_test(tcase, request_and_reply_are_not_each_other);
	tcase_add_test(tcase, flipped_bits_are_an_error_or_another_reply);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "tests/support/suite.h"

#define LENGTH_AT 16
#define COUNT_AT  24

/* The layout of batch.h, byte by byte: two opens for reading, of /a and of /bc. */
static const uint8_t golden[] = {
	1, 0, 0, 1, 0, 0, 0, 0, 8, 7, 6,   5,	4, 3, 2, 1, 51, 0, 0, 0, 0, 0, 0,   0,	 2,   0,
	1, 0, 0, 0, 0, 0, 0, 0, 2, 0, '/', 'a', 1, 0, 0, 0, 0,	0, 0, 0, 3, 0, '/', 'b', 'c',
};

/* One that is granted, one that is refused by a rule, one that is to be asked for by itself. */
static const uint8_t golden_answer[] = {
	1,  0, 0, 0x81, 0,  0, 0, 0, 7,	   0, 0, 0, 0, 0, 0, 0,
	76, 0, 0, 0,	0,  0, 0, 0, 3,	   0, 1, 0,		   /* results, descriptors */
	0,  0, 0, 0,	0,  0, 1, 0, 0x11, 0, 0, 0, 0, 0, 0, 0x99, /* granted */
	13, 0, 0, 0,	2,  0, 0, 0, 0x12, 0, 0, 0, 0, 0, 0, 0x99, /* refused */
	11, 0, 0, 0,	13, 0, 0, 0, 0,	   0, 0, 0, 0, 0, 0, 0,
};

static const struct wire_answer results[] = {
	{ .reason = WIRE_REASON_OK, .n_fds = 1, .decision = 0x9900000000000011 },
	{ .reason = WIRE_REASON_RULE, .error = EACCES, .decision = 0x9900000000000012 },
	{ .reason = WIRE_REASON_SINGLY, .error = EAGAIN },
};
#define N_FDS 1 /* of theirs */

/* A copy in memory of exactly @size bytes, that says that it is so long. */
static uint8_t *exact(const void *data, size_t size, size_t all)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	ck_assert_ptr_nonnull(copy);
	if (size > 0)
		memcpy(copy, data, size < all ? size : all);
	if (size >= LENGTH_AT + 4)
		memcpy(copy + LENGTH_AT, &(uint8_t[]){ size & 0xff, size >> 8, 0, 0 }, 4);
	return copy;
}

static struct wire_open open_of(const char *path)
{
	return (struct wire_open){
		.flags = WIRE_OPEN_READ,
		.path = path,
		.path_len = (uint16_t)strlen(path),
	};
}

START_TEST(a_batch_is_these_bytes)
{
	struct wire_open a = open_of("/a"), bc = open_of("/bc");
	uint8_t buffer[64];
	struct wire_batch_writer w = wire_batch_begin(buffer, sizeof(buffer));

	ck_assert_int_eq(wire_batch_add(&w, &a), 0);
	ck_assert_int_eq(wire_batch_add(&w, &bc), 0);
	ck_assert_uint_eq(wire_batch_end(&w, 0x0102030405060708), sizeof(golden));
	ck_assert_mem_eq(buffer, golden, sizeof(golden));
}
END_TEST

START_TEST(a_batch_gives_what_was_put_in)
{
	struct wire_batch batch;
	struct wire_open open;

	ck_assert_int_eq(wire_batch_read(golden, sizeof(golden), &batch), 0);
	ck_assert_uint_eq(batch.n, 2);
	wire_batch_take(&batch, &open);
	ck_assert_uint_eq(open.flags, WIRE_OPEN_READ);
	ck_assert_uint_eq(open.path_len, 2);
	ck_assert_mem_eq(open.path, "/a", 2);
	wire_batch_take(&batch, &open);
	ck_assert_uint_eq(open.path_len, 3);
	ck_assert_mem_eq(open.path, "/bc", 3);
}
END_TEST

START_TEST(a_batch_has_no_other_number_of_bytes)
{
	struct wire_batch batch;

	for (size_t size = 0; size <= sizeof(golden) + 1; size++) {
		_cleanup_(freep) uint8_t *copy = exact(golden, size, sizeof(golden));
		int r = wire_batch_read(copy, size, &batch);

		ck_assert_int_eq(r, size == sizeof(golden) ? 0 : -EBADMSG);
	}
}
END_TEST

/* A count that is not that of the opens; @_i is what it says. */
START_TEST(a_batch_has_as_many_opens_as_it_says)
{
	_cleanup_(freep) uint8_t *copy = exact(golden, sizeof(golden), sizeof(golden));
	struct wire_batch batch;
	int r;

	memcpy(copy + COUNT_AT, &(uint8_t[]){ _i & 0xff, _i >> 8 }, 2);
	r = wire_batch_read(copy, sizeof(golden), &batch);
	ck_assert_int_eq(r, _i == 2 ? 0 : -EBADMSG);
}
END_TEST

static const uint16_t counts[] = { 1, WIRE_BATCH_MAX - 1, WIRE_BATCH_MAX, WIRE_BATCH_MAX + 1 };

/* By hand: the writer would not write one too many. */
START_TEST(a_batch_is_bounded)
{
	size_t each = WIRE_OPEN_SIZE + 2, size = WIRE_BATCH_HEAD + counts[_i] * each;
	_cleanup_(freep) uint8_t *message = exact(golden, size, WIRE_BATCH_HEAD + each);
	struct wire_batch batch;
	int r;

	for (size_t i = 1; i < counts[_i]; i++)
		memcpy(message + WIRE_BATCH_HEAD + i * each, golden + WIRE_BATCH_HEAD, each);
	memcpy(message + COUNT_AT, &(uint8_t[]){ counts[_i] & 0xff, counts[_i] >> 8 }, 2);
	r = wire_batch_read(message, size, &batch);
	ck_assert_int_eq(r, counts[_i] <= WIRE_BATCH_MAX ? 0 : -EBADMSG);
}
END_TEST

START_TEST(a_batch_is_written_as_far_as_there_is_room)
{
	static uint8_t buffer[WIRE_MESSAGE_MAX + 1];
	static char path[WIRE_PATH_MAX + 2];
	struct wire_batch_writer w = wire_batch_begin(buffer, sizeof(buffer));
	struct wire_open most = open_of(memset(path, 'a', WIRE_PATH_MAX)), a = open_of("/a");
	struct wire_open more = open_of("");
	size_t used;

	more.path = path;
	more.path_len = WIRE_PATH_MAX + 1;
	ck_assert_int_eq(wire_batch_add(&w, &more), -EMSGSIZE);
	for (int i = 0; i < 15; i++)
		ck_assert_int_eq(wire_batch_add(&w, &most), 0);
	used = w.opens.size;
	ck_assert_int_eq(wire_batch_add(&w, &most), -EMSGSIZE);
	ck_assert_uint_eq(w.opens.size, used);
	for (unsigned int i = 15; i < WIRE_BATCH_MAX; i++)
		ck_assert_int_eq(wire_batch_add(&w, &a), 0);
	ck_assert_int_eq(wire_batch_add(&w, &a), -EMSGSIZE);
	ck_assert_uint_le(wire_batch_end(&w, 1), WIRE_MESSAGE_MAX);
}
END_TEST

START_TEST(an_answer_is_these_bytes)
{
	struct wire_answer again[ELEMENTSOF(results)];
	struct wire_header header;
	uint8_t buffer[128];

	ck_assert_int_eq(wire_batch_answer_write(7, results, ELEMENTSOF(results), buffer,
						 sizeof(buffer)),
			 sizeof(golden_answer));
	ck_assert_mem_eq(buffer, golden_answer, sizeof(golden_answer));
	ck_assert_int_eq(wire_batch_answer_read(buffer, sizeof(golden_answer), &header, again,
						ELEMENTSOF(results)),
			 N_FDS);
	ck_assert_uint_eq(header.id, 7);
	for (size_t i = 0; i < ELEMENTSOF(results); i++) {
		ck_assert_int_eq(again[i].error, results[i].error);
		ck_assert_uint_eq(again[i].reason, results[i].reason);
		ck_assert_uint_eq(again[i].n_fds, results[i].n_fds);
		ck_assert_uint_eq(again[i].decision, results[i].decision);
	}
}
END_TEST

START_TEST(an_answer_has_no_other_number_of_bytes)
{
	struct wire_answer again[ELEMENTSOF(results) + 1];
	struct wire_header header;

	for (size_t size = 0; size <= sizeof(golden_answer) + 1; size++) {
		_cleanup_(freep) uint8_t *copy = exact(golden_answer, size, sizeof(golden_answer));
		int r = wire_batch_answer_read(copy, size, &header, again, ELEMENTSOF(results));

		ck_assert_int_eq(r, size == sizeof(golden_answer) ? N_FDS : -EBADMSG);
	}
	/* Whoever asked for another number of opens was not answered. */
	for (uint16_t n = 0; n <= ELEMENTSOF(results) + 1; n++)
		ck_assert_int_eq(wire_batch_answer_read(golden_answer, sizeof(golden_answer),
							&header, again, n),
				 n == ELEMENTSOF(results) ? N_FDS : -EBADMSG);
}
END_TEST

static const struct {
	const char *name;
	size_t at;
	uint8_t value;
} contradictions[] = {
	{ "another version", 0, 2 },
	{ "another opcode", 2, 1 },
	{ "no reply", 3, 1 },
	{ "a flag of the message", 4, 1 },
	{ "one more result", 24, 4 },
	{ "no descriptor", 26, 0 },
	{ "two descriptors", 26, 2 },
	{ "granted with an errno", 28, 1 },
	{ "granted with a reason", 32, 1 },
	{ "granted without a descriptor", 34, 0 },
	{ "granted with two", 34, 2 },
	{ "a negative errno", 47, 0x80 },
	{ "refused without an errno", 44, 0 },
	{ "refused with a descriptor", 50, 1 },
	{ "refused and OK", 48, 0 },
	{ "singly, and another errno", 60, 13 },
	{ "singly, and decided", 68, 1 },
};

START_TEST(an_answer_that_contradicts_itself_is_none)
{
	struct wire_answer again[ELEMENTSOF(results)];
	uint8_t copy[sizeof(golden_answer)];
	struct wire_header header;

	memcpy(copy, golden_answer, sizeof(copy));
	ck_assert_uint_ne(copy[contradictions[_i].at], contradictions[_i].value);
	copy[contradictions[_i].at] = contradictions[_i].value;
	ck_assert_msg(wire_batch_answer_read(copy, sizeof(copy), &header, again,
					     ELEMENTSOF(results)) == -EBADMSG,
		      "%s", contradictions[_i].name);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wire/batch");
	TCase *tcase = suite_case(suite, "batch");

	tcase_add_test(tcase, a_batch_is_these_bytes);
	tcase_add_test(tcase, a_batch_gives_what_was_put_in);
	tcase_add_test(tcase, a_batch_has_no_other_number_of_bytes);
	tcase_add_loop_test(tcase, a_batch_has_as_many_opens_as_it_says, 0, 300);
	tcase_add_loop_test(tcase, a_batch_is_bounded, 0, ELEMENTSOF(counts));
	tcase_add_test(tcase, a_batch_is_written_as_far_as_there_is_room);
	tcase_add_test(tcase, an_answer_is_these_bytes);
	tcase_add_test(tcase, an_answer_has_no_other_number_of_bytes);
	tcase_add_loop_test(tcase, an_answer_that_contradicts_itself_is_none, 0,
			    ELEMENTSOF(contradictions));
	return suite_main(suite);
}

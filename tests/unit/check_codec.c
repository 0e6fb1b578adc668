/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "wire/codec.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "tests/support/suite.h"
#include "wire/act.h"

#define LENGTH_AT   16
#define RESERVED_AT 20
#define PATH_LEN_AT 32
#define PATH_AT	    34

/* The layout of proto.h, byte by byte: an open for reading of /a with id 0x0102030405060708. */
static const uint8_t golden_open[] = {
	1, 0, 1, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 36,  0,
	0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, '/', 'a',
};

static const uint8_t golden_answer[] = {
	1, 0, 1, 0x80, 0,  0, 0, 0, 7, 0, 0, 0, 0,    0, 0, 0, 40, 0, 0, 0,
	0, 0, 0, 0,    13, 0, 0, 0, 2, 0, 0, 0, 0x11, 0, 0, 0, 0,  0, 0, 0x99,
};

/* A copy in memory of exactly @size bytes: what reads beyond it is seen. */
static uint8_t *exact(const void *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	ck_assert_ptr_nonnull(copy);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

static void poke_u32(uint8_t *message, size_t at, uint32_t value)
{
	value = htole32(value);
	memcpy(message + at, &value, sizeof(value));
}

static void poke_u16(uint8_t *message, size_t at, uint16_t value)
{
	value = htole16(value);
	memcpy(message + at, &value, sizeof(value));
}

START_TEST(an_open_is_these_bytes)
{
	struct wire_open open = { .flags = WIRE_OPEN_READ, .path = "/a", .path_len = 2 };
	uint8_t buffer[64];

	ck_assert_int_eq(wire_open_write(0x0102030405060708, &open, buffer, sizeof(buffer)),
			 sizeof(golden_open));
	ck_assert_mem_eq(buffer, golden_open, sizeof(golden_open));
}
END_TEST

START_TEST(an_answer_is_these_bytes)
{
	struct wire_answer answer = {
		.reason = WIRE_REASON_RULE,
		.error = EACCES,
		.decision = 0x9900000000000011,
	};
	uint8_t buffer[64];

	ck_assert_int_eq(wire_answer_write(7, &answer, buffer, sizeof(buffer)),
			 sizeof(golden_answer));
	ck_assert_mem_eq(buffer, golden_answer, sizeof(golden_answer));
}
END_TEST

/* lstat of /a, as act.h says. */
static const uint8_t golden_act[] = {
	1, 0, 2, 0, 0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1,	  38,  0, 0,
	0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, '/', 'a', 0, 0,
};

START_TEST(an_act_is_these_bytes_and_no_other_number_of_them)
{
	const struct wire_act act = { .flags = WIRE_ACT_NOFOLLOW, .path = "/a", .path_len = 2 };
	struct wire_act again;
	uint8_t buffer[64];

	ck_assert_int_eq(wire_act_write(0x0102030405060708, WIRE_OPCODE_STAT, &act, buffer,
					sizeof(buffer)),
			 sizeof(golden_act));
	ck_assert_mem_eq(buffer, golden_act, sizeof(golden_act));
	for (size_t size = 0; size <= sizeof(golden_act); size++) {
		_cleanup_(freep) uint8_t *copy = exact(golden_act, size);
		int r;

		if (size >= LENGTH_AT + 4)
			poke_u32(copy, LENGTH_AT, (uint32_t)size);
		r = wire_act_read(copy, size, &again);
		ck_assert_int_eq(r, size == sizeof(golden_act) ? 0 : -EBADMSG);
	}
	ck_assert_uint_eq(again.flags, WIRE_ACT_NOFOLLOW);
	ck_assert_uint_eq(again.path_len, 2);
	ck_assert_uint_eq(again.other_len, 0);
}
END_TEST

START_TEST(an_act_with_a_path_that_is_too_long_is_told_apart)
{
	static uint8_t buffer[WIRE_MESSAGE_MAX], path[WIRE_PATH_MAX + 1];
	const size_t size = sizeof(golden_act) - 2 + sizeof(path);
	struct wire_act act;

	memcpy(buffer, golden_act, PATH_AT);
	memset(buffer + PATH_AT, 'a', sizeof(path));
	poke_u16(buffer, PATH_LEN_AT, sizeof(path));
	poke_u32(buffer, LENGTH_AT, (uint32_t)size);
	ck_assert_int_eq(wire_act_read(buffer, size, &act), -ENAMETOOLONG);
	poke_u16(buffer, PATH_LEN_AT, WIRE_PATH_MAX);
	poke_u32(buffer, LENGTH_AT, (uint32_t)size - 1);
	buffer[size - 3] = 0;
	ck_assert_int_eq(wire_act_read(buffer, size - 1, &act), 0);
}
END_TEST

START_TEST(times_and_a_size_are_these_bytes_and_no_other_number_of_them)
{
	const struct wire_time times[2] = { { -1, 2 }, { 3, UINT32_MAX } };
	static const uint8_t golden[WIRE_TIMES_SIZE] = { 255, 255, 255, 255, 255, 255, 255, 255,
							 2,   0,   0,	0,   3,	  0,   0,   0,
							 0,   0,   0,	0,   255, 255, 255, 255 };
	struct wire_time again[2];
	uint8_t buffer[64];
	uint64_t size;

	ck_assert_int_eq(wire_times_write(times, buffer, sizeof(buffer)), WIRE_TIMES_SIZE);
	ck_assert_mem_eq(buffer, golden, sizeof(golden));
	for (size_t n = 0; n <= WIRE_TIMES_SIZE + 1; n++) {
		ck_assert_int_eq(wire_times_read(buffer, n, again),
				 n == WIRE_TIMES_SIZE ? 0 : -EBADMSG);
		ck_assert_int_eq(wire_size_read(buffer, n, &size),
				 n == WIRE_SIZE_SIZE ? 0 : -EBADMSG);
	}
	ck_assert_int_eq(again[0].sec, -1);
	ck_assert_uint_eq(again[1].nsec, UINT32_MAX);
	ck_assert_uint_eq(size, UINT64_MAX);
	ck_assert_int_eq(wire_size_write(size, buffer, sizeof(buffer)), WIRE_SIZE_SIZE);
	ck_assert_mem_eq(buffer, golden, WIRE_SIZE_SIZE);
}
END_TEST

/* What a broker never says. */
static const struct {
	const char *name;
	uint16_t opcode, n_fds, data_len;
	int error, expected;
} act_answers[] = {
	{ "told", WIRE_OPCODE_STAT, 0, 4, 0, 0 },
	{ "refused", WIRE_OPCODE_STAT, 0, 0, EACCES, 0 },
	{ "refused, and told", WIRE_OPCODE_STAT, 0, 4, EACCES, -EBADMSG },
	{ "a descriptor for what has none", WIRE_OPCODE_STAT, 1, 0, 0, -EBADMSG },
	{ "an opcode that has another body", WIRE_OPCODE_OPEN, 0, 0, 0, -EBADMSG },
	{ "an opcode beyond the last", WIRE_OPCODE_ACT_LAST + 1, 0, 0, 0, -EBADMSG },
	{ "an errno that is none", WIRE_OPCODE_STAT, 0, 0, WIRE_ERRNO_MAX + 1, -EBADMSG },
};

START_TEST(an_answer_to_an_act_does_not_contradict_itself)
{
	const struct wire_act_answer answer = {
		.answer = { .n_fds = act_answers[_i].n_fds, .error = act_answers[_i].error },
		.data = "data",
		.data_len = act_answers[_i].data_len,
	};
	struct wire_act_answer again;
	struct wire_header header;
	uint8_t buffer[64];
	int size =
		wire_act_answer_write(7, act_answers[_i].opcode, &answer, buffer, sizeof(buffer));

	ck_assert_int_gt(size, 0);
	ck_assert_msg(wire_act_answer_read(buffer, (size_t)size, &header, &again) ==
			      act_answers[_i].expected,
		      "%s", act_answers[_i].name);
}
END_TEST

START_TEST(a_stat_survives_the_wire)
{
	const struct wire_stat st = {
		.dev = 1,
		.ino = UINT64_MAX,
		.mode = 0100644,
		.uid = 4294967294U,
		.gid = 5,
		.links = 6,
		.rdev = 7,
		.size = 1ULL << 40,
		.blocks = 9,
		.block_size = 10,
		.accessed = { -1, 2 },
		.modified = { 3, 999999999 },
		.changed = { 5, 6 },
	};
	struct wire_stat again;
	uint8_t buffer[WIRE_STAT_SIZE], twice[WIRE_STAT_SIZE];

	ck_assert_int_eq(wire_stat_write(&st, buffer, sizeof(buffer)), WIRE_STAT_SIZE);
	ck_assert_int_eq(wire_stat_read(buffer, sizeof(buffer) - 1, &again), -EBADMSG);
	ck_assert_int_eq(wire_stat_read(buffer, sizeof(buffer), &again), 0);
	ck_assert_int_eq(wire_stat_write(&again, twice, sizeof(twice)), WIRE_STAT_SIZE);
	ck_assert_mem_eq(buffer, twice, sizeof(buffer));
	ck_assert_int_eq(again.accessed.sec, -1);
	ck_assert_uint_eq(again.size, 1ULL << 40);
}
END_TEST

/* The bytes that fdbroker-protocol(7) shows between two comments. */
static size_t bytes_of_manual(const char *name, uint8_t *ret, size_t size)
{
	const char *srcdir = getenv("srcdir");
	char path[4096], line[256], begin[64];
	bool inside = false;
	size_t n = 0;
	FILE *page;

	snprintf(path, sizeof(path), "%s/man/fdbroker-protocol.7", srcdir ? srcdir : ".");
	snprintf(begin, sizeof(begin), ".\\\" %s: begin\n", name);
	page = fopen(path, "re");
	ck_assert_msg(page != NULL, "%s: %m", path);
	while (fgets(line, sizeof(line), page)) {
		unsigned int byte;

		if (inside && strncmp(line, ".\\\"", 3) == 0)
			break;
		if (inside && line[0] != '.')
			for (char *at = line; n < size && sscanf(at, " %2x", &byte) == 1;
			     at += strspn(at, " ") + 2)
				ret[n++] = (uint8_t)byte;
		inside |= strcmp(line, begin) == 0;
	}
	fclose(page);
	return n;
}

START_TEST(the_open_of_the_manual_is_what_it_says)
{
	struct wire_header header;
	struct wire_open open;
	uint8_t bytes[64];
	size_t n = bytes_of_manual("bytes of an open", bytes, sizeof(bytes));

	ck_assert_int_eq(wire_header_read(bytes, n, &header), 0);
	ck_assert_uint_eq(header.version, WIRE_VERSION);
	ck_assert_uint_eq(header.opcode, WIRE_OPCODE_OPEN);
	ck_assert_uint_eq(header.id, 0x0102030405060708);
	ck_assert_int_eq(wire_open_read(bytes, n, &open), 0);
	ck_assert_uint_eq(open.flags, WIRE_OPEN_READ);
	ck_assert_uint_eq(open.mode, 0);
	ck_assert_uint_eq(open.path_len, 2);
	ck_assert_mem_eq(open.path, "/a", 2);
}
END_TEST

START_TEST(the_answer_of_the_manual_is_what_it_says)
{
	struct wire_header header;
	struct wire_answer answer;
	uint8_t bytes[64];
	size_t n = bytes_of_manual("bytes of an answer", bytes, sizeof(bytes));

	ck_assert_int_eq(wire_answer_read(bytes, n, &header, &answer), 0);
	ck_assert_uint_eq(header.id, 0x0102030405060708);
	ck_assert_int_eq(answer.error, EACCES);
	ck_assert_uint_eq(answer.reason, WIRE_REASON_RULE);
	ck_assert_uint_eq(answer.n_fds, 0);
	ck_assert_uint_eq(answer.decision, 0x9900000000000011);
}
END_TEST

START_TEST(a_message_shorter_than_its_header_is_refused)
{
	/* P54. Each of 0 .. header + 1 bytes, with a length field that agrees. */
	for (size_t size = 0; size <= WIRE_HEADER_SIZE + 1; size++) {
		uint8_t whole[WIRE_HEADER_SIZE + 1] = { WIRE_VERSION };
		_cleanup_(freep) uint8_t *message = NULL;
		struct wire_header header = { .id = 77 };
		int expected = size < WIRE_HEADER_SIZE ? -EBADMSG : 0;

		poke_u32(whole, LENGTH_AT, (uint32_t)size);
		message = exact(whole, size);
		ck_assert_int_eq(wire_header_read(message, size, &header), expected);
		ck_assert_uint_eq(header.id, expected < 0 ? 77 : 0);
	}
}
END_TEST

static const uint32_t wrong_lengths[] = {
	0,
	1,
	WIRE_HEADER_SIZE,
	sizeof(golden_open) - 1,
	sizeof(golden_open) + 1,
	65535,
	65536,
	0x7fffffff,
	0x80000000,
	0xffffffff,
};

START_TEST(the_length_field_must_be_the_size)
{
	uint8_t message[sizeof(golden_open)];
	struct wire_header header;
	struct wire_open open;

	/* P54 */
	memcpy(message, golden_open, sizeof(message));
	poke_u32(message, LENGTH_AT, wrong_lengths[_i]);
	ck_assert_int_eq(wire_header_read(message, sizeof(message), &header), -EBADMSG);
	ck_assert_int_eq(wire_open_read(message, sizeof(message), &open), -EBADMSG);
}
END_TEST

START_TEST(a_reserved_bit_is_refused)
{
	uint8_t message[sizeof(golden_open)];
	struct wire_header header;

	memcpy(message, golden_open, sizeof(message));
	poke_u32(message, RESERVED_AT, 1U << _i);
	ck_assert_int_eq(wire_header_read(message, sizeof(message), &header), -EBADMSG);
}
END_TEST

START_TEST(version_opcode_and_flags_are_reported_and_not_judged)
{
	static const uint16_t versions[] = { 0, 1, 2, 0xffff };
	uint8_t message[sizeof(golden_open)];
	struct wire_header header;

	memcpy(message, golden_open, sizeof(message));
	for (uint32_t opcode = 0; opcode <= 0xffff; opcode++) {
		uint16_t version = versions[opcode % ELEMENTSOF(versions)];

		poke_u16(message, 0, version);
		poke_u16(message, 2, (uint16_t)opcode);
		poke_u32(message, 4, opcode << 16);
		if (wire_header_read(message, sizeof(message), &header) != 0 ||
		    header.version != version || header.opcode != opcode ||
		    header.flags != opcode << 16)
			ck_abort_msg("opcode %u", opcode);
	}
}
END_TEST

START_TEST(an_open_comes_back)
{
	static const uint64_t ids[] = { 0, 1, UINT64_MAX };
	struct wire_open open = {
		.flags = UINT32_MAX, .mode = 07777, .path = "/\xff", .path_len = 2
	};

	for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
		uint8_t buffer[64];
		int size = wire_open_write(ids[i], &open, buffer, sizeof(buffer));
		struct wire_header header;
		struct wire_open back;

		ck_assert_int_eq(wire_header_read(buffer, (size_t)size, &header), 0);
		ck_assert_uint_eq(header.id, ids[i]);
		ck_assert_int_eq(wire_open_read(buffer, (size_t)size, &back), 0);
		ck_assert_uint_eq(back.flags, open.flags);
		ck_assert_uint_eq(back.mode, open.mode);
		ck_assert_uint_eq(back.path_len, open.path_len);
		ck_assert_mem_eq(back.path, open.path, open.path_len);
	}
}
END_TEST

static const struct {
	size_t path_len;
	int read;
} path_lens[] = {
	{ 0, 0 },
	{ 1, 0 },
	{ WIRE_PATH_MAX - 1, 0 },
	{ WIRE_PATH_MAX, 0 },
	{ WIRE_PATH_MAX + 1, -ENAMETOOLONG },
	{ 65535, -ENAMETOOLONG },
};

START_TEST(a_path_is_bounded)
{
	size_t len = path_lens[_i].path_len;
	_cleanup_(freep) uint8_t *message = calloc(1, PATH_AT + len);
	struct wire_open open = { .path_len = 77 };

	ck_assert_ptr_nonnull(message);
	memcpy(message, golden_open, PATH_AT);
	poke_u32(message, LENGTH_AT, (uint32_t)(PATH_AT + len));
	poke_u16(message, PATH_LEN_AT, (uint16_t)len);
	ck_assert_int_eq(wire_open_read(message, PATH_AT + len, &open), path_lens[_i].read);
	ck_assert_uint_eq(open.path_len, path_lens[_i].read == 0 ? len : 77);
}
END_TEST

START_TEST(a_path_beyond_the_limit_is_not_written)
{
	static char path[65536];
	static uint8_t buffer[WIRE_MESSAGE_MAX];
	size_t len = path_lens[_i].path_len;
	struct wire_open open = { .path = path, .path_len = (uint16_t)len };
	int expected = path_lens[_i].read == 0 ? (int)(PATH_AT + len) : -EMSGSIZE;

	ck_assert_int_eq(wire_open_write(1, &open, buffer, sizeof(buffer)), expected);
}
END_TEST

START_TEST(a_path_length_that_is_not_the_paths_is_refused)
{
	uint8_t message[sizeof(golden_open)];
	struct wire_open open;

	/* P55, the length part: no byte of a message is outside its fields. */
	memcpy(message, golden_open, sizeof(message));
	for (uint32_t len = 0; len <= 0xffff; len++) {
		poke_u16(message, PATH_LEN_AT, (uint16_t)len);
		if (wire_open_read(message, sizeof(message), &open) != (len == 2 ? 0 : -EBADMSG))
			ck_abort_msg("path length %u", len);
	}
}
END_TEST

START_TEST(a_nul_in_a_path_is_counted_as_a_byte)
{
	struct wire_open open = { .flags = WIRE_OPEN_READ, .path = "/a\0/b", .path_len = 5 };
	uint8_t buffer[64];
	int size = wire_open_write(1, &open, buffer, sizeof(buffer));
	struct wire_open back;

	/* P55: whoever judges the path sees it whole. */
	ck_assert_int_eq(wire_open_read(buffer, (size_t)size, &back), 0);
	ck_assert_uint_eq(back.path_len, 5);
	ck_assert_mem_eq(back.path, "/a\0/b", 5);
}
END_TEST

/* All readers, for what holds of every one of them. */
static int read_header(const void *data, size_t size)
{
	struct wire_header header;

	return wire_header_read(data, size, &header);
}

static int read_open(const void *data, size_t size)
{
	struct wire_open open;
	int r = wire_open_read(data, size, &open);

	if (r == 0 && (open.path_len > WIRE_PATH_MAX ||
		       open.path + open.path_len != (const char *)data + size))
		ck_abort_msg("a path outside its message");
	return r;
}

static int read_answer(const void *data, size_t size)
{
	struct wire_header header;
	struct wire_answer answer;
	int r = wire_answer_read(data, size, &header, &answer);

	if (r == 0 &&
	    (answer.n_fds > 1 || answer.error < 0 || (answer.error == 0) != (answer.n_fds == 1)))
		ck_abort_msg("an answer that contradicts itself");
	return r;
}

static int read_notice(const void *data, size_t size)
{
	uint16_t which;

	return wire_notice_read(data, size, &which);
}

static int read_versions(const void *data, size_t size)
{
	uint16_t low, high;
	int r = wire_versions_read(data, size, &low, &high);

	if (r == 0 && low > high)
		ck_abort_msg("a range without a version");
	return r;
}

static int write_open(void *buffer, size_t size)
{
	struct wire_open open = { .path = "/srv/file", .path_len = 9 };

	return wire_open_write(1, &open, buffer, size);
}

static int write_answer(void *buffer, size_t size)
{
	struct wire_answer answer = { .n_fds = 1, .decision = 5 };

	return wire_answer_write(1, &answer, buffer, size);
}

static int write_notice(void *buffer, size_t size)
{
	return wire_notice_write(WIRE_NOTICE_LOST, buffer, size);
}

static int write_versions(void *buffer, size_t size)
{
	return wire_versions_write(1, buffer, size);
}

static const struct {
	const char *name;
	int (*write)(void *buffer, size_t size);
	int (*read)(const void *data, size_t size);
} messages[] = {
	{ "open", write_open, read_open },
	{ "answer", write_answer, read_answer },
	{ "notice", write_notice, read_notice },
	{ "versions", write_versions, read_versions },
};

START_TEST(a_message_is_understood_whole_only)
{
	uint8_t buffer[128] = { 0 };
	int size = messages[_i].write(buffer, sizeof(buffer));

	/* Cut or extended to any length, with the length field as it was or corrected. */
	for (size_t n = 0; n < sizeof(buffer); n++) {
		for (int corrected = 0; corrected < 2 && n >= WIRE_HEADER_SIZE * (size_t)corrected;
		     corrected++) {
			_cleanup_(freep) uint8_t *cut = exact(buffer, n);

			if (corrected)
				poke_u32(cut, LENGTH_AT, (uint32_t)n);
			ck_assert_msg(messages[_i].read(cut, n) == ((int)n == size ? 0 : -EBADMSG),
				      "%s: %zu", messages[_i].name, n);
		}
	}
}
END_TEST

START_TEST(flipped_bits_are_an_error_or_another_message)
{
	uint8_t buffer[128];
	size_t size = (size_t)messages[_i].write(buffer, sizeof(buffer));
	_cleanup_(freep) uint8_t *message = exact(buffer, size);

	for (size_t a = 0; a < size * 8; a++) {
		message[a / 8] ^= (uint8_t)(1U << a % 8);
		for (size_t b = a + 1; b < size * 8; b++) {
			message[b / 8] ^= (uint8_t)(1U << b % 8);
			for (size_t k = 0; k < ELEMENTSOF(messages); k++)
				(void)messages[k].read(message, size);
			message[b / 8] ^= (uint8_t)(1U << b % 8);
		}
		message[a / 8] ^= (uint8_t)(1U << a % 8);
	}
	ck_assert_int_eq(messages[_i].read(message, size), 0);
}
END_TEST

START_TEST(a_message_is_no_other)
{
	uint8_t buffer[128];
	int size = messages[_i].write(buffer, sizeof(buffer));

	for (size_t k = 1; k < ELEMENTSOF(messages); k++)
		ck_assert_int_eq(messages[k].read(buffer, (size_t)size),
				 (int)k == _i ? 0 : -EBADMSG);
	ck_assert_int_eq(read_header(buffer, (size_t)size), 0);
}
END_TEST

START_TEST(a_buffer_too_small_is_an_error_and_is_not_overrun)
{
	uint8_t buffer[128];
	int size = messages[_i].write(buffer, sizeof(buffer));

	for (int n = 0; n < size; n++) {
		_cleanup_(freep) uint8_t *small = exact(buffer, (size_t)n);

		ck_assert_int_eq(messages[_i].write(small, (size_t)n), -EMSGSIZE);
	}
}
END_TEST

START_TEST(the_same_message_is_the_same_bytes)
{
	uint8_t clean[128], dirty[128];
	int size = messages[_i].write(clean, sizeof(clean));

	/* P84: no byte of a message is what was in the buffer before. */
	for (int round = 0; round < 100000; round++) {
		memset(dirty, round & 0xff, sizeof(dirty));
		if (messages[_i].write(dirty, sizeof(dirty)) != size ||
		    memcmp(clean, dirty, (size_t)size) != 0)
			ck_abort_msg("%s: not the same bytes", messages[_i].name);
	}
}
END_TEST

static const struct {
	const char *name;
	struct wire_answer answer;
	int expected;
} answers[] = {
	{ "opened", { .n_fds = 1 }, 0 },
	{ "refused", { .error = EACCES, .reason = WIRE_REASON_DEFAULT }, 0 },
	{ "a reason to come", { .error = EACCES, .reason = 999 }, 0 },
	{ "largest errno", { .error = WIRE_ERRNO_MAX }, 0 },
	{ "beyond it", { .error = WIRE_ERRNO_MAX + 1 }, -EBADMSG },
	{ "negative errno", { .error = -1 }, -EBADMSG },
	{ "smallest number", { .error = INT32_MIN }, -EBADMSG },
	{ "ok without a descriptor", { .n_fds = 0 }, -EBADMSG },
	{ "two descriptors", { .n_fds = 2 }, -EBADMSG },
	{ "most descriptors", { .n_fds = 65535 }, -EBADMSG },
	{ "refused with a descriptor", { .error = EACCES, .n_fds = 1 }, -EBADMSG },
};

START_TEST(an_answer_may_not_contradict_itself)
{
	uint8_t buffer[64];
	int size = wire_answer_write(9, &answers[_i].answer, buffer, sizeof(buffer));
	struct wire_header header = { .id = 77 };
	struct wire_answer back;
	int r = wire_answer_read(buffer, (size_t)size, &header, &back);

	ck_assert_msg(r == answers[_i].expected, "%s: %d", answers[_i].name, r);
	ck_assert_uint_eq(header.id, r == 0 ? 9 : 77);
	if (r == 0)
		ck_assert(back.error == answers[_i].answer.error &&
			  back.reason == answers[_i].answer.reason);
}
END_TEST

START_TEST(a_notice_has_no_id)
{
	uint8_t buffer[64];
	int size = wire_notice_write(WIRE_NOTICE_LOST, buffer, sizeof(buffer));

	buffer[8] = 1;
	ck_assert_int_eq(read_notice(buffer, (size_t)size), -EBADMSG);
}
END_TEST

START_TEST(versions_are_understood_from_a_broker_of_any_version)
{
	uint8_t buffer[64];
	int size = wire_versions_write(3, buffer, sizeof(buffer));
	uint16_t low, high;

	poke_u16(buffer, 0, 9);
	poke_u16(buffer, WIRE_HEADER_SIZE, 7);
	poke_u16(buffer, WIRE_HEADER_SIZE + 2, 9);
	ck_assert_int_eq(wire_versions_read(buffer, (size_t)size, &low, &high), 0);
	ck_assert_uint_eq(low, 7);
	ck_assert_uint_eq(high, 9);
	poke_u16(buffer, WIRE_HEADER_SIZE + 2, 6);
	ck_assert_int_eq(wire_versions_read(buffer, (size_t)size, &low, &high), -EBADMSG);
}
END_TEST

START_TEST(every_reason_has_its_own_name)
{
	for (unsigned int a = 0; a <= 0xffff; a++) {
		const char *name = wire_reason_name((uint16_t)a);
		bool known = a <= WIRE_REASON_SINGLY;

		if ((strcmp(name, "unknown") != 0) != known)
			ck_abort_msg("%u is %s", a, name);
		for (unsigned int b = 0; known && b < a; b++)
			ck_assert_str_ne(name, wire_reason_name((uint16_t)b));
	}
	ck_assert_str_eq(wire_reason_name(WIRE_REASON_NOT_FOUND), "not-found");
	ck_assert_str_eq(wire_reason_name(WIRE_REASON_DEGRADED), "degraded");
	ck_assert_str_eq(wire_reason_name(WIRE_REASON_SINGLY), "singly");
}
END_TEST

static void add_header(Suite *suite)
{
	TCase *tcase = suite_case(suite, "header");

	tcase_add_test(tcase, a_message_shorter_than_its_header_is_refused);
	tcase_add_loop_test(tcase, the_length_field_must_be_the_size, 0,
			    (int)ELEMENTSOF(wrong_lengths));
	tcase_add_loop_test(tcase, a_reserved_bit_is_refused, 0, 32);
	tcase_add_test(tcase, version_opcode_and_flags_are_reported_and_not_judged);
}

static void add_open(Suite *suite)
{
	TCase *tcase = suite_case(suite, "open");

	tcase_add_test(tcase, an_act_is_these_bytes_and_no_other_number_of_them);
	tcase_add_test(tcase, an_act_with_a_path_that_is_too_long_is_told_apart);
	tcase_add_test(tcase, times_and_a_size_are_these_bytes_and_no_other_number_of_them);
	tcase_add_loop_test(tcase, an_answer_to_an_act_does_not_contradict_itself, 0,
			    ELEMENTSOF(act_answers));
	tcase_add_test(tcase, a_stat_survives_the_wire);
	tcase_add_test(tcase, an_open_is_these_bytes);
	tcase_add_test(tcase, an_open_comes_back);
	tcase_add_loop_test(tcase, a_path_is_bounded, 0, (int)ELEMENTSOF(path_lens));
	tcase_add_loop_test(tcase, a_path_beyond_the_limit_is_not_written, 0,
			    (int)ELEMENTSOF(path_lens));
	tcase_add_test(tcase, a_path_length_that_is_not_the_paths_is_refused);
	tcase_add_test(tcase, a_nul_in_a_path_is_counted_as_a_byte);
}

static void add_every_message(Suite *suite)
{
	TCase *tcase = suite_case(suite, "every message");
	int n = (int)ELEMENTSOF(messages);

	tcase_add_loop_test(tcase, a_message_is_understood_whole_only, 0, n);
	tcase_add_loop_test(tcase, flipped_bits_are_an_error_or_another_message, 0, n);
	tcase_add_loop_test(tcase, a_message_is_no_other, 1, n);
	tcase_add_loop_test(tcase, a_buffer_too_small_is_an_error_and_is_not_overrun, 0, n);
	tcase_add_loop_test(tcase, the_same_message_is_the_same_bytes, 0, n);
}

static void add_replies(Suite *suite)
{
	TCase *tcase = suite_case(suite, "replies");

	tcase_add_test(tcase, an_answer_is_these_bytes);
	tcase_add_test(tcase, the_open_of_the_manual_is_what_it_says);
	tcase_add_test(tcase, the_answer_of_the_manual_is_what_it_says);
	tcase_add_loop_test(tcase, an_answer_may_not_contradict_itself, 0,
			    (int)ELEMENTSOF(answers));
	tcase_add_test(tcase, a_notice_has_no_id);
	tcase_add_test(tcase, versions_are_understood_from_a_broker_of_any_version);
	tcase_add_test(tcase, every_reason_has_its_own_name);
}

int main(void)
{
	Suite *suite = suite_create("codec");

	add_header(suite);
	add_open(suite);
	add_every_message(suite);
	add_replies(suite);
	return suite_main(suite);
}

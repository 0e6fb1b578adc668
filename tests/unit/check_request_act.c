/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "daemon/request.h"
#include "policy/ast.h"
#include "tests/support/suite.h"

/* What an act may carry, and what a rule must allow for it. */

#define ACT(o) WIRE_OPCODE_##o

/* The other part of utimens: two times of nothing but these nanoseconds. */
static struct wire_act with_times(struct wire_act act, uint32_t first, uint32_t second)
{
	static uint8_t bytes[WIRE_TIMES_SIZE];
	const struct wire_time times[2] = { { .nsec = first }, { .nsec = second } };

	wire_times_write(times, bytes, sizeof(bytes));
	act.other = (const char *)bytes;
	act.other_len = sizeof(bytes);
	return act;
}

static struct wire_act with_size(struct wire_act act, uint64_t size)
{
	static uint8_t bytes[WIRE_SIZE_SIZE];

	wire_size_write(size, bytes, sizeof(bytes));
	act.other = (const char *)bytes;
	act.other_len = sizeof(bytes);
	return act;
}

/* As small as a request of that kind can be. */
static struct wire_act plain(uint16_t opcode)
{
	struct wire_act act = { .path = "/a", .path_len = 2, .other = "" };

	if (opcode == ACT(UTIMENS))
		return with_times(act, 0, 0);
	if (opcode == ACT(TRUNCATE))
		return with_size(act, 0);
	if (opcode == ACT(CONNECT))
		act.argument = WIRE_CONNECT_STREAM;
	if (opcode == ACT(SYMLINK)) {
		act.other = "b";
		act.other_len = 1;
	}
	return act;
}

static enum wire_reason read_it(uint16_t opcode, const struct wire_act *act, struct request *ret)
{
	ck_assert(request_is_act(opcode));
	return request_act_read(opcode, act, ret);
}

/* The table of policy-language, section 6. */
static const struct needs {
	uint16_t opcode;
	uint32_t flags;	   /* that it may carry */
	uint32_t argument; /* whose bits it may carry */
	uint32_t modes;
	bool create, nofollow;
} needs[] = {
	{ ACT(STAT), WIRE_ACT_NOFOLLOW | WIRE_ACT_DIRECTORY, 0, POLICY_STAT, false, false },
	{ ACT(ACCESS), WIRE_ACT_DIRECTORY, 7, POLICY_STAT, false, false },
	{ ACT(READLINK), WIRE_ACT_DIRECTORY, 0, POLICY_STAT, false, true },
	{ ACT(UNLINK), WIRE_ACT_DIRECTORY, 0, POLICY_REMOVE, false, true },
	{ ACT(RMDIR), 0, 0, POLICY_REMOVE, false, true },
	{ ACT(MKDIR), 0, 07777, POLICY_CREATE, true, true },
	{ ACT(CHMOD), WIRE_ACT_DIRECTORY, 0777, POLICY_ATTRIBUTES, false, false },
	{ ACT(UTIMENS), WIRE_ACT_NOFOLLOW | WIRE_ACT_DIRECTORY, 0, POLICY_ATTRIBUTES, false,
	  false },
	{ ACT(TRUNCATE), WIRE_ACT_DIRECTORY, 0, POLICY_TRUNCATE, false, false },
	{ ACT(CONNECT), WIRE_ACT_NONBLOCK | WIRE_ACT_DIRECTORY, 0, POLICY_CONNECT, false, false },
	{ ACT(SYMLINK), WIRE_ACT_DIRECTORY, 0, POLICY_CREATE, true, true },
};

START_TEST(act_needs_the_modes_of_the_table)
{
	const struct needs *row = &needs[_i];
	struct wire_act act = plain(row->opcode);
	struct request request;

	ck_assert_int_eq(read_it(row->opcode, &act, &request), WIRE_REASON_OK);
	ck_assert_uint_eq(request.opcode, row->opcode);
	ck_assert_uint_eq(request.modes, row->modes);
	ck_assert_int_eq(request.create, row->create);
	ck_assert_int_eq(request.nofollow, row->nofollow);
	ck_assert_str_eq(request.path, "/a");
}
END_TEST

/* P22 */
START_TEST(act_carries_no_flag_and_no_argument_but_its_own)
{
	const struct needs *row = &needs[_i];
	struct request request;

	for (int bit = 0; bit < 32; bit++) {
		uint32_t one = UINT32_C(1) << bit;
		struct wire_act flagged = plain(row->opcode), argued = plain(row->opcode);

		flagged.flags = one;
		argued.argument = one;
		ck_assert_msg((read_it(row->opcode, &flagged, &request) == WIRE_REASON_OK) ==
				      !!(row->flags & one),
			      "%d: flag %x", row->opcode, one);
		if (row->opcode == ACT(CONNECT))
			continue;
		ck_assert_msg((read_it(row->opcode, &argued, &request) == WIRE_REASON_OK) ==
				      !!(row->argument & one),
			      "%d: argument %x", row->opcode, one);
	}
}
END_TEST

START_TEST(act_carries_as_many_bytes_as_it_takes)
{
	const struct needs *row = &needs[_i];
	static const char bytes[WIRE_PATH_MAX] = "x";
	struct wire_act act = plain(row->opcode);
	uint16_t right = act.other_len;
	struct request request;

	if (row->opcode == ACT(SYMLINK))
		return;
	for (uint16_t len = 0; len <= 64; len++) {
		act.other = bytes;
		act.other_len = len;
		ck_assert_msg((read_it(row->opcode, &act, &request) == WIRE_REASON_OK) ==
				      (len == right),
			      "%d: %d bytes", row->opcode, len);
	}
}
END_TEST

START_TEST(act_of_a_name_with_a_slash_is_about_what_a_link_leads_to)
{
	struct wire_act act = plain(ACT(STAT));
	struct request request;

	act.flags = WIRE_ACT_NOFOLLOW | WIRE_ACT_DIRECTORY;
	ck_assert_int_eq(read_it(ACT(STAT), &act, &request), WIRE_REASON_OK);
	ck_assert(request.directory && !request.nofollow);
	act.flags = WIRE_ACT_NOFOLLOW;
	ck_assert_int_eq(read_it(ACT(STAT), &act, &request), WIRE_REASON_OK);
	ck_assert(!request.directory && request.nofollow);
}
END_TEST

static const struct {
	uint32_t argument;
	enum wire_reason reason;
} types[] = {
	{ 0, WIRE_REASON_BAD_FLAGS }, { 1, WIRE_REASON_OK },	    { 2, WIRE_REASON_OK },
	{ 4, WIRE_REASON_OK },	      { 3, WIRE_REASON_BAD_FLAGS }, { 7, WIRE_REASON_BAD_FLAGS },
	{ 8, WIRE_REASON_BAD_FLAGS },
};

START_TEST(act_connects_one_type_of_socket)
{
	struct wire_act act = plain(ACT(CONNECT));
	struct request request;

	act.argument = types[_i].argument;
	ck_assert_int_eq(read_it(ACT(CONNECT), &act, &request), types[_i].reason);
}
END_TEST

static const struct {
	uint32_t nsec;
	enum wire_reason reason;
} times[] = {
	{ 0, WIRE_REASON_OK },
	{ 999999999, WIRE_REASON_OK },
	{ 1000000000, WIRE_REASON_BAD_FLAGS },
	{ UTIME_NOW, WIRE_REASON_OK },
	{ UTIME_OMIT, WIRE_REASON_OK },
	{ UTIME_OMIT - 1, WIRE_REASON_BAD_FLAGS },
	{ UINT32_MAX, WIRE_REASON_BAD_FLAGS },
};

START_TEST(act_sets_times_that_there_are)
{
	struct wire_act act = plain(ACT(UTIMENS));
	struct request request;

	act = with_times(act, times[_i].nsec, 0);
	ck_assert_int_eq(read_it(ACT(UTIMENS), &act, &request), times[_i].reason);
	act = with_times(act, 0, times[_i].nsec);
	ck_assert_int_eq(read_it(ACT(UTIMENS), &act, &request), times[_i].reason);
}
END_TEST

START_TEST(act_sets_sizes_that_off_t_has)
{
	struct wire_act act = with_size(plain(ACT(TRUNCATE)), INT64_MAX);
	struct request request;

	ck_assert_int_eq(read_it(ACT(TRUNCATE), &act, &request), WIRE_REASON_OK);
	ck_assert_uint_eq(request.size, INT64_MAX);
	act = with_size(act, (uint64_t)INT64_MAX + 1);
	ck_assert_int_eq(read_it(ACT(TRUNCATE), &act, &request), WIRE_REASON_BAD_FLAGS);
	act = with_size(act, UINT64_MAX);
	ck_assert_int_eq(read_it(ACT(TRUNCATE), &act, &request), WIRE_REASON_BAD_FLAGS);
}
END_TEST

/* P21 */
START_TEST(act_makes_no_directory_that_others_may_write)
{
	struct wire_act act = plain(ACT(MKDIR));
	struct request request;

	act.argument = 07777;
	ck_assert_int_eq(read_it(ACT(MKDIR), &act, &request), WIRE_REASON_OK);
	ck_assert_int_eq(request.mode, 0755);
}
END_TEST

static const struct {
	const char *target;
	uint16_t len;
	enum wire_reason reason;
} targets[] = {
	{ "", 0, WIRE_REASON_BAD_FLAGS },    { "a", 1, WIRE_REASON_OK },
	{ "../x//./y", 9, WIRE_REASON_OK },  { "a\0b", 3, WIRE_REASON_BAD_FLAGS },
	{ "\0a", 2, WIRE_REASON_BAD_FLAGS }, { "a\0", 2, WIRE_REASON_BAD_FLAGS },
	{ "\n\033[31m", 6, WIRE_REASON_OK },
};

/* P55 */
START_TEST(act_makes_links_of_any_text_without_a_nul)
{
	struct wire_act act = plain(ACT(SYMLINK));
	struct request request;

	act.other = targets[_i].target;
	act.other_len = targets[_i].len;
	ck_assert_int_eq(read_it(ACT(SYMLINK), &act, &request), targets[_i].reason);
	if (targets[_i].reason != WIRE_REASON_OK)
		return;
	ck_assert_uint_eq(strlen(request.other), act.other_len);
	ck_assert_mem_eq(request.other, act.other, act.other_len);
}
END_TEST

/* P56 */
START_TEST(act_makes_links_as_long_as_names)
{
	static char longest[WIRE_PATH_MAX];
	struct wire_act act = plain(ACT(SYMLINK));
	struct request request;

	memset(longest, 'a', sizeof(longest));
	act.other = longest;
	act.other_len = sizeof(longest);
	ck_assert_int_eq(read_it(ACT(SYMLINK), &act, &request), WIRE_REASON_OK);
	ck_assert_uint_eq(strlen(request.other), WIRE_PATH_MAX);
}
END_TEST

START_TEST(act_of_a_name_that_is_none_is_refused)
{
	const struct needs *row = &needs[_i];
	struct wire_act act = plain(row->opcode);
	struct request request;

	act.path_len = 0;
	ck_assert_int_eq(read_it(row->opcode, &act, &request), WIRE_REASON_BAD_PATH);
	act.path = "/a\0b";
	act.path_len = 4;
	ck_assert_int_eq(read_it(row->opcode, &act, &request), WIRE_REASON_BAD_PATH);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("request_act");
	TCase *tcase = suite_case(suite, "request_act");

	tcase_add_loop_test(tcase, act_needs_the_modes_of_the_table, 0, ELEMENTSOF(needs));
	tcase_add_loop_test(tcase, act_carries_no_flag_and_no_argument_but_its_own, 0,
			    ELEMENTSOF(needs));
	tcase_add_loop_test(tcase, act_carries_as_many_bytes_as_it_takes, 0, ELEMENTSOF(needs));
	tcase_add_loop_test(tcase, act_of_a_name_that_is_none_is_refused, 0, ELEMENTSOF(needs));
	tcase_add_test(tcase, act_of_a_name_with_a_slash_is_about_what_a_link_leads_to);
	tcase_add_loop_test(tcase, act_connects_one_type_of_socket, 0, ELEMENTSOF(types));
	tcase_add_loop_test(tcase, act_sets_times_that_there_are, 0, ELEMENTSOF(times));
	tcase_add_test(tcase, act_sets_sizes_that_off_t_has);
	tcase_add_test(tcase, act_makes_no_directory_that_others_may_write);
	tcase_add_loop_test(tcase, act_makes_links_of_any_text_without_a_nul, 0,
			    ELEMENTSOF(targets));
	tcase_add_test(tcase, act_makes_links_as_long_as_names);
	return suite_main(suite);
}

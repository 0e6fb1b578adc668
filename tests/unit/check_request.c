/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/request.h"

#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>

#include "base/macro.h"
#include "policy/ast.h"
#include "tests/support/suite.h"

#define R  WIRE_OPEN_READ
#define W  WIRE_OPEN_WRITE
#define RW (WIRE_OPEN_READ | WIRE_OPEN_WRITE)

static enum wire_reason read_flags(uint32_t flags, uint32_t mode, struct request *ret)
{
	struct wire_open claim = { .flags = flags, .mode = mode, .path = "/a", .path_len = 2 };

	return request_read(&claim, ret);
}

/* The table of policy-language, section 6. */
static const struct {
	const char *name;
	uint32_t flags, modes;
} modes[] = {
	{ "read", R, POLICY_READ },
	{ "read a directory", R | WIRE_OPEN_DIRECTORY, POLICY_LIST },
	{ "write", W, POLICY_WRITE },
	{ "append", W | WIRE_OPEN_APPEND, POLICY_APPEND },
	{ "read and write", RW, POLICY_READ | POLICY_WRITE },
	{ "read and append", RW | WIRE_OPEN_APPEND, POLICY_READ | POLICY_APPEND },
	{ "write, truncating", W | WIRE_OPEN_TRUNCATE, POLICY_WRITE | POLICY_TRUNCATE },
	{ "create anew", W | WIRE_OPEN_CREATE | WIRE_OPEN_EXCLUSIVE, POLICY_CREATE },
	{ "create anew, truncating nothing",
	  W | WIRE_OPEN_CREATE | WIRE_OPEN_EXCLUSIVE | WIRE_OPEN_TRUNCATE, POLICY_CREATE },
	{ "create anew to read back", RW | WIRE_OPEN_CREATE | WIRE_OPEN_EXCLUSIVE,
	  POLICY_CREATE | POLICY_READ },
	{ "create or write", W | WIRE_OPEN_CREATE, POLICY_CREATE | POLICY_WRITE },
	{ "create or append", W | WIRE_OPEN_CREATE | WIRE_OPEN_APPEND,
	  POLICY_CREATE | POLICY_APPEND },
	{ "create or overwrite", W | WIRE_OPEN_CREATE | WIRE_OPEN_TRUNCATE,
	  POLICY_CREATE | POLICY_WRITE | POLICY_TRUNCATE },
	{ "without a name", RW | WIRE_OPEN_TMPFILE, POLICY_TMPFILE },
};

START_TEST(request_needs_the_modes_of_the_table)
{
	struct request request;

	ck_assert_int_eq(read_flags(modes[_i].flags, 0, &request), WIRE_REASON_OK);
	ck_assert_msg(request.modes == modes[_i].modes, "%s: %x", modes[_i].name, request.modes);
}
END_TEST

static const struct {
	const char *name;
	uint32_t flags, mode;
} senseless[] = {
	{ "no access mode", 0, 0 }, /* P20: what O_ACCMODE 3 would be */
	{ "no access mode, truncating", WIRE_OPEN_TRUNCATE, 0 },
	{ "truncating by a reader", R | WIRE_OPEN_TRUNCATE, 0 }, /* P19 */
	{ "appending by a reader", R | WIRE_OPEN_APPEND, 0 },
	{ "exclusive without creating", W | WIRE_OPEN_EXCLUSIVE, 0 },
	{ "writing a directory", RW | WIRE_OPEN_DIRECTORY, 0 },
	{ "creating a directory", R | WIRE_OPEN_CREATE | WIRE_OPEN_DIRECTORY, 0 },
	{ "nameless and read-only", R | WIRE_OPEN_TMPFILE, 0 },
	{ "nameless and created", W | WIRE_OPEN_TMPFILE | WIRE_OPEN_CREATE, 0 },
	{ "a mode for nothing", R, 0644 },
	{ "a file type as mode", W | WIRE_OPEN_CREATE, S_IFREG | 0644 },
};

START_TEST(request_with_senseless_flags_is_refused)
{
	struct request request;

	ck_assert_msg(read_flags(senseless[_i].flags, senseless[_i].mode, &request) ==
			      WIRE_REASON_BAD_FLAGS,
		      "%s", senseless[_i].name);
}
END_TEST

/* P22 */
START_TEST(request_with_an_unknown_flag_is_refused)
{
	uint32_t flag = UINT32_C(1) << _i;
	struct request request;

	ck_assert(flag > WIRE_OPEN_ALL);
	ck_assert_int_eq(read_flags(R | flag, 0, &request), WIRE_REASON_BAD_FLAGS);
}
END_TEST

/* P21 */
START_TEST(request_never_asks_for_more_than_0644)
{
	struct request request;

	ck_assert_int_eq(read_flags(W | WIRE_OPEN_CREATE, 07777, &request), WIRE_REASON_OK);
	ck_assert_int_eq(request.mode, 0644);
}
END_TEST

static const struct {
	const char *path;
	size_t len;
	enum wire_reason reason;
} paths[] = {
	{ "/a", 2, WIRE_REASON_OK },
	{ "", 0, WIRE_REASON_BAD_PATH },
	{ "/srv/ok/f\0/../../etc/shadow", 27, WIRE_REASON_BAD_PATH }, /* P55 */
	{ "\0/a", 3, WIRE_REASON_BAD_PATH },
	{ "/a\0", 3, WIRE_REASON_BAD_PATH },
};

START_TEST(request_with_a_nul_in_its_path_is_refused)
{
	struct wire_open claim = { .flags = R,
				   .path = paths[_i].path,
				   .path_len = (uint16_t)paths[_i].len };
	struct request request;

	ck_assert_int_eq(request_read(&claim, &request), paths[_i].reason);
}
END_TEST

static enum wire_reason read_filled(size_t len, size_t component)
{
	char path[WIRE_PATH_MAX + 2];
	struct wire_open claim = { .flags = R, .path = path, .path_len = (uint16_t)len };
	struct request request;

	for (size_t i = 0; i < len; i++)
		path[i] = i % (component + 1) == 0 ? '/' : 'a';
	return request_read(&claim, &request);
}

/* P56 */
START_TEST(request_path_and_component_have_their_maximum)
{
	ck_assert_int_eq(read_filled(WIRE_PATH_MAX - 1, 100), WIRE_REASON_OK);
	ck_assert_int_eq(read_filled(WIRE_PATH_MAX, 100), WIRE_REASON_OK);
	ck_assert_int_eq(read_filled(WIRE_PATH_MAX + 1, 100), WIRE_REASON_BAD_PATH);
	ck_assert_int_eq(read_filled(300, WIRE_COMPONENT_MAX - 1), WIRE_REASON_OK);
	ck_assert_int_eq(read_filled(300, WIRE_COMPONENT_MAX), WIRE_REASON_OK);
	ck_assert_int_eq(read_filled(300, WIRE_COMPONENT_MAX + 1), WIRE_REASON_BAD_PATH);
}
END_TEST

START_TEST(request_flags_are_those_of_open)
{
	struct request request;

	ck_assert_int_eq(read_flags(RW | WIRE_OPEN_APPEND | WIRE_OPEN_NONBLOCK | WIRE_OPEN_DSYNC |
					    WIRE_OPEN_TRUNCATE | WIRE_OPEN_NOFOLLOW,
				    0, &request),
			 WIRE_REASON_OK);
	/* What acts while opening, or decides how a name is walked, is not among them. */
	ck_assert_int_eq(request.flags, O_RDWR | O_APPEND | O_NONBLOCK | O_DSYNC);
	ck_assert(request.truncate && request.nofollow && !request.create);
}
END_TEST

/* Of inotify(7): an event at least, and nothing that touches other watches or the instance. */
static const struct {
	uint32_t flags, argument;
	enum wire_reason reason;
} watches[] = {
	{ 0, IN_CREATE, WIRE_REASON_OK },
	{ 0, IN_ALL_EVENTS, WIRE_REASON_OK },
	{ WIRE_ACT_NOFOLLOW | WIRE_ACT_NONBLOCK,
	  IN_MODIFY | IN_ONLYDIR | IN_EXCL_UNLINK | IN_ONESHOT, WIRE_REASON_OK },
	{ 0, 0, WIRE_REASON_BAD_FLAGS },
	{ 0, IN_ONLYDIR, WIRE_REASON_BAD_FLAGS },
	{ 0, IN_CREATE | IN_DONT_FOLLOW, WIRE_REASON_BAD_FLAGS },
	{ 0, IN_CREATE | IN_MASK_ADD, WIRE_REASON_BAD_FLAGS },
	{ 0, IN_CREATE | IN_MASK_CREATE, WIRE_REASON_BAD_FLAGS },
	{ 0, IN_CREATE | IN_UNMOUNT, WIRE_REASON_BAD_FLAGS },
	{ WIRE_ACT_ALL + 1, IN_CREATE, WIRE_REASON_BAD_FLAGS },
};

START_TEST(request_to_watch_is_of_events_alone)
{
	const struct wire_act claim = { .flags = watches[_i].flags,
					.argument = watches[_i].argument,
					.path = "/a",
					.path_len = 2 };
	struct request request;

	ck_assert_int_eq(request_act_read(WIRE_OPCODE_WATCH, &claim, &request), watches[_i].reason);
	if (watches[_i].reason != WIRE_REASON_OK)
		return;
	ck_assert_uint_eq(request.modes, POLICY_WATCH);
	ck_assert_uint_eq(request.argument, watches[_i].argument);
	ck_assert_int_eq(request.nofollow, (watches[_i].flags & WIRE_ACT_NOFOLLOW) != 0);
}
END_TEST

/* What an act asks for, whichever argument and other part it wants. */
static uint32_t modes_of_act(uint16_t opcode)
{
	static const uint32_t arguments[] = { 0, 1 };
	static const char other[] = "/bcdefghijklmnopqrstuvwxyz";
	struct wire_act claim = { .path = "/a", .path_len = 2, .other = other };
	struct request request;

	for (size_t i = 0; i < ELEMENTSOF(arguments); i++)
		for (claim.other_len = 0; claim.other_len < sizeof(other); claim.other_len++) {
			claim.argument = arguments[i];
			if (request_act_read(opcode, &claim, &request) == WIRE_REASON_OK)
				return request.modes;
		}
	return 0;
}

/* A word that is understood and not enforced would be a grant, or a deny, that does nothing. */
START_TEST(request_of_some_kind_needs_each_mode_of_the_language)
{
	uint32_t needed = 0;

	for (size_t i = 0; i < ELEMENTSOF(modes); i++)
		needed |= modes[i].modes;
	for (uint16_t opcode = WIRE_OPCODE_ACT_FIRST; opcode <= WIRE_OPCODE_ACT_LAST; opcode++)
		if (request_is_act(opcode))
			needed |= modes_of_act(opcode);
	ck_assert_uint_eq(needed, POLICY_ANY);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("request");
	TCase *tcase = suite_case(suite, "request");

	tcase_add_loop_test(tcase, request_needs_the_modes_of_the_table, 0, ELEMENTSOF(modes));
	tcase_add_loop_test(tcase, request_with_senseless_flags_is_refused, 0,
			    ELEMENTSOF(senseless));
	tcase_add_loop_test(tcase, request_with_an_unknown_flag_is_refused, 12, 32);
	tcase_add_test(tcase, request_never_asks_for_more_than_0644);
	tcase_add_loop_test(tcase, request_with_a_nul_in_its_path_is_refused, 0, ELEMENTSOF(paths));
	tcase_add_test(tcase, request_path_and_component_have_their_maximum);
	tcase_add_test(tcase, request_flags_are_those_of_open);
	tcase_add_loop_test(tcase, request_to_watch_is_of_events_alone, 0, ELEMENTSOF(watches));
	tcase_add_test(tcase, request_of_some_kind_needs_each_mode_of_the_language);
	return suite_main(suite);
}

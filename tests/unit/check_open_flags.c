/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/open_flags.h"

#include <errno.h>
#include <fcntl.h>

#include "base/macro.h"
#include "tests/support/suite.h"

#define READ  WIRE_OPEN_READ
#define WRITE WIRE_OPEN_WRITE

static const struct row {
	const char *name;
	int flags;
	mode_t mode;
	bool directory;
	int expected;
	uint32_t wire_flags, wire_mode;
} rows[] = {
	/* access */
	{ "read", O_RDONLY, 0, false, 0, READ, 0 },
	{ "write", O_WRONLY, 0, false, 0, WRITE, 0 },
	{ "both", O_RDWR, 0, false, 0, READ | WRITE, 0 },
	{ "access mode 3", 3, 0, false, -EINVAL, 0, 0 }, /* P20 */
	/* each flag */
	{ "append", O_WRONLY | O_APPEND, 0, false, 0, WRITE | WIRE_OPEN_APPEND, 0 },
	{ "truncate", O_WRONLY | O_TRUNC, 0, false, 0, WRITE | WIRE_OPEN_TRUNCATE, 0 },
	{ "create", O_WRONLY | O_CREAT, 0644, false, 0, WRITE | WIRE_OPEN_CREATE, 0644 },
	{ "create, read only", O_RDONLY | O_CREAT, 0600, false, 0, READ | WIRE_OPEN_CREATE, 0600 },
	{ "exclusive", O_RDWR | O_CREAT | O_EXCL, 0600, false, 0,
	  READ | WRITE | WIRE_OPEN_CREATE | WIRE_OPEN_EXCLUSIVE, 0600 },
	{ "directory", O_RDONLY | O_DIRECTORY, 0, false, 0, READ | WIRE_OPEN_DIRECTORY, 0 },
	{ "tmpfile", O_RDWR | O_TMPFILE, 0600, false, 0, READ | WRITE | WIRE_OPEN_TMPFILE, 0600 },
	{ "nofollow", O_RDONLY | O_NOFOLLOW, 0, false, 0, READ | WIRE_OPEN_NOFOLLOW, 0 },
	{ "nonblock", O_RDONLY | O_NONBLOCK, 0, false, 0, READ | WIRE_OPEN_NONBLOCK, 0 },
	{ "sync", O_WRONLY | O_SYNC, 0, false, 0, WRITE | WIRE_OPEN_SYNC, 0 },
	{ "dsync", O_WRONLY | O_DSYNC, 0, false, 0, WRITE | WIRE_OPEN_DSYNC, 0 },
	/* without effect */
	{ "__O_SYNC alone is O_SYNC", O_WRONLY | (O_SYNC & ~O_DSYNC), 0, false, 0,
	  WRITE | WIRE_OPEN_SYNC, 0 },
	{ "O_EXCL without O_CREAT", O_RDONLY | O_EXCL, 0, false, 0, READ, 0 },
	{ "append to nothing", O_RDONLY | O_APPEND, 0, false, 0, READ, 0 },
	{ "cloexec, noctty, largefile", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_LARGEFILE | 0100000, 0,
	  false, 0, READ, 0 },
	{ "mode without creation", O_RDWR, 0777, false, 0, READ | WRITE, 0 },
	{ "foreign bits of the mode", O_WRONLY | O_CREAT, 0107644, false, 0,
	  WRITE | WIRE_OPEN_CREATE, 0644 },
	{ "tmpfile(3)", O_RDWR | O_TMPFILE | O_EXCL, 0600, false, 0,
	  READ | WRITE | WIRE_OPEN_TMPFILE, 0600 },
	/* refused (P18, P19, P22) */
	{ "path", O_PATH, 0, false, -EINVAL, 0, 0 },
	{ "direct", O_RDONLY | O_DIRECT, 0, false, -EINVAL, 0, 0 },
	{ "noatime", O_RDONLY | O_NOATIME, 0, false, -EINVAL, 0, 0 },
	{ "async", O_RDONLY | O_ASYNC, 0, false, -EINVAL, 0, 0 },
	{ "truncate, read only", O_RDONLY | O_TRUNC, 0, false, -EINVAL, 0, 0 },
	{ "tmpfile, read only", O_RDONLY | O_TMPFILE, 0600, false, -EINVAL, 0, 0 },
	{ "tmpfile, create", O_RDWR | O_TMPFILE | O_CREAT, 0600, false, -EINVAL, 0, 0 },
	{ "half of O_TMPFILE", O_RDWR | (O_TMPFILE & ~O_DIRECTORY), 0600, false, -EINVAL, 0, 0 },
	{ "create a directory", O_RDONLY | O_CREAT | O_DIRECTORY, 0, false, -EINVAL, 0, 0 },
	{ "write a directory", O_WRONLY | O_DIRECTORY, 0, false, -EISDIR, 0, 0 },
	/* a name that ends in a slash */
	{ "slash", O_RDONLY, 0, true, 0, READ | WIRE_OPEN_DIRECTORY, 0 },
	{ "slash, write", O_WRONLY, 0, true, -EISDIR, 0, 0 },
	{ "slash, create", O_RDONLY | O_CREAT, 0600, true, -EISDIR, 0, 0 },
	{ "slash, tmpfile", O_RDWR | O_TMPFILE, 0600, true, 0, READ | WRITE | WIRE_OPEN_TMPFILE,
	  0600 },
};

START_TEST(flags_become_the_wires_words)
{
	const struct row *row = &rows[_i];
	struct wire_open open = { .flags = 77, .mode = 77 };
	int r = open_flags_translate(row->flags, row->mode, row->directory, &open);

	ck_assert_msg(r == row->expected, "%s: %d", row->name, r);
	ck_assert_msg(open.flags == (r == 0 ? row->wire_flags : 77), "%s: flags %#x", row->name,
		      open.flags);
	ck_assert_msg(open.mode == (r == 0 ? row->wire_mode : 77), "%s: mode %#o", row->name,
		      open.mode);
}
END_TEST

/* P22: no bit gets through that the table above does not name. */
START_TEST(an_unknown_bit_is_refused)
{
	static const unsigned known = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |
				      O_NONBLOCK | O_SYNC | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC |
				      O_TMPFILE | 0100000;
	unsigned bit = 1U << _i;
	struct wire_open open;
	int r = open_flags_translate((int)(O_RDWR | bit), 0600, false, &open);

	if (!(bit & known))
		ck_assert_int_eq(r, -EINVAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("open_flags");
	TCase *tcase = suite_case(suite, "translate");

	tcase_add_loop_test(tcase, flags_become_the_wires_words, 0, (int)ELEMENTSOF(rows));
	tcase_add_loop_test(tcase, an_unknown_bit_is_refused, 0, 32);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/fuse.h>

#include "base/clock.h"
#include "base/macro.h"
#include "tests/support/acts.h"
#include "tests/support/fuse.h"
#include "tests/support/suite.h"

/*
 * A file system that does not say what it is until whoever asked has been told that it takes too
 * long. What comes to light then is too late: nothing is changed any more.
 */

static struct fuse fuse;

static const char rules[] =
	"for user 30000 {\n"
	"    slow: allow read, create, remove, attributes, truncate as root \"@t/slow/*\" {\n"
	"        type { regular, directory, symlink }; fs fuse; parents any; links any; note "
	"\"test\";\n"
	"    }\n"
	"}\n";

static const struct late {
	struct acts_row row;
	uint32_t opcode; /* what the file system would be asked to do */
} lates[] = {
	{ { UNLINK, "slow/file", 0, ETIMEDOUT, FDBROKER_REASON_DEADLINE }, FUSE_UNLINK },
	{ { MKDIR, "slow/none", 0700, ETIMEDOUT, FDBROKER_REASON_DEADLINE }, FUSE_MKDIR },
	{ { SYMLINK, "slow/none", 0, ETIMEDOUT, FDBROKER_REASON_DEADLINE }, FUSE_SYMLINK },
	{ { CHMOD, "slow/file", 0600, ETIMEDOUT, FDBROKER_REASON_DEADLINE }, FUSE_SETATTR },
	{ { TOUCH, "slow/file", 0, ETIMEDOUT, FDBROKER_REASON_DEADLINE }, FUSE_SETATTR },
	{ { TRUNCATE, "slow/file", 1, ETIMEDOUT, FDBROKER_REASON_DEADLINE }, FUSE_SETATTR },
	{ { RENAME, "slow/file", 0, ETIMEDOUT, FDBROKER_REASON_DEADLINE }, FUSE_RENAME2 },
	{ { LINK, "slow/file", 0, ETIMEDOUT, FDBROKER_REASON_DEADLINE }, FUSE_LINK },
};

static int ask_again(const void *arg)
{
	const struct late *late = arg;
	struct fdbroker_answer answer;
	struct fdbroker *broker;

	ck_assert_int_eq(fdbroker_connect(&broker, acts_scene.daemon.socket), 0);
	(void)acts_ask(broker, &late->row, &answer);
	fdbroker_close(broker);
	return 0;
}

/* P48 */
START_TEST(what_was_given_up_is_not_done)
{
	uint64_t deadline = clock_monotonic_usec() + 60 * USEC_PER_SEC;
	const struct late *late = &lates[_i];

	acts_prepare(rules);
	daemon_write_config(&acts_scene.daemon, "open-seconds 1;");
	acts_make_directory("slow", 0, 0755);
	scene_start(&acts_scene);
	ck_assert_int_eq(fuse_start(&fuse, acts_path("slow"), FUSE_STATFS), 0);
	acts_assert_rows_as(ALICE, &late->row, 1);
	fuse_relent(&fuse);
	daemon_await_number(&acts_scene.daemon, "stuck", 0);
	daemon_await_number(&acts_scene.daemon, "in-flight", 0);
	ck_assert_uint_eq(fuse_seen(&fuse, late->opcode), 0);
	/* It is what would have been done; a busy machine may be too late again. */
	while (fuse_seen(&fuse, late->opcode) == 0) {
		ck_assert_msg(clock_monotonic_usec() < deadline, "it is never done");
		ck_assert_int_eq(scene_as(ALICE, ask_again, late), 0);
	}
	ck_assert_int_eq(fuse_stop(&fuse), 0);
	scene_stop(&acts_scene);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slow_acts");
	TCase *tcase = suite_case(suite, "slow_acts");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_loop_test(tcase, what_was_given_up_is_not_done, 0, ELEMENTSOF(lates));
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/acts.h"
#include "tests/support/forked.h"
#include "tests/support/fuse.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

/*
 * Root may rename and link what is Alice's, in directories that are hers, and while she asks for that
 * she exchanges what the names lead to as fast as she can. The secret is neither moved nor linked, and
 * nothing comes to be beside it.
 *
 *	his/f		hers			his/hard	a second name of the secret
 *	his/d/f		hers			his/link	a link to the secret
 *	his/e		a directory like d, with a second name of the secret
 *			that is called f		his/away	a link to the directory of secrets
 */

#define REQUESTS      3000
#define REQUESTS_LONG 30000 /* of each race, where FDBROKER_LONG is set */

static const char rules[] =
	"for user 30000 {\n"
	"    his: allow read, create, remove as root \"@t/his/**\" {\n"
	"        parents any; owner 30000; links any; type regular; symlinks follow;\n"
	"        create-owner \"30000:30000\"; note \"test\";\n"
	"    }\n"
	"}\n"
	"secret: deny any \"@t/secrets/**\";\n";

static const struct race {
	enum acts_kind kind;
	const char *old, *new;
	const char *one, *other; /* these she exchanges */
	const char *made_in; /* there she makes the old name again, and takes the new one away */
} races[] = {
	{ RENAME, "his/f", "his/none", "his/f", "his/link", "his" },
	{ RENAME, "his/d/f", "his/d/none", "his/d", "his/away", "his/d" },
	{ RENAME, "his/d/f", "his/d/none", "his/d", "his/e", "his/d" },
	{ RENAME, "his/d/f", "his/none", "his/d", "his/away", "his/d" },
	{ RENAME, "his/d/f", "his/none", "his/d", "his/e", "his/d" },
	{ RENAME, "his/f", "his/d/none", "his/d", "his/away", "his" },
	{ LINK, "his/f", "his/none", "his/f", "his/hard", "his" },
	{ LINK, "his/f", "his/none", "his/f", "his/link", "his" },
	{ LINK, "his/d/f", "his/none", "his/d", "his/away", "his/d" },
	{ LINK, "his/d/f", "his/d/none", "his/d", "his/e", "his/d" },
	{ LINK, "his/f", "his/d/none", "his/d", "his/away", "his" },
};

static void make_names(void)
{
	acts_make_directory("secrets", 0, 0755);
	acts_make_file("secrets/f", 0, 0600);
	acts_make_directory("his", ALICE, 0755);
	acts_make_file("his/f", ALICE, 0600);
	acts_make_directory("his/d", ALICE, 0755);
	acts_make_file("his/d/f", ALICE, 0600);
	acts_make_directory("his/e", ALICE, 0755);
	acts_make_link("his/away", "../secrets");
	acts_make_link("his/link", "../secrets/f");
	ck_assert_int_eq(link(acts_path("secrets/f"), acts_path("his/hard")), 0);
	ck_assert_int_eq(link(acts_path("secrets/f"), acts_path("his/e/f")), 0);
}

/* Either is sometimes not there. */
static int exchange_for_ever(const void *arg)
{
	const struct race *race = arg;
	int r = 0;

	user_become(&(const struct user){ .uid = ALICE, .gid = ALICE });
	while (r == 0 || errno == ENOENT)
		r = renameat2(AT_FDCWD, acts_path(race->one), AT_FDCWD, acts_path(race->other),
			      RENAME_EXCHANGE);
	return errno;
}

struct asker {
	const struct race *race;
	int made_in, d; /* by whatever name they have just now */
};

static bool is_secret(int directory, const char *name)
{
	struct stat st;

	return fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       st.st_uid != ALICE;
}

/* Wherever the new name is just now. */
static bool has_got_secret(const struct asker *asker)
{
	return is_secret(asker->d, "none") || is_secret(AT_FDCWD, acts_path("his/none")) ||
	       is_secret(AT_FDCWD, acts_path("his/e/none"));
}

static bool is_regular(int directory, const char *name)
{
	struct stat st;

	return fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static void make_anew(const struct asker *asker)
{
	const int flags = O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC;

	fd_close(openat(asker->made_in, "f", flags, 0600));
	/* The link itself may have been moved. */
	if (is_regular(asker->made_in, "f") && is_regular(asker->made_in, "link"))
		(void)unlinkat(asker->made_in, "link", 0);
	(void)symlinkat("../secrets/f", asker->made_in, "link");
	(void)unlinkat(asker->made_in, "none", 0);
	(void)unlinkat(asker->d, "none", 0);
	(void)unlink(acts_path("his/none"));
	(void)unlink(acts_path("his/e/none"));
}

static int ask(struct fdbroker *broker, const struct race *race)
{
	const char *old = acts_path(race->old), *new = acts_path(race->new);

	if (race->kind == LINK)
		return fdbroker_link(broker, old, new, NULL);
	return fdbroker_rename(broker, old, new, 0, NULL);
}

static int ask_often(const void *arg)
{
	const int requests = getenv("FDBROKER_LONG") ? REQUESTS_LONG : REQUESTS;
	const struct asker *asker = arg;
	unsigned int granted = 0, refused = 0;
	struct fdbroker *broker;

	ck_assert_int_eq(fdbroker_connect(&broker, acts_scene.daemon.socket), 0);
	/* And twice as many until either has come: the swapper may have had no processor so far. */
	for (int i = 0; i < requests || (i < 2 * requests && (granted == 0 || refused == 0)); i++) {
		make_anew(asker);
		if (ask(broker, asker->race) == 0)
			granted++;
		else
			refused++;
		if (has_got_secret(asker))
			return 2;
	}
	fdbroker_close(broker);
	return 0;
}

/* P02, P03, P08 */
START_TEST(two_names_that_change_bind_what_was_judged)
{
	struct asker asker = { .race = &races[_i] };
	struct stat before;
	pid_t swapper;
	int r;

	acts_prepare(rules);
	make_names();
	scene_start(&acts_scene);
	before = acts_look("secrets/f");
	asker.made_in = open(acts_path(asker.race->made_in), O_PATH | O_CLOEXEC);
	asker.d = open(acts_path("his/d"), O_PATH | O_CLOEXEC);
	swapper = forked_start(exchange_for_ever, asker.race);
	r = scene_as(ALICE, ask_often, &asker);
	forked_end(swapper);
	ck_assert_msg(r == 0, "%s to %s: %d", asker.race->old, asker.race->new, r);
	acts_assert_untouched("secrets/f", &before);
	acts_assert_none("secrets/none");
	fd_close(asker.made_in);
	fd_close(asker.d);
	acts_stop();
}
END_TEST

/* What comes and goes at the new name, and may not be removed there. */
static const char keeping[] = "for user 30000 {\n"
			      "    old: allow remove \"@t/his/f\";\n"
			      "    new: allow create \"@t/his/none\";\n"
			      "}\n";

static const struct race replacing = { .kind = RENAME, .old = "his/f", .new = "his/none" };

static bool is_there(ino_t kept)
{
	struct stat st;

	return lstat(acts_path("his/none"), &st) == 0 && st.st_ino == kept;
}

/* Until what came to be there, and was not taken away, is not there any more. */
static int come_and_go(const void *arg)
{
	const ino_t *kept = arg;
	bool is_kept = true;

	while (is_kept) {
		bool is_made = link(acts_path("his/kept"), acts_path("his/none")) == 0;

		for (int i = 0; is_made && is_kept && i < 20; i++)
			is_kept = is_there(*kept);
		if (is_kept)
			(void)unlink(acts_path("his/none"));
	}
	return EXDEV;
}

static int replace_often(const void *arg)
{
	const int requests = getenv("FDBROKER_LONG") ? REQUESTS_LONG : REQUESTS;
	struct fdbroker *broker;

	(void)arg;
	ck_assert_int_eq(fdbroker_connect(&broker, acts_scene.daemon.socket), 0);
	for (int i = 0; i < requests; i++) {
		fd_close(open(acts_path("his/f"), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
		(void)ask(broker, &replacing);
	}
	fdbroker_close(broker);
	return 0;
}

START_TEST(what_was_not_there_when_it_was_looked_for_is_never_replaced)
{
	pid_t keeper;
	ino_t kept;

	acts_prepare(keeping);
	acts_make_directory("his", ALICE, 0755);
	acts_make_file("his/kept", ALICE, 0600);
	kept = acts_look("his/kept").st_ino;
	scene_start(&acts_scene);
	keeper = forked_start(come_and_go, &kept);
	ck_assert_int_eq(scene_as(ALICE, replace_often, NULL), 0);
	forked_end(keeper);
	scene_stop(&acts_scene);
}
END_TEST

/* The broker has judged the old name, and waits for the file system of the new one. */
static const char looking[] =
	"for user 30000 {\n"
	"    old: allow remove as root \"@t/his/*\" {\n"
	"        owner caller; parents any; note \"test\";\n"
	"    }\n"
	"    new: allow create as root \"@t/slow/*\" {\n"
	"        create-owner \"30000:30000\"; fs fuse; parents any; note \"test\";\n"
	"    }\n"
	"}\n";

static int ask_for_bobs(const void *arg)
{
	const struct race race = { .kind = RENAME, .old = "his/f", .new = "slow/none" };
	struct fdbroker *broker;
	int r;

	(void)arg;
	ck_assert_int_eq(fdbroker_connect(&broker, acts_scene.daemon.socket), 0);
	r = ask(broker, &race);
	fdbroker_close(broker);
	return -r;
}

static int ask_as_alice(const void *arg)
{
	user_become(&(const struct user){ .uid = ALICE, .gid = ALICE });
	return ask_for_bobs(arg);
}

/* It has the last word before EXDEV would have. */
START_TEST(what_came_to_the_old_name_since_is_judged_too)
{
	uint64_t deadline = clock_monotonic_usec() + 60 * USEC_PER_SEC;
	static struct fuse fuse;
	pid_t asker;

	acts_prepare(looking);
	acts_make_directory("his", 0, 0755);
	acts_make_directory("slow", 0, 0755);
	acts_make_file("his/f", ALICE, 0600);
	acts_make_file("his/bobs", BOB, 0600);
	scene_start(&acts_scene);
	ck_assert_int_eq(fuse_start(&fuse, acts_path("slow"), FUSE_STATFS), 0);
	asker = forked_start(ask_as_alice, NULL);
	while (fuse_seen(&fuse, FUSE_STATFS) == 0)
		ck_assert_msg(clock_monotonic_usec() < deadline, "nobody asks");
	ck_assert_int_eq(rename(acts_path("his/bobs"), acts_path("his/f")), 0);
	fuse_relent(&fuse);
	ck_assert_int_eq(forked_wait(asker), EACCES);
	acts_assert_is("his/f", BOB, S_IFREG | 0600);
	ck_assert_int_eq(fuse_stop(&fuse), 0);
	scene_stop(&acts_scene);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("name_races");
	TCase *tcase = suite_case(suite, "name_races");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	if (getenv("FDBROKER_LONG"))
		tcase_set_timeout(tcase, 1200);
	tcase_add_loop_test(tcase, two_names_that_change_bind_what_was_judged, 0,
			    ELEMENTSOF(races));
	tcase_add_test(tcase, what_was_not_there_when_it_was_looked_for_is_never_replaced);
	tcase_add_test(tcase, what_came_to_the_old_name_since_is_judged_too);
	return suite_main(suite);
}

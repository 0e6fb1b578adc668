/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/forked.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"
#include "tests/support/sysctl.h"
#include "tests/support/user.h"

/*
 * Names that lead elsewhere while the daemon looks at them. Alice owns the directories, rules open
 * what is in them, and while she asks for one name somebody changes what it leads to, as fast as
 * he can. Of all that she gets not one may be another inode than that which the rule means.
 */

#define REQUESTS      20000
#define REQUESTS_LONG 200000 /* of each race, where FDBROKER_LONG is set */

#define R WIRE_OPEN_READ
#define W WIRE_OPEN_WRITE

static struct scene s;
static char directory[128], secret[160];

static const char *in_directory(const char *name)
{
	static char paths[8][160];
	static size_t next;
	char *path = paths[next++ % ELEMENTSOF(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static void write_policy(void)
{
	char policy[1024];

	/* The one goes wherever the policy lets links lead, the other nowhere. */
	snprintf(policy, sizeof(policy),
		 "version 1;\n"
		 "for user %d {\n"
		 "    loose: allow read, write \"%s/loose/**\";\n"
		 "    tight: allow read as root \"%s/tight/**\";\n"
		 "}\n"
		 "for user %d { bobs: allow read \"%s\"; }\n",
		 ALICE, directory, directory, BOB, s.own);
	daemon_write_policy(&s.daemon, "scene.fdp", policy);
}

static void make_directory(const char *name, uid_t owner)
{
	ck_assert_int_eq(mkdir(in_directory(name), 0755), 0);
	ck_assert_int_eq(chown(in_directory(name), owner, owner), 0);
}

static void make_file(const char *name, uid_t owner)
{
	int fd = open(in_directory(name), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchown(fd, owner, owner), 0);
	fd_close(fd);
}

static void make_secret(void)
{
	make_directory("secrets", 0);
	make_file("secrets/f", 0);
	/* Nothing but the policy keeps her from it. */
	ck_assert_int_eq(chmod(secret, 0644), 0);
}

static void make_loose(void)
{
	make_directory("loose", ALICE);
	make_file("loose/f", ALICE);
	make_directory("loose/d", ALICE);
	make_file("loose/d/f", ALICE);
	ck_assert_int_eq(symlink(secret, in_directory("loose/link")), 0);
	ck_assert_int_eq(symlink("../secrets", in_directory("loose/away")), 0);
}

static void make_tight(void)
{
	make_directory("tight", ALICE);
	make_file("tight/f", ALICE);
	make_directory("tight/d", ALICE);
	make_file("tight/d/f", ALICE);
	make_directory("tight/e", ALICE);
	make_directory("tight/m", ALICE);
	make_file("tight/m/f", ALICE);
	ck_assert_int_eq(link(secret, in_directory("tight/hard")), 0);
	ck_assert_int_eq(link(secret, in_directory("tight/e/f")), 0);
	ck_assert_int_eq(symlink("../loose/f", in_directory("tight/link")), 0);
	ck_assert_int_eq(mkfifo(in_directory("tight/fifo"), 0600), 0);
}

/* who changes them, until one fails */

static int exchange(const char *one, const char *other)
{
	return renameat2(AT_FDCWD, in_directory(one), AT_FDCWD, in_directory(other),
			 RENAME_EXCHANGE);
}

/* Here, and there, and here again. */
static int move(const char *one, const char *other)
{
	if (rename(in_directory(one), in_directory(other)) < 0)
		return -1;
	return rename(in_directory(other), in_directory(one));
}

/* A second name of @other, where her own file was, if fs.protected_hardlinks lets her. */
static int link_there(const char *one, const char *other)
{
	if (rename(in_directory(one), in_directory("tight/aside")) < 0)
		return -1;
	if (link(in_directory(other), in_directory(one)) == 0 && unlink(in_directory(one)) < 0)
		return -1;
	return rename(in_directory("tight/aside"), in_directory(one));
}

/* A second name for what is there. */
static int link_away(const char *one, const char *other)
{
	if (link(in_directory(one), in_directory(other)) < 0)
		return -1;
	return unlink(in_directory(other));
}

static int mount_over(const char *one, const char *other)
{
	if (mount(in_directory(other), in_directory(one), NULL, MS_BIND, NULL) < 0)
		return -1;
	return umount2(in_directory(one), MNT_DETACH);
}

static const struct race {
	const char *name;
	uid_t who;
	uint32_t flags;
	const char *asked; /* for this she asks */
	int (*change)(const char *one, const char *other);
	const char *one, *other;
} races[] = {
	{ "a link to a secret", ALICE, R, "loose/f", exchange, "loose/f", "loose/link" },
	{ "a directory that is a link", ALICE, R, "loose/d/f", exchange, "loose/d", "loose/away" },
	{ "a link where none is followed", ALICE, R, "tight/f", exchange, "tight/f", "tight/link" },
	{ "a FIFO", ALICE, R, "tight/f", exchange, "tight/f", "tight/fifo" },
	{ "a directory that is moved away", ALICE, R, "tight/d/f", move, "tight/d", "loose/moved" },
	{ "directories that change places", ALICE, R, "tight/d/f", exchange, "tight/d", "tight/e" },
	{ "a secret's other name", ALICE, R, "tight/f", exchange, "tight/f", "tight/hard" },
	{ "a secret that is linked there", ALICE, R, "tight/f", link_there, "tight/f",
	  "secrets/f" },
	{ "a second name for it", ALICE, W, "loose/f", link_away, "loose/f", "loose/again" },
	{ "a mount on its directory", 0, R, "tight/m/f", mount_over, "tight/m", "secrets" },
	{ "a mount on itself", 0, R, "tight/m/f", mount_over, "tight/m/f", "secrets/f" },
};

static int change_for_ever(const void *arg)
{
	const struct race *race = arg;

	if (race->who != 0)
		user_become(&(const struct user){ .uid = race->who, .gid = race->who });
	while (race->change(race->one, race->other) == 0)
		continue;
	return errno;
}

/* who asks */

struct asker {
	const struct race *race;
	struct stat st; /* the one file that may come */
	int requests;
};

static int ask_often(const void *arg)
{
	const struct asker *asker = arg;
	const struct race *race = asker->race;
	unsigned int opened = 0, refused = 0;
	int sock = daemon_connect(&s.daemon);

	/* And ten times as many until either has come: who changes names may have had no processor. */
	for (int i = 0; i < asker->requests || (i < 10 * asker->requests && !(opened && refused));
	     i++) {
		int fd = daemon_ask(sock, in_directory(race->asked), race->flags, NULL);
		struct stat st;

		if (fd < 0) {
			refused++;
			continue;
		}
		opened++;
		ck_assert_int_eq(fstat(fd, &st), 0);
		if (st.st_dev != asker->st.st_dev || st.st_ino != asker->st.st_ino)
			return 1;
		fd_close(fd);
	}
	/* Otherwise nothing was raced. */
	return opened > 0 && refused > 0 ? 0 : opened > 0 ? 2 : 3;
}

/* The mounts are the test's own, and go with it. */
static void start(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	scene_prepare(&s);
	/* Not in the daemon's directory, which has files only. */
	snprintf(directory, sizeof(directory), "%s.names", s.daemon.directory);
	snprintf(secret, sizeof(secret), "%s/secrets/f", directory);
	make_directory("", 0);
	make_secret();
	make_loose();
	make_tight();
	write_policy();
	scene_start(&s);
}

static void stop(void)
{
	char command[192];

	scene_assert_unharmed(&s);
	scene_stop(&s);
	(void)umount2(in_directory("tight/m"), MNT_DETACH);
	(void)umount2(in_directory("tight/m/f"), MNT_DETACH);
	snprintf(command, sizeof(command), "rm -r '%s'", directory);
	ck_assert_int_eq(system(command), 0);
}

/* P02, P03, P08, P09, P13 */
START_TEST(a_name_that_changes_leads_to_what_was_judged)
{
	struct asker asker = {
		.race = &races[_i],
		.requests = getenv("FDBROKER_LONG") ? REQUESTS_LONG : REQUESTS,
	};
	pid_t changer;
	int r;

	start();
	ck_assert_int_eq(stat(in_directory(asker.race->asked), &asker.st), 0);
	changer = forked_start(change_for_ever, asker.race);
	r = scene_as(ALICE, ask_often, &asker);
	forked_end(changer);
	ck_assert_msg(r == 0, "%s: %d", asker.race->name, r);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("swaps");
	TCase *either[SYSCTL_CASES];
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	sysctl_cases(suite, either);
	for (size_t i = 0; i < ELEMENTSOF(either); i++) {
		if (getenv("FDBROKER_LONG"))
			tcase_set_timeout(either[i], 1200);
		tcase_add_loop_test(either[i], a_name_that_changes_leads_to_what_was_judged, 0,
				    ELEMENTSOF(races));
	}
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/acts.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"
#include "tests/support/user.h"

/*
 * Alice may have root change what is hers, in a directory that is hers, and while she asks for that
 * she exchanges what the name leads to as fast as she can. What is not hers stays as it is.
 *
 *	his/f		hers, asked for		his/hard	a second name of the secret
 *	his/d/f		hers, asked for		his/away	a link to the directory of secrets
 *	his/e		a directory like d, with a second name of the secret
 */

#define REQUESTS      3000
#define REQUESTS_MOST 300000 /* until both have come, on a machine that is busy */

static const char rules[] =
	"for user 30000 {\n"
	"    his: allow create, remove, attributes, truncate as root \"@t/his/**\" {\n"
	"        parents any; owner 30000; links any; type { regular, directory, symlink };\n"
	"        note \"test\";\n"
	"    }\n"
	"    loose: allow create, remove, attributes, truncate as root \"@t/loose/**\" {\n"
	"        type { regular, directory, symlink }; parents any; links any; symlinks follow; "
	"note \"test\";\n"
	"    }\n"
	"}\n"
	"secret: deny any \"@t/secrets/**\";\n";

static const struct race {
	enum acts_kind kind;
	const char *asked; /* for this she asks */
	int argument;
	const char *one, *other; /* these she exchanges */
	bool anew;		 /* she makes it again before each request */
} races[] = {
	{ CHMOD, "his/f", 0666, "his/f", "his/hard", false },
	{ CHMOD, "his/f", 0666, "his/f", "his/link", false },
	{ CHMOD, "his/d/f", 0666, "his/d", "his/away", false },
	{ CHMOD, "his/d/f", 0666, "his/d", "his/e", false },
	{ CHMOD, "loose/d/f", 0666, "loose/d", "loose/away", false },
	{ TOUCH, "his/f", 0, "his/f", "his/hard", false },
	{ TOUCH, "his/d/f", 0, "his/d", "his/away", false },
	{ TRUNCATE, "his/f", 0, "his/f", "his/hard", false },
	{ TRUNCATE, "his/d/f", 0, "his/d", "his/away", false },
	{ UNLINK, "his/d/f", 0, "his/d", "his/away", true },
	{ UNLINK, "loose/d/f", 0, "loose/d", "loose/away", true },
	{ RMDIR, "his/d/sub", 0, "his/d", "his/away", true },
	{ RMDIR, "loose/d/sub", 0, "loose/d", "loose/away", true },
	{ MKDIR, "his/d/new", 0700, "his/d", "his/away", true },
	{ MKDIR, "loose/d/new", 0700, "loose/d", "loose/away", true },
	{ SYMLINK, "his/d/new", 0, "his/d", "his/away", true },
	{ SYMLINK, "loose/d/new", 0, "loose/d", "loose/away", true },
};

static void make_names(void)
{
	acts_make_directory("secrets", 0, 0755);
	acts_make_directory("secrets/sub", 0, 0755);
	acts_make_file("secrets/f", 0, 0600);
	for (const char *const *top = (const char *const[]){ "his", "loose", NULL }; *top; top++) {
		char name[64];

		acts_make_directory(*top, ALICE, 0755);
		snprintf(name, sizeof(name), "%s/f", *top);
		acts_make_file(name, ALICE, 0600);
		snprintf(name, sizeof(name), "%s/d", *top);
		acts_make_directory(name, ALICE, 0755);
		snprintf(name, sizeof(name), "%s/d/f", *top);
		acts_make_file(name, ALICE, 0600);
		snprintf(name, sizeof(name), "%s/away", *top);
		acts_make_link(name, "../secrets");
	}
	acts_make_link("his/link", "../secrets/f");
	acts_make_directory("his/e", ALICE, 0755);
	ck_assert_int_eq(link(acts_path("secrets/f"), acts_path("his/hard")), 0);
	ck_assert_int_eq(link(acts_path("secrets/f"), acts_path("his/e/f")), 0);
}

static int exchange_for_ever(const void *arg)
{
	const struct race *race = arg;

	user_become(&(const struct user){ .uid = ALICE, .gid = ALICE });
	for (;;)
		if (renameat2(AT_FDCWD, acts_path(race->one), AT_FDCWD, acts_path(race->other),
			      RENAME_EXCHANGE) < 0)
			return errno;
}

/* In the directory that is hers, whatever its name is just now. */
static void make_anew(int directory, const struct race *race)
{
	if (race->kind == UNLINK) {
		fd_close(openat(directory, "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	} else if (race->kind == RMDIR) {
		(void)mkdirat(directory, "sub", 0700);
	} else {
		(void)unlinkat(directory, "new", race->kind == MKDIR ? AT_REMOVEDIR : 0);
	}
}

struct asker {
	const struct race *race;
	int directory;
};

/* What she owns root may have made for her: it is taken away by root too. */
static int ask_often(const void *arg)
{
	const struct asker *asker = arg;
	unsigned int granted = 0, refused = 0;
	struct fdbroker *broker;

	ck_assert_int_eq(fdbroker_connect(&broker, acts_scene.daemon.socket), 0);
	/* And more until either has come: the swapper may have had no processor so far. */
	for (int i = 0; i < REQUESTS || (i < REQUESTS_MOST && (granted == 0 || refused == 0));
	     i++) {
		const struct acts_row row = { asker->race->kind, asker->race->asked,
					      asker->race->argument, GRANTED };
		struct fdbroker_answer answer;

		if (asker->race->anew)
			make_anew(asker->directory, asker->race);
		if (acts_ask(broker, &row, &answer) == 0)
			granted++;
		else
			refused++;
	}
	fdbroker_close(broker);
	return granted > 0 && refused > 0 ? 0 : 1;
}

/* P02, P03, P08 */
START_TEST(a_name_that_changes_has_done_to_it_what_was_judged)
{
	struct asker asker = { .race = &races[_i] };
	struct stat before;
	pid_t swapper;
	int r;

	acts_prepare(rules);
	make_names();
	scene_start(&acts_scene);
	before = acts_look("secrets/f");
	asker.directory = open(acts_path(asker.race->one), O_PATH | O_CLOEXEC);
	swapper = forked_start(exchange_for_ever, asker.race);
	r = scene_as(ALICE, ask_often, &asker);
	forked_end(swapper);
	ck_assert_msg(r == 0, "%s: %d", asker.race->asked, r);
	acts_assert_untouched("secrets/f", &before);
	acts_assert_is("secrets/sub", 0, S_IFDIR | 0755);
	acts_assert_none("secrets/new");
	fd_close(asker.directory);
	acts_stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("act_races");
	TCase *tcase = suite_case(suite, "act_races");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_loop_test(tcase, a_name_that_changes_has_done_to_it_what_was_judged, 0,
			    ELEMENTSOF(races));
	return suite_main(suite);
}

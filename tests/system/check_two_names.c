/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "client/fdbroker.h"
#include "tests/support/acts.h"
#include "tests/support/suite.h"
#include "tests/support/sysctl.h"

/*
 * Rename and link, with the real daemon. A row is a question and what the answer must be; what
 * became of the names is then looked at by root.
 */

/* "" if there is nothing. */
static const char *content(const char *name)
{
	static char buffers[2][64];
	static size_t next;
	char *buffer = buffers[next++ % ELEMENTSOF(buffers)];
	int fd = open(acts_path(name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buffer, sizeof(buffers[0]) - 1);

	ck_assert_int_ge(n, 0);
	buffer[n] = '\0';
	fd_close(fd);
	return buffer;
}

static void assert_content(const char *name, const char *expected)
{
	const char *found = content(name);

	ck_assert_msg(strcmp(found, expected) == 0, "%s: '%s', not '%s'", name, found, expected);
}

/* names */

static const char naming[] = "for user 30000 {\n"
			     "    his: allow create, remove \"@t/his/**\";\n"
			     "    in: allow create \"@t/in/*\";\n"
			     "    out: allow remove \"@t/out/*\";\n"
			     "    hidden: allow create, remove \"@t/hidden/*\";\n"
			     "}\n"
			     "kept: deny remove \"@t/his/kept\";\n"
			     "closed: deny create \"@t/his/closed/**\";\n"
			     "gone: deny remove \"@t/hidden/gone\" { hide; }\n";

static const struct acts_row names[] = {
	{ RENAME, "his/a -> his/b", 0, GRANTED },
	{ RENAME, "his/a -> his/b", 0, HIDDEN },
	{ RENAME, "his/absent -> his/b", 0, HIDDEN },
	{ RENAME, "his/b -> his/directory/b", 0, GRANTED },
	/* neither name is looked at where the other may not be named */
	{ RENAME, "elsewhere -> his/x", 0, BY_DEFAULT },
	{ RENAME, "elsewhere-absent -> his/x", 0, BY_DEFAULT },
	{ RENAME, "his/absent -> elsewhere", 0, BY_DEFAULT },
	{ RENAME, "his/c -> elsewhere-absent", 0, BY_DEFAULT },
	{ RENAME, "his/kept -> his/x", 0, BY_RULE },
	{ RENAME, "his/c -> his/closed/x", 0, BY_RULE },
	{ RENAME, "his/c -> his/closed/there", 0, BY_RULE },
	{ RENAME, "hidden/gone -> hidden/x", 0, HIDDEN },
	/* what stands at the new name is removed, which needs its own leave */
	{ RENAME, "his/c -> his/d", 0, GRANTED },
	{ RENAME, "his/d -> his/kept", 0, BY_RULE },
	{ NOREPLACE, "his/d -> his/e", 0, KERNEL(EEXIST) },
	{ NOREPLACE, "his/d -> his/f", 0, GRANTED },
	{ RENAME, "his/f -> in/there", 0, BY_DEFAULT },
	{ RENAME, "his/f -> in/new", 0, GRANTED },
	{ RENAME, "in/new -> his/f", 0, BY_DEFAULT },
	{ RENAME, "out/file -> his/g", 0, GRANTED },
	{ RENAME, "his/g -> out/file", 0, BY_DEFAULT },
	{ RENAME, "his/g -> his/full", 0, KERNEL(EISDIR) },
	/* a link is renamed itself, and what it leads to is another name */
	{ RENAME, "his/link -> his/renamed", 0, GRANTED },
	{ RENAME, "his/away/file -> his/x", 0, BY_DEFAULT },
	{ RENAME, "his/e -> his/away/x", 0, BY_DEFAULT },
	{ RENAME, "his/back/h -> his/back/i", 0, GRANTED },
	/* not what has whoever knows what below it, or at its other end */
	{ RENAME, "his/full -> his/moved", 0, CONDITION },
	{ RENAME, "his/socket -> his/moved", 0, CONDITION },
	{ RENAME, "his/fifo -> his/moved", 0, CONDITION },
	/* what ends in a slash is one */
	{ RENAME, "his/e/ -> his/x", 0, UNASKED(ENOTDIR) },
	{ RENAME, "his/e -> his/x/", 0, UNASKED(ENOTDIR) },
	/* as the caller */
	{ RENAME, "his/roots/file -> his/x", 0, KERNEL(EACCES) },
	{ RENAME, "his/e -> his/roots/x", 0, KERNEL(EACCES) },
	{ RENAME, "his/sticky/bobs -> his/x", 0, KERNEL(EPERM) },
};

static void make_names(void)
{
	static const char *const files[] = { "his/a", "his/c",	  "his/d",
					     "his/e", "his/kept", "hidden/gone" };

	acts_make_directory("his", ALICE, 0755);
	acts_make_directory("his/directory", ALICE, 0755);
	acts_make_directory("his/closed", ALICE, 0755);
	acts_make_directory("his/full", ALICE, 0755);
	acts_make_directory("his/full/er", ALICE, 0755);
	acts_make_directory("his/roots", 0, 0755);
	acts_make_directory("his/sticky", 0, 01777);
	acts_make_directory("in", ALICE, 0755);
	acts_make_directory("out", ALICE, 0755);
	acts_make_directory("hidden", ALICE, 0755);
	acts_make_directory("elsewhere-directory", ALICE, 0755);
	for (size_t i = 0; i < ELEMENTSOF(files); i++)
		acts_make_named_file(files[i], ALICE, 0644);
	acts_make_named_file("his/closed/there", ALICE, 0644);
	acts_make_named_file("his/directory/h", ALICE, 0644);
	acts_make_named_file("in/there", ALICE, 0644);
	acts_make_named_file("out/file", ALICE, 0644);
	acts_make_named_file("elsewhere", ALICE, 0644);
	acts_make_named_file("elsewhere-directory/file", ALICE, 0644);
	acts_make_named_file("his/roots/file", 0, 0644);
	acts_make_named_file("his/sticky/bobs", BOB, 0666);
	acts_make_link("his/link", "a");
	acts_make_link("his/away", acts_path("elsewhere-directory"));
	acts_make_link("his/back", "directory");
	fd_close(acts_listen_at("his/socket", SOCK_STREAM, 0755, 1));
	ck_assert_int_eq(chown(acts_path("his/socket"), ALICE, ALICE), 0);
	ck_assert_int_eq(mkfifo(acts_path("his/fifo"), 0644), 0);
}

START_TEST(each_name_is_judged_by_itself)
{
	char target[16] = "";

	acts_prepare(naming);
	make_names();
	scene_start(&acts_scene);
	acts_assert_rows(names);
	assert_content("his/directory/b", "his/a");
	assert_content("in/new", "his/c");
	assert_content("in/there", "in/there");
	assert_content("his/g", "out/file");
	assert_content("his/e", "his/e");
	assert_content("his/kept", "his/kept");
	assert_content("his/directory/i", "his/directory/h");
	assert_content("elsewhere", "elsewhere");
	assert_content("elsewhere-directory/file", "elsewhere-directory/file");
	assert_content("his/sticky/bobs", "his/sticky/bobs");
	ck_assert_int_eq(readlink(acts_path("his/renamed"), target, sizeof(target)), 1);
	ck_assert_int_eq(access(acts_path("his/full/er"), F_OK), 0);
	acts_stop();
}
END_TEST

/* objects */

static const char conditions[] =
	"for user 30000 {\n"
	"    from: allow remove \"@t/from/*\" { owner caller; }\n"
	"    any: allow remove \"@t/any/*\";\n"
	"    free: allow create \"@t/free/*\";\n"
	"    to: allow create \"@t/to/*\" { owner caller; mode-max 0640; }\n"
	"    to-remove: allow remove \"@t/to/*\" { max-size 8; }\n"
	"}\n"
	"links: deny create \"@t/to/**\" { type symlink; }\n";

static const struct acts_row objects[] = {
	{ RENAME, "from/his -> to/a", 0, GRANTED },
	{ RENAME, "from/bobs -> to/b", 0, CONDITION },
	{ RENAME, "from/bobs -> free/b", 0, CONDITION },
	{ RENAME, "any/free -> free/b", 0, GRANTED },
	{ RENAME, "any/bobs -> to/b", 0, CONDITION },
	{ RENAME, "any/open -> to/b", 0, CONDITION },
	{ RENAME, "any/link -> to/b", 0, BY_RULE },
	{ RENAME, "any/file -> to/long-content", 0, CONDITION },
	{ RENAME, "any/file -> to/s", 0, GRANTED },
	{ RENAME, "any/set-id -> any/x", 0, BY_DEFAULT },
};

START_TEST(each_object_is_held_to_the_conditions_of_its_rules)
{
	acts_prepare(conditions);
	acts_make_directory("from", ALICE, 0777);
	acts_make_directory("any", ALICE, 0777);
	acts_make_directory("free", ALICE, 0777);
	acts_make_directory("to", ALICE, 0777);
	acts_make_named_file("from/his", ALICE, 0640);
	acts_make_named_file("from/bobs", BOB, 0640);
	acts_make_named_file("any/bobs", BOB, 0640);
	acts_make_named_file("any/free", BOB, 0640);
	acts_make_named_file("any/open", ALICE, 0644);
	acts_make_named_file("any/file", ALICE, 0640);
	acts_make_named_file("to/long-content", ALICE, 0640);
	acts_make_named_file("to/s", ALICE, 0640);
	acts_make_link("any/link", "file");
	acts_make_named_file("any/set-id", ALICE, 04755);
	scene_start(&acts_scene);
	acts_assert_rows(objects);
	assert_content("to/a", "from/his");
	assert_content("to/s", "any/file");
	assert_content("to/long-content", "to/long-content");
	acts_stop();
}
END_TEST

/* authority */

static const char lending[] = "for user 30000 {\n"
			      "    his: allow create, remove \"@t/his/*\";\n"
			      "    lent: allow create, remove as root \"@t/lent/*\";\n"
			      "    into: allow create as root \"@t/into/*\";\n"
			      "    cleared: allow remove \"@t/into/*\";\n"
			      "    alices: allow create, remove as root \"@t/alices/*\"\n"
			      "        { create-owner \"30000:30000\"; create-mode 0640; }\n"
			      "    links: allow create, remove as root \"@t/links/*\"\n"
			      "        { type symlink; }\n"
			      "}\n";

static const struct acts_row authorities[] = {
	{ RENAME, "lent/a -> lent/b", 0, GRANTED },
	{ RENAME, "lent/b -> lent/c", 0, GRANTED },
	/* root's rights are for names whose rules say so: the caller's for the rest */
	{ RENAME, "lent/c -> his/c", 0, KERNEL(EACCES) },
	{ RENAME, "his/roots -> lent/d", 0, KERNEL(EACCES) },
	{ RENAME, "his/hers -> lent/d", 0, CONDITION },
	{ RENAME, "his/hers -> his/roots", 0, GRANTED },
	{ RENAME, "lent/t -> into/there", 0, KERNEL(EACCES) },
	{ RENAME, "lent/t -> into/new", 0, GRANTED },
	/* what gets a name is as what would have been made there */
	{ RENAME, "lent/hers -> lent/d", 0, CONDITION },
	{ RENAME, "lent/writable -> lent/d", 0, CONDITION },
	{ RENAME, "lent/hers -> alices/e", 0, GRANTED },
	{ RENAME, "lent/c -> alices/f", 0, CONDITION },
	{ RENAME, "lent/hers-open -> alices/f", 0, CONDITION },
	/* of a link that is who made it: its group is its directory's */
	{ RENAME, "links/roots -> links/a", 0, GRANTED },
	{ RENAME, "links/hers -> links/b", 0, CONDITION },
};

START_TEST(root_lends_only_where_every_rule_says_so)
{
	acts_prepare(lending);
	acts_make_directory("his", ALICE, 0755);
	acts_make_directory("lent", 0, 01755);
	acts_make_directory("alices", 0, 0755);
	acts_make_directory("into", 0, 0755);
	acts_make_directory("links", 0, 0755);
	acts_make_link("links/roots", "a");
	ck_assert_int_eq(lchown(acts_path("links/roots"), 0, BOB), 0);
	acts_make_link("links/hers", "a");
	ck_assert_int_eq(lchown(acts_path("links/hers"), ALICE, 0), 0);
	acts_make_named_file("into/there", 0, 0644);
	acts_make_named_file("lent/t", 0, 0644);
	acts_make_named_file("his/hers", ALICE, 0640);
	acts_make_named_file("his/roots", 0, 0644);
	acts_make_named_file("lent/a", 0, 0644);
	acts_make_named_file("lent/c", 0, 0600);
	acts_make_named_file("lent/hers", ALICE, 0640);
	acts_make_named_file("lent/hers-open", ALICE, 0644);
	acts_make_named_file("lent/writable", 0, 0666);
	scene_start(&acts_scene);
	acts_assert_rows(authorities);
	assert_content("lent/c", "lent/a");
	assert_content("alices/e", "lent/hers");
	assert_content("into/there", "into/there");
	assert_content("his/roots", "his/hers");
	acts_stop();
}
END_TEST

/* what another name lends */

static const char escaping[] = "for user 30000 {\n"
			       "    his: allow create, remove \"@t/*/*\";\n"
			       "    readable: allow read \"@t/readable/*\", \"@t/both/*\";\n"
			       "    roots: allow read as root \"@t/roots/*\";\n"
			       "    small: allow read \"@t/small/*\" { max-size 4; }\n"
			       "}\n"
			       "sealed: deny attributes \"@t/sealed/*\";\n";

static const struct acts_row escapes[] = {
	{ RENAME, "plain/a -> readable/a", 0, BY_DEFAULT },
	{ RENAME, "readable/b -> roots/b", 0, BY_DEFAULT },
	{ RENAME, "small/long -> readable/c", 0, CONDITION },
	{ RENAME, "small/s -> readable/s", 0, GRANTED },
	{ RENAME, "sealed/d -> plain/d", 0, BY_RULE },
	{ RENAME, "sealed/d -> sealed/e", 0, GRANTED },
	{ RENAME, "readable/b -> both/b", 0, GRANTED },
	{ RENAME, "both/b -> plain/b", 0, GRANTED },
	{ LINK, "readable/l -> both/l", 0, GRANTED },
	{ LINK, "readable/l -> roots/l", 0, BY_DEFAULT },
	{ LINK, "plain/a -> plain/l", 0, BY_DEFAULT },
};

START_TEST(nobody_gets_more_by_a_new_name)
{
	static const char *const directories[] = { "plain", "readable", "both",
						   "roots", "small",	"sealed" };
	static const char *const files[] = { "plain/a", "readable/b", "readable/l", "small/long",
					     "sealed/d" };

	acts_prepare(escaping);
	for (size_t i = 0; i < ELEMENTSOF(directories); i++)
		acts_make_directory(directories[i], ALICE, 0755);
	for (size_t i = 0; i < ELEMENTSOF(files); i++)
		acts_make_named_file(files[i], ALICE, 0644);
	acts_make_named_file("small/s", ALICE, 0644);
	ck_assert_int_eq(truncate(acts_path("small/s"), 1), 0);
	scene_start(&acts_scene);
	acts_assert_rows(escapes);
	assert_content("plain/b", "readable/b");
	assert_content("sealed/e", "sealed/d");
	assert_content("both/l", "readable/l");
	acts_stop();
}
END_TEST

/* links */

static const char linking[] = "for user 30000 {\n"
			      "    his: allow read, create \"@t/his/*\";\n"
			      "    once: allow read, create \"@t/once/*\" { links 1; }\n"
			      "    lent: allow read, create as root \"@t/lent/*\";\n"
			      "    fifo: allow read, create \"@t/fifo/*\" { type fifo; }\n"
			      "}\n";

static const struct acts_row links[] = {
	{ LINK, "his/a -> his/b", 0, GRANTED },
	{ LINK, "his/a -> his/b", 0, KERNEL(EEXIST) },
	{ LINK, "his/absent -> his/c", 0, HIDDEN },
	{ LINK, "his/a -> elsewhere", 0, BY_DEFAULT },
	{ LINK, "elsewhere -> his/c", 0, BY_DEFAULT },
	/* what fs.protected_hardlinks would refuse, whether or not it does */
	{ LINK, "his/bobs -> his/c", 0, KERNEL(EPERM) },
	{ LINK, "his/everybodys -> his/c", 0, GRANTED },
	{ LINK, "his/set-id -> his/d", 0, BY_RULE },
	{ LINK, "his/link -> his/d", 0, CONDITION },
	{ LINK, "his/directory -> his/d", 0, CONDITION },
	{ LINK, "fifo/f -> fifo/g", 0, CONDITION },
	{ LINK, "once/a -> once/b", 0, CONDITION },
	{ LINK, "lent/a -> lent/b", 0, GRANTED },
	{ LINK, "lent/a -> his/e", 0, KERNEL(EPERM) },
	{ LINK, "his/a -> his/e/", 0, UNASKED(ENOTDIR) },
};

START_TEST(links_are_made_of_what_the_caller_could_link)
{
	struct stat a, b;

	acts_prepare(linking);
	acts_make_directory("his", ALICE, 0755);
	acts_make_directory("his/directory", ALICE, 0755);
	acts_make_directory("once", ALICE, 0755);
	acts_make_directory("lent", 0, 0755);
	acts_make_directory("fifo", ALICE, 0755);
	acts_make_named_file("his/a", ALICE, 0600);
	acts_make_named_file("his/bobs", BOB, 0644);
	acts_make_named_file("his/everybodys", BOB, 0666);
	acts_make_named_file("his/set-id", ALICE, 04755);
	acts_make_named_file("once/a", ALICE, 0600);
	acts_make_named_file("lent/a", 0, 0600);
	acts_make_named_file("elsewhere", ALICE, 0644);
	acts_make_link("his/link", "a");
	ck_assert_int_eq(mkfifo(acts_path("fifo/f"), 0666), 0);
	scene_start(&acts_scene);
	acts_assert_rows(links);
	ck_assert_int_eq(stat(acts_path("his/a"), &a), 0);
	ck_assert_int_eq(stat(acts_path("his/b"), &b), 0);
	ck_assert_uint_eq(a.st_ino, b.st_ino);
	assert_content("lent/b", "lent/a");
	acts_stop();
}
END_TEST

/* programs */

static const char app[] =
	"for user 30000 {\n"
	"    allow read, write, create, remove \"@t/app/*\";\n"
	"    allow read, write, create, remove \"@t/kept/*\" { create-mode 0640; }\n"
	"}\n";

/* 0, or -errno: the file that @name is then says @text, and there was no moment without one. */
static int write_anew(struct fdbroker *broker, const char *name, const char *text)
{
	char temporary[64];
	int fd, r;

	snprintf(temporary, sizeof(temporary), "%s.new", name);
	fd = fdbroker_open(broker, acts_path(temporary), O_CREAT | O_EXCL | O_WRONLY, 0640, NULL);
	if (fd < 0)
		return fd;
	r = write(fd, text, strlen(text)) < 0 || fsync(fd) < 0 ? -errno : 0;
	fd_close(fd);
	return r < 0 ? r : fdbroker_rename(broker, acts_path(temporary), acts_path(name), 0, NULL);
}

static int write_some_anew(const void *arg)
{
	struct fdbroker *broker;

	(void)arg;
	ck_assert_int_eq(fdbroker_connect(&broker, acts_scene.daemon.socket), 0);
	ck_assert_int_eq(write_anew(broker, "app/state", "first"), 0);
	ck_assert_int_eq(write_anew(broker, "app/state", "second"), 0);
	ck_assert_int_eq(write_anew(broker, "kept/state", "first"), 0);
	ck_assert_int_eq(write_anew(broker, "kept/state", "second"), 0);
	fdbroker_close(broker);
	return 0;
}

START_TEST(a_program_replaces_a_file_by_what_it_wrote_beside_it)
{
	acts_prepare(app);
	acts_make_directory("app", ALICE, 0755);
	acts_make_directory("kept", ALICE, 0755);
	scene_start(&acts_scene);
	ck_assert_int_eq(scene_as(ALICE, write_some_anew, NULL), 0);
	assert_content("app/state", "second");
	assert_content("kept/state", "second");
	ck_assert_int_eq(access(acts_path("app/state.new"), F_OK), -1);
	acts_stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("two names");
	TCase *either[SYSCTL_CASES];
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	sysctl_cases(suite, either);
	for (size_t i = 0; i < ELEMENTSOF(either); i++) {
		tcase_add_test(either[i], each_name_is_judged_by_itself);
		tcase_add_test(either[i], each_object_is_held_to_the_conditions_of_its_rules);
		tcase_add_test(either[i], root_lends_only_where_every_rule_says_so);
		tcase_add_test(either[i], nobody_gets_more_by_a_new_name);
		tcase_add_test(either[i], links_are_made_of_what_the_caller_could_link);
		tcase_add_test(either[i], a_program_replaces_a_file_by_what_it_wrote_beside_it);
	}
	return suite_main(suite);
}

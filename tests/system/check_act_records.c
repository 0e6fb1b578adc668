/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "tests/support/acts.h"
#include "tests/support/suite.h"

/*
 * What holds for opens holds for what is asked of names besides: each is written down with its modes and
 * its names, complain mode lends nothing, and rates count it.
 */

/* each has a directory of its own, and a name that no other has */
static const struct row {
	enum acts_kind kind;
	const char *name;
	int argument;
	const char *modes;
	const char *act; /* with the other name, ACTS_NEW beside it; or NULL */
} rows[] = {
	{ STAT, "stat/it", 0, "stat", NULL },
	{ LSTAT, "lstat/it", 0, "stat", NULL },
	{ ACCESS, "access/it", R_OK, "read, stat", NULL },
	{ READLINK, "readlink/link", 0, "stat", NULL },
	{ CHMOD, "chmod/it", 0600, "attributes", NULL },
	{ TOUCH, "touch/it", 0, "attributes", NULL },
	{ TRUNCATE, "truncate/it", 0, "truncate", NULL },
	{ UNLINK, "unlink/it", 0, "remove", NULL },
	{ RMDIR, "rmdir/directory", 0, "remove", NULL },
	{ MKDIR, "mkdir/new", 0700, "create", NULL },
	{ SYMLINK, "symlink/new", 0, "create", NULL },
	{ WATCH, "watch/it", 0, "watch", NULL },
	{ RENAME, "rename/it", 0, "remove", "rename" },
	{ LINK, "link/it", 0, "read", "link" },
	{ CONNECT, "connect/socket", SOCK_STREAM, "connect", NULL },
};

enum way { ALLOWED, COMPLAINED, REFUSED, WAYS };

static const struct {
	const char *rules, *decision, *reason, *rule;
} ways[] = {
	[ALLOWED] = { "for user 30000 {\n"
		      "    it: allow stat, read, attributes, truncate, remove, create, watch, "
		      "connect "
		      "\"@t/**\" { audit all; }\n"
		      "}\n",
		      "allow", "ok", "scene.it" },
	[COMPLAINED] = { "for user 30000 mode complain { }\n", "complain", "ok",
			 "scene.L3.complain" },
	[REFUSED] = { "", "deny", "default", NULL },
};

/* Who listens would take her for the broker. */
static enum way way_of(const struct row *row, enum way way)
{
	return way == COMPLAINED && row->kind == CONNECT ? REFUSED : way;
}

static const char *base_of(const char *name)
{
	return strrchr(name, '/') + 1;
}

/* Of the name that a row has. */
static void make_object(const char *name)
{
	const char *base = base_of(name);

	if (strcmp(base, "it") == 0)
		acts_make_file(name, ALICE, 0644);
	else if (strcmp(base, "link") == 0)
		acts_make_link(name, "it");
	else if (strcmp(base, "directory") == 0)
		acts_make_directory(name, ALICE, 0755);
}

static void make_objects(void)
{
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		char directory[64];

		snprintf(directory, sizeof(directory), "%.*s",
			 (int)(base_of(rows[i].name) - rows[i].name - 1), rows[i].name);
		acts_make_directory(directory, ALICE, 0755);
		make_object(rows[i].name);
	}
}

static void assert_field(const char *record, const char *name, const char *value)
{
	char text[256];

	snprintf(text, sizeof(text), "\"%s\":\"%s\"", name, value);
	ck_assert_msg(strstr(record, text), "no %s in %s", text, record);
}

/* The new name of two; of a refusal by the old one it was not judged. */
static void assert_other(const char *record, const struct row *row, enum way way)
{
	char other[64];

	snprintf(other, sizeof(other), "%.*s" ACTS_NEW, (int)(base_of(row->name) - row->name),
		 row->name);
	assert_field(record, "act", row->act);
	assert_field(record, "name", "old");
	assert_field(record, "other_path", acts_path(other));
	if (!ways[way].rule)
		return;
	assert_field(record, "other_modes", "create");
	assert_field(record, "other_rule", ways[way].rule);
}

static void assert_recorded(const struct row *row, enum way way)
{
	char key[256], *record;

	snprintf(key, sizeof(key), "\"path\":\"%s\"", acts_path(row->name));
	record = daemon_await_record(&acts_scene.daemon, key);
	assert_field(record, "decision", ways[way].decision);
	assert_field(record, "reason", ways[way].reason);
	assert_field(record, "modes", row->modes);
	if (ways[way].rule)
		assert_field(record, "rule", ways[way].rule);
	if (row->act)
		assert_other(record, row, way);
	free(record);
}

/* P81 */
START_TEST(each_act_is_written_down_with_its_modes_and_names)
{
	static const struct acts_row outcomes[] = {
		[ALLOWED] = { .expected = 0, .reason = FDBROKER_REASON_OK },
		[COMPLAINED] = { .expected = 0, .reason = FDBROKER_REASON_OK },
		[REFUSED] = { .expected = EACCES, .reason = FDBROKER_REASON_DEFAULT },
	};
	struct acts_row asked[ELEMENTSOF(rows)];
	int listening;

	acts_prepare(ways[_i].rules);
	make_objects();
	listening = acts_listen_at("connect/socket", SOCK_STREAM, 0666, 8);
	scene_start(&acts_scene);
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		asked[i] = outcomes[way_of(&rows[i], _i)];
		asked[i].kind = rows[i].kind;
		asked[i].name = rows[i].name;
		asked[i].argument = rows[i].argument;
	}
	acts_assert_rows(asked);
	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		assert_recorded(&rows[i], way_of(&rows[i], _i));
	scene_assert_unharmed(&acts_scene);
	fd_close(listening);
	scene_stop(&acts_scene);
}
END_TEST

/* complain mode */

/* As she could by herself, and no further: with two names, too, and where nothing is changed. */
static const struct acts_row alone[] = {
	{ ACCESS, "bobs/readable", R_OK, GRANTED },
	{ ACCESS, "bobs/readable", W_OK, KERNEL(EACCES) },
	{ ACCESS, "bobs/private", R_OK, KERNEL(EACCES) },
	{ READLINK, "closed/link", 0, KERNEL(EACCES) },
	{ WATCH, "bobs/readable", 0, GRANTED },
	{ WATCH, "bobs/private", 0, KERNEL(EACCES) },
	{ RENAME, "bobs/readable", 0, KERNEL(EACCES) },
	{ RENAME, "sticky/bobs", 0, KERNEL(EPERM) },
	{ RENAME, "closed/file", 0, KERNEL(EACCES) },
	{ LINK, "bobs/readable", 0, KERNEL(EPERM) },
	{ LINK, "open/bobs", 0, KERNEL(EPERM) },
	{ LINK, "open/roots", 0, KERNEL(EPERM) },
	{ RENAME, "open/kept", 0, BY_RULE },
	{ RENAME, "open/alices", 0, GRANTED },
};

static const char complaining[] = "for user 30000 mode complain { }\n"
				  "kept: deny remove \"@t/open/kept\";\n";

START_TEST(complaint_lends_nothing_to_what_is_asked_of_names)
{
	acts_prepare(complaining);
	acts_make_directory("bobs", BOB, 0755);
	acts_make_directory("open", 0, 0777);
	acts_make_directory("sticky", 0, 01777);
	acts_make_directory("closed", 0, 0700);
	acts_make_file("bobs/readable", BOB, 0644);
	acts_make_file("bobs/private", BOB, 0600);
	acts_make_file("open/bobs", BOB, 0644);
	acts_make_file("open/roots", 0, 0600);
	acts_make_file("open/kept", ALICE, 0644);
	acts_make_named_file("open/alices", ALICE, 0644);
	acts_make_file("sticky/bobs", BOB, 0666);
	acts_make_file("closed/file", ALICE, 0644);
	acts_make_link("closed/link", "file");
	scene_start(&acts_scene);
	acts_assert_rows(alone);
	acts_assert_is("bobs/readable", BOB, S_IFREG | 0644);
	acts_assert_is("open/bobs", BOB, S_IFREG | 0644);
	acts_assert_is("sticky/bobs", BOB, S_IFREG | 0666);
	acts_assert_is("open/kept", ALICE, S_IFREG | 0644);
	acts_assert_none("open/alices");
	acts_assert_none("sticky/" ACTS_NEW);
	acts_assert_none("bobs/" ACTS_NEW);
	acts_stop();
}
END_TEST

/* rates */

#define RATED EAGAIN, FDBROKER_REASON_RATE

static const char rating[] =
	"for user 30000 {\n"
	"    few: allow attributes, stat \"@t/few/*\" { rate 3/h per uid; }\n"
	"    names: allow create, remove \"@t/names/*\" { rate 2/h per uid; }\n"
	"    old: allow remove \"@t/apart/*\";\n"
	"    new: allow create \"@t/apart/none\" { rate 1/h per uid; }\n"
	"}\n";

static const struct acts_row rated[] = {
	{ CHMOD, "few/a", 0600, GRANTED },
	{ STAT, "few/absent", 0, HIDDEN },
	{ TOUCH, "few/b", 0, GRANTED },
	{ STAT, "few/a", 0, GRANTED },
	{ STAT, "few/a", 0, RATED },
	{ CHMOD, "few/b", 0600, RATED },
	/* of what stands at the new name, too, the rule is asked: and this is one request */
	{ RENAME, "names/a", 0, GRANTED },
	{ RENAME, "names/b", 0, GRANTED },
	{ RENAME, "names/c", 0, RATED },
	{ UNLINK, "names/c", 0, RATED },
	{ MKDIR, "names/d", 0700, RATED },
	/* each name by its own rule */
	{ RENAME, "apart/a", 0, GRANTED },
	{ UNLINK, "apart/none", 0, GRANTED },
	{ RENAME, "apart/b", 0, RATED },
};

START_TEST(rate_counts_what_is_asked_of_names)
{
	struct stat a, b;

	acts_prepare(rating);
	acts_make_directory("few", ALICE, 0755);
	acts_make_directory("names", ALICE, 0755);
	acts_make_directory("apart", ALICE, 0755);
	acts_make_file("few/a", ALICE, 0644);
	acts_make_file("few/b", ALICE, 0644);
	acts_make_file("names/a", ALICE, 0644);
	acts_make_file("names/b", ALICE, 0644);
	acts_make_file("names/c", ALICE, 0644);
	acts_make_file("apart/a", ALICE, 0644);
	acts_make_file("apart/b", ALICE, 0644);
	b = acts_look("names/b");
	scene_start(&acts_scene);
	acts_assert_rows(rated);
	acts_assert_is("few/a", ALICE, S_IFREG | 0600);
	acts_assert_is("few/b", ALICE, S_IFREG | 0644);
	a = acts_look("names/" ACTS_NEW);
	ck_assert_uint_eq(a.st_ino, b.st_ino);
	acts_assert_is("names/c", ALICE, S_IFREG | 0644);
	acts_assert_none("names/d");
	acts_assert_is("apart/b", ALICE, S_IFREG | 0644);
	acts_stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("act records");
	TCase *tcase = suite_case(suite, "act records");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_loop_test(tcase, each_act_is_written_down_with_its_modes_and_names, 0, WAYS);
	tcase_add_test(tcase, complaint_lends_nothing_to_what_is_asked_of_names);
	tcase_add_test(tcase, rate_counts_what_is_asked_of_names);
	return suite_main(suite);
}

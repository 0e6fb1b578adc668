/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A word of the language that this build knows and does not enforce is never passed over: the
 * real daemon refuses the policy by E019, and the generation before it goes on.
 */
#include "policy/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/macro.h"
#include "policy/keywords.h"
#include "tests/support/daemon.h"
#include "tests/support/suite.h"

#define SERVED	 "/etc/hostname"
#define GOOD	 "version 1;\nfor user root { a: allow read \"" SERVED "\"; }\n"
#define TO(mode) "for user root { allow " mode " \"/srv/a\"; }\n"

static const struct {
	const char *word, *text;
} refused[] = {
	{ "watch", TO("watch") },
	{ "watch", "deny watch \"/srv/a\";\n" },
};

static const char *const enforced[] = {
	/* modes */
	"read",
	"write",
	"append",
	"truncate",
	"create",
	"tmpfile",
	"list",
	"stat",
	"remove",
	"attributes",
	"connect",
	"any",
	/* matchers */
	"user",
	"group",
	"unit",
	"user-unit",
	"slice",
	"exe",
	"userns",
	"mntns",
	"pidns",
	"nnp",
	"seccomp",
	"apparmor",
	"selinux",
	"anyone",
	"subject",
	/* attributes */
	"type",
	"owner",
	"file-group",
	"mode-max",
	"links",
	"max-size",
	"device",
	"fs",
	"mount",
	"mounts",
	"symlinks",
	"parents",
	"until",
	"audit",
	"note",
	"hide",
	"create-mode",
	"create-owner",
	"rate",
	"inflight",
	"deliver",
};

static bool is_refused(const char *word)
{
	for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
		if (strcmp(refused[i].word, word) == 0)
			return true;
	}
	return false;
}

static bool is_enforced(const char *word)
{
	for (size_t i = 0; i < ELEMENTSOF(enforced); i++) {
		if (strcmp(enforced[i], word) == 0)
			return true;
	}
	return false;
}

START_TEST(unsupported_words_are_all_those_that_are_not_enforced)
{
	const struct keyword_table *const tables[] = { &keyword_modes, &keyword_keys,
						       &keyword_attrs };

	for (size_t i = 0; i < ELEMENTSOF(tables); i++) {
		for (size_t j = 0; j < tables[i]->n; j++) {
			const char *word = tables[i]->words[j];

			ck_assert_msg(is_refused(word) != is_enforced(word), "%s", word);
		}
	}
}
END_TEST

static void assert_serves(int sock, const char *word)
{
	int fd = daemon_ask(sock, SERVED, WIRE_OPEN_READ, NULL);

	ck_assert_msg(fd >= 0, "with '%s': %s", word, strerror(-fd));
	fd_close(fd);
}

static void assert_refuses(const struct daemon *d, int sock, const char *word, const char *rest)
{
	char policy[512], expected[128], *said;
	int another;

	snprintf(policy, sizeof(policy), GOOD "%s", rest);
	snprintf(expected, sizeof(expected), "error[E019]: '%s' is not supported by this build",
		 word);
	daemon_write_policy(d, "a.fdp", policy);
	ck_assert_int_eq(daemon_reload(d, &said), 2);
	ck_assert_msg(strstr(said, expected) != NULL, "'%s': %s", word, said);
	free(said);
	ck_assert_uint_eq(daemon_number(d, "generation"), 1);
	another = daemon_connect(d);
	assert_serves(sock, word);
	assert_serves(another, word);
	fd_close(another);
}

START_TEST(unsupported_words_are_refused_by_the_daemon_and_the_old_generation_serves)
{
	struct daemon d;
	int sock;

	daemon_prepare(&d);
	daemon_write_policy(&d, "a.fdp", GOOD);
	daemon_start(&d);
	sock = daemon_connect(&d);
	for (size_t i = 0; i < ELEMENTSOF(refused); i++)
		assert_refuses(&d, sock, refused[i].word, refused[i].text);
	daemon_write_policy(&d, "a.fdp", GOOD);
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	ck_assert_uint_gt(daemon_number(&d, "generation"), 1);
	fd_close(sock);
	daemon_stop(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unsupported");
	TCase *tcase = suite_case(suite, "unsupported");
	int r = daemon_unavailable();

	if (r != 0)
		return r;
	tcase_add_test(tcase, unsupported_words_are_all_those_that_are_not_enforced);
	tcase_add_test(tcase,
		       unsupported_words_are_refused_by_the_daemon_and_the_old_generation_serves);
	return suite_main(suite);
}

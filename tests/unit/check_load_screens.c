/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The diagnostics that no text alone provokes, word for word: who may change the files (E009), a
 * name service that does not answer (E010). The others are data, in tests/policy/bad/, and in
 * tests/policy/bad/load/ what only compiling finds; tests/policy/diagnostics sees that none is missing.
 */
#include "policy/load.h"

#include <fcntl.h>
#include <limits.h>
#include <nss.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/account.h"
#include "base/cleanup.h"
#include "base/macro.h"
#include "tests/support/policy.h"
#include "tests/support/suite.h"

DEFINE_CLEANUP(struct policy *, policy_free)

static char directory[64];

/* The screen, with @ for the directory. */
static void assert_screen(const struct diags *diags, const char *expected, const char *name)
{
	struct text text = TEXT_EMPTY;
	char *shown, *at;

	for (size_t i = 0; i < diags->n; i++)
		diag_render(&diags->items[i], false, &text);
	ck_assert_int_eq(text_finish(&text, &shown), 0);
	while (directory[0] != '\0' && (at = strstr(shown, directory))) {
		*at = '@';
		memmove(at + 1, at + strlen(directory), strlen(at + strlen(directory)) + 1);
	}
	ck_assert_msg(strcmp(shown, expected) == 0, "%s: shows\n%s", name, shown);
	free(shown);
}

/* E009, P61 */

static char file[sizeof(directory) + sizeof("/a.fdp")];

static void set_up(void)
{
	FILE *out;

	suite_make_directory("/tmp", directory, sizeof(directory));
	snprintf(file, sizeof(file), "%s/a.fdp", directory);
	out = fopen(file, "we");
	ck_assert_ptr_nonnull(out);
	ck_assert_int_ge(fputs("version 1;\n", out), 0);
	ck_assert_int_eq(fchmod(fileno(out), 0644), 0);
	fclose(out);
}

static void tear_down(void)
{
	suite_remove(directory);
}

static void give_file_away(void)
{
	ck_assert_int_eq(chown(file, 4242, 0), 0);
}

static void let_others_write_file(void)
{
	ck_assert_int_eq(chmod(file, 0646), 0);
}

static void make_file_a_link(void)
{
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(symlink("/etc/hostname", file), 0);
}

static void make_file_a_fifo(void)
{
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(mkfifo(file, 0644), 0);
}

static void give_directory_away(void)
{
	ck_assert_int_eq(chown(directory, 4242, 0), 0);
}

static void let_group_write_directory(void)
{
	ck_assert_int_eq(chmod(directory, 0775), 0);
}

static const struct {
	const char *name;
	void (*spoil)(void);
	const char *expected;
} unsafe[] = {
	{ "file given away", give_file_away,
	  "@/a.fdp: error[E009]: not owned by root\n"
	  "      = its owner, uid 4242, could change the policy\n" },
	{ "file for others to write", let_others_write_file,
	  "@/a.fdp: error[E009]: writable by its group or by others\n"
	  "      = mode 0646; chmod go-w it\n" },
	{ "file that is a link", make_file_a_link,
	  "@/a.fdp: error[E009]: a symbolic link\n"
	  "      = only a link to /dev/null is allowed, which masks the files of this name\n" },
	{ "file that is a fifo", make_file_a_fifo, "@/a.fdp: error[E009]: not a regular file\n" },
	{ "directory given away", give_directory_away,
	  "@: error[E009]: not owned by root\n"
	  "      = its owner, uid 4242, could change the policy\n" },
	{ "directory for its group to write", let_group_write_directory,
	  "@: error[E009]: writable by its group or by others\n"
	  "      = mode 0775; chmod go-w it\n" },
};

START_TEST(load_says_whose_file_it_does_not_trust_and_why)
{
	const struct load_options options = { .directory = directory, .trust = LOAD_TRUST_TREE };
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;

	unsafe[_i].spoil();
	ck_assert_int_eq(load_policy(&options, &diags, &policy), 0);
	ck_assert_ptr_null(policy);
	assert_screen(&diags, unsafe[_i].expected, unsafe[_i].name);
}
END_TEST

START_TEST(load_says_that_it_trusts_no_relative_name)
{
	const struct load_options options = { .directory = "policy.d",
					      .trust = LOAD_TRUST_ENFORCE };
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;

	ck_assert_int_eq(load_policy(&options, &diags, &policy), 0);
	ck_assert_ptr_null(policy);
	assert_screen(&diags, "policy.d: error[E009]: not an absolute name\n", "relative");
}
END_TEST

START_TEST(load_says_that_a_link_is_no_directory)
{
	const struct load_options options = { .directory = file, .trust = LOAD_TRUST_ENFORCE };
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;

	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(symlink(".", file), 0);
	ck_assert_int_eq(load_policy(&options, &diags, &policy), 0);
	ck_assert_ptr_null(policy);
	assert_screen(&diags,
		      "@/a.fdp: error[E009]: not a plain directory\n"
		      "      = Not a directory\n",
		      "link");
}
END_TEST

/* E010 */

static const struct {
	const char *text, *expected;
} unanswered[] = {
	{ "version 1;\nfor user daemon { a: allow read '/x'; }\n",
	  "test.fdp:2:10: error[E010]: cannot look up user 'daemon': Too many open files\n"
	  "    2 | for user daemon { a: allow read '/x'; }\n"
	  "      |          ^~~~~~\n" },
	{ "version 1;\nfor not group daemon { a: allow read '/x'; }\n",
	  "test.fdp:2:15: error[E010]: cannot look up group 'daemon': Too many open files\n"
	  "    2 | for not group daemon { a: allow read '/x'; }\n"
	  "      |               ^~~~~~\n" },
	{ "version 1;\nfor anyone { a: allow read \"/x\" { owner daemon; } }\n",
	  "test.fdp:2:41: error[E010]: cannot look up user 'daemon': Too many open files\n"
	  "    2 | for anyone { a: allow read \"/x\" { owner daemon; } }\n"
	  "      |                                         ^~~~~~\n" },
	{ "version 1;\nfor anyone { a: allow read \"/home/%u/x\"; }\n",
	  "error[E010]: cannot list users and groups, which %u, %g or %h needs: No data "
	  "available\n" },
	{ "version 1;\nexpect deny read '/x' as user daemon;\n",
	  "test.fdp:2:31: error[E010]: cannot look up user 'daemon': Too many open files\n"
	  "    2 | expect deny read '/x' as user daemon;\n"
	  "      |                               ^~~~~~\n" },
};

/* Without a descriptor to spare the name service fails, which is not the same as to have no such
 * user (P64). */
START_TEST(load_says_what_the_name_service_did_not_answer)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	struct account *list;
	struct rlimit before, none;
	size_t n;
	int r;

	/* One service and no other, loaded now: a second one could say that there is no such user. */
	ck_assert_int_eq(__nss_configure_lookup("passwd", "files"), 0);
	ck_assert_int_eq(__nss_configure_lookup("group", "files"), 0);
	ck_assert_int_eq(account_list(&list, &n), 0);
	account_list_free(list, n);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	r = load_text("test.fdp", unanswered[_i].text, strlen(unanswered[_i].text), &diags,
		      &policy);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_int_eq(r, 0);
	ck_assert_ptr_null(policy);
	assert_screen(&diags, unanswered[_i].expected, unanswered[_i].text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("load_screens");
	TCase *trust = suite_case(suite, "trust");
	TCase *tcase = suite_case(suite, "screens");

	tcase_add_checked_fixture(trust, set_up, tear_down);
	/* Only root can make files that are not his. */
	if (geteuid() == 0)
		tcase_add_loop_test(trust, load_says_whose_file_it_does_not_trust_and_why, 0,
				    ELEMENTSOF(unsafe));
	else
		printf("SKIP: trust is tested as root only\n");
	tcase_add_test(trust, load_says_that_a_link_is_no_directory);
	tcase_add_test(tcase, load_says_that_it_trusts_no_relative_name);
	tcase_add_loop_test(tcase, load_says_what_the_name_service_did_not_answer, 0,
			    ELEMENTSOF(unanswered));
	return suite_main(suite);
}

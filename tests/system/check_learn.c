/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program is refused; `learn` proposes; what it proposed is loaded; the program works, and nobody
 * has more than was asked for and said. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "client/fdbroker.h"
#include "tests/support/daemon.h"
#include "tests/support/scene.h"
#include "tests/support/suite.h"

static struct daemon d;
static const char *const asked[] = { "conf.d/a.ini", "conf.d/b.ini", "conf.d/c.ini", "main" };

static void name(char *ret, size_t size, const char *file)
{
	ck_assert_int_lt(snprintf(ret, size, "%s/%s", d.directory, file), (int)size);
}

static void make(const char *file, mode_t mode, uid_t owner)
{
	char path[PATH_MAX];
	int fd;

	name(path, sizeof(path), file);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchown(fd, owner, owner), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	fd_close(fd);
}

/* conf.d/old.ini and other are not asked for; secret is denied; roots is root's alone. */
static void prepare(const char *scope)
{
	_cleanup_(text_done) struct text policy = TEXT_EMPTY;
	char directory[PATH_MAX];

	daemon_prepare(&d);
	name(directory, sizeof(directory), "conf.d");
	ck_assert_int_eq(mkdir(directory, 0755), 0);
	ck_assert_int_eq(chmod(directory, 0755), 0);
	for (size_t i = 0; i < ELEMENTSOF(asked); i++)
		make(asked[i], 0600, ALICE);
	make("conf.d/old.ini", 0600, ALICE);
	make("other", 0600, ALICE);
	make("secret", 0600, ALICE);
	make("roots", 0600, 0);
	text_printf(&policy, "version 1;\nkept: deny read '%s/secret';\n%s\n", d.directory, scope);
	daemon_write_policy(&d, "00-t.fdp", policy.data);
	daemon_start(&d);
}

static void tidy(void)
{
	static const char *const files[] = { "conf.d/a.ini", "conf.d/b.ini", "conf.d/c.ini",
					     "conf.d/old.ini", "conf.d" };
	char path[PATH_MAX];

	for (size_t i = 0; i < ELEMENTSOF(files); i++) {
		name(path, sizeof(path), files[i]);
		(void)remove(path);
	}
	daemon_stop(&d);
}

/* asking */

struct request {
	const char *file;
	uint32_t flags;
};

static int ask(const void *arg)
{
	const struct request *request = arg;
	struct wire_answer answer;
	char path[PATH_MAX];
	int sock = daemon_connect(&d), fd;

	name(path, sizeof(path), request->file);
	fd = daemon_ask(sock, path, request->flags, &answer);
	close(sock);
	if (fd < 0)
		return answer.error;
	close(fd);
	return 0;
}

static int asks(uid_t uid, const char *file, uint32_t flags)
{
	return scene_as(uid, ask, &(struct request){ file, flags });
}

static void ask_all(int expected)
{
	for (size_t i = 0; i < ELEMENTSOF(asked); i++)
		ck_assert_int_eq(asks(ALICE, asked[i], WIRE_OPEN_READ), expected);
}

/* fdbrokerctl */

static int run(const char *arguments)
{
	const char *build = getenv("builddir");
	_cleanup_(text_done) struct text command = TEXT_EMPTY;
	int status;

	text_printf(&command, "%s/fdbrokerctl ", build ? build : ".");
	for (const char *c = arguments; *c; c++)
		if (*c == '@')
			text_puts(&command, d.directory);
		else
			text_add(&command, c, 1);
	status = system(command.data);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static char *slurp(const char *file)
{
	char path[PATH_MAX], *text = NULL;
	size_t capacity = 0;
	FILE *stream;

	name(path, sizeof(path), file);
	stream = fopen(path, "re");
	ck_assert_ptr_nonnull(stream);
	if (getdelim(&text, &capacity, '\0', stream) < 0)
		*text = '\0';
	fclose(stream);
	return text;
}

static void assert_says(const char *file, const char *what)
{
	char *text = slurp(file);

	ck_assert_msg(strstr(text, what), "no '%s' in %s:\n%s", what, file, text);
	free(text);
}

/* Not to policy.d at once: an empty file there is no policy. */
static void learn(uint64_t n_records)
{
	char *policy;

	daemon_await_at_least(&d, "records-written", n_records);
	ck_assert_int_eq(run("learn --policy=@/policy.d --file=@/audit.json --label new "
			     ">@/new.fdp 2>@/why"),
			 0);
	ck_assert_int_eq(run("check -q --only @/new.fdp"), 0);
	policy = slurp("new.fdp");
	daemon_write_policy(&d, "50-new.fdp", policy);
	free(policy);
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
}

static int can(const char *what, const char *who)
{
	char arguments[2 * PATH_MAX];

	snprintf(arguments, sizeof(arguments), "can -q --policy=@/policy.d %s --as \"%s\"", what,
		 who);
	return run(arguments);
}

/* By the rules alone: the caller as learn names him. */
static void assert_can_do_no_more(void)
{
	char *text = slurp("policy.d/50-new.fdp"), *who = strstr(text, "\nfor ");

	ck_assert_ptr_nonnull(who);
	who += strlen("\nfor ");
	who[strcspn(who, "{\n")] = '\0';
	ck_assert_int_eq(can("read @/conf.d/a.ini", who), 0);
	ck_assert_int_eq(can("read @/main", who), 0);
	ck_assert_int_eq(can("read @/conf.d/old.ini", who), 0);
	ck_assert_int_eq(can("read @/conf.d/d.log", who), 1);
	ck_assert_int_eq(can("read @/conf.d/x/a.ini", who), 1);
	ck_assert_int_eq(can("write @/conf.d/a.ini", who), 1);
	ck_assert_int_eq(can("read @/other", who), 1);
	ck_assert_int_eq(can("read @/secret", who), 1);
	ck_assert_int_eq(can("read @/roots", who), 1);
	free(text);
}

START_TEST(learn_makes_a_refused_program_work_and_nothing_else)
{
	prepare("");
	ask_all(EACCES);
	ck_assert_int_eq(asks(ALICE, "secret", WIRE_OPEN_READ), EACCES);
	ck_assert_int_eq(asks(ALICE, "roots", WIRE_OPEN_READ), EACCES);
	learn(6);
	assert_says("why", "6 denials and complaints → 3 rules proposed, 1 withheld, 1 to review");
	assert_says("why", "would also admit 1 file never requested: old.ini");
	assert_says("why", "/secret WITHHELD: denied by 00-t.kept");
	assert_says("why", "/roots → needs `as root`");
	assert_says("policy.d/50-new.fdp", "owner caller");
	ask_all(0);
	ck_assert_int_eq(asks(ALICE, "conf.d/old.ini", WIRE_OPEN_READ), 0);
	ck_assert_int_eq(asks(ALICE, "other", WIRE_OPEN_READ), EACCES);
	ck_assert_int_eq(asks(ALICE, "secret", WIRE_OPEN_READ), EACCES);
	ck_assert_int_eq(asks(ALICE, "roots", WIRE_OPEN_READ), EACCES);
	ck_assert_int_eq(asks(ALICE, "main", WIRE_OPEN_WRITE), EACCES);
	assert_can_do_no_more();
	tidy();
}
END_TEST

START_TEST(learn_turns_complain_mode_into_rules)
{
	char scope[64];

	snprintf(scope, sizeof(scope), "for user %d mode complain { }", ALICE);
	prepare(scope);
	ask_all(0);
	/* Complain mode lends nothing: the kernel refuses, and learn knows why. */
	ck_assert_int_eq(asks(ALICE, "roots", WIRE_OPEN_READ), EACCES);
	learn(5);
	assert_says("why", "5 denials and complaints → 3 rules proposed, 0 withheld, 1 to review");
	daemon_write_policy(&d, "00-t.fdp", "version 1;\n");
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	ask_all(0);
	ck_assert_int_eq(asks(ALICE, "other", WIRE_OPEN_READ), EACCES);
	ck_assert_int_eq(asks(ALICE, "roots", WIRE_OPEN_READ), EACCES);
	tidy();
}
END_TEST

/* Rename conf.d/a.ini to conf.d/new; an errno. */
static int rename_it(const void *arg)
{
	char old[PATH_MAX], new[PATH_MAX];
	struct fdbroker *broker;
	int r;

	(void)arg;
	name(old, sizeof(old), "conf.d/a.ini");
	name(new, sizeof(new), "conf.d/new");
	if (fdbroker_connect(&broker, d.socket) < 0)
		return 255;
	r = fdbroker_rename(broker, old, new, 0, NULL);
	fdbroker_close(broker);
	return -r;
}

static void take_back(void)
{
	char old[PATH_MAX], new[PATH_MAX];

	name(old, sizeof(old), "conf.d/a.ini");
	name(new, sizeof(new), "conf.d/new");
	ck_assert_int_eq(rename(new, old), 0);
}

START_TEST(learn_makes_both_names_of_a_rename_work)
{
	char scope[64], directory[PATH_MAX];

	snprintf(scope, sizeof(scope), "for user %d mode complain { }", ALICE);
	prepare(scope);
	name(directory, sizeof(directory), "conf.d");
	ck_assert_int_eq(chown(directory, ALICE, ALICE), 0);
	ck_assert_int_eq(scene_as(ALICE, rename_it, NULL), 0);
	learn(1);
	assert_says("why", "1 denials and complaints → 2 rules proposed, 0 withheld");
	take_back();
	daemon_write_policy(&d, "00-t.fdp", "version 1;\n");
	ck_assert_int_eq(daemon_reload(&d, NULL), 0);
	ck_assert_int_eq(scene_as(ALICE, rename_it, NULL), 0);
	take_back();
	tidy();
}
END_TEST

START_TEST(learn_has_nothing_to_say_of_what_is_allowed_by_now)
{
	prepare("");
	ask_all(EACCES);
	learn(4);
	ck_assert_int_eq(run("learn --policy=@/policy.d --file=@/audit.json >@/other 2>@/why"), 1);
	assert_says("why", "4 denials and complaints → 0 rules proposed, 0 withheld, "
			   "4 allowed already");
	tidy();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("learn");
	TCase *tcase = suite_case(suite, "learn");

	if (daemon_unavailable())
		return daemon_unavailable();
	tcase_add_test(tcase, learn_makes_a_refused_program_work_and_nothing_else);
	tcase_add_test(tcase, learn_turns_complain_mode_into_rules);
	tcase_add_test(tcase, learn_makes_both_names_of_a_rename_work);
	tcase_add_test(tcase, learn_has_nothing_to_say_of_what_is_allowed_by_now);
	return suite_main(suite);
}

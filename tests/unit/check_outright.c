/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "daemon/opener.h"
#include "tests/support/policy.h"
#include "tests/support/suite.h"

/*
 * Whether a file was opened before it was judged is seen by taking away what the other way needs: a
 * pin is opened by /proc/self/fd. The opener is run in this process, which is root again after each
 * request, so that between two of them, in the same second, anything can happen to the file.
 */

#define ALICE  30000
#define BOB    30001
#define SECOND 1700000000U

static char directory[64]; /* root's, below root's */
static struct rates rates;
static struct locality locality;
static struct opener opener;
static struct policy *policy;

static void in_directory(const char *name, char *ret, size_t size)
{
	snprintf(ret, size, "%s/%s", directory, name);
}

static void make(const char *name, uid_t owner, mode_t mode)
{
	char path[128];
	int fd;

	in_directory(name, path, sizeof(path));
	unlink(path);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchown(fd, owner, owner), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void make_directory(const char *name, uid_t owner, mode_t mode)
{
	char path[128];

	in_directory(name, path, sizeof(path));
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(chown(path, owner, owner), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void start(void)
{
	struct opener_setup setup = {
		.procfs = -EBADF, .rates = &rates, .locality = &locality, .pump = -EBADF
	};
	char text[512];

	suite_make_directory("/", directory, sizeof(directory));
	snprintf(text, sizeof(text),
		 "version 1; let @d = \"%s\";\n"
		 "for user %d { allow read, write, create \"@d/**\" { links 1; } }\n"
		 "for user %d { allow read as root \"@d/secret\"; }\n"
		 "for user %d { allow read \"@d/**\" { mode-max 0644; } }\n",
		 directory, ALICE, ALICE, BOB);
	policy = policy_of(text);
	setup.policy = policy;
	setup.procfd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(setup.procfd, 0);
	ck_assert_int_eq(rates_init(&rates, policy), 0);
	ck_assert_int_eq(opener_init(&opener, &setup), 0);
	locality = (struct locality){ 0 };
}

static void stop(void)
{
	close(opener.shared.procfd);
	opener_done(&opener);
	rates_done(&rates);
	policy = policy_free(policy);
	suite_remove(directory);
}

/* As a thread that leads, or as one that has waited for a place. A descriptor, or the reason; 0: not here. */
static int ask_as(bool may_block, uid_t uid, const char *name, uint32_t flags, uint64_t second)
{
	const struct policy_subject subject = { .known = POLICY_FACT_ALL, .uid = uid, .gid = uid };
	const struct principal principal = { .connection = uid, .uid = uid, .gid = uid };
	struct wire_open claim = { .flags = flags };
	static struct request request;
	static struct outcome outcome;
	struct policy_caller *caller;
	char path[128];

	in_directory(name, path, sizeof(path));
	claim.path = path;
	claim.path_len = (uint16_t)strlen(path);
	ck_assert_int_eq(request_read(&claim, &request), WIRE_REASON_OK);
	ck_assert_int_eq(policy_caller_new(&caller, policy, &subject), 0);
	opener_open(&opener,
		    &(struct order){ .request = &request,
				     .principal = &principal,
				     .caller = caller,
				     .now_sec = second,
				     .may_block = may_block },
		    &outcome);
	authority_broker(&opener.authority);
	policy_caller_free(caller);
	fd_close(outcome.pin);
	if (outcome.would_block)
		return 0;
	return outcome.fd >= 0 ? outcome.fd : -(int)outcome.reason;
}

static int ask(uid_t uid, const char *name, uint32_t flags, uint64_t second)
{
	int fd = ask_as(false, uid, name, flags, second);

	return fd == 0 ? ask_as(true, uid, name, flags, second) : fd;
}

/* WIRE_REASON_OK, or why not. */
static int reason(uid_t uid, const char *name)
{
	int fd = ask(uid, name, WIRE_OPEN_READ, SECOND);

	fd_close(fd);
	return fd >= 0 ? WIRE_REASON_OK : -fd;
}

/* As often as it takes for the file to be known, if it can be. */
static void ask_often(uid_t uid, const char *name)
{
	for (unsigned int i = 0; i < 8; i++)
		ck_assert_int_eq(reason(uid, name), WIRE_REASON_OK);
}

#define TRIES                                                                                      \
	20 /* a mount made anywhere meanwhile has the kernel say that it would have to look it up */

/* Whether it is granted without a look at it before. */
static bool is_opened_outright(uid_t uid, const char *name, uint32_t flags, uint64_t second)
{
	int procfd = opener.shared.procfd, fd = -1;

	opener.shared.procfd = -EBADF;
	for (unsigned int i = 0; i < TRIES && fd <= 0; i++)
		fd = ask(uid, name, flags, second);
	opener.shared.procfd = procfd;
	fd_close(fd);
	return fd > 0;
}

START_TEST(outright_opens_a_file_of_roots_that_is_asked_for_often)
{
	make("file", 0, 0644);
	ck_assert(!is_opened_outright(ALICE, "file", WIRE_OPEN_READ, SECOND));
	ask_often(ALICE, "file");
	ck_assert(is_opened_outright(ALICE, "file", WIRE_OPEN_READ, SECOND));
	ck_assert(is_opened_outright(BOB, "file", WIRE_OPEN_READ, SECOND));
	/* Of its neighbour it is enough to have been seen once. */
	make("other", 0, 0644);
	ck_assert(!is_opened_outright(ALICE, "other", WIRE_OPEN_READ, SECOND));
	ck_assert_int_eq(reason(ALICE, "other"), WIRE_REASON_OK);
	ck_assert(is_opened_outright(ALICE, "other", WIRE_OPEN_READ, SECOND));
	ck_assert(!is_opened_outright(ALICE, "file", WIRE_OPEN_READ, SECOND + 1));
}
END_TEST

/* P13: where somebody else can put a FIFO, or hold a lease, there is always a look first. */
static const struct {
	uid_t outer_owner, inner_owner, file_owner;
	mode_t outer, inner;
	bool outright;
} places[] = {
	{ 0, 0, 0, 0755, 0755, true },	    { 0, 0, ALICE, 0755, 0755, false },
	{ 0, ALICE, 0, 0755, 0755, false }, { ALICE, 0, 0, 0755, 0755, false },
	{ 0, 0, 0, 0755, 0775, false },	    { 0, 0, 0, 0755, 0757, false },
	{ 0, 0, 0, 01777, 0755, false },    { 0, 0, 0, 0755, 01777, false },
};

START_TEST(outright_opens_nothing_that_another_can_replace)
{
	make_directory("outer", places[_i].outer_owner, places[_i].outer);
	make_directory("outer/inner", places[_i].inner_owner, places[_i].inner);
	make("outer/inner/file", places[_i].file_owner, 0644);
	ask_often(BOB, "outer/inner/file");
	ck_assert_int_eq(is_opened_outright(BOB, "outer/inner/file", WIRE_OPEN_READ, SECOND),
			 places[_i].outright);
}
END_TEST

START_TEST(outright_opens_only_what_is_read)
{
	static const uint32_t flags[] = { WIRE_OPEN_WRITE, WIRE_OPEN_READ | WIRE_OPEN_WRITE,
					  WIRE_OPEN_READ | WIRE_OPEN_CREATE,
					  WIRE_OPEN_WRITE | WIRE_OPEN_TRUNCATE };

	make("file", 0, 0666);
	ask_often(ALICE, "file");
	for (size_t i = 0; i < ELEMENTSOF(flags); i++)
		ck_assert(!is_opened_outright(ALICE, "file", flags[i], SECOND));
	ck_assert(is_opened_outright(ALICE, "file", WIRE_OPEN_READ, SECOND));
}
END_TEST

/* Its second may be over: it is the one in which it came. */
START_TEST(outright_opens_nothing_for_who_has_waited)
{
	int procfd = opener.shared.procfd;

	make("file", 0, 0644);
	ask_often(ALICE, "file");
	opener.shared.procfd = -EBADF;
	ck_assert_int_lt(ask_as(true, ALICE, "file", WIRE_OPEN_READ, SECOND), 0);
	opener.shared.procfd = procfd;
	ck_assert(is_opened_outright(ALICE, "file", WIRE_OPEN_READ, SECOND));
}
END_TEST

/* What root does to a known file meanwhile is seen, whatever it is. */

static void link_it(const char *path)
{
	char other[160];

	snprintf(other, sizeof(other), "%s.second", path);
	ck_assert_int_eq(link(path, other), 0);
}

static void replace_by_link(const char *path)
{
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("/etc/hostname", path), 0);
}

static void replace_by_directory(const char *path)
{
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0755), 0);
}

static void close_to_all(const char *path)
{
	ck_assert_int_eq(chmod(path, 0600), 0);
}

static void remove_it(const char *path)
{
	ck_assert_int_eq(unlink(path), 0);
}

static const struct {
	void (*happens)(const char *path);
	enum wire_reason reason;
} changes[] = {
	{ link_it, WIRE_REASON_CONDITION },
	{ replace_by_link, WIRE_REASON_DEFAULT },
	{ replace_by_directory, WIRE_REASON_CONDITION },
	{ close_to_all, WIRE_REASON_KERNEL },
	{ remove_it, WIRE_REASON_NOT_FOUND },
};

START_TEST(outright_judges_what_is_open)
{
	char path[128];

	make("file", 0, 0644);
	ask_often(ALICE, "file");
	in_directory("file", path, sizeof(path));
	changes[_i].happens(path);
	ck_assert_int_eq(reason(ALICE, "file"), changes[_i].reason);
}
END_TEST

/* That it is known says nothing of who may have it. */
START_TEST(outright_opens_by_the_authority_of_each_caller)
{
	char path[128];

	make("secret", 0, 0600);
	ask_often(ALICE, "secret");
	ck_assert(is_opened_outright(ALICE, "secret", WIRE_OPEN_READ, SECOND));
	ck_assert_int_eq(reason(BOB, "secret"), WIRE_REASON_KERNEL);
	in_directory("secret", path, sizeof(path));
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_int_eq(reason(ALICE, "secret"), WIRE_REASON_OK);
	ck_assert_int_eq(reason(BOB, "secret"), WIRE_REASON_CONDITION);
}
END_TEST

/* P26 */
START_TEST(outright_gives_the_status_flags_that_were_asked_for)
{
	int fd;

	make("file", 0, 0644);
	ask_often(ALICE, "file");
	fd = ask(ALICE, "file", WIRE_OPEN_READ, SECOND);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY);
	close(fd);
	fd = ask(ALICE, "file", WIRE_OPEN_READ | WIRE_OPEN_NONBLOCK, SECOND);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY | O_NONBLOCK);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("outright");
	TCase *tcase = suite_case(suite, "outright");

	if (geteuid() != 0)
		return 77;
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase, outright_opens_a_file_of_roots_that_is_asked_for_often);
	tcase_add_loop_test(tcase, outright_opens_nothing_that_another_can_replace, 0,
			    ELEMENTSOF(places));
	tcase_add_test(tcase, outright_opens_only_what_is_read);
	tcase_add_test(tcase, outright_opens_nothing_for_who_has_waited);
	tcase_add_loop_test(tcase, outright_judges_what_is_open, 0, ELEMENTSOF(changes));
	tcase_add_test(tcase, outright_opens_by_the_authority_of_each_caller);
	tcase_add_test(tcase, outright_gives_the_status_flags_that_were_asked_for);
	return suite_main(suite);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "daemon/confine.h"
#include "daemon/opener.h"
#include "policy/load.h"
#include "tests/support/forked.h"
#include "tests/support/suite.h"

/*
 * A directory is made where set-group-ID gives it another group than the rule does, and where others may
 * write. A child does it, confined as the broker is, and a debugger holds it when the
 * directory is there and nothing more has been done.
 */

#define BROKER_ID 4242
#define ALICE	  30000
#define BOB	  30001
#define GROUP	  30077 /* the directory's */
#define GIVEN	  2000	/* the rule's */

#define MADE "shared/new"

static char directory[64];

static const char *in_directory(const char *name)
{
	static char paths[4][256];
	static size_t next;
	char *path = paths[next++ % ELEMENTSOF(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

/* the broker */

static struct policy *load(void)
{
	_cleanup_(diags_done) struct diags diags = DIAGS_EMPTY;
	struct policy *policy = NULL;
	char text[1024];
	int n;

	n = snprintf(text, sizeof(text),
		     "version 1;\n"
		     "for user %d { allow create as root \"%s/shared/*\" {\n"
		     "    create-owner \"root:%d\"; create-mode 0750; parents any; note \"test\";\n"
		     "} }\n",
		     ALICE, directory, GIVEN);
	if (load_text("test", text, (size_t)n, &diags, &policy) < 0 || !policy)
		for (size_t i = 0; i < diags.n; i++)
			fprintf(stderr, "%s: %s\n", diags.items[i].id, diags.items[i].message);
	return policy;
}

static int confine_for(const struct policy *policy)
{
	const struct policy_summary *summary = policy_summary(policy);
	const struct confine_needs needs = {
		.uid = BROKER_ID,
		.gid = BROKER_ID,
		.writes_as_root = summary->as_root_writes,
		.modes = summary->modes,
	};

	return confine_broker(&needs);
}

/* The error that the caller is told of, or 0. */
static int make_it(struct opener *opener, const struct policy_caller *caller)
{
	static const struct principal principal = { .connection = 1, .uid = ALICE, .gid = ALICE };
	const char *path = in_directory(MADE);
	const struct wire_act claim = {
		.path = path, .path_len = (uint16_t)strlen(path), .other = "", .argument = 0700
	};
	static struct request request;
	static struct outcome outcome;
	const struct order order = {
		.request = &request,
		.principal = &principal,
		.caller = caller,
		.now_sec = 1,
		.may_block = true,
	};

	if (request_act_read(WIRE_OPCODE_MKDIR, &claim, &request) != WIRE_REASON_OK)
		return 203;
	opener_open(opener, &order, &outcome);
	return outcome.error;
}

static int broker(const void *arg)
{
	static const struct policy_subject subject = { .known = POLICY_FACT_ALL,
						       .uid = ALICE,
						       .gid = ALICE };
	const bool *is_traced = arg;
	struct policy *policy = load();
	struct policy_caller *caller;
	struct rates rates;
	struct locality locality = { 0 };
	struct opener_setup setup = { .procfs = -EBADF,
				      .policy = policy,
				      .rates = &rates,
				      .locality = &locality,
				      .pump = -EBADF };
	struct opener opener;

	if (!policy || policy_caller_new(&caller, policy, &subject) < 0 ||
	    rates_init(&rates, policy) < 0)
		return 200;
	setup.procfd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*is_traced && (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP) != 0))
		return 201;
	if (setup.procfd < 0 || confine_for(policy) < 0 || opener_init(&opener, &setup) < 0)
		return 202;
	return make_it(&opener, caller);
}

/* the debugger */

static struct __ptrace_syscall_info await_stop(pid_t pid)
{
	struct __ptrace_syscall_info info = { 0 };
	int status;

	ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSTOPPED(status), "status %#x", status);
	ck_assert_int_gt(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info), 0);
	return info;
}

/* Until mkdirat(2) returns. */
static void await_made(pid_t pid)
{
	struct __ptrace_syscall_info info;
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	ck_assert_int_eq(ptrace(PTRACE_SETOPTIONS, pid, NULL,
				PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL),
			 0);
	do
		info = await_stop(pid);
	while (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr != SYS_mkdirat);
	info = await_stop(pid);
	ck_assert_int_eq(info.op, PTRACE_SYSCALL_INFO_EXIT);
	ck_assert_int_eq(info.exit.rval, 0);
}

/* what comes there meanwhile */

static void make_directory(const char *name, uid_t owner, gid_t group, mode_t mode)
{
	ck_assert_int_eq(mkdir(in_directory(name), 0700), 0);
	ck_assert_int_eq(chown(in_directory(name), owner, group), 0);
	ck_assert_int_eq(chmod(in_directory(name), mode), 0);
}

static struct stat look(const char *name)
{
	struct stat st = { 0 };

	ck_assert_msg(lstat(in_directory(name), &st) == 0, "%s: %m", name);
	return st;
}

/* The clock of file systems stands still for some milliseconds. */
static void await_another_time(void)
{
	struct timespec then, now;

	clock_gettime(CLOCK_REALTIME_COARSE, &then);
	do
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	while (now.tv_sec == then.tv_sec && now.tv_nsec == then.tv_nsec);
}

static const struct {
	const char *name;
	bool before; /* it was there when the request came */
	uid_t owner;
	mode_t mode;
	int error;
} others[] = {
	{ "an older one", true, 0, 02700, EPERM },
	{ "a younger one that others may use", false, 0, 02770, EPERM },
	{ "somebody else's", false, BOB, 02700, 0 },
};

static void assert_given(const struct stat *st)
{
	ck_assert_uint_eq(st->st_uid, 0);
	ck_assert_uint_eq(st->st_gid, GIVEN);
	ck_assert_uint_eq(st->st_mode, S_IFDIR | S_ISGID | 0750);
}

/* P21 */
START_TEST(make_gives_a_directory_its_group_before_that_can_use_it)
{
	pid_t pid = forked_start(broker, &(bool){ true });
	struct stat st;

	await_made(pid);
	st = look(MADE);
	ck_assert_uint_eq(st.st_uid, 0);
	ck_assert_uint_eq(st.st_mode, S_IFDIR | S_ISGID | 0700);
	ck_assert_int_eq(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
	ck_assert_int_eq(forked_wait(pid), 0);
	st = look(MADE);
	assert_given(&st);
}
END_TEST

/* P02 */
START_TEST(make_changes_nothing_that_was_put_there_instead)
{
	struct stat before, after, made;
	pid_t pid;

	if (others[_i].before)
		make_directory("shared/other", others[_i].owner, GROUP, others[_i].mode);
	await_another_time();
	pid = forked_start(broker, &(bool){ true });
	await_made(pid);
	if (!others[_i].before)
		make_directory("shared/other", others[_i].owner, GROUP, others[_i].mode);
	before = look("shared/other");
	ck_assert_int_eq(rename(in_directory(MADE), in_directory("shared/taken")), 0);
	ck_assert_int_eq(rename(in_directory("shared/other"), in_directory(MADE)), 0);
	ck_assert_int_eq(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
	ck_assert_int_eq(forked_wait(pid), others[_i].error);
	after = look(MADE);
	ck_assert_msg(after.st_ino == before.st_ino && after.st_mode == before.st_mode &&
			      after.st_gid == GROUP,
		      "%s: %o of %u", others[_i].name, after.st_mode, after.st_gid);
	made = look("shared/taken");
	ck_assert_uint_eq(made.st_mode, S_IFDIR | S_ISGID | 0700);
}
END_TEST

/* ramfs(5) writes no births down. */
START_TEST(make_makes_nothing_that_it_would_not_know_again)
{
	struct stat st;

	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mount("ramfs", in_directory("shared"), "ramfs", 0, ""), 0);
	ck_assert_int_eq(chown(in_directory("shared"), 0, GROUP), 0);
	ck_assert_int_eq(chmod(in_directory("shared"), 02770), 0);
	ck_assert_int_eq(forked_run(broker, &(bool){ false }), EOPNOTSUPP);
	ck_assert_int_eq(lstat(in_directory(MADE), &st), -1);
	/* The same group: it is made whole. */
	ck_assert_int_eq(chown(in_directory("shared"), 0, GIVEN), 0);
	ck_assert_int_eq(forked_run(broker, &(bool){ false }), 0);
	st = look(MADE);
	assert_given(&st);
	ck_assert_int_eq(umount2(in_directory("shared"), MNT_DETACH), 0);
}
END_TEST

static void prepare(void)
{
	snprintf(directory, sizeof(directory), "/tmp/fdb-make-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chmod(directory, 0755), 0);
	make_directory("shared", 0, GROUP, 02770);
}

static void clean_up(void)
{
	static const char *const names[] = { MADE, "shared/other", "shared/taken", "shared" };

	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		(void)rmdir(in_directory(names[i]));
	ck_assert_int_eq(rmdir(directory), 0);
}

int main(void)
{
	Suite *suite = suite_create("make");
	TCase *tcase = suite_case(suite, "make");

	if (geteuid() != 0)
		return 77;
	tcase_add_checked_fixture(tcase, prepare, clean_up);
	tcase_add_test(tcase, make_gives_a_directory_its_group_before_that_can_use_it);
	tcase_add_loop_test(tcase, make_changes_nothing_that_was_put_there_instead, 0,
			    ELEMENTSOF(others));
	tcase_add_test(tcase, make_makes_nothing_that_it_would_not_know_again);
	return suite_main(suite);
}
